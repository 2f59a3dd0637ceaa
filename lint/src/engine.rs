//! The run: discover, read, parse, lower, follow values across files, apply the rules, sort.
//!
//! 1. Every file is read and parsed on a worker thread. One that mentions anything that the tables know is evaluated;
//!    rules look at its facts at once, and only hits, summaries of its functions and the names that it could not
//!    resolve are kept. Of the others only the names are kept that they define. The tree is dropped there, and the
//!    thread's spans with it, so that memory follows the largest file and not their sum ([`mod@examine`]).
//! 2. Summaries are merged by package and workspace. A file is evaluated again if it uses a name that means more than
//!    before, and one that was not evaluated if it defines or uses a name that now matters, until nothing changes
//!    ([`MAX_ROUNDS`] at most, [`scopes`]).
//! 3. Hits outside test code ([`modules`]) are dropped, the rest become findings; of each kind the first so many are
//!    kept ([`shelf`]).

mod examine;
mod modules;
mod scopes;
mod shelf;

use std::hash::{BuildHasherDefault, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::examine::{Depth, examine};
use self::shelf::{Batches, Kind, Shelves};
use crate::config::{Config, Policy};
use crate::discover::{Discovery, discover};
use crate::error::Error;
use crate::facts::{Externals, ModuleDeclaration, Unresolved};
use crate::finding::{Confidence, FileNote, Finding, Problem, Report, Severity, Suppressed, SuppressedBy, slashed};
use crate::span::{LineCol, Location};
use crate::tables::Mentions;

/// A chain of helpers through more than half as many files is cut.
const MAX_ROUNDS: usize = 12;
/// The parser and the evaluation recurse; memory is only used as deep as a file nests.
const STACK_BYTES: usize = 256 * 1024 * 1024;
/// The rule of the finding that stands for those that are not kept.
pub(crate) const FURTHER: &str = "further-findings";

/// Checks every Rust file below `paths`.
///
/// # Errors
/// [`Error`] if the run as a whole makes no sense. A file that cannot be read or parsed is no error but a
/// [`Problem`] of the report.
pub fn check(paths: &[PathBuf], config: &Config) -> Result<Report, Error> {
    check_watched(paths, config, &|_, _| {})
}

/// As [`check`]; `watch` is told, from any thread, how many files are done, of how many known by then.
pub(crate) fn check_watched(
    paths: &[PathBuf],
    config: &Config,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, Error> {
    config.validate()?;
    let policy = Policy::new(config)?;
    let discovery = discover(paths, config)?;
    let mut pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES);
    if let Some(threads) = config.threads {
        pool = pool.num_threads(threads);
    }
    let mentions = Mentions::new(&config.tables);
    let pool = pool.build().map_err(|error| Error::Worker { reason: error.to_string() })?;
    let shelves = Shelves::new(config.max_findings);
    let work = Work { watch, done: AtomicUsize::new(0), known: AtomicUsize::new(0) };
    Ok(pool.install(|| Run { config, policy, mentions, discovery, shelves, work }.report()))
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
    shelves: Shelves,
    work: Work<'a>,
}

/// How far a run is.
struct Work<'a> {
    watch: &'a (dyn Fn(usize, usize) + Sync),
    done: AtomicUsize,
    known: AtomicUsize,
}

/// What is kept of a file.
#[derive(Default)]
struct Outcome {
    findings: Batches,
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
            let again = self.round(&stale, Depth::Whole, |index| scopes[package(index)].externals());
            for (index, outcome) in stale.iter().zip(again) {
                outcomes[*index] = Outcome { round, ..outcome };
            }
        }
        let test = self.test_files(&outcomes);
        let mut first_omitted = None;
        for (index, (outcome, by_module)) in outcomes.into_iter().zip(test).enumerate() {
            self.collect(index, outcome, by_module, &mut report, &mut first_omitted);
        }
        if let Some(path) = first_omitted {
            report.findings.push(further(report.omitted, path));
        }
        report.problems.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }

    fn collect(
        &self,
        index: usize,
        outcome: Outcome,
        by_module: bool,
        report: &mut Report,
        first_omitted: &mut Option<PathBuf>,
    ) {
        let candidate = &self.discovery.candidates[index];
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
        // By place, those that are certain before those that were not.
        let mut found = self.shelves.take(index, Kind::Certain);
        let mut suppressed = self.shelves.take(index, Kind::Suppressed).findings;
        if whole {
            let undecided = self.shelves.take(index, Kind::Undecided);
            found.findings.extend(undecided.findings);
            found.more += undecided.more;
            suppressed.extend(self.shelves.take(index, Kind::UndecidedSuppressed).findings);
        }
        for kept in suppressed {
            let room = report.suppressed.len() < self.config.max_findings;
            if let Some(reason) = kept.suppressed.filter(|_| room) {
                let kind = SuppressedBy::Comment;
                report.suppressed.push(Suppressed { finding: kept.finding, kind, reason });
            }
        }
        let room = self.config.max_findings.saturating_sub(report.findings.len());
        let more = found.more + found.findings.len().saturating_sub(room);
        found.findings.sort_by(|a, b| (a.finding.location, a.finding.rule).cmp(&(b.finding.location, b.finding.rule)));
        report.findings.extend(found.findings.into_iter().take(room).map(|kept| kept.finding));
        if more > 0 {
            first_omitted.get_or_insert_with(|| path.clone());
            report.omitted += more;
        }
    }

    fn round<'s>(
        &self,
        indexes: &[usize],
        depth: Depth,
        scope: impl Fn(usize) -> &'s Arc<Externals> + Sync,
    ) -> Vec<Outcome> {
        self.work.known.fetch_add(indexes.len(), Ordering::Relaxed);
        indexes
            .par_iter()
            .map(|index| {
                let candidate = &self.discovery.candidates[*index];
                let outcome = guarded(|| examine(candidate, scope(*index), &self.policy, &self.mentions, depth));
                let mut outcome =
                    outcome.unwrap_or_else(|problem| Outcome { problem: Some(problem), ..Outcome::default() });
                let findings = std::mem::take(&mut outcome.findings);
                if candidate.wanted {
                    self.shelves.put(*index, findings);
                }
                let done = self.work.done.fetch_add(1, Ordering::Relaxed) + 1;
                (self.work.watch)(done, self.work.known.load(Ordering::Relaxed));
                outcome
            })
            .collect()
    }
}

