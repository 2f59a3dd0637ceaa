//! Examines one file: from its bytes to findings, summaries and names, without keeping its tree.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::Outcome;
use super::callers::reaches;
use super::shelf::{Batches, Kept, Kind};
use crate::catalogue::{IN_TOOLS, OF_TESTS};
use crate::config::Policy;
use crate::discover::Candidate;
use crate::doctests::doc_tests;
use crate::facts::{FileFacts, Place};
use crate::finding::{Finding, Label, Severity};
use crate::fix::settled;
use crate::hash::hash;
use crate::lexical::{pieces, without_tables};
use crate::lowering::{Outline, World, lower, only_of_tests};
use crate::resolve::is_within;
use crate::rule::Hit;
use crate::rules;
use crate::scope::Role;
use crate::source::Source;
use crate::span::{LineIndex, Location, Span};
use crate::suppress::{Suppression, suppressions};
use crate::tables::{Mentions, SUPPRESSION};

/// Larger files, mostly generated ones, are examined one at a time. A tree takes up to a hundred times the size of the
/// text, so two of the largest at once would determine the memory of a run.
const LARGE_FILE_BYTES: usize = 256 * 1024;
/// A file that is not evaluated is parsed in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;
/// Longer lists of numbers are generated tables, and are replaced by blanks.
const TABLE_BYTES: usize = 4 * 1024;
static LARGE_FILES: Mutex<()> = Mutex::new(());

/// How deeply a file is examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Evaluates its functions if the file mentions a word from the tables.
    IfMentioned,
    /// Evaluates its functions.
    Whole,
}

/// The other files, as one file sees them.
#[derive(Clone, Copy)]
pub(super) struct SeenFrom<'w> {
    pub world: &'w World,
    /// The index of the file in the world.
    pub file: usize,
}

/// Parses a file and runs the rules on it.
pub(super) fn examine(
    candidate: &Candidate,
    source: Result<Source, String>,
    seen_from: SeenFrom<'_>,
    policy: &Policy<'_>,
    mentions: &Mentions,
    depth: Depth,
) -> Outcome {
    match source {
        Ok(source) => {
            let whole = depth == Depth::Whole || mentions.any(&source.text);
            let runs_examples = candidate.is_of_library && !candidate.is_configured && !policy.config.all_code;
            let examples = runs_examples.then(|| doc_tests(&source.text)).flatten().filter(|text| mentions.any(text));
            // Ignore poisoning: a panic in another thread was reported, and the lock guards only memory.
            let _alone = (whole && source.text.len() > LARGE_FILE_BYTES)
                .then(|| LARGE_FILES.lock().unwrap_or_else(PoisonError::into_inner));
            let role = if policy.config.all_code { Role::Test } else { candidate.verdict.role };
            let mut outcome = examine_source(&candidate.path, source, seen_from, policy, whole, role);
            if let Some(text) = examples {
                let source = Source { text, prefix: 0 };
                outcome.add_examples(examine_source(&candidate.path, source, seen_from, policy, true, Role::Test));
            }
            outcome
        }
        Err(message) => Outcome { problem: Some(message), ..Outcome::default() },
    }
}

