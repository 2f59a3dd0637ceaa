//! A rule's report: a [`Hit`], with a [`Proposal`] if the change is certain.

use crate::facts::{Call, Place};
use crate::finding::{Confidence, Severity};
use crate::span::Span;

/// Returns the note that a rule skipped the rest of a file because the file has too many paths.
pub(crate) fn cut_short(at: &Call) -> Hit {
    let message = "the rest of this file was not judged: it has more paths than are followed";
    Hit::new(at.function, at.span, message, "split the file into smaller ones").severity(Severity::Note)
}

/// Returns the note that a rule did not judge one place.
pub(crate) fn too_deep(at: &Call) -> Hit {
    let message = format!("`{}` was not judged: closures nest more deeply here than is followed", at.name);
    Hit::new(at.function, at.span, message, "give the inner closures names, as functions").severity(Severity::Note)
}

/// A rule's report: a finding without its file, configuration and suppression.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// Index of the enclosing function, which decides whether the hit is in test code.
    pub function: usize,
    /// The location to change.
    pub span: Span,
    /// The hazard and its reason.
    pub message: String,
    /// The source, the path and the sink.
    pub labels: Vec<(Span, String)>,
    /// The remedy.
    pub help: String,
    /// The confidence, based on the evidence.
    pub confidence: Confidence,
    /// The severity, if it differs from the rule's default.
    pub severity: Option<Severity>,
    /// Reported only on request.
    pub pedantic: bool,
    /// Pedantic outside of tests, for example in examples, whose users see them wait.
    pub only_in_tests: bool,
    /// For each reported operation, the places in called functions that perform it. The hit is dropped if all of them
    /// are reported there.
    pub behind: Vec<Vec<Place>>,
    /// The edit of `--fix`; only if it is correct for every possible rest of the program.
    pub fix: Option<Proposal>,
}

impl Hit {
    /// Creates a hit with high confidence and the rule's severity, without labels.
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
            only_in_tests: false,
            behind: vec![Vec::new()],
            fix: None,
        }
    }

    /// Adds a location that explains the hit.
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

    /// Overrides the rule's severity.
    #[must_use]
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets whether the hit is reported only on request.
    #[must_use]
    pub(crate) fn pedantic(mut self, pedantic: bool) -> Self {
        self.pedantic = pedantic;
        self
    }

    /// Makes the hit pedantic outside of tests.
    #[must_use]
    pub(crate) fn only_in_tests(mut self) -> Self {
        self.only_in_tests = true;
        self
    }

    /// Sets the places in called functions that perform the operation.
    #[must_use]
    pub(crate) fn behind(mut self, places: &[Place]) -> Self {
        self.behind = vec![places.to_vec()];
        self
    }

    /// Offers a fix, if there is one.
    #[must_use]
    pub(crate) fn fix(mut self, fix: Option<Proposal>) -> Self {
        self.fix = fix;
        self
    }
}

/// A rule's proposed edits, before lines and columns are known.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// The effect of the fix.
    pub description: &'static str,
    /// The spans to replace, and the new texts.
    pub edits: Vec<(Span, String)>,
}

impl Proposal {
    /// Creates a fix with one edit.
    pub(crate) fn one(description: &'static str, span: Span, text: impl Into<String>) -> Self {
        Self { description, edits: vec![(span, text.into())] }
    }

    /// Creates a fix that inserts `text` at the offset `at`.
    pub(crate) fn insert(description: &'static str, at: u32, text: impl Into<String>) -> Self {
        Self::one(description, Span::new(at, at), text)
    }
}
