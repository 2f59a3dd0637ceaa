//! What files can call of each other, and which files are to be looked at again because of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Names, Outcome, Run, hash};
use crate::facts::{Externals, Version};
use crate::source::Source;

/// What the files of a package can call.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub externals: Arc<Externals>,
    versions: HashMap<u64, Version>,
    /// Names that are new or mean something else than in the round before.
    changed: HashMap<u64, Version>,
    /// Those that do harm wherever they are called.
    harmful: Harmful,
    /// Names that evaluated files of the workspace need.
    wanted: Arc<HashSet<u64>>,
}

impl Run<'_> {
    /// By package, compared with the scopes of the round `before`.
    pub(super) fn scopes(&self, outcomes: &[Outcome], before: &[Scope]) -> Vec<Scope> {
        let packages = &self.discovery.packages;
        let mut by_package: Vec<Externals> = packages.iter().map(|_| Externals::default()).collect();
        let mut by_workspace = BTreeMap::<&Path, (Externals, HashSet<u64>)>::new();
        for (candidate, outcome) in self.discovery.candidates.iter().zip(outcomes) {
            by_package[candidate.package].merge(&outcome.externals);
            let (externals, wanted) = by_workspace.entry(&packages[candidate.package].workspace).or_default();
            externals.merge(&outcome.externals);
            if let Names::Needed { unresolved, follows: true } = &outcome.names {
                wanted.extend(&unresolved.plain);
            }
        }
        let by_workspace: BTreeMap<&Path, (Arc<Externals>, Arc<HashSet<u64>>)> = by_workspace
            .into_iter()
            .map(|(root, (externals, wanted))| (root, (Arc::new(externals), Arc::new(wanted))))
            .collect();
        packages
            .iter()
            .zip(by_package)
            .enumerate()
            .map(|(index, (package, mut own))| {
                let around = by_workspace.get(package.workspace.as_path());
                own.around = around.map(|(externals, _)| Arc::clone(externals));
                let versions = own.versions();
                let known = before.get(index).map(|scope| &scope.versions);
                let is_new = |name: &u64, version: &Version| known.and_then(|known| known.get(name)) != Some(version);
                let changed: HashMap<u64, Version> = versions
                    .iter()
                    .filter(|(name, version)| is_new(name, version))
                    .map(|(name, version)| (*name, *version))
                    .collect();
                let is_harmful =
                    |name: &&str| changed.get(&hash(name.as_bytes())).is_some_and(|version| version.strong);
                let harmful = own.function_names().filter(is_harmful).collect();
                let wanted = around.map(|(_, wanted)| Arc::clone(wanted)).unwrap_or_default();
                Scope { externals: Arc::new(own), versions, changed, harmful, wanted }
            })
            .collect()
    }

    /// The files of which something may be found, or told to others, that was not before.
    pub(super) fn stale(&self, outcomes: &[Outcome], scopes: &[Scope]) -> Vec<usize> {
        let candidates = &self.discovery.candidates;
        (0..candidates.len())
            .into_par_iter()
            .filter(|index| {
                let scope = &scopes[candidates[*index].package];
                match &outcomes[*index].names {
                    Names::Unknown => false,
                    Names::Needed { unresolved, follows } => {
                        let matters = |name| scope.changed.get(name).is_some_and(|version| version.strong || *follows);
                        unresolved.all().any(matters)
                    }
                    Names::Defined(names) => {
                        names.iter().any(|name| scope.wanted.contains(name))
                            || scope.harmful.are_used_in(&candidates[*index].path)
                    }
                }
            })
            .collect()
    }
}

/// Names of functions as the words with which a file calls them.
#[derive(Debug, Default)]
struct Harmful {
    /// Every word of the names.
    words: HashSet<u64>,
    /// Function alone, or type and function.
    paths: Vec<(Option<u64>, u64)>,
    /// What stands behind a dot.
    methods: HashSet<u64>,
}

impl<'n> FromIterator<&'n str> for Harmful {
    fn from_iter<T: IntoIterator<Item = &'n str>>(names: T) -> Self {
        let mut harmful = Self::default();
        for name in names {
            if let Some(method) = name.strip_prefix('.') {
                harmful.methods.insert(hash(method.as_bytes()));
                continue;
            }
            let (holder, last) = name.rsplit_once("::").map_or((None, name), |(holder, last)| (Some(holder), last));
            let holder = holder.map(|holder| hash(holder.as_bytes()));
            let last = hash(last.as_bytes());
            harmful.words.extend(holder.into_iter().chain([last]));
            harmful.paths.push((holder, last));
        }
        harmful
    }
}

impl Harmful {
    /// Whether the file at `path` may call one of them, by its words.
    fn are_used_in(&self, path: &Path) -> bool {
        if self.paths.is_empty() && self.methods.is_empty() {
            return false;
        }
        let Ok(source) = Source::read(path) else { return false };
        let mut seen = HashSet::new();
        let mut behind_dot = false;
        for word in source.text.split_inclusive(|character: char| !character.is_alphanumeric() && character != '_') {
            let name = word.trim_end_matches(|character: char| !character.is_alphanumeric() && character != '_');
            let known = hash(name.as_bytes());
            if behind_dot && self.methods.contains(&known) {
                return true;
            }
            if self.words.contains(&known) {
                seen.insert(known);
            }
            behind_dot = word.ends_with('.');
        }
        self.paths
            .iter()
            .any(|(holder, last)| seen.contains(last) && holder.is_none_or(|holder| seen.contains(&holder)))
    }
}
