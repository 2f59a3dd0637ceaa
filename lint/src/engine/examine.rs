//! One file: from its bytes to findings, summaries and names, and nothing of its tree.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::shelf::{Batches, Kept, Kind};
use super::{Outcome, hash};
use crate::config::Policy;
use crate::discover::Candidate;
use crate::facts::{Externals, FileFacts, Outline, lower};
use crate::finding::{Finding, Label, Severity};
use crate::lexical::{pieces, without_tables};
use crate::rule::Hit;
use crate::rules::REGISTRY;
use crate::source::Source;
use crate::span::{LineIndex, Location, Span};
use crate::suppress::{MARK, Suppression, suppressions};
use crate::tables::Mentions;

/// Files larger than this, mostly generated, are looked at one after the other: a tree takes up to a hundred times the
/// text, and two of the largest at once would decide how much memory a run needs.
const LARGE_FILE_BYTES: usize = 256 * 1024;
/// A file that is not evaluated need not be one tree.
const PIECE_BYTES: usize = 64 * 1024;
/// No person counts through a longer list of numbers.
const TABLE_BYTES: usize = 4 * 1024;
static LARGE_FILES: Mutex<()> = Mutex::new(());

/// How deep a file is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its functions are evaluated if it mentions something that a rule looks for.
    IfMentioned,
    /// Its functions are evaluated.
    Whole,
}

/// Reads, parses and judges a file.
pub(super) fn examine(
    candidate: &Candidate,
    externals: &Arc<Externals>,
    policy: &Policy<'_>,
    mentions: &Mentions,
    depth: Depth,
) -> Outcome {
    match Source::read(&candidate.path) {
        Ok(source) => {
            let whole = depth == Depth::Whole || policy.config.pedantic || mentions.any(&source.text);
            // Another thread that panicked in there has reported it; nothing is guarded but memory.
            let _alone = (whole && source.text.len() > LARGE_FILE_BYTES)
                .then(|| LARGE_FILES.lock().unwrap_or_else(PoisonError::into_inner));
            let certain = candidate.whole.is_some() || policy.config.all_code;
            examine_source(&candidate.path, source, externals, policy, whole, certain)
        }
        Err(message) => Outcome { problem: Some(message), ..Outcome::default() },
    }
}

/// The same for a text; its functions are evaluated if `whole`, and all of it is test code if `certain`.
pub(super) fn examine_source(
    path: &Path,
    source: Source,
    externals: &Arc<Externals>,
    policy: &Policy<'_>,
    whole: bool,
    certain: bool,
) -> Outcome {
    let code = without_tables(source.code(), TABLE_BYTES);
    if !whole {
        return match outlined(&code) {
            Ok(outline) => Outcome {
                has_test_code: outline.has_test_code,
                modules: outline.modules,
                names: super::Names::Defined(outline.defined),
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
    let mut lowered = lower(&file, source.prefix, externals, &policy.config.tables);
    lowered.facts.text = source.text;
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
    let findings = findings_of(path, &lowered.facts, hits, policy, certain);
    Outcome {
        findings,
        has_test_code: lowered.facts.functions.iter().any(|function| function.test && !function.name.is_empty()),
        modules: lowered.facts.modules,
        externals: lowered.externals,
        names: super::Names::Needed { unresolved: lowered.unresolved, follows: lowered.follows },
        ..Outcome::default()
    }
}

fn findings_of(
    path: &Path,
    facts: &FileFacts,
    mut hits: Vec<(&'static str, Severity, Hit)>,
    policy: &Policy<'_>,
    certain: bool,
) -> Batches {
    let mut batches = Batches::default();
    if hits.is_empty() && !facts.text.contains(MARK) {
        return batches;
    }
    let index = LineIndex::new(&facts.text);
    // Of a large file, once for all of its fixes.
    let text_hash = LazyCell::new(|| hash(facts.text.as_bytes()));
    let file = File { path, text: &facts.text, text_hash: &text_hash, index: &index };
    let mut suppressions = suppressions(&facts.text, &index);
    let chains = if suppressions.is_empty() { HashMap::new() } else { chain_ends(facts) };
    let mut add = |kind: Kind, make: &mut dyn FnMut() -> Finding, suppressed: Option<String>| {
        let batch = batches.of(kind);
        if batch.findings.len() < policy.config.max_findings {
            batch.findings.push(Kept { finding: make(), suppressed });
        } else {
            batch.more += 1;
        }
    };
    // In the order of the file, so that the first ones are kept.
    hits.sort_by_key(|(rule, _, hit)| (hit.span, *rule));
    hits.dedup_by_key(|(rule, _, hit)| (hit.span, *rule));
    for (rule, severity, hit) in hits {
        let severity = hit.severity.unwrap_or(severity);
        let severity = policy.severity_of(rule, path, severity).unwrap_or(severity);
        let function = &facts.functions[hit.function];
        let chain = Span::new(hit.span.start, *chains.get(&hit.span.start).unwrap_or(&hit.span.end));
        let covered = index.locate(&facts.text, chain.to(hit.span));
        let suppressed = silenced(&mut suppressions, rule, covered);
        let shown = policy.config.pedantic || !hit.pedantic;
        if shown && severity >= policy.config.min_severity {
            let kind = Kind::of(certain || function.test, suppressed.is_some());
            let mut hit = Some(hit);
            let mut make = || {
                let hit = hit.take().expect("each finding is made once");
                finding_of(&file, rule, severity, hit, function.item.clone())
            };
            add(kind, &mut make, suppressed);
        }
    }
    for suppression in &mut suppressions {
        // A rule that is switched off has not looked.
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
            add(Kind::of(certain || has_tests, false), &mut make, None);
        }
    }
    batches
}

/// The reason of the suppression that covers a finding of `rule` at `location`, if there is one; it is used then.
fn silenced(suppressions: &mut [Suppression], rule: &str, location: Location) -> Option<String> {
    // They are in the order of the file, and one on the line above counts, too.
    let first = suppressions.partition_point(|comment| comment.location.start.line + 1 < location.start.line);
    let near = suppressions[first..].iter_mut().take_while(|comment| comment.location.start.line <= location.end.line);
    let mut reason = None;
    for suppression in near.filter(|comment| comment.covers(rule, location)) {
        suppression.used = true;
        reason = Some(suppression.reason.clone());
    }
    reason
}

/// Where the method calls end that follow what begins somewhere: a comment may stand on any line of a builder's chain.
fn chain_ends(facts: &FileFacts) -> HashMap<u32, u32> {
    let mut ends = HashMap::new();
    for call in &facts.calls {
        let end: &mut u32 = ends.entry(call.span.start).or_default();
        *end = call.span.end.max(*end);
    }
    ends
}

/// The outline of a text, of which no more than a piece is a tree at once; else what cannot be parsed, and where.
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

/// What the findings of a file are made with.
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
        help: hit.help,
        fix: hit.fix.map(|proposal| proposal.settled(text, **text_hash, index)),
        item,
        snippet: normalised,
        pedantic: hit.pedantic,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
    }
}
