//! A file that mentions nothing that a rule looks for: which modules and test functions it has, and which names it
//! defines, in case that another file needs them.

use syn::{ImplItem, Item, TraitItem};

use super::ModuleDeclaration;
use super::attributes::{is_test_attributes, is_test_function, path_attribute};
use crate::engine::hash;

/// What is known without looking into a function.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// As in [`super::FileFacts`].
    pub modules: Vec<ModuleDeclaration>,
    /// Whether a function is compiled for tests only.
    pub has_test_code: bool,
    /// Hashes of the names of functions and constants; nobody asks for methods and associated functions of such a file.
    pub defined: Vec<u64>,
    /// `#![cfg(test)]`, which stands in front.
    all_test: bool,
}

impl Outline {
    /// Adds the items of `file`, which is a file or the next part of one.
    pub(crate) fn add(&mut self, file: &syn::File) {
        self.all_test |= is_test_attributes(&file.attrs);
        self.items(&file.items, &mut Vec::new(), self.all_test);
    }

    fn items(&mut self, items: &[Item], around: &mut Vec<String>, test: bool) {
        for item in items {
            match item {
                Item::Const(item) => self.name(&item.ident.to_string()),
                Item::Static(item) => self.name(&item.ident.to_string()),
                Item::Fn(item) => self.function(&item.attrs, &item.sig, true, test),
                Item::Mod(item) => {
                    let test = test || is_test_attributes(&item.attrs);
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
                        match item {
                            ImplItem::Fn(item) => self.function(&item.attrs, &item.sig, false, test),
                            ImplItem::Const(item) => self.name(&item.ident.to_string()),
                            _ => {}
                        }
                    }
                }
                Item::Trait(item) => {
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item {
                            self.function(&item.attrs, &item.sig, false, test);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature, is_free: bool, test: bool) {
        self.has_test_code |= test || is_test_attributes(attributes) || attributes.iter().any(is_test_function);
        if is_free {
            self.name(&signature.ident.to_string());
        }
    }

    fn name(&mut self, name: &str) {
        self.defined.push(hash(name.as_bytes()));
    }
}
