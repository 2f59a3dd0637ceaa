//! The run: discover, read, parse, lower, follow values across files, apply the rules, sort.
//!
//! 1. Reads and parses every file on a worker thread. A file is evaluated if it mentions anything from the tables. The
//!    rules then run on its facts; only the hits, the function summaries and the unresolved names are kept. Of the
//!    other files, only the defined names are kept. The tree and the thread's spans are dropped with each file, so that
//!    memory follows the largest file and not the sum ([`mod@examine`]).
//! 2. Merges the summaries by package and workspace. A file is evaluated again if a name that it uses has gained facts,
//!    and a file that was skipped is evaluated if it defines or uses a name that now matters. This repeats until
//!    nothing changes, at most [`MAX_ROUNDS`] times ([`scopes`]).
//! 3. Drops the hits outside test code ([`modules`]) and turns the rest into findings, up to a limit for each kind
//!    ([`shelf`]).

mod callers;
mod examine;
mod modules;
mod scopes;
mod shelf;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::callers::{Callers, Places, Reach};
use self::examine::{Depth, SeenFrom, examine};
use self::scopes::Scopes;
use self::shelf::{Batches, Kind, Shelves};
use crate::config::{Config, Policy};
use crate::cut::Cut;
use crate::discover::{Discovery, discover};
use crate::doctests;
use crate::error::Error;
use crate::facts::ModuleDeclaration;
use crate::finding::{
    Confidence, FileNote, Finding, Note, Problem, Report, Severity, Suppressed, SuppressedBy, slashed,
};
use crate::hash::hash;
use crate::lowering::{Externals, Unresolved, World};
use crate::resolve::Names;
use crate::source::Sources;
use crate::span::{LineCol, Location};
use crate::stack::STACK_BYTES;
use crate::tables::Mentions;

/// Chains of helpers through more than half as many files are cut.
const MAX_ROUNDS: usize = 12;
/// The rule name of the finding that replaces the dropped findings.
pub(crate) const FURTHER: &str = "further-findings";
/// The name that configures the severity of problems.
pub(crate) const UNPARSABLE: &str = "unparsable-file";

/// Checks every Rust file below `paths`.
///
/// # Errors
/// [`Error`] if the whole run fails. A file that cannot be read or parsed is a [`Problem`] of the report instead.
pub fn check(paths: &[PathBuf], config: &Config) -> Result<Report, Error> {
    check_watched(paths, config, &Sources::default(), &|_, _| {})
}

/// Like [`check`]; calls `watch`, from any thread, with the number of finished files and of files known so far.
pub(crate) fn check_watched(
    paths: &[PathBuf],
    config: &Config,
    sources: &Sources,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Report, Error> {
    config.validate()?;
    let policy = Policy::new(config)?;
    let discovery = discover(paths, &policy)?;
    let mut pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES);
    if let Some(threads) = config.threads {
        pool = pool.num_threads(threads);
    }
    let mentions = Mentions::new(&config.tables);
    let pool = pool.build().map_err(|error| Error::Worker { reason: error.to_string() })?;
    let shelves = Shelves::new(config.max_findings);
    let work = Work { watch, done: AtomicUsize::new(0), known: AtomicUsize::new(0) };
    Ok(pool.install(|| Run { config, sources, policy, mentions, discovery, shelves, work }.report()))
}

struct Run<'a> {
    config: &'a Config,
    sources: &'a Sources,
    policy: Policy<'a>,
    mentions: Mentions,
    discovery: Discovery,
    shelves: Shelves,
    work: Work<'a>,
}

/// The progress of a run.
struct Work<'a> {
    watch: &'a (dyn Fn(usize, usize) + Sync),
    done: AtomicUsize,
    known: AtomicUsize,
}

/// The result of examining a file.
#[derive(Default)]
struct Outcome {
    findings: Batches,
    /// The calls of its functions that may lead from a test to a helper.
    reaches: Vec<Reach>,
    modules: Vec<ModuleDeclaration>,
    externals: Arc<Externals>,
    /// The names that the file defines and imports.
    names: Names,
    needs: Needs,
    /// The round whose scopes it was evaluated with; 0 before the first.
    round: usize,
    has_test_code: bool,
    /// Whether a function that is compiled into a program is a test.
    runs_tests: bool,
    problem: Option<String>,
    /// The bounds that cut its analysis short.
    cuts: Vec<Cut>,
}

