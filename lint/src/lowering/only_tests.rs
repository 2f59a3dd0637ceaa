//! Finds the private items of a product's file that only the tests of the file use. Such an item is test code: the
//! product contains it, and never runs it.
//!
//! An item uses every item of the file whose name is among its words, texts included. This finds too many uses rather
//! than too few, so an item in doubt remains product code. In a file that declares modules in other files, every item
//! is in doubt.

use std::collections::{BTreeMap, HashSet};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, Lit, UseTree, Visibility};

use super::attributes::{included, is_test_attributes, is_test_function, is_test_module};
use super::types::type_name;
use crate::hash::{ByHash, hash};
use crate::tables;

/// Attributes that add no user to an item.
const WITHOUT_USERS: &[&str] = &[
    "allow",
    "cfg",
    "cold",
    "deny",
    "derive",
    "doc",
    "expect",
    "inline",
    "must_use",
    "non_exhaustive",
    "repr",
    "track_caller",
    "warn",
];

/// Returns the paths of those items, with their enclosing modules, as in [`super::Function::item`].
pub(crate) fn only_of_tests(file: &syn::File) -> HashSet<String> {
    let mut users = Users::default();
    users.add(&file.items, &mut Vec::new(), is_test_attributes(&file.attrs), true);
    if users.has_unknown || users.tests.0.is_empty() || users.private.is_empty() {
        return HashSet::new();
    }
    for (names, words) in std::mem::take(&mut users.implementations) {
        let owner = names.into_iter().find(|name| users.private.contains_key(name));
        let owner = owner.and_then(|name| users.private.get_mut(&name));
        owner.map_or(&mut users.product, |(_, words)| words).0.extend(words.0);
    }
    let reached = |first: &Words| {
        let (mut reached, mut next) = (HashSet::new(), vec![first]);
        while let Some(words) = next.pop() {
            let used = users.private.keys().copied().filter(|name| words.0.contains(name));
            next.extend(used.filter(|name| reached.insert(*name)).map(|name| &users.private[&name].1));
        }
        reached
    };
    let (by_product, by_tests) = (reached(&users.product), reached(&users.tests));
    by_tests.difference(&by_product).flat_map(|name| users.private[name].0.iter().cloned()).collect()
}

/// The words of a file's items, by their users.
#[derive(Default)]
struct Users {
    /// Test functions, and modules for tests.
    tests: Words,
    /// Items that code outside of the file can reach.
    product: Words,
    /// The paths and the words of the others, by name: items with one name count as one.
    private: BTreeMap<u64, (Vec<String>, Words)>,
    /// For each `impl`, the names of its type and its trait. The first private one is its only user.
    implementations: Vec<(Vec<u64>, Words)>,
    /// Other files may use private items.
    has_unknown: bool,
}

impl Users {
    /// Adds items; `visible` is whether code outside of the file can reach the public ones.
    fn add(&mut self, items: &[Item], around: &mut Vec<String>, test: bool, visible: bool) {
        for item in items {
            let (attributes, visibility, name) = match item {
                Item::Mod(item) => {
                    let test = test || is_test_module(item);
                    if let Some((_, items)) = &item.content {
                        around.push(item.ident.to_string());
                        self.add(items, around, test, visible && item.vis != Visibility::Inherited);
                        around.pop();
                    } else {
                        self.has_unknown |= !test;
                    }
                    continue;
                }
                Item::Use(item) if item.vis == Visibility::Inherited && !has_any(&item.tree, is_renaming) => continue,
                Item::Use(item) => {
                    self.has_unknown |= item.vis != Visibility::Inherited && has_any(&item.tree, is_glob);
                    self.product.visit_item_use(item);
                    continue;
                }
                Item::Impl(of) => {
                    let of_trait = of.trait_.iter().filter_map(|(path, _)| path.segments.last());
                    let names = of_trait.map(|name| name.ident.to_string()).chain([type_name(&of.self_ty)]);
                    let mut words = Words::default();
                    words.visit_item_impl(of);
                    if test || is_test_attributes(&of.attrs) {
                        self.tests.0.extend(words.0);
                    } else {
                        self.implementations.push((names.map(|name| hash(name.as_bytes())).collect(), words));
                    }
                    continue;
                }
                Item::Macro(of) => {
                    self.has_unknown |= included(of).is_some();
                    let called =
                        of.mac.path.segments.last().is_some_and(|last| is_one_of(&last.ident, tables::TEST_MACROS));
                    if called {
                        self.tests.visit_item_macro(of);
                        continue;
                    }
                    (&of.attrs, &Visibility::Inherited, of.ident.as_ref())
                }
                Item::Fn(of) => (&of.attrs, &of.vis, Some(&of.sig.ident).filter(|name| *name != "main")),
                Item::Struct(of) => (&of.attrs, &of.vis, Some(&of.ident)),
                Item::Enum(of) => (&of.attrs, &of.vis, Some(&of.ident)),
                Item::Type(of) => (&of.attrs, &of.vis, Some(&of.ident)),
                Item::Trait(of) => (&of.attrs, &of.vis, Some(&of.ident)),
                Item::Const(of) => (&of.attrs, &of.vis, Some(&of.ident).filter(|name| *name != "_")),
                Item::Static(of) => (&of.attrs, &of.vis, Some(&of.ident)),
                _ => {
                    self.product.visit_item(item);
                    continue;
                }
            };
            let is_private = !visible || *visibility == Visibility::Inherited;
            let words = if test || is_test_attributes(attributes) || attributes.iter().any(is_test_function) {
                &mut self.tests
            } else if let Some(name) = name.filter(|_| is_private && attributes.iter().all(is_without_users)) {
                let (paths, words) = self.private.entry(hash(name.to_string().as_bytes())).or_default();
                paths.push(around.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>().join("::"));
                words
            } else {
                &mut self.product
            };
            words.visit_item(item);
        }
    }
}

fn is_one_of(name: &Ident, list: &[&str]) -> bool {
    list.iter().any(|known| name == known)
}

fn is_without_users(attribute: &Attribute) -> bool {
    attribute.path().get_ident().is_some_and(|name| is_one_of(name, WITHOUT_USERS))
}

fn is_glob(tree: &UseTree) -> bool {
    matches!(tree, UseTree::Glob(_))
}

fn is_renaming(tree: &UseTree) -> bool {
    matches!(tree, UseTree::Rename(_))
}

fn has_any(tree: &UseTree, test: fn(&UseTree) -> bool) -> bool {
    match tree {
        UseTree::Path(path) => has_any(&path.tree, test),
        UseTree::Group(group) => group.items.iter().any(|tree| has_any(tree, test)),
        leaf => test(leaf),
    }
}

/// Hashes of the words of code, also of those in texts.
#[derive(Default)]
struct Words(HashSet<u64, ByHash>);

impl Words {
    fn add_text(&mut self, text: &str) {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        self.0.extend(words.map(|word| hash(word.as_bytes())));
    }
}

impl Visit<'_> for Words {
    fn visit_ident(&mut self, name: &Ident) {
        self.0.insert(hash(name.to_string().as_bytes()));
    }

    fn visit_lit(&mut self, literal: &Lit) {
        if let Lit::Str(text) = literal {
            self.add_text(&text.value());
        }
    }

    fn visit_token_stream(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(name) => self.visit_ident(&name),
                TokenTree::Literal(text) => self.add_text(&text.to_string()),
                TokenTree::Group(group) => self.visit_token_stream(&group.stream()),
                TokenTree::Punct(_) => {}
            }
        }
    }
}
