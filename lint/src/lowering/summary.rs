//! The facts that a file exports to other files: the effects of its functions on their arguments, the values of its
//! constants, and the names that it needs from others.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use super::lower::ARGV;
use super::reach::is_address;
use super::{FileFacts, Place, Sink};
use crate::hash::{ByHash, hash};
use crate::ir::Effects;
use crate::resolve::{Definition, Names, Program, qualifier_and_name};
use crate::tables;
use crate::value::Value;

/// The facts about a function that its callers need.
#[derive(Debug)]
pub(crate) struct Summary {
    /// The returned value, as an expression of the parameters.
    pub returns: Option<Value>,
    /// Its sinks that depend on a parameter.
    pub sinks: Vec<Sink>,
    /// The caller chooses the return type: `env_or::<u8>("N")`.
    pub is_generic: bool,
    /// Its first parameter is `self`.
    pub is_method: bool,
    /// Its effects besides the result.
    pub effects: Arc<Effects>,
    /// It has more than [`MAX_SINKS`] sinks.
    pub(super) is_cut: bool,
    pub(super) version: Version,
}

/// Identifies the state of a summary or constant, to detect changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version {
    content: u64,
    /// The item is harmful, or reads input from outside, regardless of the file that uses it.
    pub strong: bool,
}

impl Version {
    /// Merges the version of the same name in another file; the order does not matter.
    pub(crate) fn add(&mut self, other: Self) {
        self.content = self.content.wrapping_add(other.content);
        self.strong |= other.strong;
    }
}

/// The maximum number of sinks kept per function.
const MAX_SINKS: usize = 32;
/// The maximum depth to which nested lists and fields are followed across functions.
const MAX_DEPTH: usize = 3;

impl Summary {
    /// Deduplicates the sinks, keeps the first [`MAX_SINKS`], and prunes lists below [`MAX_DEPTH`]. Without these
    /// bounds, functions that call each other across files would add more facts in every round.
    pub(super) fn new(
        all: Vec<Sink>,
        mut returns: Value,
        effects: Effects,
        (is_generic, is_method): (bool, bool),
    ) -> Self {
        returns.prune(MAX_DEPTH);
        let mut state = DefaultHasher::new();
        returns.content(&mut state);
        effects.hash(&mut state);
        let mut sinks = Vec::new();
        let mut seen = HashSet::new();
        let mut is_cut = false;
        for mut sink in all {
            let mut own = DefaultHasher::new();
            (sink.kind, sink.undone).hash(&mut own);
            for value in &mut sink.values {
                value.prune(MAX_DEPTH);
                value.content(&mut own);
            }
            if !seen.insert(own.finish()) {
                continue;
            }
            if sinks.len() == MAX_SINKS {
                is_cut = true;
                break;
            }
            own.finish().hash(&mut state);
            sinks.push(sink);
        }
        // A child needs a wait wherever it is passed.
        let strong = !returns.sources.is_empty()
            || returns.declared.is_some()
            || effects.retries
            || !effects.wildcards.is_empty()
            || !effects.deeds.is_empty()
            || sinks.iter().any(|sink| {
                let of_object = || sink.kind.is_contact() && sink.depends_on_arguments(false);
                sink.kind.is_hazard_by_itself() && sink.depends_on_arguments(is_method) || of_object()
            });
        Self {
            returns: Some(returns),
            sinks,
            is_generic,
            is_method,
            effects: Arc::new(effects),
            is_cut,
            version: Version { content: state.finish(), strong },
        }
    }

    /// Whether the summary matters to another file.
    pub(super) fn matters(&self) -> bool {
        // Most objects are created where their methods are called; values that depend only on the object are checked
        // there.
        let depends = |value: &Value| value.parameters.iter().any(|parameter| !self.is_method || parameter.index > 0);
        // A command of the run's own type is followed where its methods show what it runs, and is not std's.
        let own_name = |value: &Value| value.ty.as_ref().and_then(|ty| Some(ty.own()?.item.as_str().to_owned()));
        let is_process = |value: &Value| {
            value.field(ARGV).is_some() || own_name(value).is_some_and(|name| tables::TYPES.contains(&name.as_str()))
        };
        let keeps = |value: &Value| !is_process(value) && value.depends_on_arguments(self.is_method);
        self.effects.matter()
            || self.sinks.iter().any(|sink| sink.depends_on_arguments(self.is_method))
            || self.returns.as_ref().is_some_and(|value| value.matters() || depends(value) || keeps(value))
    }
}