/// Decides whether a file is examined again.
#[derive(Default)]
enum Needs {
    /// The file could not be read.
    #[default]
    Unknown,
    /// The file was not evaluated.
    Nothing,
    /// The file was evaluated, and needs these names from others; `follows` comes from lowering.
    Others { unresolved: Unresolved, follows: bool },
}

impl Outcome {
    /// Adds the findings and needs of the examples in the documentation of the file.
    fn add_examples(&mut self, examples: Self) {
        let (own, shown) = doctests::NAME;
        for (batch, more) in self.findings.0.iter_mut().zip(examples.findings.0) {
            batch.more += more.more;
            // Each example is a process of its own.
            let others = more.findings.into_iter().filter(|kept| kept.finding.rule != doctests::RULE_OF_PROCESSES);
            batch.findings.extend(others.map(|mut kept| {
                // The text was changed, so an edit of it would not fit the file.
                kept.finding.fix = None;
                if let Some(rest) = kept.finding.item.strip_prefix(own) {
                    kept.finding.item = format!("{shown}{rest}");
                }
                kept
            }));
        }
        self.has_test_code = true;
        self.cuts.extend(examples.cuts);
        self.cuts.dedup();
        match (&mut self.needs, examples.needs) {
            (Needs::Others { unresolved, follows }, Needs::Others { unresolved: more, follows: also }) => {
                unresolved.add(more);
                *follows |= also;
            }
            (own @ (Needs::Nothing | Needs::Unknown), more) if self.problem.is_none() => *own = more,
            _ => {}
        }
    }
}

