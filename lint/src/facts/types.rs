//! Types as far as signatures and annotations tell them: numbers, and what the rules ask for by name.

use syn::Type;

use crate::tables;
use crate::value::Interval;

/// The name of a numeric type, also inside `Option`, `Result` or a wrapper around it.
pub(super) fn numeric_type(declared: &Type) -> Option<String> {
    match declared {
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            let name = segment.ident.to_string();
            if Interval::of_type(&name).is_some() {
                return Some(name);
            }
            if !["Option", "Result", "LazyLock", "OnceLock", "Lazy", "Wrapping"].contains(&name.as_str()) {
                return None;
            }
            let syn::PathArguments::AngleBracketed(generics) = &segment.arguments else { return None };
            generics.args.iter().find_map(|argument| match argument {
                syn::GenericArgument::Type(inner) => numeric_type(inner),
                _ => None,
            })
        }
        Type::Reference(inner) => numeric_type(&inner.elem),
        Type::Paren(inner) => numeric_type(&inner.elem),
        _ => None,
    }
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
