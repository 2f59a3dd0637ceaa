//! The function under the attribute: its parts, and the checks that it can be a test.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprLit, FnArg, Lit, LitStr, Meta, PatType, Safety, Signature, Token, Type, TypeImplTrait,
    Visibility,
};

use crate::mistake::Mistakes;

/// A parsed function. The body stays tokens: the compiler parses it better, including unfinished code.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenTree,
}

/// Attributes that turn a function into a test. A second one would run it once more, outside of its namespaces.
const TEST_ATTRIBUTES: [&str; 5] = ["test", "netns_test", "rstest", "test_case", "bench"];

/// Other items that an attribute can be on, by keyword.
const OTHER_ITEMS: [(&str, &str); 12] = [
    ("struct", "a struct"),
    ("enum", "an enum"),
    ("union", "a union"),
    ("trait", "a trait"),
    ("impl", "an impl block"),
    ("mod", "a module"),
    ("const", "a constant"),
    ("static", "a static"),
    ("type", "a type alias"),
    ("use", "a use declaration"),
    ("macro_rules", "a macro"),
    ("extern", "an extern block or crate"),
];

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        attributes.retain(|attribute| !is_plain_test(attribute));
        let visibility = input.parse()?;
        let ahead = input.fork();
        let signature = match ahead.parse::<Signature>() {
            Ok(signature) => signature,
            Err(error) => return Err(other_item(input).unwrap_or(error)),
        };
        input.advance_to(&ahead);
        if !input.peek(syn::token::Brace) {
            return Err(input.error("a test needs a body"));
        }
        let body = input.parse()?;
        Ok(Self { attributes, visibility, signature, body })
    }
}

/// Returns the error for an item that is not a function, at its keyword.
fn other_item(input: ParseStream<'_>) -> Option<syn::Error> {
    let rest = input.fork().parse::<TokenStream>().ok()?;
    let words = rest.into_iter().map_while(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    for word in words {
        if word == "fn" {
            return None;
        }
        if let Some((_, name)) = OTHER_ITEMS.iter().find(|(keyword, _)| word == keyword) {
            return Some(syn::Error::new(
                word.span(),
                format!("`#[netns_test]` is on {name}; it goes on a `fn` or an `async fn`"),
            ));
        }
    }
    None
}

impl Function {
    /// Records every reason why the function cannot be a test.
    pub(crate) fn check(&self, mistakes: &mut Mistakes) {
        let Signature { constness, safety, abi, generics, inputs, variadic, .. } = &self.signature;
        for attribute in self.attributes.iter().filter(|attribute| makes_a_test(attribute)) {
            let path = attribute.path().to_token_stream().to_string().replace(' ', "");
            let remedy = if path.ends_with("rstest") || path.ends_with("test_case") {
                format!("put `#[{path}]` above `#[netns_test]`")
            } else {
                format!("remove `#[{path}]`")
            };
            mistakes.at(attribute, format!("`#[netns_test]` makes the function a test already; {remedy}"));
        }
        if let Some(constness) = constness {
            mistakes.at(constness, "a test cannot be `const`; valid are `fn` and `async fn`");
        }
        if let Safety::Unsafe(word) = safety {
            mistakes.at(word, "a test cannot be `unsafe`; put an `unsafe` block into its body");
        }
        if let Some(abi) = abi {
            mistakes.at(abi, "a test cannot be `extern`; valid are `fn` and `async fn`");
        }
        if !generics.params.is_empty() {
            mistakes.at(
                generics,
                "a test cannot be generic: nothing calls it with a type; write one test for each, over a generic helper",
            );
        }
        for input in inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    mistakes.at(
                        receiver,
                        "a test has no `self`; move it out of the `impl` and take fixtures as parameters",
                    );
                }
                FnArg::Typed(parameter) => check_parameter(parameter, mistakes),
            }
        }
        if let Some(variadic) = variadic {
            mistakes.at(variadic.dots, "a test's parameters are fixtures, each with a type");
        }
    }

    /// The parameters of a function that passed [`check`](Self::check).
    pub(crate) fn fixtures(&self) -> impl Iterator<Item = &PatType> {
        self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter),
            FnArg::Receiver(_) => None,
        })
    }
}