/// Examines a text with the given `role`; evaluates its functions if `whole`.
pub(super) fn examine_source(
    path: &Path,
    source: Source,
    seen_from: SeenFrom<'_>,
    policy: &Policy<'_>,
    whole: bool,
    role: Role,
) -> Outcome {
    let code = without_tables(source.code(), TABLE_BYTES);
    if !whole {
        return match outlined(&code) {
            Ok(outline) => Outcome {
                has_test_code: outline.has_test_code,
                runs_tests: outline.runs_tests,
                modules: outline.modules,
                names: outline.names,
                needs: super::Needs::Nothing,
                ..Outcome::default()
            },
            Err((error, start)) => Outcome { problem: Some(unparsable(&error, start, &source)), ..Outcome::default() },
        };
    }
    let file = match syn::parse_file(&code) {
        Ok(file) => file,
        Err(error) => {
            let message = unparsable(&error, error.span().byte_range().start, &source);
            proc_macro2::extra::invalidate_current_thread_spans();
            return Outcome { problem: Some(message), ..Outcome::default() };
        }
    };
    drop(code);
    let mut lowered = lower(&file, source.prefix, seen_from.file, seen_from.world, &policy.config.tables);
    lowered.facts.text = source.text;
    if role == Role::Product && lowered.facts.functions.iter().any(|function| function.run_by_harness) {
        let of_tests = only_of_tests(&file);
        for function in &mut lowered.facts.functions {
            function.test |= of_tests.iter().any(|item| is_within(&function.item, item));
        }
    }
    drop(file);
    proc_macro2::extra::invalidate_current_thread_spans();
    let mut hits = Vec::new();
    for (entry, check) in rules::all() {
        if policy.severity_of(entry.name, path, entry.severity).is_none() {
            continue;
        }
        let mut own = Vec::new();
        check(&lowered.facts, policy.config, &mut own);
        hits.extend(own.into_iter().map(|hit| (entry.name, entry.severity, hit)));
    }
    let findings = findings_of(path, &lowered.facts, hits, policy, role);
    // Only test code leads from a test to a helper.
    let may_be_test = role != Role::Product || lowered.facts.functions.iter().any(|function| function.test);
    Outcome {
        findings,
        reaches: if may_be_test { reaches(&lowered.facts) } else { Vec::new() },
        has_test_code: lowered.facts.functions.iter().any(|function| function.test && !function.name.is_empty()),
        runs_tests: lowered.facts.runs_tests,
        cuts: lowered.facts.cuts.all().collect(),
        modules: lowered.facts.modules,
        externals: Arc::new(lowered.externals),
        names: lowered.names,
        needs: super::Needs::Others { unresolved: lowered.unresolved, follows: lowered.follows },
        ..Outcome::default()
    }
}

/// The number of places that explain one finding; more do not help its reader.
const MAX_LABELS: usize = 12;

