//! Types as far as signatures and annotations tell them: numbers, and what the rules ask for by name.

use std::collections::HashMap;

use syn::Type;

use crate::tables;
use crate::value::Interval;

/// Names of numeric types that a file gives to others, `type Seconds = u8;`.
pub(super) type Aliases = HashMap<String, Interval>;

/// What a numeric type can hold, also inside `Option`, `Result` or a wrapper around it.
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

/// Types of which a value is a number if what is inside is one.
const WRAPPERS: &[&str] = &["Option", "Result", "LazyLock", "OnceLock", "Lazy", "Wrapping", "NonZero"];

/// Whether a type is one of these generic ones, or holds one: `T`, `Option<T>`.
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

/// The name of a type that the rules ask for, also behind references and in `Option` or `Box`.
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

/// The last segment of a type's path, without references.
pub(super) fn type_name(declared: &Type) -> String {
    match declared {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default(),
        Type::Reference(inner) => type_name(&inner.elem),
        _ => String::new(),
    }
}
