//! What a rule is: a name, a default severity, its documentation, and a function from facts to findings.

use crate::config::Config;
use crate::facts::FileFacts;
use crate::finding::{Confidence, Severity};
use crate::fix::Proposal;
use crate::span::Span;

/// A lint rule. It reads facts and never a syntax tree.
pub(crate) trait Rule: Sync {
    /// The name of the hazard, so that `allow(name)` reads true.
    fn name(&self) -> &'static str;
    /// Before configuration.
    fn severity(&self) -> Severity;
    /// Looks at one file's facts.
    fn check(&self, facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>);
}

/// A rule's line in the registry.
pub(crate) struct Entry {
    /// The rule.
    pub rule: &'static dyn Rule,
    source: &'static str,
}

impl Entry {
    pub(crate) const fn new(rule: &'static dyn Rule, source: &'static str) -> Self {
        Self { rule, source }
    }

    /// The rule's documentation in Markdown: the `//!` lines of its file.
    pub(crate) fn documentation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
    }

    /// The first sentence of the documentation: what it does.
    pub(crate) fn summary(&self) -> String {
        let documentation = self.documentation();
        documentation.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ").trim().to_owned()
    }
}

/// What a rule reports: a finding before file, configuration and suppression are known.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// Index of the function around, which tells whether it is test code.
    pub function: usize,
    /// The place to change.
    pub span: Span,
    /// What and why.
    pub message: String,
    /// Source, way and sink.
    pub labels: Vec<(Span, String)>,
    /// The fix.
    pub help: String,
    /// By evidence.
    pub confidence: Confidence,
    /// If it is not the rule's default.
    pub severity: Option<Severity>,
    /// Shown only on request.
    pub pedantic: bool,
    /// What `--fix` writes, where that is right whatever the rest of the program is.
    pub fix: Option<Proposal>,
}

impl Hit {
    /// A hit of high confidence and the rule's severity, without labels.
    pub(crate) fn new(function: usize, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            function,
            span,
            message: message.into(),
            labels: Vec::new(),
            help: help.into(),
            confidence: Confidence::High,
            severity: None,
            pedantic: false,
            fix: None,
        }
    }

    /// Adds a place that explains the hit.
    #[must_use]
    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push((span, message.into()));
        self
    }

    /// Sets the confidence.
    #[must_use]
    pub(crate) fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets another severity than the rule's.
    #[must_use]
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Marks it as shown on request only.
    #[must_use]
    pub(crate) fn pedantic(mut self, pedantic: bool) -> Self {
        self.pedantic = pedantic;
        self
    }

    /// Offers a fix, if there is one.
    #[must_use]
    pub(crate) fn fix(mut self, fix: Option<Proposal>) -> Self {
        self.fix = fix;
        self
    }
}
