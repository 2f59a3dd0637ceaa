//! Declares the items of a file: functions to walk, constants, structs and modules.

use syn::{Attribute, Block, Expr, ImplItem, Item, Signature, TraitItem, Type};

use super::super::attributes::{
    has_limit, included, is_constructor, is_for_another_system, is_ignored, is_ignored_without_reason, is_isolated,
    is_own_test, is_paused, is_single_threaded, is_test_attributes, is_test_function, is_test_module, path_attribute,
};
use super::super::types::type_name;
use super::super::{Function, INCLUDED, ModuleDeclaration};
use super::Lower;
use crate::id::BodyId;
use crate::tables;

/// A function of the file.
#[expect(clippy::struct_excessive_bools, reason = "independent marks")]
pub(super) struct Written<'a> {
    pub(super) attributes: &'a [Attribute],
    pub(super) signature: &'a Signature,
    pub(super) block: &'a Block,
    pub(super) item: String,
    /// The generics of the enclosing `impl` or trait.
    pub(super) around: Option<&'a syn::Generics>,
    pub(super) test: bool,
    /// An enclosing module or `impl` is compiled for tests only.
    pub(super) in_test_module: bool,
    pub(super) isolated: bool,
    /// Libtest or another harness runs it.
    pub(super) run_by_harness: bool,
    pub(super) public: bool,
    /// It runs only on request.
    pub(super) ignored: bool,
}

impl Written<'_> {
    /// Returns the facts about the function, before it is walked; `body` will be its body.
    pub(super) fn function(&self, body: BodyId) -> Function {
        let is_any = |is: fn(&Attribute) -> bool| self.attributes.iter().any(is);
        Function {
            name: self.signature.ident.to_string(),
            item: self.item.clone(),
            test: self.test,
            in_test_module: self.in_test_module,
            limited: is_any(has_limit),
            paused: is_any(is_paused),
            single_threaded: is_any(is_single_threaded),
            isolated: self.isolated,
            run_by_harness: self.run_by_harness,
            ignored: self.ignored,
            ignored_without_reason: is_any(is_ignored_without_reason),
            public: self.public,
            asynchronous: self.signature.asyncness.is_some(),
            bounds_loops: false,
            before_main: is_any(is_constructor),
            returns: None,
            body: Some(body),
            calls: 0..usize::MAX,
        }
    }
}

/// Returns the attributes of an item that defines or imports names.
fn attributes_of(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => return None,
    })
}