impl Value {
    /// Whether the value matters to another file.
    pub(super) fn matters(&self) -> bool {
        !self.sources.is_empty()
            || self.declared.is_some()
            || self.constant().is_some()
            || self.items.is_some()
            || !self.prefix().is_empty()
            || self.fields.iter().any(|(_, field)| field.is_an_address() || !field.fields.is_empty() && field.matters())
    }

    /// Whether the value or a field of it depends on an argument, not counting the receiver of a method: constructors and
    /// builders keep what they get.
    fn depends_on_arguments(&self, is_method: bool) -> bool {
        self.parameters.iter().any(|parameter| !is_method || parameter.index > 0)
            || self.fields.iter().any(|(_, field)| field.depends_on_arguments(is_method))
    }

    /// Whether the value is a known address, or a URL with a host: an object that keeps it may listen there or connect
    /// to it.
    pub(crate) fn is_an_address(&self) -> bool {
        self.readings().filter_map(Self::constant).any(|text| is_address(&text) || text.parse::<IpAddr>().is_ok())
    }

    /// Removes the items and fields below `depth`.
    fn prune(&mut self, depth: usize) {
        if depth == 0 {
            self.items = None;
            self.fields.clear();
        }
        for item in self.items.iter_mut().flatten().chain(self.fields.iter_mut().map(|(_, value)| value)) {
            item.prune(depth - 1);
        }
    }

    /// Hashes everything that a caller can see of the value, except its span.
    fn content(&self, state: &mut DefaultHasher) {
        self.pieces.hash(state);
        let parts = self.items.iter().flatten().chain(&self.choices).chain(self.otherwise.as_deref());
        for part in parts.chain(self.fields.iter().map(|(_, value)| value)) {
            part.content(state);
        }
        for source in &self.sources {
            (source.origin, &source.name).hash(state);
        }
        (&self.parameters, self.bounds.low.to_bits(), self.bounds.high.to_bits()).hash(state);
        (self.validated, self.duration, self.parsed, self.spread, self.split.is_some(), self.cut.is_some()).hash(state);
        self.absent.hash(state);
        (&self.path, self.declared, &self.caps, &self.ty).hash(state);
    }
}

/// The maximum number of called functions that are recorded behind a sink.
const MAX_BEHIND: usize = 8;

impl Sink {
    /// Returns the sink as the callers of its function see it; `file` is the file that contains it.
    pub(super) fn for_callers(&self, file: usize) -> Self {
        let mut sink = self.clone();
        if sink.behind.len() < MAX_BEHIND {
            sink.behind.push(Place { file, span: self.span });
            // Rules about addresses report where the host stands.
            let hosts = self.values.first().into_iter().flat_map(Value::places_of_host);
            sink.behind.extend(hosts.filter(|host| *host != self.span).map(|span| Place { file, span }));
        }
        sink
    }

    /// Whether what it does is decided by the callers of its function, which has `count` parameters.
    pub(crate) fn depends_on_parameters(&self, count: usize) -> bool {
        self.values.iter().flat_map(|value| &value.parameters).any(|parameter| parameter.index < count)
    }

    /// Whether a value depends on an argument, not counting the receiver of a method.
    fn depends_on_arguments(&self, is_method: bool) -> bool {
        let counts = |value: &Value| value.parameters.iter().any(|parameter| !is_method || parameter.index > 0);
        self.values.iter().any(counts)
    }
}

/// Functions and constants that other files may use. The keys are paths within the file: modules, types and name.
#[derive(Debug, Default)]
pub(crate) struct Externals {
    /// Several entries if the file has one variant per system.
    pub functions: HashMap<String, Vec<Arc<Summary>>>,
    /// Constants and statics.
    pub constants: HashMap<String, Arc<Value>>,
}

