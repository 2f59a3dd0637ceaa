//! One file: from its bytes to findings, summaries and names, and nothing of its tree.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Kept, Outcome, hash};
use crate::config::Policy;
use crate::facts::{Externals, FileFacts, lower, outline};
use crate::finding::{Finding, Label, Severity};
use crate::rule::Hit;
use crate::rules::REGISTRY;
use crate::source::Source;
use crate::span::{LineIndex, Span};
use crate::suppress::{MARK, suppressions};
use crate::tables::Mentions;

/// Files larger than this, mostly generated, are looked at one after the other: a tree takes up to a hundred times the
/// text, and two of the largest at once would decide how much memory a run needs.
const LARGE_FILE_BYTES: usize = 256 * 1024;
static LARGE_FILES: Mutex<()> = Mutex::new(());

/// How deep a file is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its functions are evaluated if it mentions something that a rule looks for.
    IfMentioned,
    /// Its functions are evaluated.
    Whole,
}

/// Reads, parses and judges the file at `path`.
pub(super) fn examine(
    path: &Path,
    externals: &Arc<Externals>,
    policy: &Policy<'_>,
    mentions: &Mentions,
    depth: Depth,
) -> Outcome {
    match Source::read(path) {
        Ok(source) => {
            // Another thread that panicked in there has reported it; nothing is guarded but memory.
            let _alone = (source.text.len() > LARGE_FILE_BYTES)
                .then(|| LARGE_FILES.lock().unwrap_or_else(PoisonError::into_inner));
            let whole = depth == Depth::Whole || policy.config.pedantic || mentions.any(&source.text);
            examine_source(path, source, externals, policy, whole)
        }
        Err(message) => Outcome { problem: Some(message), ..Outcome::default() },
    }
}

pub(super) fn examine_source(
    path: &Path,
    source: Source,
    externals: &Arc<Externals>,
    policy: &Policy<'_>,
    whole: bool,
) -> Outcome {
    let file = match syn::parse_file(source.code()) {
        Ok(file) => file,
        Err(error) => {
            let message = unparsable(&error, &source);
            proc_macro2::extra::invalidate_current_thread_spans();
            return Outcome { problem: Some(message), ..Outcome::default() };
        }
    };
    if !whole {
        let outline = outline(&file);
        drop(file);
        proc_macro2::extra::invalidate_current_thread_spans();
        return Outcome {
            has_test_code: outline.has_test_code,
            modules: outline.modules,
            names: super::Names::Defined(outline.defined),
            ..Outcome::default()
        };
    }
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
    let findings = findings_of(path, &lowered.facts, hits, policy);
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
    hits: Vec<(&'static str, Severity, Hit)>,
    policy: &Policy<'_>,
) -> Vec<Kept> {
    if hits.is_empty() && !facts.text.contains(MARK) {
        return Vec::new();
    }
    let index = LineIndex::new(&facts.text);
    let mut suppressions = suppressions(&facts.text, &index);
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    for (rule, severity, hit) in hits {
        if !seen.insert((rule, hit.span)) {
            continue;
        }
        let severity = hit.severity.unwrap_or(severity);
        let severity = policy.severity_of(rule, path, severity).unwrap_or(severity);
        let function = &facts.functions[hit.function];
        let span = hit.span;
        let finding = finding_of(path, &facts.text, &index, rule, severity, hit, function.item.clone());
        let mut suppressed = None;
        let chain = if suppressions.is_empty() { span } else { chain_from(facts, span) };
        let covered = index.locate(&facts.text, chain);
        for suppression in suppressions.iter_mut().filter(|comment| comment.covers(rule, covered)) {
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
    for complaint in suppressions.iter().flat_map(|suppression| suppression.complaints(&facts.text)) {
        let Some(severity) = policy.severity_of(complaint.rule, path, complaint.severity) else { continue };
        if severity >= policy.config.min_severity {
            let hit = Hit::new(0, complaint.span, complaint.message, complaint.help).fix(complaint.fix);
            let finding = finding_of(path, &facts.text, &index, complaint.rule, severity, hit, String::new());
            findings.push(Kept { finding, test: has_tests, suppressed: None });
        }
    }
    findings.sort_by(|a, b| (a.finding.location, a.finding.rule).cmp(&(b.finding.location, b.finding.rule)));
    findings
}

/// A place with the method calls that follow it: a comment may stand on any line of a builder's chain.
fn chain_from(facts: &FileFacts, place: Span) -> Span {
    let spans = facts.calls.iter().map(|call| call.span).filter(|span| span.start == place.start);
    spans.fold(place, Span::to)
}

fn unparsable(error: &syn::Error, source: &Source) -> String {
    let start = error.span().byte_range().start + source.prefix as usize;
    let at = u32::try_from(start).unwrap_or(u32::MAX);
    let place = LineIndex::new(&source.text).locate(&source.text, Span::new(at, at)).start;
    format!("cannot be parsed: line {}, column {}: {error}", place.line, place.column)
}

fn finding_of(
    path: &Path,
    text: &str,
    index: &LineIndex,
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
        fix: hit.fix.map(|proposal| proposal.settled(text, index)),
        item,
        snippet: normalised,
        pedantic: hit.pedantic,
        fingerprint: format!("{:016x}", hash(key.as_bytes())),
    }
}
