//! Decides which files are test code because test code declares them as its modules.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::{Outcome, Run};
use crate::facts::ModuleDeclaration;
use crate::scope::Role;
use crate::scope::packages::{PackageId, normalised};

impl Run<'_> {
    /// Returns, for each file, whether it is test code because test code declares it as its module.
    pub(super) fn test_files(&self, outcomes: &[Outcome]) -> Vec<bool> {
        let candidates = &self.discovery.candidates;
        let by_path: HashMap<&Path, usize> =
            candidates.iter().enumerate().map(|(index, candidate)| (candidate.path.as_path(), index)).collect();
        // If a program of the package runs tests, the whole program exists for them.
        let run_by_a_program: BTreeSet<PackageId> = candidates
            .iter()
            .zip(outcomes)
            .filter(|(candidate, outcome)| {
                outcome.runs_tests && self.discovery.packages[candidate.package].may_run_tests
            })
            .map(|(candidate, _)| candidate.package)
            .collect();
        let mut edges = vec![Vec::new(); candidates.len()];
        let mut plainly = vec![false; candidates.len()];
        let mut queue: BTreeSet<usize> = BTreeSet::new();
        for (index, (candidate, outcome)) in candidates.iter().zip(outcomes).enumerate() {
            for module in &outcome.modules {
                let Some(target) =
                    module_files(&candidate.path, module).iter().find_map(|path| by_path.get(path.as_path()))
                else {
                    continue;
                };
                edges[index].push((*target, module.test));
                if !module.test {
                    plainly[*target] |= candidate.verdict.role == Role::Product;
                }
            }
            if matches!(candidate.verdict.role, Role::Test | Role::Example)
                || run_by_a_program.contains(&candidate.package)
            {
                queue.insert(index);
            }
        }
        let mut test = vec![false; candidates.len()];
        for list in &edges {
            queue.extend(list.iter().filter(|(_, by_attribute)| *by_attribute).map(|(target, _)| *target));
        }
        while let Some(index) = queue.pop_first() {
            if std::mem::replace(&mut test[index], true) {
                continue;
            }
            // A submodule of a test-only module is test-only.
            queue.extend(edges[index].iter().map(|(target, _)| *target).filter(|target| !test[*target]));
        }
        // A file that non-test code also declares is not test code, unless every such declaration turned out to be test
        // code.
        for index in 0..candidates.len() {
            let declared_plainly = plainly[index]
                && (0..candidates.len()).any(|other| {
                    !test[other] && edges[other].iter().any(|(target, by_attribute)| *target == index && !by_attribute)
                });
            test[index] &= !declared_plainly;
        }
        test
    }
}

/// Returns the possible paths of the file of `mod name;`.
pub(super) fn module_files(declaring: &Path, module: &ModuleDeclaration) -> Vec<PathBuf> {
    let folder = declaring.parent().unwrap_or(Path::new(""));
    if let Some(explicit) = &module.explicit {
        return vec![normalised(&folder.join(explicit))];
    }
    let stem = declaring.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let own = folder.join(stem);
    let bases = if ["mod", "lib", "main"].contains(&stem) { vec![folder] } else { vec![own.as_path(), folder] };
    let mut files = Vec::new();
    for base in bases {
        let mut path = base.to_path_buf();
        path.extend(&module.path);
        files.push(path.with_extension("rs"));
        files.push(path.join("mod.rs"));
    }
    files
}