fn check_parameter(parameter: &PatType, mistakes: &mut Mistakes) {
    for attribute in &parameter.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            mistakes.at(attribute, "a fixture cannot be conditional; put `#[cfg(…)]` on the test");
        }
    }
    if let Some(opaque) = first_impl_trait(&parameter.ty) {
        mistakes.at(opaque, "a fixture needs a type with a name: nothing says which one `impl` stands for");
    }
}

/// Returns the first `impl Trait` in a type.
pub(crate) fn first_impl_trait(of: &Type) -> Option<&TypeImplTrait> {
    let mut opaque = FirstImplTrait(None);
    opaque.visit_type(of);
    opaque.0
}

struct FirstImplTrait<'ast>(Option<&'ast TypeImplTrait>);

impl<'ast> Visit<'ast> for FirstImplTrait<'ast> {
    fn visit_type_impl_trait(&mut self, found: &'ast TypeImplTrait) {
        if self.0.is_none() {
            self.0 = Some(found);
        }
        visit::visit_type_impl_trait(self, found);
    }
}

/// Matches plain `#[test]`, which rstest and test-case add below this attribute. The expansion has its own.
fn is_plain_test(attribute: &Attribute) -> bool {
    let Meta::Path(path) = &attribute.meta else { return false };
    let path = path.to_token_stream().to_string().replace(' ', "");
    matches!(path.trim_start_matches("::"), "test" | "core::prelude::v1::test" | "std::prelude::v1::test")
}

/// Matches `#[tokio::test]`, `#[netns_test]` and similar attributes.
pub(crate) fn makes_a_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| TEST_ATTRIBUTES.iter().any(|name| last.ident == name))
}

/// The content of a `#[should_panic]`, with its condition.
pub(crate) struct ShouldPanic {
    /// The predicate of a `#[cfg_attr(predicate, …)]` that the compiler has not evaluated yet.
    pub(crate) condition: Option<TokenStream>,
    /// The text that the message must contain.
    pub(crate) expected: Option<LitStr>,
}

/// Finds the `#[should_panic]` in every form that the compiler accepts. The compiler reports malformed ones.
pub(crate) fn should_panic(attributes: &[Attribute]) -> Option<ShouldPanic> {
    attributes.iter().find_map(|attribute| should_panic_of(&attribute.meta))
}

fn should_panic_of(meta: &Meta) -> Option<ShouldPanic> {
    if meta.path().is_ident("cfg_attr") {
        let Meta::List(list) = meta else { return None };
        let (condition, metas) = list.parse_args_with(conditional).ok()?;
        // A nested condition holds if both conditions hold.
        let inner = metas.iter().find_map(should_panic_of)?;
        let condition = match inner.condition {
            Some(more) => quote::quote!(all(#condition, #more)),
            None => condition,
        };
        return Some(ShouldPanic { condition: Some(condition), expected: inner.expected });
    }
    if !meta.path().is_ident("should_panic") {
        return None;
    }
    let expected = match meta {
        Meta::Path(_) => None,
        Meta::List(list) => list.parse_args::<syn::MetaNameValue>().ok().and_then(|pair| string(&pair.value)),
        Meta::NameValue(pair) => string(&pair.value),
    };
    Some(ShouldPanic { condition: None, expected })
}

/// Parses `predicate, attribute, attribute` of a `cfg_attr`.
fn conditional(input: ParseStream<'_>) -> syn::Result<(TokenStream, Vec<Meta>)> {
    let condition = input.parse::<Meta>()?.into_token_stream();
    input.parse::<Token![,]>()?;
    let metas = input.parse_terminated(Meta::parse, Token![,])?;
    Ok((condition, metas.into_iter().collect()))
}

fn string(value: &Expr) -> Option<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        Expr::Group(group) => string(&group.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