fn findings_of(
    path: &Path,
    facts: &FileFacts,
    mut hits: Vec<(&'static str, Severity, Hit)>,
    policy: &Policy<'_>,
    role: Role,
) -> Batches {
    let mut batches = Batches::default();
    let certain = role != Role::Product;
    if hits.is_empty() && !facts.text.contains(SUPPRESSION) {
        return batches;
    }
    let index = LineIndex::new(&facts.text);
    // Compute the hash once for all fixes, because a file may be large.
    let text_hash = LazyCell::new(|| hash(facts.text.as_bytes()));
    let file = File { path, text: &facts.text, text_hash: &text_hash, index: &index };
    let mut suppressions = suppressions(&facts.text, &index);
    let chains = if suppressions.is_empty() { HashMap::new() } else { chain_ends(facts) };
    let mut add =
        |kind: Kind, make: &mut dyn FnMut() -> Finding, suppressed: Option<String>, behind: Vec<Vec<Place>>| {
            let batch = batches.of(kind);
            if batch.findings.len() < policy.config.max_findings {
                batch.findings.push(Kept { finding: make(), suppressed, behind });
            } else {
                batch.more += 1;
            }
        };
    // In the order of the file, so that the first ones are kept.
    hits.sort_by_key(|(rule, _, hit)| (hit.span, *rule, hit.pedantic));
    hits.dedup_by(|(rule, _, hit), (first, _, kept)| {
        let is_same = (hit.span, *rule) == (kept.span, *first);
        if is_same && hit.pedantic == kept.pedantic {
            kept.behind.append(&mut hit.behind);
            for label in hit.labels.drain(..) {
                if kept.labels.len() < MAX_LABELS && !kept.labels.contains(&label) {
                    kept.labels.push(label);
                }
            }
        }
        is_same
    });
    for (rule, severity, mut hit) in hits {
        let severity = hit.severity.unwrap_or(severity);
        let function = &facts.functions[hit.function];
        let is_mild = match role {
            Role::Tool => !IN_TOOLS.contains(&rule),
            Role::Example => OF_TESTS.contains(&rule) || hit.only_in_tests,
            Role::Test | Role::Product => false,
        };
        let pedantic = hit.pedantic || is_mild && !function.test;
        let severity = policy.severity_of(rule, path, severity).unwrap_or(severity);
        let chain = Span::new(hit.span.start, *chains.get(&hit.span.start).unwrap_or(&hit.span.end));
        let covered = index.locate(&facts.text, chain.to(hit.span));
        let suppressed = silenced(&mut suppressions, rule, covered);
        let shown = policy.config.pedantic || !pedantic;
        if shown && severity >= policy.config.min_severity {
            let kind = Kind::of(certain || function.test, suppressed.is_some());
            let behind = std::mem::take(&mut hit.behind);
            let mut hit = Some(hit.pedantic(pedantic));
            let mut make = || {
                let hit = hit.take().expect("each finding is made once");
                finding_of(&file, rule, severity, hit, function.item.clone())
            };
            add(kind, &mut make, suppressed, behind);
        }
    }
    for suppression in &mut suppressions {
        // A rule that is off did not run, so its suppressions do not count as unused.
        suppression.used |=
            suppression.rules.iter().any(|rule| policy.severity_of(rule, path, Severity::Note).is_none());
    }
    let has_tests = facts.functions.iter().any(|function| function.test && !function.name.is_empty());
    for complaint in suppressions.iter().flat_map(|suppression| suppression.complaints(&facts.text)) {
        let Some(severity) = policy.severity_of(complaint.rule, path, complaint.severity) else { continue };
        if severity >= policy.config.min_severity {
            let mut make = || {
                let hit = Hit::new(0, complaint.span, complaint.message.clone(), complaint.help);
                let hit = hit.fix(complaint.fix.clone());
                finding_of(&file, complaint.rule, severity, hit, String::new())
            };
            add(Kind::of(certain || has_tests, false), &mut make, None, vec![Vec::new()]);
        }
    }
    batches
}

/// Returns the reason of the suppression that covers a finding of `rule` at `location`, and marks it as used.
fn silenced(suppressions: &mut [Suppression], rule: &str, location: Location) -> Option<String> {
    // Suppressions are in file order, and one on the line above counts, too.
    let first = suppressions.partition_point(|comment| comment.location.start.line + 1 < location.start.line);
    let near = suppressions[first..].iter_mut().take_while(|comment| comment.location.start.line <= location.end.line);
    let mut reason = None;
    for suppression in near.filter(|comment| comment.covers(rule, location)) {
        suppression.used = true;
        reason = Some(suppression.reason.clone());
    }
    reason
}

/// Returns, for each start of a method chain, the end of the chain: a comment may be on any of its lines.
fn chain_ends(facts: &FileFacts) -> HashMap<u32, u32> {
    let mut ends = HashMap::new();
    for call in &facts.calls {
        let end: &mut u32 = ends.entry(call.span.start).or_default();
        *end = call.span.end.max(*end);
    }
    ends
}

/// Returns the outline of a text, with only one piece parsed at a time; otherwise the parse error and its offset.
fn outlined(code: &str) -> Result<Outline, (syn::Error, usize)> {
    let mut outline = Outline::default();
    for piece in pieces(code, PIECE_BYTES) {
        let parsed = syn::parse_file(&code[piece.clone()]);
        let added = match &parsed {
            Ok(file) => {
                outline.add(file);
                Ok(())
            }
            Err(error) => Err((error.clone(), piece.start + error.span().byte_range().start)),
        };
        drop(parsed);
        proc_macro2::extra::invalidate_current_thread_spans();
        added?;
    }
    Ok(outline)
}

fn unparsable(error: &syn::Error, start: usize, source: &Source) -> String {
    let start = start + source.prefix as usize;
    let at = u32::try_from(start).unwrap_or(u32::MAX);
    let place = LineIndex::new(&source.text).locate(&source.text, Span::new(at, at)).start;
    format!("cannot be parsed: line {}, column {}: {error}", place.line, place.column)
}

/// The data about a file that its findings need.
struct File<'a, F> {
    path: &'a Path,
    text: &'a str,
    text_hash: &'a LazyCell<u64, F>,
    index: &'a LineIndex,
}

fn finding_of<F: FnOnce() -> u64>(
    &File { path, text, text_hash, index }: &File<'_, F>,
    rule: &'static str,
    severity: Severity,
    hit: Hit,
    item: String,
) -> Finding {
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
        callers: Vec::new(),
        more_callers: 0,
        help: hit.help,
        fix: hit.fix.map(|proposal| settled(proposal, text, **text_hash, index)),
        item,
        snippet: normalised,
        pedantic: hit.pedantic,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
    }
}
