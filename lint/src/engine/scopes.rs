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
    /// What names mean, and since which round.
    versions: HashMap<u64, (Version, usize)>,
    /// Those that do harm wherever they are called, and do so since this round.
    harmful: Harmful,
    /// Names that evaluated files of the workspace need.
    wanted: Arc<HashSet<u64>>,
}

impl Run<'_> {
    /// By package, in round `round`, compared with the scopes of the round `before`.
    pub(super) fn scopes(&self, outcomes: &[Outcome], before: &[Scope], round: usize) -> Vec<Scope> {
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
                let known = before.get(index).map(|scope| &scope.versions);
                let since = |name: &u64, version: Version| match known.and_then(|known| known.get(name)) {
                    Some((same, since)) if *same == version => *since,
                    _ => round,
                };
                let versions =
                    own.versions().into_iter().map(|(name, version)| (name, (version, since(&name, version))));
                let versions: HashMap<u64, (Version, usize)> = versions.collect();
                let is_new = |name: &&str| {
                    let found = versions.get(&hash(name.as_bytes()));
                    found.is_some_and(|(version, since)| version.strong && *since == round)
                };
                let harmful = own.function_names().filter(is_new).collect();
                let wanted = around.map(|(_, wanted)| Arc::clone(wanted)).unwrap_or_default();
                Scope { externals: Arc::new(own), versions, harmful, wanted }
            })
            .collect()
    }

    /// The files of which something may be found, or told to others, that was not before: those that were not evaluated
    /// yet, else those that were, so that these are evaluated once with all that others tell.
    pub(super) fn stale(&self, outcomes: &[Outcome], scopes: &[Scope]) -> Vec<usize> {
        let candidates = &self.discovery.candidates;
        let scope = |index: usize| &scopes[candidates[index].package];
        let is_asked_for = |index: &usize| match &outcomes[*index].names {
            Names::Defined(names) => {
                let scope = scope(*index);
                names.iter().any(|name| scope.wanted.contains(name))
                    || scope.harmful.are_used_in(&candidates[*index].path)
            }
            _ => false,
        };
        let has_news = |index: &usize| match &outcomes[*index].names {
            Names::Needed { unresolved, follows } => unresolved.all().any(|name| {
                let found = scope(*index).versions.get(name);
                found.is_some_and(|(version, since)| *since > outcomes[*index].round && (version.strong || *follows))
            }),
            _ => false,
        };
        let all = || (0..candidates.len()).into_par_iter();
        let asked_for: Vec<usize> = all().filter(is_asked_for).collect();
        if asked_for.is_empty() { all().filter(has_news).collect() } else { asked_for }
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
