//! Names: the definitions that a path or a method leads to, and what is known about them.

use std::sync::Arc;

use super::super::summary::Summary;
use super::{CallId, Home, Lower};
use crate::hash::hash;
use crate::resolve::{Definition, qualifier_and_name};
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Resolves a path for code inside `within` of the file.
    fn find(&self, within: &str, path: &str) -> Vec<Definition> {
        if self.world.files.is_empty() {
            let own = self.own.find(0, within, path);
            return own.into_iter().map(|definition| Definition { file: self.file, ..definition }).collect();
        }
        self.world.program.find(self.file, within, path)
    }

    /// Returns the functions called `name` of a type or trait of the run.
    pub(in crate::lowering) fn associated(&mut self, holder: &Definition, name: &str) -> Vec<Definition> {
        let (_, last) = qualifier_and_name(&holder.item);
        self.unresolved.note(&format!("{last}::{name}"));
        self.unresolved.note(&format!(".{name}"));
        if self.world.files.is_empty() {
            let own = self.own.associated(&Definition { file: 0, ..holder.clone() }, name);
            return own.into_iter().map(|definition| Definition { file: self.file, ..definition }).collect();
        }
        self.world.program.associated(holder, name)
    }

    fn is_module(&self, path: &str) -> bool {
        if self.world.files.is_empty() {
            self.own.is_module(0, path)
        } else {
            self.world.program.is_module(self.file, path)
        }
    }

    /// Returns the definitions that a path refers to at the current position; `Self` is the enclosing type. Records the
    /// names that other files may define.
    pub(in crate::lowering) fn targets(&mut self, path: &str) -> Vec<Definition> {
        let found = self.leads_to(path);
        if found.iter().all(|definition| definition.file != self.file) {
            let (holder, name) = qualifier_and_name(path);
            let holder = holder.filter(|holder| holder.starts_with(|first: char| first.is_uppercase()));
            self.unresolved.note(&holder.map_or_else(|| name.to_owned(), |holder| format!("{holder}::{name}")));
            // An import may rename the item: record its original name, too.
            if let Some((_, imported)) = self.uses.imported_at(path, &self.frame.within) {
                let (_, name) = qualifier_and_name(imported);
                self.unresolved.note(name);
            }
        }
        found
    }

    /// Returns the definitions that a path refers to, without recording names.
    pub(in crate::lowering) fn leads_to(&self, path: &str) -> Vec<Definition> {
        let within = self.frame.within.as_str();
        if let Some(full) = self.full_path(path) {
            return self.find(within, full.trim_end_matches("::"));
        }
        // Functions inside functions.
        let mut around = within;
        while !self.is_module(around) {
            let item = format!("{around}::{path}");
            if self.by_item.contains_key(&item) {
                return vec![Definition { file: self.file, item }];
            }
            around = around.rsplit_once("::").map_or("", |(outer, _)| outer);
        }
        self.find(within, path.trim_end_matches("::"))
    }

    /// Returns a path with its first name replaced: `Self`, or a name that an import inside a function brings.
    fn full_path(&self, path: &str) -> Option<String> {
        let (first, rest) = path.split_once("::").unwrap_or((path, ""));
        let within = self.frame.within.as_str();
        if first == "Self" {
            return Some(format!("{}::{rest}", within.rsplit("::").nth(1).unwrap_or_default()));
        }
        let (_, other) = self.uses.imported_at(first, within).filter(|(at, _)| !self.is_module(at))?;
        Some(if rest.is_empty() { other.to_owned() } else { format!("{other}::{rest}") })
    }

    /// Records a call by a path that this file does not define, while the other files are unknown.
    pub(in crate::lowering) fn may_lead_elsewhere(&mut self, call: CallId, path: &str) {
        if self.world.files.is_empty() {
            let full = self.full_path(path).unwrap_or_else(|| path.to_owned());
            self.facts.called_by_path.push((call, full));
        }
    }

    /// Returns the summaries of functions, one per system variant; skips functions without a summary.
    pub(in crate::lowering) fn summaries(&mut self, functions: &[Definition]) -> Vec<(Arc<Summary>, Home)> {
        let mut all = Vec::new();
        for function in functions {
            if function.file == self.file {
                for index in self.by_item.get(&function.item).cloned().unwrap_or_default() {
                    self.run_for_caller(index);
                    all.extend(self.summaries.get(&index).map(|summary| (Arc::clone(summary), Home::ThisFile)));
                }
            } else if let Some(externals) = self.world.files.get(function.file) {
                let told = externals.functions.get(&function.item).into_iter().flatten();
                all.extend(told.map(|summary| (Arc::clone(summary), Home::OtherFile)));
            }
        }
        all
    }

    /// Records the functions of this file that the call `recorded` leads to.
    pub(in crate::lowering) fn leads_here(&mut self, recorded: &Value, targets: &[Definition]) {
        let Some(call) = recorded.call else { return };
        let elsewhere = targets.iter().filter(|target| target.file != self.file);
        self.facts.called_elsewhere.extend(elsewhere.map(|target| (call, target.clone())));
        for target in targets.iter().filter(|target| target.file == self.file) {
            for definition in self.by_item.get(&target.item).into_iter().flatten() {
                match self.started.get(definition) {
                    Some(function) => self.facts.calls[call].called.push(*function),
                    None => self.later.push((call, *definition)),
                }
            }
        }
    }

    /// Returns the methods called `name` for a receiver of unknown type: only if the name is unique in the package and those of the
    /// run that it depends on.
    pub(in crate::lowering) fn methods_called(&mut self, name: &str) -> Vec<Definition> {
        self.unresolved.note(&format!(".{name}"));
        let is_unique = self.methods_in_package(name) == 1 && !self.world.program.is_method_of_other(self.file, name);
        if !is_unique || tables::COMMON_METHODS.contains(&name) {
            return Vec::new();
        }
        let is_it = |item: &&String| {
            let (holder, last) = qualifier_and_name(item);
            last == name && holder.is_some_and(|holder| holder.starts_with(|first: char| first.is_uppercase()))
        };
        if let Some(item) = self.by_item.keys().find(is_it) {
            return vec![Definition { file: self.file, item: item.clone() }];
        }
        let package = self.world.packages.get(self.file);
        let known = package.and_then(|package| self.world.methods.get(&(*package, hash(name.as_bytes()))));
        known.cloned().into_iter().collect()
    }

    /// Returns the number of types of the package that have a method called `name`.
    pub(in crate::lowering) fn methods_in_package(&self, name: &str) -> usize {
        if self.world.files.is_empty() {
            self.own.methods_called(0, name)
        } else {
            self.world.program.methods_called(self.file, name)
        }
    }

    /// Returns the names of the types of the run with a function that connects or listens.
    pub(in crate::lowering) fn reaching_types(&self) -> impl Iterator<Item = &str> {
        let here = self.by_item.iter().flat_map(|(item, all)| {
            all.iter().filter_map(|index| self.summaries.get(index)).map(move |summary| (item, summary))
        });
        let elsewhere = self.world.files.iter().flat_map(|file| &file.functions);
        let elsewhere = elsewhere.flat_map(|(item, twins)| twins.iter().map(move |summary| (item, summary)));
        here.chain(elsewhere)
            .filter(|(_, summary)| summary.effects.connects || summary.effects.listens)
            .filter_map(|(item, _)| qualifier_and_name(item).0)
    }

    /// Returns the value of a constant in another file.
    pub(in crate::lowering) fn constant_elsewhere(&self, definition: &Definition) -> Option<Arc<Value>> {
        self.world.files.get(definition.file)?.constants.get(&definition.item).cloned()
    }

    /// Whether a definition is in this file.
    pub(in crate::lowering) fn is_here(&self, definition: &Definition) -> bool {
        definition.file == self.file
    }
}
