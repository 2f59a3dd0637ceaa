//! Decides which files share names, and which files must be examined again.
//!
//! The program resolves paths exactly. The check whether a file is stale uses bare names within its workspace: a name
//! with several meanings only costs an extra look.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::modules::module_files;
use super::{Needs, Outcome, Run};
use crate::discover::Discovery;
use crate::facts::INCLUDED;
use crate::hash::{ByHash, hash};
use crate::lexical::word_end;
use crate::lowering::{Version, World};
use crate::resolve::{Definition, FileOfProgram, PackageOfProgram, Program, qualifier_and_name};
use crate::source::Sources;

/// The facts about all files.
pub(super) struct Scopes {
    pub world: World,
    /// The index of the workspace, by package.
    workspaces: Vec<usize>,
    around: Vec<Around>,
}

/// The names that the packages of a workspace define and need.
#[derive(Default)]
struct Around {
    /// The version of each name, and the round of its last change.
    versions: HashMap<u64, (Version, usize), ByHash>,
    /// Names of functions that are harmful wherever they are called, and that became so in the last round.
    harmful: Harmful,
    /// Names that evaluated files need.
    wanted: HashSet<u64, ByHash>,
    /// All names that the files define.
    defined: HashSet<u64, ByHash>,
}

impl Scopes {
    /// Connects the files' modules.
    pub(super) fn new(discovery: &Discovery, outcomes: &[Outcome]) -> Self {
        let by_path: HashMap<&Path, usize> = discovery
            .candidates
            .iter()
            .enumerate()
            .map(|(index, candidate)| (candidate.path.as_path(), index))
            .collect();
        let children = |path: &Path, outcome: &Outcome| {
            let declared = outcome.modules.iter().filter_map(|module| {
                let target = module_files(path, module).iter().find_map(|path| by_path.get(path.as_path()))?;
                let (name, around) = module.path.split_last()?;
                let name = if name == INCLUDED { String::new() } else { name.clone() };
                Some((around.join("::"), name, *target))
            });
            declared.collect()
        };
        let files: Vec<FileOfProgram<'_>> = discovery
            .candidates
            .iter()
            .zip(outcomes)
            .map(|(candidate, outcome)| FileOfProgram {
                names: &outcome.names,
                children: children(&candidate.path, outcome),
                package: candidate.package,
            })
            .collect();
        let package = |package: &crate::scope::packages::Package| PackageOfProgram {
            crates: package.crates.clone(),
            library: by_path.get(package.library.as_path()).copied(),
        };
        let program = Program::new(&files, discovery.packages.iter().map(package).collect());
        let mut roots: Vec<&Path> = discovery.packages.iter().map(|package| package.workspace.as_path()).collect();
        let all = roots.clone();
        roots.sort_unstable();
        roots.dedup();
        let workspaces: Vec<usize> =
            all.iter().map(|root| roots.binary_search(root).expect("it is one of them")).collect();
        let mut around: Vec<Around> = roots.iter().map(|_| Around::default()).collect();
        for (candidate, outcome) in discovery.candidates.iter().zip(outcomes) {
            around[workspaces[candidate.package]].defined.extend(outcome.names.defined());
        }
        let packages = discovery.candidates.iter().map(|candidate| candidate.package).collect();
        let world = World { program, packages, ..World::default() };
        Self { world, workspaces, around }
    }

    /// Merges the exports of all files after the round before `round`.
    pub(super) fn update(&mut self, discovery: &Discovery, outcomes: &[Outcome], round: usize) {
        let mut versions: Vec<BTreeMap<u64, Version>> = self.around.iter().map(|_| BTreeMap::new()).collect();
        let mut harmful: Vec<HashSet<String>> = self.around.iter().map(|_| HashSet::new()).collect();
        self.world.methods.clear();
        for (index, (candidate, outcome)) in discovery.candidates.iter().zip(outcomes).enumerate() {
            let workspace = self.workspaces[candidate.package];
            for (name, version) in outcome.externals.versions() {
                versions[workspace].entry(name).or_default().add(version);
            }
            harmful[workspace].extend(outcome.externals.harmful_names());
            if let Needs::Others { unresolved, follows: true } = &outcome.needs {
                self.around[workspace].wanted.extend(&unresolved.plain);
            }
            for item in outcome.externals.functions.keys() {
                let (_, name) = qualifier_and_name(item);
                let definition = || Definition { file: index, item: item.clone() };
                self.world.methods.entry((candidate.package, hash(name.as_bytes()))).or_insert_with(definition);
            }
        }
        for ((around, versions), harmful) in self.around.iter_mut().zip(versions).zip(harmful) {
            let since = |name: &u64, version: Version| match around.versions.get(name) {
                Some((same, since)) if *same == version => *since,
                _ => round,
            };
            around.versions =
                versions.into_iter().map(|(name, version)| (name, (version, since(&name, version)))).collect();
            let is_new =
                |name: &&String| around.versions.get(&hash(name.as_bytes())).is_some_and(|(_, since)| *since == round);
            around.harmful = harmful.iter().filter(is_new).map(String::as_str).collect();
        }
        self.world.files = outcomes.iter().map(|outcome| Arc::clone(&outcome.externals)).collect();
    }

    fn around(&self, package: usize) -> &Around {
        &self.around[self.workspaces[package]]
    }
}

impl Around {
    fn may_be_harmful_in(&self, path: &Path, sources: &Sources) -> bool {
        !self.harmful.is_empty() && sources.read(path).is_ok_and(|source| self.harmful.are_used_in(&source.text))
    }
}

impl Run<'_> {
    /// Returns the files that may have new findings or exports. Files that were not evaluated yet come first; the
    /// others follow in a later round, so that they are evaluated once with all exports.
    pub(super) fn stale(&self, outcomes: &[Outcome], scopes: &Scopes) -> Vec<usize> {
        let candidates = &self.discovery.candidates;
        let around = |index: usize| scopes.around(candidates[index].package);
        let is_asked_for = |index: &usize| {
            matches!(outcomes[*index].needs, Needs::Nothing)
                && (outcomes[*index].names.defined().any(|name| around(*index).wanted.contains(&name))
                    || around(*index).may_be_harmful_in(&candidates[*index].path, self.sources))
        };
        let has_news = |index: &usize| {
            let Needs::Others { unresolved, follows } = &outcomes[*index].needs else { return false };
            let (around, round) = (around(*index), outcomes[*index].round);
            let is_new = |name: &u64| {
                let version = around.versions.get(name);
                version.is_some_and(|(version, since)| *since > round && (version.strong || *follows))
            };
            unresolved.all().any(is_new)
                || round == 0 && unresolved.taken_for_known.iter().any(|name| around.defined.contains(name))
        };
        let all = || (0..candidates.len()).into_par_iter();
        let asked_for: Vec<usize> = all().filter(is_asked_for).collect();
        if asked_for.is_empty() { all().filter(has_news).collect() } else { asked_for }
    }
}

/// Names of functions, split into the words that a call contains.
#[derive(Debug, Default)]
struct Harmful {
    /// Every word of the names.
    words: HashSet<u64, ByHash>,
    /// The function alone, or the type and the function.
    paths: Vec<(Option<u64>, u64)>,
    /// Names of methods, which follow a dot.
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

    /// Whether a text may call one of the functions, judging by its words.
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
