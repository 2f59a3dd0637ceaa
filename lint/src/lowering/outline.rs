//! The outline of a file that mentions no word from the tables: its modules, its test functions, and the names that
//! other files may need.

use syn::{ImplItem, Item, TraitItem};

use super::attributes::{included, is_own_test, is_test_attributes, is_test_function, is_test_module, path_attribute};
use super::{INCLUDED, ModuleDeclaration};
use crate::resolve::Names;

/// The facts that need no evaluation of a function.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// See [`super::FileFacts::modules`].
    pub modules: Vec<ModuleDeclaration>,
    /// Whether a function is compiled for tests only.
    pub has_test_code: bool,
    /// Whether a function that is compiled into a program is a test.
    pub runs_tests: bool,
    /// The names that the file defines and imports.
    pub names: Names,
    /// Whether the file starts with `#![cfg(test)]`.
    all_test: bool,
}

impl Outline {
    /// Adds the items of `file`, which is a whole file or its next piece.
    pub(crate) fn add(&mut self, file: &syn::File) {
        self.all_test |= is_test_attributes(&file.attrs);
        self.names.add(&file.items, "");
        self.items(&file.items, &mut Vec::new(), self.all_test);
    }

    fn items(&mut self, items: &[Item], around: &mut Vec<String>, test: bool) {
        for item in items {
            match item {
                Item::Fn(item) => self.function(&item.attrs, test),
                Item::Mod(item) => {
                    let test = test || is_test_module(item);
                    around.push(item.ident.to_string());
                    if let Some((_, items)) = &item.content {
                        self.items(items, around, test);
                    } else {
                        let explicit = item.attrs.iter().find_map(path_attribute);
                        self.modules.push(ModuleDeclaration { path: around.clone(), explicit, test });
                    }
                    around.pop();
                }
                Item::Impl(item) => {
                    let test = test || is_test_attributes(&item.attrs);
                    for item in &item.items {
                        if let ImplItem::Fn(item) = item {
                            self.function(&item.attrs, test);
                        }
                    }
                }
                Item::Trait(item) => {
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item {
                            self.function(&item.attrs, test);
                        }
                    }
                }
                Item::Macro(item) => {
                    if let Some(explicit) = included(item) {
                        let path = around.iter().map(String::as_str).chain([INCLUDED]).map(ToOwned::to_owned).collect();
                        self.modules.push(ModuleDeclaration { path, explicit: Some(explicit), test });
                    }
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, attributes: &[syn::Attribute], test: bool) {
        self.has_test_code |= test || is_test_attributes(attributes) || attributes.iter().any(is_test_function);
        self.runs_tests |= !test && attributes.iter().any(is_own_test);
    }
}