/// One file that the lint has a defect for does not keep the others from being checked.
fn guarded(work: impl FnOnce() -> Outcome) -> Result<Outcome, String> {
    // What `work` has borrowed is only read, but for the spans of this thread.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        proc_macro2::extra::invalidate_current_thread_spans();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        format!("is not checked, because of a defect of the lint: {text}")
    })
}

/// Stands for the findings that are not kept.
fn further(omitted: usize, path: PathBuf) -> Finding {
    let start = LineCol { line: 1, column: 1 };
    let key = format!("{FURTHER}\0{}", slashed(&path));
    Finding {
        rule: FURTHER,
        severity: Severity::Warning,
        confidence: Confidence::High,
        location: Location { start, end: start, start_byte: 0, end_byte: 0 },
        message: format!("{omitted} more findings are not listed, the first of them in this file"),
        labels: Vec::new(),
        help: "mend what is listed and run again, or look at a part: a folder, or `--min-severity error`".to_owned(),
        fix: None,
        item: String::new(),
        snippet: String::new(),
        pedantic: false,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
        path,
    }
}

/// FNV-1a: the same on every system and in every version, as fingerprints must be.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What is keyed by [`hash`] is hashed already.
pub(crate) type ByHash = BuildHasherDefault<Already>;

/// Gives the number that it is given.
#[derive(Default)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only numbers are keys; anything else would still be told apart.
        self.0 ^= hash(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
pub(crate) fn findings_in(text: &str, config: &Config) -> Vec<Finding> {
    let source = crate::source::Source::from_text(text.to_owned()).expect("accepted");
    let policy = Policy::new(config).expect("patterns that can be understood");
    // As in a run: a case that mentions nothing is not evaluated.
    let whole = config.pedantic || Mentions::new(&config.tables).any(text);
    let path = std::path::Path::new("case.rs");
    let mut outcome = examine::examine_source(path, source, &Arc::default(), &policy, whole, true);
    assert_eq!(outcome.problem, None, "the case must parse");
    let batch = std::mem::take(outcome.findings.of(Kind::Certain));
    assert_eq!(batch.more, 0, "the case has no more findings than are kept");
    batch.findings.into_iter().map(|kept| kept.finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FileNote;

    #[test]
    fn a_defect_of_the_lint_is_told_of_the_file() {
        let outcome = guarded(|| panic!("no such thing: {}", 1));
        assert!(outcome.is_err_and(|problem| problem.ends_with("a defect of the lint: no such thing: 1")));
    }

    #[test]
    fn a_file_that_vanishes_is_a_problem_and_the_others_are_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.rs", "b.rs"] {
            std::fs::write(folder.path().join(name), "fn f() { std::net::TcpListener::bind(\"0.0.0.0:0\"); }")
                .expect("written");
        }
        let config = Config { all_code: true, ..Config::default() };
        let discovery = discover(&[folder.path().to_owned()], &config).expect("two files");
        std::fs::remove_file(folder.path().join("a.rs")).expect("removed");
        let run = Run {
            config: &config,
            policy: Policy::new(&config).expect("no patterns"),
            mentions: Mentions::new(&config.tables),
            discovery,
            shelves: Shelves::new(config.max_findings),
            work: Work { watch: &|_, _| {}, done: AtomicUsize::new(0), known: AtomicUsize::new(0) },
        };
        let report = run.report();
        assert!(report.problems[0].path.ends_with("a.rs") && report.problems[0].message.contains("cannot be read"));
        assert!(report.findings.len() == 1 && report.findings[0].path.ends_with("b.rs"), "{report:#?}");
        let FileNote { checked, reason, .. } = &report.files[0];
        assert!(!checked && reason.contains("cannot be read"));
    }
}
