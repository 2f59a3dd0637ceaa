//! Finds the tests that reach a finding in a helper. The finding is reported once, where its source is, and names the
//! calls through which tests come there, also from other files.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::Outcome;
use crate::facts::FileFacts;
use crate::finding::Caller;
use crate::hash::hash;
use crate::resolve::Program;
use crate::source::Sources;
use crate::span::{LineIndex, Span};

/// The maximum number of callers that a finding names.
const MAX_CALLERS: usize = 32;
/// The maximum number of functions between a finding and the tests that reach it.
const MAX_FUNCTIONS: usize = 1_024;

/// The number of texts that are kept between findings.
const MAX_TEXTS: usize = 64;

/// A function: its file, and the hash of its path within the file.
type Node = (usize, u64);

/// A call of a function of the run.
#[derive(Debug)]
pub(super) struct Reach {
    /// The calling function.
    from: u64,
    /// Whether the calling function is test code.
    is_test: bool,
    /// Whether the calling function is a test or the start of a program.
    is_entry: bool,
    span: Span,
    to: Target,
}

#[derive(Debug)]
enum Target {
    Known(Node),
    /// A path in a function. The other files were not known when the call was evaluated.
    Written {
        within: Box<str>,
        path: Box<str>,
    },
}

/// Returns the calls of a file that may lead from a test to a helper.
pub(super) fn reaches(facts: &FileFacts) -> Vec<Reach> {
    let item = |function: usize| hash(facts.functions[function].item.as_bytes());
    let (mut seen, mut written) = (HashSet::new(), HashSet::new());
    let mut all = Vec::new();
    let mut add = |call: usize, to: Target| {
        let call = &facts.calls[call];
        let function = &facts.functions[call.function];
        let from = item(call.function);
        let is_new = match to {
            Target::Known(node) => seen.insert((from, node)),
            Target::Written { ref path, .. } => written.insert((from, hash(path.as_bytes()))),
        };
        if is_new && !function.item.is_empty() {
            let is_entry = function.run_by_harness || function.name == "main";
            all.push(Reach { from, is_test: function.test, is_entry, span: call.span, to });
        }
    };
    for (id, call) in facts.calls.iter().enumerate() {
        for function in &call.called {
            add(id, Target::Known((facts.file, item(*function))));
        }
    }
    for (id, definition) in &facts.called_elsewhere {
        add(*id, Target::Known((definition.file, hash(definition.item.as_bytes()))));
    }
    let within = |id: usize| facts.functions[facts.calls[id].function].item.as_str().into();
    // Variants and constructors begin with a capital.
    let names_function =
        |path: &&str| path.rsplit("::").next().is_some_and(|name| name.starts_with(|first: char| first.is_lowercase()));
    for (id, path) in facts.called_by_path.iter().filter(|(_, path)| names_function(&path.as_str())) {
        add(*id, Target::Written { within: within(*id), path: path.as_str().into() });
    }
    // A function that a call gets by its name.
    for (id, call) in facts.calls.iter().enumerate() {
        for path in call.arguments.iter().filter_map(|value| value.path.as_deref()).filter(names_function) {
            add(id, Target::Written { within: within(id), path: path.into() });
        }
    }
    all
}

/// A call of test code.
#[derive(Clone, Copy)]
struct By {
    caller: Node,
    is_entry: bool,
    span: Span,
}

/// The calls of test code, by the called function.
#[derive(Default)]
pub(super) struct Callers {
    by_callee: HashMap<Node, Vec<By>>,
}

impl Callers {
    /// Collects the calls; `is_whole` returns whether all of a file is test code.
    pub(super) fn new(outcomes: &[Outcome], program: &Program, is_whole: impl Fn(usize) -> bool) -> Self {
        let mut callers = Self::default();
        for (file, outcome) in outcomes.iter().enumerate() {
            let whole = is_whole(file);
            for reach in outcome.reaches.iter().filter(|reach| whole || reach.is_test) {
                let by = By { caller: (file, reach.from), is_entry: reach.is_entry, span: reach.span };
                match &reach.to {
                    Target::Known(node) => callers.by_callee.entry(*node).or_default().push(by),
                    Target::Written { within, path } => {
                        for found in program.find(file, within, path) {
                            let node = (found.file, hash(found.item.as_bytes()));
                            callers.by_callee.entry(node).or_default().push(by);
                        }
                    }
                }
            }
        }
        callers
    }

    /// Returns the calls through which tests reach the function `item` of `file`: the calls of tests and those that lead into
    /// another file.
    fn of(&self, file: usize, item: &str) -> Vec<(usize, Span)> {
        let first = (file, hash(item.as_bytes()));
        let (mut seen, mut open) = (HashSet::from([first]), vec![first]);
        let mut found = Vec::new();
        while let Some(node) = open.pop() {
            for by in self.by_callee.get(&node).into_iter().flatten() {
                if by.is_entry || by.caller.0 != node.0 {
                    found.push((by.caller.0, by.span));
                }
                if seen.len() < MAX_FUNCTIONS && seen.insert(by.caller) {
                    open.push(by.caller);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Turns callers into places of the report. Callers of the same file come first, the others in the order of the files.
pub(super) struct Places<'a> {
    callers: Callers,
    sources: &'a Sources,
    path: &'a dyn Fn(usize) -> PathBuf,
    /// The texts and lines of the files that were needed last.
    texts: HashMap<usize, Option<(String, LineIndex)>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(callers: Callers, sources: &'a Sources, path: &'a dyn Fn(usize) -> PathBuf) -> Self {
        Self { callers, sources, path, texts: HashMap::new() }
    }

    /// Returns the first callers of the function `item` of `file`, and the number of further ones.
    pub(super) fn of(&mut self, file: usize, item: &str) -> (Vec<Caller>, usize) {
        let mut all = self.callers.of(file, item);
        all.sort_by_key(|(at, span)| (*at != file, *at, *span));
        let more = all.len().saturating_sub(MAX_CALLERS);
        all.truncate(MAX_CALLERS);
        if self.texts.len() > MAX_TEXTS {
            self.texts.clear();
        }
        let place = |(at, span): (usize, Span)| {
            let path = (self.path)(at);
            let read = || {
                let text = self.sources.read(&path).ok()?.text;
                let index = LineIndex::new(&text);
                Some((text, index))
            };
            let (text, index) = self.texts.entry(at).or_insert_with(read).as_ref()?;
            Some(Caller { location: index.locate(text, span), path })
        };
        (all.into_iter().filter_map(place).collect(), more)
    }
}