impl Run<'_> {
    fn report(self) -> Report {
        let mut report = Report { problems: self.discovery.problems.clone(), ..Report::default() };
        report.notes.extend(self.discovery.note.clone());
        let nothing = World::default();
        let all: Vec<usize> = (0..self.discovery.candidates.len()).collect();
        let mut outcomes = self.round(&all, Depth::IfMentioned, &nothing);
        let mut scopes = Scopes::new(&self.discovery, &outcomes);
        for round in 1..=MAX_ROUNDS {
            scopes.update(&self.discovery, &outcomes, round);
            let stale = self.stale(&outcomes, &scopes);
            if stale.is_empty() {
                break;
            }
            if round == MAX_ROUNDS {
                for index in stale {
                    outcomes[index].cuts.push(Cut::Rounds);
                }
                break;
            }
            let again = self.round(&stale, Depth::Whole, &scopes.world);
            for (index, outcome) in stale.iter().zip(again) {
                outcomes[*index] = Outcome { round, ..outcome };
            }
        }
        if self.config.pedantic {
            // These files come last, so that their definitions do not change the meaning of names: this adds findings
            // and never removes any.
            let is_left = |index: &usize| matches!(outcomes[*index].needs, Needs::Nothing);
            let left: Vec<usize> = all.into_iter().filter(is_left).collect();
            let again = self.round(&left, Depth::Whole, &scopes.world);
            for (index, outcome) in left.into_iter().zip(again) {
                outcomes[index] = outcome;
            }
        }
        let test = self.test_files(&outcomes);
        self.shelves.drop_repeated(|index, kind| {
            let whole = self.is_whole(index, test[index]);
            let is_decided = matches!(kind, Kind::Certain | Kind::Suppressed);
            whole || is_decided && !self.discovery.candidates[index].is_configured
        });
        let callers = Callers::new(&outcomes, &scopes.world.program, |index| self.is_whole(index, test[index]));
        let path = |index: usize| self.discovery.candidates[index].path.clone();
        let mut places = Places::new(callers, self.sources, &path);
        let mut first_omitted = None;
        for (index, (outcome, by_module)) in outcomes.into_iter().zip(test).enumerate() {
            let before = report.findings.len();
            self.collect(index, outcome, by_module, &mut report, &mut first_omitted);
            for finding in &mut report.findings[before..] {
                (finding.callers, finding.more_callers) = places.of(index, &finding.item);
            }
        }
        if let Some(path) = first_omitted
            && let Some(severity) = self.policy.severity_of(FURTHER, &path, Severity::Warning)
        {
            report.findings.push(further(report.omitted, path, severity));
        }
        report.problems.retain_mut(|problem| {
            let severity = self.policy.severity_of(UNPARSABLE, &problem.path, problem.severity);
            problem.severity = severity.unwrap_or(problem.severity);
            severity.is_some()
        });
        report.problems.sort_by(|a, b| a.path.cmp(&b.path));
        report
    }

    /// Whether all of a file is checked, and not only its tests.
    fn is_whole(&self, index: usize, by_module: bool) -> bool {
        let candidate = &self.discovery.candidates[index];
        self.config.all_code || candidate.verdict.is_checked() || by_module && !candidate.is_configured
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
        let verdict = &candidate.verdict;
        let whole = self.is_whole(index, by_module);
        let by_module = by_module && !candidate.is_configured;
        let checked = whole || (outcome.has_test_code && !candidate.is_configured);
        let reason = match &outcome.problem {
            Some(problem) => problem.clone(),
            None if self.config.all_code => "all code was asked for".to_owned(),
            None if verdict.is_checked() || candidate.is_configured => verdict.reason.clone(),
            None if by_module => "a module of test code".to_owned(),
            None if outcome.has_test_code => "has functions for tests, the rest is skipped".to_owned(),
            None => verdict.reason.clone(),
        };
        let reason = outcome.cuts.iter().fold(reason, |reason, cut| format!("{reason}; {}", cut.note()));
        let path = &candidate.path;
        if candidate.wanted {
            let note = |cut: &Cut| Note { path: path.clone(), message: cut.note().to_owned() };
            report.notes.extend(outcome.cuts.iter().map(note));
        }
        let checked = checked && outcome.problem.is_none();
        report.files.push(FileNote { path: path.clone(), checked, reported: candidate.wanted, reason });
        if let Some(message) = outcome.problem {
            report.problems.push(Problem::new(path.clone(), message));
        }
        // A file that the configuration marks as a product has no tests, whatever it contains.
        if !candidate.wanted || (candidate.is_configured && !whole) {
            return;
        }
        // Certain findings come first, each group sorted by location.
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

    fn round(&self, indexes: &[usize], depth: Depth, world: &World) -> Vec<Outcome> {
        self.work.known.fetch_add(indexes.len(), Ordering::Relaxed);
        indexes
            .par_iter()
            .map(|index| {
                let candidate = &self.discovery.candidates[*index];
                let outcome = guarded(|| {
                    let source = self.sources.read(&candidate.path);
                    let seen_from = SeenFrom { world, file: *index };
                    examine(candidate, source, seen_from, &self.policy, &self.mentions, depth)
                });
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

/// Turns a panic of the lint into an error, so that the other files are still checked.
fn guarded(work: impl FnOnce() -> Outcome) -> Result<Outcome, String> {
    // `work` only reads its borrowed values, except for the spans of this thread.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        proc_macro2::extra::invalidate_current_thread_spans();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        format!("is not checked, because of a defect of the lint: {text}")
    })
}

/// Returns the finding that replaces the dropped findings.
fn further(omitted: usize, path: PathBuf, severity: Severity) -> Finding {
    let start = LineCol { line: 1, column: 1 };
    let key = format!("{FURTHER}\0{}", slashed(&path));
    Finding {
        rule: FURTHER,
        severity,
        confidence: Confidence::High,
        location: Location { start, end: start, start_byte: 0, end_byte: 0 },
        message: format!("{omitted} more findings are not listed, the first of them in this file"),
        labels: Vec::new(),
        callers: Vec::new(),
        more_callers: 0,
        help: "mend what is listed and run again, or look at a part: a folder, or `--min-severity error`".to_owned(),
        fix: None,
        item: String::new(),
        snippet: String::new(),
        pedantic: false,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
        path,
    }
}

#[cfg(test)]
pub(crate) fn findings_in(text: &str, config: &Config) -> Vec<Finding> {
    let source = crate::source::Source::from_text(text.to_owned()).expect("accepted");
    let policy = Policy::new(config).expect("patterns that can be understood");
    // As in a run, a case that mentions nothing from the tables is not evaluated.
    let whole = config.pedantic || Mentions::new(&config.tables).any(text);
    let path = std::path::Path::new("case.rs");
    let (world, role) = (World::default(), crate::scope::Role::Test);
    let seen_from = SeenFrom { world: &world, file: 0 };
    let outcome = examine::examine_source(path, source, seen_from, &policy, whole, role);
    assert_eq!(outcome.problem, None, "the case must parse");
    let shelves = Shelves::new(usize::MAX);
    shelves.put(0, outcome.findings);
    shelves.drop_repeated(|_, _| true);
    let batch = shelves.take(0, Kind::Certain);
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
        let policy = Policy::new(&config).expect("no patterns");
        let discovery = discover(&[folder.path().to_owned()], &policy).expect("two files");
        std::fs::remove_file(folder.path().join("a.rs")).expect("removed");
        let run = Run {
            config: &config,
            sources: &Sources::default(),
            policy,
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
