//! Patterns: binds variables to parts of a value.

use syn::{Pat, Type};

use super::list::path_of_parts;
use super::lower::{Local, Lower, TypeShown};
use super::types::{is_mutable_reference, is_optional};
use crate::value::Value;

impl<'a> Lower<'a> {
    /// Binds the variables of `pattern` to the parts of `value`.
    pub(super) fn bind(&mut self, pattern: &'a Pat, value: Value) {
        match pattern {
            Pat::Ident(name) => {
                if let Some((_, inner)) = &name.subpat {
                    self.bind(inner, value.clone());
                }
                let local = Local::new(name.ident.to_string(), value, self.frame.depth);
                self.frame.locals.push(Local { is_fixed: name.mutability.is_none(), ..local });
            }
            Pat::Type(typed) => {
                let mut value = value;
                self.narrow_to_type(&mut value, &typed.ty);
                value.declared = value.declared.or_else(|| self.declared(&typed.ty));
                value.ty = self.type_of(&typed.ty).or(value.ty);
                if value.items.is_some() && value.is_of(&["PathBuf"]) {
                    value = Value { ty: value.ty.clone(), ..path_of_parts(&value, value.span) };
                }
                self.parsed_to(&value, &typed.ty, value.span);
                let first = self.frame.locals.len();
                self.bind(&typed.pat, value);
                self.shown_by_type(first, &typed.pat, &typed.ty);
            }
            Pat::Reference(inner) => self.bind(&inner.pat, value),
            Pat::Paren(inner) => self.bind(&inner.pat, value),
            Pat::Guard(inner) => self.bind(&inner.pat, value),
            Pat::TupleStruct(inner) => {
                for (pattern, index) in inner.elems.iter().zip(0..) {
                    let name = usize::to_string(&index);
                    let part = value.fields.iter().find(|(known, _)| *known == name).map(|(_, part)| part);
                    self.bind(pattern, part.unwrap_or(&value).clone());
                }
            }
            Pat::Tuple(tuple) => self.bind_items(tuple.elems.iter(), &value),
            Pat::Slice(slice) => self.bind_items(slice.elems.iter(), &value),
            Pat::Struct(inner) => {
                for field in &inner.fields {
                    let syn::Member::Named(name) = &field.member else { continue };
                    let part = self.field_of(&value, &name.to_string(), value.span);
                    self.bind(&field.pat, part);
                }
            }
            Pat::Or(choice) => {
                if let Some(pattern) = choice.cases.first() {
                    self.bind(pattern, value);
                }
            }
            _ => {}
        }
    }

    /// Notes that code may change what the variables after the first `first` refer to.
    pub(super) fn vary(&mut self, first: usize) {
        self.frame.locals[first..].iter_mut().for_each(|local| local.is_fixed = false);
    }

    /// Records what the written type of the variables from `first` on shows.
    pub(super) fn shown_by_type(&mut self, first: usize, pattern: &Pat, declared: &Type) {
        if is_mutable_reference(declared) {
            self.vary(first);
        } else if matches!(pattern, Pat::Ident(_))
            && let Some(local) = self.frame.locals[first..].last_mut()
        {
            local.written = if is_optional(declared) { TypeShown::Optional } else { TypeShown::Value };
        }
    }

    fn bind_items(&mut self, patterns: impl Iterator<Item = &'a Pat>, value: &Value) {
        for (index, pattern) in patterns.enumerate() {
            if let Pat::Ident(rest) = pattern
                && rest.subpat.as_ref().is_some_and(|(_, inner)| matches!(**inner, Pat::Rest(_)))
            {
                let items = value.items.as_ref().map(|items| items.iter().skip(index).cloned().collect());
                let rest_of_it = Value { items, ..value.clone() };
                self.frame.locals.push(Local::new(rest.ident.to_string(), rest_of_it, self.frame.depth));
                continue;
            }
            let item = value.items.as_ref().and_then(|items| items.get(index)).cloned().unwrap_or_else(|| Value {
                sources: value.sources.clone(),
                parameters: value.parameters.clone(),
                call: value.call,
                split: value.split,
                ..Value::unknown(value.span)
            });
            self.bind(pattern, item);
        }
    }
}
