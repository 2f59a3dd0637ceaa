//! What a file tells other files: what its functions do with their arguments, what its constants are, and which names
//! it needs from others.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::{FileFacts, Sink};
use crate::engine::{ByHash, hash};
use crate::value::Value;

/// What callers need to know about a function.
#[derive(Debug)]
pub(crate) struct Summary {
    /// What it gives, in terms of its parameters.
    pub returns: Option<Value>,
    /// Its sinks that depend on a parameter.
    pub sinks: Vec<Sink>,
    /// Its caller chooses the type of what it gives: `env_or::<u8>("N")`.
    pub is_generic: bool,
    /// Its first parameter is `self`.
    pub is_method: bool,
    version: Version,
}

/// Tells one state of a summary or constant from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    content: u64,
    /// It does harm, or reads what others choose, whatever the file that uses it holds.
    pub strong: bool,
}

/// A function with more sinks is reported for these.
const MAX_SINKS: usize = 32;
/// Lists in lists and fields in fields are followed this far across functions.
const MAX_DEPTH: usize = 3;

impl Summary {
    /// Keeps each sink once and the first [`MAX_SINKS`], and lists down to [`MAX_DEPTH`]: functions that call each other
    /// across files would else tell each other more in every round.
    pub(super) fn new(all: Vec<Sink>, mut returns: Value, is_generic: bool, is_method: bool) -> Self {
        returns.prune(MAX_DEPTH);
        let mut state = DefaultHasher::new();
        returns.content(&mut state);
        let mut sinks = Vec::new();
        let mut seen = HashSet::new();
        for mut sink in all {
            let mut own = DefaultHasher::new();

            sink.kind.hash(&mut own);
            for value in &mut sink.values {
                value.prune(MAX_DEPTH);
                value.content(&mut own);
            }
            if seen.insert(own.finish()) {
                own.finish().hash(&mut state);
                sinks.push(sink);
            }
            if sinks.len() == MAX_SINKS {
                break;
            }
        }
        // A child is to be waited for wherever it is handed to.
        let strong = !returns.sources.is_empty()
            || returns.declared.is_some()
            || sinks.iter().any(|sink| sink.kind.is_hazard_by_itself() && sink.depends_on_arguments(is_method));
        Self {
            returns: Some(returns),
            sinks,
            is_generic,
            is_method,
            version: Version { content: state.finish(), strong },
        }
    }

    /// Whether another file learns anything from it.
    pub(super) fn matters(&self) -> bool {
        // An object is mostly made where its methods are; what only it decides is followed there.
        let depends = |value: &Value| value.parameters.iter().any(|parameter| !self.is_method || parameter.index > 0);
        self.sinks.iter().any(|sink| sink.depends_on_arguments(self.is_method))
            || self.returns.as_ref().is_some_and(|value| value.matters() || depends(value))
    }
}

impl Value {
    /// Whether another file learns anything from it.
    pub(super) fn matters(&self) -> bool {
        !self.sources.is_empty()
            || self.declared.is_some()
            || self.constant().is_some()
            || self.items.is_some()
            || !self.prefix().is_empty()
    }

    /// Forgets the items and fields that stand deeper than `depth`.
    fn prune(&mut self, depth: usize) {
        if depth == 0 {
            self.items = None;
            self.fields.clear();
        }
        for item in self.items.iter_mut().flatten().chain(self.fields.iter_mut().map(|(_, value)| value)) {
            item.prune(depth - 1);
        }
    }

    /// All that a caller can see of it; not where it stands.
    fn content(&self, state: &mut DefaultHasher) {
        self.pieces.hash(state);
        let parts = self.items.iter().flatten().chain(&self.choices);
        for part in parts.chain(self.fields.iter().map(|(_, value)| value)) {
            part.content(state);
        }
        for source in &self.sources {
            (source.origin, &source.name).hash(state);
        }
        (&self.parameters, self.bounds.low.to_bits(), self.bounds.high.to_bits()).hash(state);
        (self.validated, self.duration, self.parsed, self.spread, self.split.is_some(), self.cut.is_some()).hash(state);
        (&self.path, self.declared, &self.caps).hash(state);
    }
}

impl Sink {
    /// Whether what it does is decided by the callers of its function, which has `count` parameters.
    pub(super) fn depends_on_parameters(&self, count: usize) -> bool {
        self.values.iter().flat_map(|value| &value.parameters).any(|parameter| parameter.index < count)
    }

    /// The same, the object of a method not counted.
    fn depends_on_arguments(&self, is_method: bool) -> bool {
        let counts = |value: &Value| value.parameters.iter().any(|parameter| !is_method || parameter.index > 0);
        self.values.iter().any(counts)
    }
}

/// Functions and constants that other files may use, by name.
#[derive(Debug, Default)]
pub(crate) struct Externals {
    /// `None` for names that two files define.
    pub functions: HashMap<String, Option<Arc<Summary>>>,
    /// Constants and statics; `None` for names that two files define.
    pub constants: HashMap<String, Option<Arc<Value>>>,
    /// Where to look for what is not here.
    pub around: Option<Arc<Externals>>,
}

impl Externals {
    /// The state of every name of this scope, by hash.
    pub(crate) fn versions(&self) -> HashMap<u64, Version, ByHash> {
        let mut versions = HashMap::default();
        let unclear = Version { content: 0, strong: false };
        for (name, summary) in &self.functions {
            versions.insert(hash(name.as_bytes()), summary.as_ref().map_or(unclear, |summary| summary.version));
        }
        for (name, value) in &self.constants {
            let mut state = DefaultHasher::new();
            if let Some(value) = value {
                value.content(&mut state);
            }
            versions.insert(hash(name.as_bytes()), Version { content: state.finish(), strong: false });
        }
        versions
    }

    /// The names of the functions of this scope.
    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The function called `name`, if there is exactly one.
    pub(crate) fn function(&self, name: &str) -> Option<Arc<Summary>> {
        match self.functions.get(name) {
            Some(known) => known.clone(),
            None => self.around.as_ref()?.function(name),
        }
    }

    /// The constant called `name`, if there is exactly one.
    pub(crate) fn constant(&self, name: &str) -> Option<Arc<Value>> {
        match self.constants.get(name) {
            Some(known) => known.clone(),
            None => self.around.as_ref()?.constant(name),
        }
    }

    /// Adds what another file defines.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, summary) in &other.functions {
            self.functions.entry(name.clone()).and_modify(|known| *known = None).or_insert_with(|| summary.clone());
        }
        for (name, value) in &other.constants {
            self.constants.entry(name.clone()).and_modify(|known| *known = None).or_insert_with(|| value.clone());
        }
    }
}

/// Names that a file uses and does not define, by hash.
#[derive(Debug, Default)]
pub(crate) struct Unresolved {
    /// Functions and constants.
    pub plain: HashSet<u64, ByHash>,
    /// Methods, with a dot in front, and associated functions, with their type.
    pub associated: HashSet<u64, ByHash>,
}

impl Unresolved {
    pub(super) fn note(&mut self, name: &str) {
        let set = if name.starts_with('.') || name.contains("::") { &mut self.associated } else { &mut self.plain };
        set.insert(hash(name.as_bytes()));
    }

    /// All names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &u64> {
        self.plain.iter().chain(&self.associated)
    }
}

/// What a walk over a file gives.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// For the rules.
    pub facts: FileFacts,
    /// For other files.
    pub externals: Externals,
    /// What the file needs from others.
    pub unresolved: Unresolved,
    /// Whether the file reads what others choose or does something that a constant can make harmful, so that what
    /// harmless functions of other files give it matters.
    pub follows: bool,
}
