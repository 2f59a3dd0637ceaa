//! The run: discover, read, parse, lower, follow values across files, apply the rules, sort.
//!
//! 1. Every file is read and parsed on a worker thread. One that mentions anything that the tables know is evaluated;
//!    rules look at its facts at once, and only hits, summaries of its functions and the names that it could not
//!    resolve are kept. Of the others only the names are kept that they define. The tree is dropped there, and the
//!    thread's spans with it, so that memory follows the largest file and not their sum ([`mod@examine`]).
//! 2. Summaries are merged by package and workspace. A file is evaluated again if it uses a name that means more than
//!    before, and one that was not evaluated if it defines or uses a name that now matters, until nothing changes
//!    ([`MAX_ROUNDS`] at most, [`scopes`]).
//! 3. Hits outside test code ([`modules`]) are dropped, the rest become findings.

mod examine;
mod modules;
mod scopes;

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use self::examine::{Depth, examine};
use crate::config::{Config, Policy};
use crate::discover::{Candidate, Discovery, discover};
use crate::error::Error;
use crate::facts::{Externals, ModuleDeclaration, Unresolved};
use crate::finding::{FileNote, Finding, Problem, Report, Suppressed, SuppressedBy};
use crate::tables::Mentions;

/// A chain of helpers through more than half as many files is cut.
const MAX_ROUNDS: usize = 12;
/// The parser and the evaluation recurse; memory is only used as deep as a file nests.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// Files between two looks at how many findings there are.
const CHUNK: usize = 1_024;

/// Checks every Rust file below `paths`.
///
/// # Errors
/// [`Error`] if the run as a whole makes no sense. A file that cannot be read or parsed is no error but a
/// [`Problem`] of the report.
pub fn check(paths: &[PathBuf], config: &Config) -> Result<Report, Error> {
    config.validate()?;
    let policy = Policy::new(config)?;
    let discovery = discover(paths, config)?;
    let mut pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES);
    if let Some(threads) = config.threads {
        pool = pool.num_threads(threads);
    }
    let mentions = Mentions::new(&config.tables);
    let pool = pool.build().map_err(|error| Error::Worker { reason: error.to_string() })?;
    Ok(pool.install(|| Run { config, policy, mentions, discovery }.report()))
}

/// Runs `work` on a thread that the parser may recurse on as deep as in a run.
pub(crate) fn with_worker_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let died = |reason: String| Error::Worker { reason };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| died(error.to_string()))?;
        worker.join().map_err(|_| died("it panicked".to_owned()))
    })
}

struct Run<'a> {
    config: &'a Config,
    policy: Policy<'a>,
    mentions: Mentions,
    discovery: Discovery,
}

/// What is kept of a file.
#[derive(Default)]
struct Outcome {
    findings: Vec<Kept>,
    modules: Vec<ModuleDeclaration>,
    externals: Externals,
    names: Names,
    /// The round whose scopes it was evaluated with; 0 for none.
    round: usize,
    has_test_code: bool,
    problem: Option<String>,
}

/// The names of a file that decide whether it is looked at again.
#[derive(Default)]
enum Names {
    /// It could not be read.
    #[default]
    Unknown,
    /// It was not evaluated, and defines these.
    Defined(Vec<u64>),
    /// It was evaluated, and needs these from others; `follows` as lowering has found it.
    Needed { unresolved: Unresolved, follows: bool },
}

/// A finding, until it is known whether its file is test code.
struct Kept {
    finding: Finding,
    test: bool,
    /// Why it does not count, if a comment says so.
    suppressed: Option<String>,
}

