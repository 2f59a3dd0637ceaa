//! Types, as far as signatures and annotations show them: numbers, and the names that rules check.

use std::collections::HashMap;
use std::sync::Arc;

use syn::Type;

use super::expression::written;
use super::lower::Lower;
use crate::tables;
use crate::value::{self, Interval, TypeName};

/// Numeric types that a file renames, `type Seconds = u8;`.
pub(super) type Aliases = HashMap<String, Interval>;

/// Returns the range of a numeric type, also inside `Option`, `Result` or another wrapper.
pub(super) fn numeric_bounds(declared: &Type, aliases: &Aliases) -> Option<Interval> {
    match declared {
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            let name = segment.ident.to_string();
            let known = Interval::of_type(&name).or_else(|| aliases.get(&name).copied());
            if known.is_some() || !WRAPPERS.contains(&name.as_str()) {
                return known;
            }
            let syn::PathArguments::AngleBracketed(generics) = &segment.arguments else { return None };
            let inner = generics.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(inner) => numeric_bounds(inner, aliases),
                _ => None,
            })?;
            let is_counted = name == "NonZero" && inner.low >= 0.0;
            Some(if is_counted { Interval { low: 1.0, ..inner } } else { inner })
        }
        Type::Reference(inner) => numeric_bounds(&inner.elem, aliases),
        Type::Paren(inner) => numeric_bounds(&inner.elem, aliases),
        _ => None,
    }
}

/// Wrapper types; a value of one is a number if the inner value is.
const WRAPPERS: &[&str] = &["Option", "Result", "LazyLock", "OnceLock", "Lazy", "Wrapping", "NonZero"];

/// Whether a type is `&mut T`.
pub(super) fn is_mutable_reference(declared: &Type) -> bool {
    matches!(declared, Type::Reference(reference) if reference.mutability.is_some())
}

/// Whether a type is an `Option` or a `Result`, or a reference to one.
pub(super) fn is_optional(declared: &Type) -> bool {
    match declared {
        Type::Path(path) => {
            path.path.segments.last().is_some_and(|last| last.ident == "Option" || last.ident == "Result")
        }
        Type::Reference(reference) => is_optional(&reference.elem),
        _ => false,
    }
}

/// Whether a type is one of these generic parameters, or contains one: `T`, `Option<T>`.
pub(super) fn is_generic(declared: &Type, generics: &syn::Generics) -> bool {
    let Type::Path(path) = declared else { return false };
    let Some(segment) = path.path.segments.last() else { return false };
    let inside = match &segment.arguments {
        syn::PathArguments::AngleBracketed(inside) => inside
            .args
            .iter()
            .any(|argument| matches!(argument, syn::GenericArgument::Type(inner) if is_generic(inner, generics))),
        _ => false,
    };
    inside || generics.type_params().any(|parameter| parameter.ident == segment.ident)
}

/// Returns the name of a type that a rule checks, also behind references and in `Option` or `Box`.
pub(super) fn declared_type(declared: &Type) -> Option<&'static str> {
    match declared {
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            if let Some(known) = tables::TYPES.iter().find(|known| segment.ident == **known) {
                return Some(known);
            }
            let syn::PathArguments::AngleBracketed(generics) = &segment.arguments else { return None };
            generics.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(inner) => declared_type(inner),
                _ => None,
            })
        }
        Type::Reference(inner) => declared_type(&inner.elem),
        Type::Paren(inner) => declared_type(&inner.elem),
        _ => None,
    }
}

/// Returns the last segment of a type's path, without references.
pub(super) fn type_name(declared: &Type) -> String {
    match declared {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default(),
        Type::Reference(inner) => type_name(&inner.elem),
        _ => String::new(),
    }
}

impl<'a> Lower<'a> {
    /// Returns the type of a written type, without wrappers.
    pub(super) fn type_of(&self, written: &Type) -> Option<Arc<value::Type>> {
        self.plain_type(written, 0).map(Arc::new)
    }

    fn plain_type(&self, ty: &Type, depth: usize) -> Option<value::Type> {
        if depth > MAX_DEPTH {
            return None;
        }
        let list = |name: &str, inner: &Type| {
            let arguments = self.plain_type(inner, depth + 1).into_iter().collect();
            value::Type { name: TypeName::Foreign(name.to_owned()), arguments }
        };
        match ty {
            Type::Reference(inner) => self.plain_type(&inner.elem, depth + 1),
            Type::Paren(inner) => self.plain_type(&inner.elem, depth + 1),
            Type::Group(inner) => self.plain_type(&inner.elem, depth + 1),
            Type::Ptr(inner) => self.plain_type(&inner.elem, depth + 1),
            Type::Slice(inner) => Some(list("[]", &inner.elem)),
            Type::Array(inner) => Some(list("[]", &inner.elem)),
            Type::ImplTrait(inner) => self.bound_type(&inner.bounds, depth),
            Type::TraitObject(inner) => self.bound_type(&inner.bounds, depth),
            Type::Path(path) if path.qself.is_none() => {
                let end = path.path.segments.last()?;
                let arguments = || match &end.arguments {
                    syn::PathArguments::AngleBracketed(generics) => generics.args.iter().collect(),
                    _ => Vec::new(),
                };
                let inside = || {
                    arguments().into_iter().filter_map(|argument| match argument {
                        syn::GenericArgument::Type(inner) => Some(inner),
                        _ => None,
                    })
                };
                let name = end.ident.to_string();
                if tables::WRAPPER_TYPES.contains(&name.as_str()) {
                    return self.plain_type(inside().next()?, depth + 1);
                }
                if let Some(name) = path.path.get_ident()
                    && let Some(bounds) = self.bounds_of_parameter(name)
                {
                    return bounds.iter().find_map(|bounds| self.bound_type(bounds, depth + 1));
                }
                let arguments = inside().map(|inner| self.plain_type(inner, depth + 1)).collect::<Option<Vec<_>>>();
                let found = self.named_type(&written(&path.path), arguments.unwrap_or_default())?;
                Some(value::Type::clone(&found))
            }
            _ => None,
        }
    }