impl Externals {
    /// Returns the versions of all names, keyed by the hash of each name that other files may use.
    pub(crate) fn versions(&self) -> Vec<(u64, Version)> {
        let mut versions = Vec::new();
        for (item, twins) in &self.functions {
            for summary in twins {
                versions.extend(names_of(item, summary.is_method).map(|name| (hash(name.as_bytes()), summary.version)));
            }
        }
        for (item, value) in &self.constants {
            let mut state = DefaultHasher::new();
            value.content(&mut state);
            let (_, name) = qualifier_and_name(item);
            versions.push((hash(name.as_bytes()), Version { content: state.finish(), strong: false }));
        }
        versions
    }

    /// Returns the names of the functions that are harmful wherever they are called.
    pub(crate) fn harmful_names(&self) -> impl Iterator<Item = String> {
        let strong = |twins: &Vec<Arc<Summary>>| twins.iter().find(|summary| summary.version.strong).cloned();
        let harmful = self.functions.iter().filter_map(move |(item, twins)| Some((item, strong(twins)?)));
        harmful.flat_map(|(item, summary)| names_of(item, summary.is_method).collect::<Vec<_>>())
    }
}

/// Returns the names that callers use for a function: the bare name, or the name with its type; for a method also the
/// name with a leading dot.
fn names_of(item: &str, is_method: bool) -> impl Iterator<Item = String> {
    let (holder, name) = qualifier_and_name(item);
    let holder = holder.filter(|holder| holder.starts_with(|first: char| first.is_uppercase()));
    let plain = holder.map_or_else(|| name.to_owned(), |holder| format!("{holder}::{name}"));
    [plain].into_iter().chain(is_method.then(|| format!(".{name}")))
}

/// The facts that the files of a run share.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Resolves paths.
    pub program: Program,
    /// The exports of each file, by file index.
    pub files: Vec<Arc<Externals>>,
    /// The definition of a method with effects, by package and the hash of its name.
    pub methods: HashMap<(usize, u64), Definition>,
    /// The package of each file, by file index.
    pub packages: Vec<usize>,
}

/// Names that a file uses and does not define, by hash.
#[derive(Debug, Default)]
pub(crate) struct Unresolved {
    /// Functions and constants.
    pub plain: HashSet<u64, ByHash>,
    /// Methods, with a leading dot, and associated functions, with their type.
    pub associated: HashSet<u64, ByHash>,
    /// Names that were resolved through the built-in tables; valid as long as no file of the run defines them.
    pub taken_for_known: HashSet<u64, ByHash>,
}

impl Unresolved {
    pub(super) fn note(&mut self, name: &str) {
        let set = if name.starts_with('.') || name.contains("::") { &mut self.associated } else { &mut self.plain };
        set.insert(hash(name.as_bytes()));
    }

    /// Records that a path was resolved through the built-in tables.
    pub(super) fn take_for_known(&mut self, path: &str) {
        let (holder, name) = qualifier_and_name(path);
        let holder = holder.filter(|holder| holder.starts_with(|first: char| first.is_uppercase()));
        let name = holder.map_or_else(|| name.to_owned(), |holder| format!("{holder}::{name}"));
        self.taken_for_known.insert(hash(name.as_bytes()));
    }

    /// Adds the names of `other`.
    pub(crate) fn add(&mut self, other: Self) {
        self.plain.extend(other.plain);
        self.associated.extend(other.associated);
        self.taken_for_known.extend(other.taken_for_known);
    }

    /// Returns all names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &u64> {
        self.plain.iter().chain(&self.associated)
    }
}

/// The result of walking a file.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// The facts for the rules.
    pub facts: FileFacts,
    /// The facts for other files.
    pub externals: Externals,
    /// The names that the file defines and imports.
    pub names: Names,
    /// The names that the file needs from others.
    pub unresolved: Unresolved,
    /// Whether the file reads input from outside, or uses a value where a constant can be harmful. If so, results of
    /// harmless functions in other files matter too.
    pub follows: bool,
}
