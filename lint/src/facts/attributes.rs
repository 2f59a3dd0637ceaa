//! Attributes that tell what is test code, and where a module is.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Expr};

/// The name of an attribute without its path.
pub(super) fn last_segment(attribute: &Attribute) -> String {
    attribute.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[netns_test]` and the like.
pub(super) fn is_test_function(attribute: &Attribute) -> bool {
    let name = last_segment(attribute);
    ["test", "bench", "rstest", "quickcheck", "test_case", "netns_test", "wasm_bindgen_test", "test_log", "proptest"]
        .contains(&name.as_str())
        || name.ends_with("_test")
}

/// `#[cfg(test)]`, alone or among other conditions, but not below `not`.
pub(super) fn is_test_attributes(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| asks_for_test(list.tokens.clone()))
    })
}

/// Whether `test` is one of the words of a condition, outside of `not(…)`; a feature of that name is a text.
fn asks_for_test(condition: TokenStream) -> bool {
    let mut tokens = condition.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "not" => drop(tokens.next()),
            TokenTree::Ident(word) if word == "test" => return true,
            TokenTree::Group(group) if asks_for_test(group.stream()) => return true,
            _ => {}
        }
    }
    false
}

/// The text of `#[path = "…"]`.
pub(super) fn path_attribute(attribute: &Attribute) -> Option<String> {
    if !attribute.path().is_ident("path") {
        return None;
    }
    match &attribute.meta.require_name_value().ok()?.value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
