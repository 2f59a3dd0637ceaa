//! The run: discover, read, parse, lower, follow values across files, apply the rules, sort.
//!
//! 1. Every file is read, parsed and lowered on a worker thread; rules look at its facts at once, and only hits,
//!    summaries of its functions and the names that it could not resolve are kept. The tree is dropped there, and
//!    the thread's spans with it, so that memory follows the largest file and not their sum.
//! 2. Summaries are merged by package and workspace. A file that calls a function which another file defines is
//!    read again with them, until no summary changes ([`MAX_ROUNDS`] at most).
//! 3. Hits outside test code are dropped, the rest become findings.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::config::{Config, Policy};
use crate::discover::{Candidate, Discovery, discover};
use crate::error::Error;
use crate::facts::{Externals, FileFacts, ModuleDeclaration, lower};
use crate::finding::{FileNote, Finding, Label, Problem, Report, Severity, Suppressed, SuppressedBy};
use crate::rule::Hit;
use crate::rules::REGISTRY;
use crate::source::Source;
use crate::span::{LineIndex, Span};
use crate::suppress::suppressions;

/// A chain of helpers through more files than this is cut.
const MAX_ROUNDS: usize = 6;
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
    let pool = pool.build().map_err(|error| Error::Worker { reason: error.to_string() })?;
    Ok(pool.install(|| Run { config, policy, discovery }.report()))
}

struct Run<'a> {
    config: &'a Config,
    policy: Policy<'a>,
    discovery: Discovery,
}

