//! Finds the fields for child processes that nothing reads: nothing can end a child in such a field.

use std::collections::{HashMap, HashSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, GenericArgument, Item, Member, PathArguments, Token, Type, Visibility};

use super::types::type_name;

/// Returns the names of private fields for a child process that no code of the file reads. A name counts for all structs
/// of the file, so all of them must agree. A module in another file can read the fields, too, so a file that declares one
/// has no such field.
pub(super) fn unread_children(file: &syn::File) -> HashSet<String> {
    let mut fields = HashMap::new();
    let is_whole = collect(&file.items, &mut fields);
    fields.retain(|_, is_private_child| *is_private_child);
    if fields.is_empty() || !is_whole {
        return HashSet::new();
    }
    let mut reads = Reads::default();
    reads.visit_file(file);
    fields.into_keys().filter(|name| !reads.0.contains(name)).collect()
}

/// Collects the fields of all structs; returns whether the file has every module that it declares.
fn collect(items: &[Item], fields: &mut HashMap<String, bool>) -> bool {
    let mut is_whole = true;
    for item in items {
        match item {
            Item::Struct(item) => {
                for field in &item.fields {
                    let Some(name) = &field.ident else { continue };
                    let is_private_child = field.vis == Visibility::Inherited && is_child(&field.ty);
                    *fields.entry(name.to_string()).or_insert(true) &= is_private_child;
                }
            }
            Item::Mod(item) => {
                is_whole &= item.content.as_ref().is_some_and(|(_, items)| collect(items, fields));
            }
            _ => {}
        }
    }
    is_whole
}

/// Whether the type is `Child` or `Option<Child>`.
fn is_child(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    match &last.arguments {
        PathArguments::AngleBracketed(inner) if last.ident == "Option" => {
            matches!(inner.args.first(), Some(GenericArgument::Type(inner)) if type_name(inner) == "Child")
        }
        _ => last.ident == "Child",
    }
}

/// Methods of an `Option` that do not give its content away.
const ASKING: &[&str] = &["is_some", "is_none"];

/// Names of fields that code reads. An assignment does not read.
#[derive(Default)]
struct Reads(HashSet<String>);

impl<'a> Visit<'a> for Reads {
    fn visit_expr_field(&mut self, field: &'a syn::ExprField) {
        if let Member::Named(name) = &field.member {
            self.0.insert(name.to_string());
        }
        visit::visit_expr_field(self, field);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        match &*call.receiver {
            Expr::Field(field) if ASKING.iter().any(|name| call.method == name) => self.visit_expr(&field.base),
            _ => visit::visit_expr_method_call(self, call),
        }
    }

    fn visit_expr_assign(&mut self, assign: &'a syn::ExprAssign) {
        match &*assign.left {
            Expr::Field(field) => {
                self.visit_expr(&field.base);
                self.visit_expr(&assign.right);
            }
            _ => visit::visit_expr_assign(self, assign),
        }
    }

    fn visit_field_pat(&mut self, field: &'a syn::FieldPat) {
        if let Member::Named(name) = &field.member {
            self.0.insert(name.to_string());
        }
        visit::visit_field_pat(self, field);
    }

    /// The tokens of a macro: expressions if they can be parsed, and reads of every word otherwise.
    fn visit_token_stream(&mut self, tokens: &'a TokenStream) {
        match Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()) {
            Ok(expressions) => expressions.iter().for_each(|expression| Visit::visit_expr(self, expression)),
            Err(_) => add_words(&mut self.0, tokens),
        }
    }
}

fn add_words(words: &mut HashSet<String>, tokens: &TokenStream) {
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(name) => drop(words.insert(name.to_string())),
            TokenTree::Group(group) => add_words(words, &group.stream()),
            _ => {}
        }
    }
}
