//! What files can call of each other, and which files are to be looked at again because of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{ByHash, Names, Outcome, Run, hash};
use crate::facts::{Externals, Version};
use crate::lexical::word_end;
use crate::source::Source;

/// What the files of a package can call: what the package defines, then what its workspace does, which is held once for
/// all of its packages.
pub(super) struct Scope {
    own: Level,
    around: Arc<Around>,
}

/// What the packages of a workspace define and need.
struct Around {
    level: Level,
    /// Names that evaluated files need.
    wanted: HashSet<u64, ByHash>,
}

/// One of the two.
struct Level {
    externals: Arc<Externals>,
    /// What names mean, and since which round.
    versions: HashMap<u64, (Version, usize), ByHash>,
    /// Those that do harm wherever they are called, and do so since this round.
    harmful: Harmful,
}

impl Level {
    /// In round `round`, compared with what it was `before`.
    fn new(externals: Externals, before: Option<&Self>, round: usize) -> Self {
        let since = |name: &u64, version: Version| match before.and_then(|before| before.versions.get(name)) {
            Some((same, since)) if *same == version => *since,
            _ => round,
        };
        let versions = externals.versions().into_iter().map(|(name, version)| (name, (version, since(&name, version))));
        let versions: HashMap<u64, (Version, usize), ByHash> = versions.collect();
        let is_new = |name: &&str| {
            let found = versions.get(&hash(name.as_bytes()));
            found.is_some_and(|(version, since)| version.strong && *since == round)
        };
        let harmful = externals.function_names().filter(is_new).collect();
        Self { externals: Arc::new(externals), versions, harmful }
    }
}

impl Scope {
    /// What the evaluation asks for names.
    pub(super) fn externals(&self) -> &Arc<Externals> {
        &self.own.externals
    }

    fn version(&self, name: u64) -> Option<&(Version, usize)> {
        self.own.versions.get(&name).or_else(|| self.around.level.versions.get(&name))
    }

    fn may_be_harmful_in(&self, path: &Path) -> bool {
        let levels = [&self.own.harmful, &self.around.level.harmful];
        levels.iter().any(|harmful| !harmful.is_empty())
            && Source::read(path).is_ok_and(|source| levels.iter().any(|harmful| harmful.are_used_in(&source.text)))
    }
}

impl Run<'_> {
    /// By package, in round `round`, compared with the scopes of the round `before`.
    pub(super) fn scopes(&self, outcomes: &[Outcome], before: &[Scope], round: usize) -> Vec<Scope> {
        let packages = &self.discovery.packages;
        let mut by_package: Vec<Externals> = packages.iter().map(|_| Externals::default()).collect();
        let mut by_workspace = BTreeMap::<&Path, (Externals, HashSet<u64, ByHash>, usize)>::new();
        for (candidate, outcome) in self.discovery.candidates.iter().zip(outcomes) {
            let package = candidate.package;
            by_package[package].merge(&outcome.externals);
            let (externals, wanted, one) = by_workspace.entry(&packages[package].workspace).or_default();
            externals.merge(&outcome.externals);
            *one = package;
            if let Names::Needed { unresolved, follows: true } = &outcome.names {
                wanted.extend(&unresolved.plain);
            }
        }
        let by_workspace: BTreeMap<&Path, Arc<Around>> = by_workspace
            .into_iter()
            .map(|(root, (externals, wanted, package))| {
                let before = before.get(package).map(|scope| &scope.around.level);
                (root, Arc::new(Around { level: Level::new(externals, before, round), wanted }))
            })
            .collect();
        packages
            .iter()
            .zip(by_package)
            .enumerate()
            .map(|(index, (package, mut externals))| {
                let around = by_workspace.get(package.workspace.as_path()).map(Arc::clone);
                // A package has files, or it would not have been found.
                let around = around.unwrap_or_else(|| {
                    Arc::new(Around {
                        level: Level::new(Externals::default(), None, round),
                        wanted: HashSet::default(),
                    })
                });
                externals.around = Some(Arc::clone(&around.level.externals));
                Scope { own: Level::new(externals, before.get(index).map(|scope| &scope.own), round), around }
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
                names.iter().any(|name| scope.around.wanted.contains(name))
                    || scope.may_be_harmful_in(&candidates[*index].path)
            }
            _ => false,
        };
        let has_news = |index: &usize| match &outcomes[*index].names {
            Names::Needed { unresolved, follows } => unresolved.all().any(|name| {
                scope(*index)
                    .version(*name)
                    .is_some_and(|(version, since)| *since > outcomes[*index].round && (version.strong || *follows))
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
    words: HashSet<u64, ByHash>,
    /// Function alone, or type and function.
    paths: Vec<(Option<u64>, u64)>,
    /// What stands behind a dot.
    methods: HashSet<u64, ByHash>,
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
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.methods.is_empty()
    }

    /// Whether a text may call one of them, by its words.
    fn are_used_in(&self, text: &str) -> bool {
        let mut seen: HashSet<u64, ByHash> = HashSet::default();
        let (text, mut at, mut behind_dot) = (text.as_bytes(), 0, false);
        while at < text.len() {
            let end = word_end(text, at);
            if end == at {
                behind_dot = text[at] == b'.';
                at += 1;
                continue;
            }
            let known = hash(&text[at..end]);
            if behind_dot && self.methods.contains(&known) {
                return true;
            }
            if self.words.contains(&known) {
                seen.insert(known);
            }
            behind_dot = false;
            at = end;
        }
        self.paths
            .iter()
            .any(|(holder, last)| seen.contains(last) && holder.is_none_or(|holder| seen.contains(&holder)))
    }
}
