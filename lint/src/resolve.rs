//! Names: which path a name of a file stands for, by its `use` declarations. Glob imports of modules that we
//! know nothing about leave names as written.

use std::collections::{HashMap, HashSet};

use syn::UseTree;

/// The `use` declarations of a file, whichever module they stand in.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    names: HashMap<String, String>,
    /// Names that come from the crate itself.
    own: HashSet<String>,
}

impl Uses {
    /// Adds a declaration.
    pub(crate) fn add(&mut self, tree: &UseTree) {
        self.walk(tree, &mut Vec::new());
    }

    fn walk(&mut self, tree: &UseTree, prefix: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.walk(&path.tree, prefix);
                prefix.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                if let Some(last) = prefix.last() {
                    self.names.insert(last.clone(), prefix.join("::"));
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if prefix.first().is_some_and(|first| ["crate", "self", "super"].contains(&first.as_str())) {
                    self.own.insert(name.clone());
                }
                self.names.insert(name.clone(), joined(prefix, &name));
            }
            UseTree::Rename(rename) if rename.ident == "self" => {
                self.names.insert(rename.rename.to_string(), prefix.join("::"));
            }
            UseTree::Rename(rename) => {
                self.names.insert(rename.rename.to_string(), joined(prefix, &rename.ident.to_string()));
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.walk(tree, prefix);
                }
            }
            UseTree::Glob(_) => {}
        }
    }

    /// Notes a type that the file defines.
    pub(crate) fn define(&mut self, name: &str) {
        self.own.insert(name.to_owned());
    }

    /// Whether the type that the file calls `name` comes from one of these crates, as far as its declarations tell.
    pub(crate) fn may_come_from(&self, name: &str, crates: &[&str]) -> bool {
        let imported = self.names.get(name).and_then(|path| path.split_once("::"));
        !self.own.contains(name) && imported.is_none_or(|(first, _)| crates.contains(&first))
    }

    /// The path that `path` stands for, without `crate::`, `self::` and generic arguments.
    pub(crate) fn resolve(&self, path: &syn::Path) -> String {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        let Some(first) = segments.next() else { return String::new() };
        let mut resolved = self.names.get(&first).cloned().unwrap_or(first);
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
        uses.add(&item.tree);
        let resolve = |text: &str| uses.resolve(&syn::parse_str(text).expect("a path"));
        assert_eq!(resolve("Cmd::new"), "std::process::Command::new");
        assert_eq!(resolve("process::id"), "std::process::id");
        assert_eq!(resolve("env::var"), "std::env::var");
        assert_eq!(resolve("crate::helper"), "helper");
    }
}