impl Run<'_> {
    fn report(self) -> Report {
        let mut report = Report { problems: self.discovery.problems.clone(), ..Report::default() };
        let empty = Arc::new(Externals::default());
        let all: Vec<usize> = (0..self.discovery.candidates.len()).collect();
        let mut outcomes = self.round(&all, Depth::IfMentioned, |_| &empty);
        let mut scopes = Vec::new();
        for round in 1..MAX_ROUNDS {
            scopes = self.scopes(&outcomes, &scopes, round);
            let stale = self.stale(&outcomes, &scopes);
            if stale.is_empty() {
                break;
            }
            let package = |index: usize| self.discovery.candidates[index].package;
            let again = self.round(&stale, Depth::Whole, |index| &scopes[package(index)].externals);
            for (index, outcome) in stale.iter().zip(again) {
                outcomes[*index] = Outcome { round, ..outcome };
            }
        }
        let test = self.test_files(&outcomes);
        for ((candidate, outcome), by_module) in self.discovery.candidates.iter().zip(outcomes).zip(test) {
            self.collect(candidate, outcome, by_module, &mut report);
        }
        report.problems.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }

    fn collect(&self, candidate: &Candidate, outcome: Outcome, by_module: bool, report: &mut Report) {
        let whole = self.config.all_code || candidate.whole.is_some() || by_module;
        let checked = whole || outcome.has_test_code;
        let reason = match (&outcome.problem, candidate.whole) {
            (Some(problem), _) => problem.clone(),
            (None, _) if self.config.all_code => "all code was asked for".to_owned(),
            (None, Some(reason)) => reason.to_owned(),
            (None, None) if by_module => "a module of test code".to_owned(),
            (None, None) if outcome.has_test_code => "has functions for tests, the rest is skipped".to_owned(),
            (None, None) => "not test code".to_owned(),
        };
        let path = &candidate.path;
        let checked = checked && outcome.problem.is_none();
        report.files.push(FileNote { path: path.clone(), checked, reported: candidate.wanted, reason });
        if let Some(message) = outcome.problem {
            report.problems.push(Problem { path: path.clone(), message });
        }
        if !candidate.wanted {
            return;
        }
        for kept in outcome.findings {
            let shown = whole || kept.test;
            if let Some(reason) = kept.suppressed {
                if shown && report.suppressed.len() < self.config.max_findings {
                    let kind = SuppressedBy::Comment;
                    report.suppressed.push(Suppressed { finding: kept.finding, kind, reason });
                }
            } else if shown && report.findings.len() < self.config.max_findings {
                report.findings.push(kept.finding);
            } else if shown {
                report.omitted += 1;
            }
        }
    }

    fn round<'s>(
        &self,
        indexes: &[usize],
        depth: Depth,
        scope: impl Fn(usize) -> &'s Arc<Externals> + Sync,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(indexes.len());
        let mut kept = 0;
        for chunk in indexes.chunks(CHUNK) {
            let mut part: Vec<Outcome> = chunk
                .par_iter()
                .map(|index| {
                    let candidate = &self.discovery.candidates[*index];
                    examine(&candidate.path, scope(*index), &self.policy, &self.mentions, depth)
                })
                .collect();
            // Keeps memory bounded where every line is a finding; the exact number beyond it helps nobody.
            for outcome in &mut part {
                let room = (self.config.max_findings * 4).saturating_sub(kept);
                outcome.findings.truncate(room);
                kept += outcome.findings.len();
            }
            outcomes.extend(part);
        }
        outcomes
    }
}

/// FNV-1a: the same on every system and in every version, as fingerprints must be.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
pub(crate) fn findings_in(text: &str, config: &Config) -> Vec<Finding> {
    let source = crate::source::Source::from_text(text.to_owned()).expect("accepted");
    let policy = Policy::new(config).expect("patterns that can be understood");
    // As in a run: a case that mentions nothing is not evaluated.
    let whole = config.pedantic || Mentions::new(&config.tables).any(text);
    let path = std::path::Path::new("case.rs");
    let outcome = examine::examine_source(path, source, &Arc::default(), &policy, whole);
    assert_eq!(outcome.problem, None, "the case must parse");
    outcome.findings.into_iter().filter(|kept| kept.suppressed.is_none()).map(|kept| kept.finding).collect()
}