/// What is kept of a file.
#[derive(Default)]
struct Outcome {
    findings: Vec<Kept>,
    modules: Vec<ModuleDeclaration>,
    externals: Externals,
    unresolved: HashSet<u64>,
    has_test_code: bool,
    problem: Option<String>,
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
        let mut outcomes = self.round(&all, |_| Arc::clone(&empty));
        for _ in 1..MAX_ROUNDS {
            let scopes = self.scopes(&outcomes);
            let stale: Vec<usize> = all
                .iter()
                .copied()
                .filter(|index| {
                    let (_, changed) = &scopes[self.discovery.candidates[*index].package];
                    !changed.is_disjoint(&outcomes[*index].unresolved)
                })
                .collect();
            if stale.is_empty() {
                break;
            }
            let again = self.round(&stale, |index| Arc::clone(&scopes[self.discovery.candidates[index].package].0));
            let mut changed = false;
            for (index, outcome) in stale.iter().zip(again) {
                changed |= outcomes[*index].externals.functions.len() != outcome.externals.functions.len();
                outcomes[*index] = outcome;
            }
            if !changed {
                break;
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

    fn round(&self, indexes: &[usize], scope: impl Fn(usize) -> Arc<Externals> + Sync) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(indexes.len());
        let mut kept = 0;
        for chunk in indexes.chunks(CHUNK) {
            let mut part: Vec<Outcome> = chunk
                .par_iter()
                .map(|index| {
                    let candidate = &self.discovery.candidates[*index];
                    examine(&candidate.path, &scope(*index), &self.policy)
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

    /// By package: what its files can call, and the hashes of the names in it.
    fn scopes(&self, outcomes: &[Outcome]) -> Vec<(Arc<Externals>, HashSet<u64>)> {
        let mut by_package: Vec<Externals> = self.discovery.packages.iter().map(|_| Externals::default()).collect();
        let mut by_workspace = BTreeMap::<&Path, Externals>::new();
        for (candidate, outcome) in self.discovery.candidates.iter().zip(outcomes) {
            by_package[candidate.package].merge(&outcome.externals);
            let workspace = &self.discovery.packages[candidate.package].workspace;
            by_workspace.entry(workspace).or_default().merge(&outcome.externals);
        }
        let by_workspace: BTreeMap<&Path, Arc<Externals>> =
            by_workspace.into_iter().map(|(root, externals)| (root, Arc::new(externals))).collect();
        self.discovery
            .packages
            .iter()
            .zip(by_package)
            .map(|(package, mut own)| {
                own.around = by_workspace.get(package.workspace.as_path()).cloned();
                let names = own.names().map(|name| hash(name.as_bytes())).collect();
                (Arc::new(own), names)
            })
            .collect()
    }

    /// Which files are test code because test code declares them as its modules.
    fn test_files(&self, outcomes: &[Outcome]) -> Vec<bool> {
        let candidates = &self.discovery.candidates;
        let by_path: HashMap<&Path, usize> =
            candidates.iter().enumerate().map(|(index, candidate)| (candidate.path.as_path(), index)).collect();
        let mut edges = vec![Vec::new(); candidates.len()];
        let mut plainly = vec![false; candidates.len()];
        let mut queue: BTreeSet<usize> = BTreeSet::new();
        for (index, (candidate, outcome)) in candidates.iter().zip(outcomes).enumerate() {
            for module in &outcome.modules {
                let Some(target) =
                    module_files(&candidate.path, module).iter().find_map(|path| by_path.get(path.as_path()))
                else {
                    continue;
                };
                edges[index].push((*target, module.test));
                if !module.test {
                    plainly[*target] |= candidate.whole.is_none();
                }
            }
            if candidate.whole.is_some() {
                queue.insert(index);
            }
        }
        let mut test = vec![false; candidates.len()];
        for list in &edges {
            queue.extend(list.iter().filter(|(_, by_attribute)| *by_attribute).map(|(target, _)| *target));
        }
        while let Some(index) = queue.pop_first() {
            if std::mem::replace(&mut test[index], true) {
                continue;
            }
            // A module of a module that only tests see.
            queue.extend(edges[index].iter().map(|(target, _)| *target).filter(|target| !test[*target]));
        }
        // A file that non-test code declares, too, is not test code; unless all who declare it are.
        for index in 0..candidates.len() {
            let declared_plainly = plainly[index]
                && (0..candidates.len()).any(|other| {
                    !test[other] && edges[other].iter().any(|(target, by_attribute)| *target == index && !by_attribute)
                });
            test[index] &= !declared_plainly;
        }
        test
    }
}

/// Where the file of `mod name;` may be.
fn module_files(declaring: &Path, module: &ModuleDeclaration) -> Vec<PathBuf> {
    let folder = declaring.parent().unwrap_or(Path::new(""));
    if let Some(explicit) = &module.explicit {
        return vec![normalised(&folder.join(explicit))];
    }
    let stem = declaring.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let own = folder.join(stem);
    let bases = if ["mod", "lib", "main"].contains(&stem) { vec![folder] } else { vec![own.as_path(), folder] };
    let mut files = Vec::new();
    for base in bases {
        let mut path = base.to_path_buf();
        path.extend(&module.path);
        files.push(path.with_extension("rs"));
        files.push(path.join("mod.rs"));
    }
    files
}

/// Without `..` where a folder before it can be left out.
fn normalised(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component.as_os_str() == ".." && plain.file_name().is_some() {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}

fn examine(path: &Path, externals: &Arc<Externals>, policy: &Policy<'_>) -> Outcome {
    match Source::read(path) {
        Ok(source) => examine_source(path, &source, externals, policy),
        Err(message) => Outcome { problem: Some(message), ..Outcome::default() },
    }
}

fn examine_source(path: &Path, source: &Source, externals: &Arc<Externals>, policy: &Policy<'_>) -> Outcome {
    let parsed = syn::parse_file(source.code());
    let file = match parsed {
        Ok(file) => file,
        Err(error) => {
            let message = unparsable(&error, source);
            proc_macro2::extra::invalidate_current_thread_spans();
            return Outcome { problem: Some(message), ..Outcome::default() };
        }
    };
    let lowered = lower(&file, source.prefix, externals, &policy.config.tables);
    drop(file);
    proc_macro2::extra::invalidate_current_thread_spans();
    let mut hits = Vec::new();
    for entry in REGISTRY {
        if policy.severity_of(entry.rule.name(), path, entry.rule.severity()).is_none() {
            continue;
        }
        let mut own = Vec::new();
        entry.rule.check(&lowered.facts, policy.config, &mut own);
        hits.extend(own.into_iter().map(|hit| (entry.rule.name(), entry.rule.severity(), hit)));
    }
    let findings = findings_of(path, source, &lowered.facts, hits, policy);
    Outcome {
        findings,
        has_test_code: lowered.facts.functions.iter().any(|function| function.test && !function.name.is_empty()),
        modules: lowered.facts.modules,
        externals: lowered.externals,
        unresolved: lowered.unresolved,
        problem: None,
    }
}

fn findings_of(
    path: &Path,
    source: &Source,
    facts: &FileFacts,
    hits: Vec<(&'static str, Severity, Hit)>,
    policy: &Policy<'_>,
) -> Vec<Kept> {
    if hits.is_empty() && !source.text.contains("netns-lint:") {
        return Vec::new();
    }
    let index = LineIndex::new(&source.text);
    let mut suppressions = suppressions(&source.text, &index);
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    for (rule, severity, hit) in hits {
        if !seen.insert((rule, hit.span)) {
            continue;
        }
        let severity = hit.severity.unwrap_or(severity);
        let severity = policy.severity_of(rule, path, severity).unwrap_or(severity);
        let function = &facts.functions[hit.function];
        let finding = finding_of(path, source, &index, rule, severity, hit, function.item.clone());
        let mut suppressed = None;
        for suppression in suppressions.iter_mut().filter(|comment| comment.covers(rule, finding.location)) {
            suppression.used = true;
            suppressed = Some(suppression.reason.clone());
        }
        let shown = policy.config.pedantic || !finding.pedantic;
        if shown && severity >= policy.config.min_severity {
            findings.push(Kept { finding, test: function.test, suppressed });
        }
    }
    for suppression in &mut suppressions {
        // A rule that is switched off has not looked.
        suppression.used |=
            suppression.rules.iter().any(|rule| policy.severity_of(rule, path, Severity::Note).is_none());
    }
    let has_tests = facts.functions.iter().any(|function| function.test && !function.name.is_empty());
    for complaint in suppressions.iter().flat_map(crate::suppress::Suppression::complaints) {
        let Some(severity) = policy.severity_of(complaint.rule, path, complaint.severity) else { continue };
        if severity >= policy.config.min_severity {
            let hit = Hit::new(0, complaint.span, complaint.message, complaint.help);
            let finding = finding_of(path, source, &index, complaint.rule, severity, hit, String::new());
            findings.push(Kept { finding, test: has_tests, suppressed: None });
        }
    }
    findings.sort_by(|a, b| (a.finding.location, a.finding.rule).cmp(&(b.finding.location, b.finding.rule)));
    findings
}

fn unparsable(error: &syn::Error, source: &Source) -> String {
    let start = error.span().byte_range().start + source.prefix as usize;
    let at = u32::try_from(start).unwrap_or(u32::MAX);
    let place = LineIndex::new(&source.text).locate(&source.text, Span::new(at, at)).start;
    format!("cannot be parsed: line {}, column {}: {error}", place.line, place.column)
}

fn finding_of(
    path: &Path,
    source: &Source,
    index: &LineIndex,
    rule: &'static str,
    severity: Severity,
    hit: Hit,
    item: String,
) -> Finding {
    let text = &source.text;
    let snippet = text.get(hit.span.start as usize..hit.span.end as usize).unwrap_or_default();
    let normalised: String = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
    let key = format!("{rule}\0{}\0{item}\0{normalised}", crate::finding::slashed(path));
    let labels = hit.labels.into_iter().filter(|(span, _)| span.end > span.start);
    Finding {
        rule,
        severity,
        confidence: hit.confidence,
        path: path.to_path_buf(),
        location: index.locate(text, hit.span),
        message: hit.message,
        labels: labels.map(|(span, message)| Label { location: index.locate(text, span), message }).collect(),
        help: hit.help,
        item,
        snippet: normalised,
        pedantic: hit.pedantic,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
    }
}

/// FNV-1a: the same on every system and in every version, as fingerprints must be.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
pub(crate) fn findings_in(text: &str, config: &Config) -> Vec<Finding> {
    let source = Source::from_text(text.to_owned()).expect("accepted");
    let policy = Policy::new(config).expect("patterns that can be understood");
    let outcome = examine_source(Path::new("case.rs"), &source, &Arc::default(), &policy);
    assert_eq!(outcome.problem, None, "the case must parse");
    outcome.findings.into_iter().filter(|kept| kept.suppressed.is_none()).map(|kept| kept.finding).collect()
}