    /// Returns the type of the first trait bound that determines one; for a future, its output.
    fn bound_type(&self, bounds: &Bounds, depth: usize) -> Option<value::Type> {
        bounds.iter().find_map(|bound| {
            let syn::TypeParamBound::Trait(bound) = bound else { return None };
            let last = bound.path.segments.last()?;
            let own = self.named_type(&written(&bound.path), Vec::new()).filter(|ty| ty.own().is_some());
            if own.is_some() {
                return own.map(|ty| value::Type::clone(&ty));
            }
            if let syn::PathArguments::AngleBracketed(generics) = &last.arguments {
                let given = generics.args.iter().find_map(|argument| match argument {
                    syn::GenericArgument::AssocType(given) => Some(&given.ty),
                    _ => None,
                });
                if let Some(given) = given {
                    let inner = self.plain_type(given, depth + 1)?;
                    let is_iterator = last.ident == "Iterator" || last.ident == "IntoIterator";
                    let many = || value::Type {
                        name: TypeName::Foreign("Iterator".to_owned()),
                        arguments: vec![inner.clone()],
                    };
                    return Some(if is_iterator { many() } else { inner });
                }
            }
            None
        })
    }

    /// Returns the bounds of a generic parameter; `None` if there is no such parameter.
    fn bounds_of_parameter(&self, name: &syn::Ident) -> Option<Vec<&'a Bounds>> {
        let mut found: Option<Vec<&'a Bounds>> = None;
        for generics in &self.frame.generics {
            for parameter in generics.type_params().filter(|parameter| parameter.ident == *name) {
                found.get_or_insert_default().push(&parameter.bounds);
            }
            let clauses = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
            for clause in clauses {
                if let syn::WherePredicate::Type(clause) = clause
                    && matches!(&clause.bounded_ty, Type::Path(path) if path.path.is_ident(name))
                    && let Some(found) = &mut found
                {
                    found.push(&clause.bounds);
                }
            }
        }
        found
    }

    /// Returns the type that a path names.
    pub(super) fn named_type(&self, path: &str, arguments: Vec<value::Type>) -> Option<Arc<value::Type>> {
        let name = match self.leads_to(path).into_iter().next() {
            Some(definition) => TypeName::Own(definition),
            None if path == "Self" => return None,
            None => {
                let (first, rest) = path.split_once("::").map_or((path, None), |(first, rest)| (first, Some(rest)));
                let first = self.uses.resolve_name(first, &self.frame.within);
                TypeName::Foreign(rest.map_or_else(|| first.clone(), |rest| format!("{first}::{rest}")))
            }
        };
        Some(Arc::new(value::Type { name, arguments }))
    }

    /// Returns the type that a constructor, a variant or a unit struct creates: `Type::new`, `Enum::Variant`, `Type`.
    pub(super) fn made_type(&self, path: &str) -> Option<Arc<value::Type>> {
        let is_type = |name: &str| {
            name.starts_with(|first: char| first.is_uppercase()) && name.contains(|other: char| other.is_lowercase())
        };
        let (before, last) = path.rsplit_once("::").unwrap_or(("", path));
        let (_, holder) = crate::resolve::qualifier_and_name(before);
        if is_type(holder) || holder == "Self" {
            return self.named_type(before, Vec::new());
        }
        if is_type(last) && !tables::VARIANTS.contains(&last) { self.named_type(path, Vec::new()) } else { None }
    }

    /// Returns the type that a function of another crate returns, by its path as written and as resolved.
    pub(super) fn type_of_result(&self, written: &str, path: &str) -> Option<Arc<value::Type>> {
        let of_library = || tables::result_of_function(path).map(|ty| Arc::new(value::Type::foreign(ty)));
        self.made_type(written).or_else(of_library)
    }

    /// Returns the type of a field, if the struct is in this file.
    pub(super) fn field_type(&self, base: &value::Type, name: &str) -> Option<Arc<value::Type>> {
        let fields = self.structs.get(&base.own().filter(|own| self.is_here(own))?.item)?;
        let at = name.parse::<usize>().ok();
        let is_it = |(index, field): &(usize, &syn::Field)| match (&field.ident, at) {
            (Some(ident), _) => ident == name,
            (None, at) => Some(*index) == at,
        };
        let (_, field) = fields.iter().enumerate().find(is_it)?;
        // The parameters belong to the enclosing `impl`, which mostly uses the same names.
        self.type_of(&field.ty)
    }
}

type Bounds = syn::punctuated::Punctuated<syn::TypeParamBound, syn::Token![+]>;

/// The maximum depth of nested types.
const MAX_DEPTH: usize = 8;