impl<'a> Lower<'a> {
    /// Collects the functions, constants and names of `items` and of nested modules.
    pub(in crate::lowering) fn declare(&mut self, items: &'a [Item], around: &mut Vec<String>, test: bool) {
        for item in items.iter().filter(|item| !attributes_of(item).is_some_and(is_for_another_system)) {
            match item {
                Item::Use(item) => self.uses.add(&item.tree, &around.join("::")),
                // Constants inside a function belong to that function.
                Item::Const(_) | Item::Static(_) if self.frame.function > 1 => {}
                Item::Const(item) => self.define_constant(&item.ident, &item.expr, &item.ty, around, test),
                Item::Static(item) => self.define_constant(&item.ident, &item.expr, &item.ty, around, test),
                Item::Fn(item) => {
                    let public = matches!(item.vis, syn::Visibility::Public(_));
                    self.define(&item.attrs, &item.sig, &item.block, around, None, (test, public));
                }
                Item::Struct(item) => {
                    self.uses.define(&item.ident.to_string());
                    self.remember_fields(&item.fields);
                    let mut path = around.join("::");
                    path.push_str(if path.is_empty() { "" } else { "::" });
                    path.push_str(&item.ident.to_string());
                    if item.fields.iter().any(|field| tables::LOCKS_HELD.contains(&type_name(&field.ty).as_str())) {
                        self.facts.lock_holders.insert(path.clone());
                    }
                    self.structs.insert(path, &item.fields);
                }
                Item::Type(item) => {
                    if let Some(bounds) = self.bounds_of(&item.ty) {
                        self.aliases.insert(item.ident.to_string(), bounds);
                    }
                }
                Item::Mod(item) => {
                    let test = test || is_test_module(item);
                    around.push(item.ident.to_string());
                    if let Some((_, items)) = &item.content {
                        self.declare(items, around, test);
                    } else {
                        let explicit = item.attrs.iter().find_map(path_attribute);
                        self.facts.modules.push(ModuleDeclaration { path: around.clone(), explicit, test });
                    }
                    around.pop();
                }
                Item::Impl(item) => {
                    let generics = Some(&item.generics);
                    let test = test || is_test_attributes(&item.attrs);
                    let holder = type_name(&item.self_ty);
                    around.push(holder);
                    for item in &item.items {
                        match item {
                            ImplItem::Fn(item) if is_for_another_system(&item.attrs) => {}
                            ImplItem::Fn(item) => {
                                self.define(&item.attrs, &item.sig, &item.block, around, generics, (test, false));
                            }
                            ImplItem::Const(item) => {
                                self.define_constant(&item.ident, &item.expr, &item.ty, around, test);
                            }
                            _ => {}
                        }
                    }
                    around.pop();
                }
                Item::Trait(item) => {
                    let name = item.ident.to_string();
                    let generics = Some(&item.generics);
                    around.push(name);
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item
                            && let Some(block) = &item.default
                        {
                            self.define(&item.attrs, &item.sig, block, around, generics, (test, false));
                        }
                    }
                    around.pop();
                }
                Item::Macro(item) if included(item).is_some() => {
                    let path = around.iter().map(String::as_str).chain([INCLUDED]).map(ToOwned::to_owned).collect();
                    self.facts.modules.push(ModuleDeclaration { path, explicit: included(item), test });
                }
                // A macro inside a function belongs there; other macros wait until all names are known.
                Item::Macro(item) if self.frame.function > 1 => self.item_macro(item),
                Item::Macro(item) => match self.items_of(item) {
                    Some((items, are_tests)) => {
                        let test = test || are_tests;
                        self.names.add(items, &around.join("::"));
                        self.declare(items, around, test);
                    }
                    None => self.macros.push((item, around.join("::"), test)),
                },
                _ => {}
            }
        }
    }

    fn define_constant(
        &mut self,
        name: &syn::Ident,
        expression: &'a Expr,
        declared: &'a Type,
        around: &[String],
        test: bool,
    ) {
        self.constants.define(name.to_string(), around.join("::"), expression, declared, test);
    }

    fn define(
        &mut self,
        attributes: &'a [Attribute],
        signature: &'a Signature,
        block: &'a Block,
        around: &[String],
        generics: Option<&'a syn::Generics>,
        (test, public): (bool, bool),
    ) {
        let name = signature.ident.to_string();
        let index = self.definitions.len();
        let mut item = around.join("::");
        if !item.is_empty() {
            item.push_str("::");
        }
        item.push_str(&name);
        let is_inside = test;
        let test = test || is_test_attributes(attributes) || attributes.iter().any(is_test_function);
        self.facts.runs_tests |= !is_inside && attributes.iter().any(is_own_test);
        let isolated = attributes.iter().any(is_isolated);
        let run_by_harness = attributes.iter().any(is_test_function);
        let ignored = attributes.iter().any(is_ignored);
        self.by_item.entry(item.clone()).or_default().push(index);
        self.definitions.push(Written {
            attributes,
            signature,
            block,
            item,
            around: generics,
            test,
            in_test_module: is_inside,
            isolated,
            run_by_harness,
            ignored,
            public,
        });
    }

    /// Declares functions that are defined inside a body; they are walked later, like the others.
    pub(in crate::lowering) fn declare_nested(&mut self, item: &'a Item) {
        let function = &self.facts.functions[self.frame.function];
        let (test, mut around) = (function.test, vec![function.item.clone()]);
        self.declare(std::slice::from_ref(item), &mut around, test);
    }
}
