//! Resolves the names of a file through its `use` declarations. A name that may come from a glob import of an unknown
//! module stays as written.

use std::collections::{HashMap, HashSet};

use syn::UseTree;

/// The `use` declarations of a file.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// For each name, the declarations: the enclosing modules and functions, and the imported path.
    names: HashMap<String, Vec<(String, String)>>,
    /// Names that come from the crate itself.
    own: HashSet<String>,
    /// The first segments of glob imports.
    globs: HashSet<String>,
}

impl Uses {
    /// Adds a declaration inside the module or function `within`.
    pub(crate) fn add(&mut self, tree: &UseTree, within: &str) {
        self.walk(tree, &mut Vec::new(), within);
    }

    fn walk(&mut self, tree: &UseTree, prefix: &mut Vec<String>, within: &str) {
        let mut insert = |name: String, path: String| {
            let known = self.names.entry(name).or_default();
            known.retain(|(other, _)| other != within);
            known.push((within.to_owned(), path));
        };
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.walk(&path.tree, prefix, within);
                prefix.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.last() {
                    insert(last.clone(), prefix.join("::"));
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if prefix.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str())) {
                    self.own.insert(name.clone());
                }
                insert(name.clone(), joined(prefix, &name));
            }
            UseTree::Rename(rename) if rename.ident == "self" => {
                insert(rename.rename.to_string(), prefix.join("::"));
            }
            UseTree::Rename(rename) => {
                insert(rename.rename.to_string(), joined(prefix, &rename.ident.to_string()));
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.walk(tree, prefix, within);
                }
            }
            UseTree::Glob(_) => self.globs.extend(prefix.first().cloned()),
        }
    }

    /// Returns the crates whose names a glob import brings.
    pub(crate) fn globs(&self) -> &HashSet<String> {
        &self.globs
    }

    /// Records a type that the file defines.
    pub(crate) fn define(&mut self, name: &str) {
        self.own.insert(name.to_owned());
    }

    /// Whether the type called `name` in the file may come from one of these crates, judging by the declarations.
    pub(crate) fn may_come_from(&self, name: &str, crates: &[&str]) -> bool {
        let mut imported = self.names.get(name).into_iter().flatten().filter_map(|(_, path)| path.split_once("::"));
        !self.own.contains(name) && imported.all(|(first, _)| crates.contains(&first))
    }

    /// Returns the path that the name refers to in code inside `here`: from the innermost enclosing declaration,
    /// otherwise from any.
    fn imported(&self, name: &str, here: &str) -> Option<&str> {
        let all = self.names.get(name)?;
        let around = all.iter().filter(|(within, _)| is_within(here, within)).max_by_key(|(within, _)| within.len());
        around.or(all.last()).map(|(_, path)| path.as_str())
    }

    /// Returns the innermost declaration around `here` that imports the name: its location, and the imported path.
    pub(crate) fn imported_at(&self, name: &str, here: &str) -> Option<(&str, &str)> {
        let around = self.names.get(name)?.iter().filter(|(within, _)| is_within(here, within));
        around.max_by_key(|(within, _)| within.len()).map(|(within, path)| (within.as_str(), path.as_str()))
    }

    /// Returns the path that `name` refers to in code inside `here`.
    pub(crate) fn resolve_name(&self, name: &str, here: &str) -> String {
        self.imported(name, here).unwrap_or(name).to_owned()
    }

    /// Returns the path that `path` refers to in code inside `here`, without `crate::`, `self::` and generic arguments.
    pub(crate) fn resolve(&self, path: &syn::Path, here: &str) -> String {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        let Some(first) = segments.next() else { return String::new() };
        let mut resolved = self.resolve_name(&first, here);
        for segment in segments {
            resolved.push_str("::");
            resolved.push_str(&segment);
        }
        for own in ["crate::", "self::", "super::"] {
            while let Some(rest) = resolved.strip_prefix(own) {
                resolved = rest.to_owned();
            }
        }
        resolved
    }
}

/// Whether `here` is inside `within`; both are paths of enclosing modules, type and function.
pub(crate) fn is_within(here: &str, within: &str) -> bool {
    within.is_empty() || here.strip_prefix(within).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Returns the last two segments of a path: the qualifier, if any, and the name.
pub(crate) fn qualifier_and_name(path: &str) -> (Option<&str>, &str) {
    let mut segments = path.rsplit("::");
    let name = segments.next().unwrap_or_default();
    (segments.next(), name)
}

fn joined(prefix: &[String], name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{}::{name}", prefix.join("::")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_and_groups_lead_to_the_full_path() {
        let mut uses = Uses::default();
        let item: syn::ItemUse = syn::parse_str("use std::{process::{self, Command as Cmd}, env};").expect("a use");
        uses.add(&item.tree, "");
        let resolve = |text: &str| uses.resolve(&syn::parse_str(text).expect("a path"), "f");
        assert_eq!(resolve("Cmd::new"), "std::process::Command::new");
        assert_eq!(resolve("process::id"), "std::process::id");
        assert_eq!(resolve("env::var"), "std::env::var");
        assert_eq!(resolve("crate::helper"), "helper");
    }

    #[test]
    fn the_nearest_declaration_counts() {
        let mut uses = Uses::default();
        for (text, within) in
            [("use clap::Command;", ""), ("use std::process::Command;", "tests"), ("use duct::cmd;", "a::f")]
        {
            let item: syn::ItemUse = syn::parse_str(text).expect("a use");
            uses.add(&item.tree, within);
        }
        assert_eq!(uses.resolve_name("Command", "f"), "clap::Command");
        assert_eq!(uses.resolve_name("Command", "tests::f"), "std::process::Command");
        assert_eq!(uses.resolve_name("Command", "tests_of_it::f"), "clap::Command");
        assert_eq!(uses.resolve_name("cmd", "b"), "duct::cmd", "a glob may bring it");
    }
}
