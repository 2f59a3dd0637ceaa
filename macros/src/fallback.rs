//! What stands in for a test with mistakes: the function itself, so that names it defines and uses keep resolving and
//! its mistakes stay the only errors.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::FnArg;

use crate::function::{Function, makes_a_test};

/// The item without what only a test may carry.
pub(crate) fn function(function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    // Without its object a method is no item the compiler would take here, nor is a variadic one.
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
    // Nothing calls it, and its warnings would stand beside the one error that matters.
    let quiet = quote_spanned!(Span::mixed_site()=> #[allow(warnings, clippy::all, clippy::pedantic)]);
    quote!(#(#attributes)* #quiet #visibility #signature #body)
}

/// The tokens as they are, for what is no function that we can read.
pub(crate) fn unread(item: TokenStream) -> TokenStream {
    // A second `#[netns_test]` on it would tell the same mistake again.
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
