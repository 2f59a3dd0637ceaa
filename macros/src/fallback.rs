//! The replacement for a test with mistakes: the function itself. Names that it defines and uses still resolve, so its mistakes
//! stay the only errors.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::FnArg;

use crate::function::{Function, makes_a_test};

/// Returns the function without attributes that only a test can have.
pub(crate) fn function(function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    // The compiler rejects a method outside of its `impl`, and a variadic function.
    if signature.receiver().is_some() || signature.variadic.is_some() {
        return TokenStream::new();
    }
    let attributes = attributes.iter().filter(|attribute| {
        let of_tests = attribute.path().is_ident("should_panic") || attribute.path().is_ident("ignore");
        !of_tests && !makes_a_test(attribute)
    });
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        if let FnArg::Typed(parameter) = input {
            parameter.attrs.clear();
        }
    }
    // Nothing calls the function, and its warnings would distract from the actual error.
    let quiet = quote_spanned!(Span::mixed_site()=> #[allow(warnings, clippy::all, clippy::pedantic)]);
    quote!(#(#attributes)* #quiet #visibility #signature #body)
}

/// Returns the tokens unchanged, for an item that cannot be parsed as a function.
pub(crate) fn unread(item: TokenStream) -> TokenStream {
    // A second `#[netns_test]` on it would report the same mistake again.
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let begins_attribute = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        match tokens.peek() {
            Some(TokenTree::Group(group)) if begins_attribute && names_us(&group.stream()) => {
                tokens.next();
            }
            _ => kept.push(token),
        }
    }
    kept.into_iter().collect()
}

fn names_us(attribute: &TokenStream) -> bool {
    attribute.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(name) if name == "netns_test"))
}
