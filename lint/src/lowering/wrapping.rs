//! Macros of other crates whose tokens are wrapped code: selected by platform, with pasted names, with generated
//! arguments, or raced against each other.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Block, Expr, Item, Pat, Token};

/// Returns the items of a macro in item position, if its tokens are items.
pub(super) fn items(name: &str, tokens: &TokenStream) -> Option<Vec<Item>> {
    let file = |tokens: TokenStream| syn::parse2::<syn::File>(tokens).ok().map(|file| file.items);
    match name {
        "cfg_if" | "cfg_select" => {
            let all: Vec<Item> = alternatives(tokens).into_iter().filter_map(file).flatten().collect();
            (!all.is_empty()).then_some(all)
        }
        "paste" | "item" => file(pasted(tokens.clone())),
        "proptest" => file(without_strategies(tokens.clone())),
        // The tokens of an embedded language rarely parse as items.
        _ => file(tokens.clone()).filter(|items| items.iter().any(is_code)),
    }
}

fn is_code(item: &Item) -> bool {
    matches!(item, Item::Fn(_) | Item::Mod(_) | Item::Impl(_) | Item::Trait(_))
}

/// Returns the alternative blocks of a macro in a body, of which one runs.
pub(super) fn blocks(name: &str, tokens: &TokenStream) -> Option<Vec<Block>> {
    let block = |tokens: TokenStream| {
        let stmts = Block::parse_within.parse2(tokens).ok()?;
        Some(Block { brace_token: syn::token::Brace::default(), stmts })
    };
    match name {
        "cfg_if" | "cfg_select" => alternatives(tokens).into_iter().map(block).collect(),
        "paste" => Some(vec![block(pasted(tokens.clone()))?]),
        // `|(a in strategy)| { … }`
        "proptest" => {
            let is_body =
                |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
            let TokenTree::Group(body) = tokens.clone().into_iter().filter(is_body).last()? else { return None };
            Some(vec![block(body.stream())?])
        }
        _ => None,
    }
}

/// Returns the contents of the braces after `if #[cfg(…)]` and `else`, or after `=>`.
fn alternatives(tokens: &TokenStream) -> Vec<TokenStream> {
    let inside = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    };
    tokens.clone().into_iter().filter_map(inside).collect()
}

/// Replaces `[<a b>]` by one name.
fn pasted(tokens: TokenStream) -> TokenStream {
    let put_together = |token| {
        let TokenTree::Group(group) = token else { return token };
        if let Some(name) = name_in(&group) {
            return TokenTree::Ident(name);
        }
        let mut inner = Group::new(group.delimiter(), pasted(group.stream()));
        inner.set_span(group.span());
        TokenTree::Group(inner)
    };
    tokens.into_iter().map(put_together).collect()
}

fn name_in(group: &Group) -> Option<Ident> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let is = |token: Option<&TokenTree>, mark: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    if group.delimiter() != Delimiter::Bracket || !is(tokens.first(), '<') || !is(tokens.last(), '>') {
        return None;
    }
    let mut name = String::new();
    let mut words = tokens.get(1..tokens.len().checked_sub(1)?)?.iter();
    while let Some(word) = words.next() {
        match word {
            TokenTree::Ident(word) => name.push_str(&word.to_string()),
            TokenTree::Literal(word) => name.push_str(word.to_string().trim_matches('"')),
            // `:lower`
            TokenTree::Punct(mark) if mark.as_char() == ':' => drop(words.next()),
            _ => {}
        }
    }
    let name: String = name.chars().filter(|character| character.is_alphanumeric() || *character == '_').collect();
    let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_') && name != "_";
    is_name.then(|| Ident::new(&name, group.span()))
}

/// Replaces `fn name(a in strategy)` by `fn name()`.
fn without_strategies(tokens: TokenStream) -> TokenStream {
    let is_in = |token: TokenTree| matches!(token, TokenTree::Ident(word) if word == "in");
    let plain = |token| match token {
        TokenTree::Group(group)
            if group.delimiter() == Delimiter::Parenthesis && group.stream().into_iter().any(is_in) =>
        {
            let mut empty = Group::new(Delimiter::Parenthesis, TokenStream::new());
            empty.set_span(group.span());
            TokenTree::Group(empty)
        }
        other => other,
    };
    tokens.into_iter().map(plain).collect()
}

/// The arms of `select!`.
pub(super) struct Race(pub Vec<Runner>);

/// An arm: the future, the pattern of its result, and the code that runs then.
pub(super) struct Runner {
    /// `None` for `else`.
    pub waits: Option<(Pat, Expr)>,
    pub guard: Option<Expr>,
    pub body: Expr,
}

impl Race {
    /// Parses the tokens of a `select!`.
    pub(super) fn parse(tokens: TokenStream) -> Option<Self> {
        let parser = |input: ParseStream<'_>| {
            if input.peek(syn::Ident) && input.peek2(Token![;]) {
                input.parse::<Ident>()?;
                input.parse::<Token![;]>()?;
            }
            let mut arms = Vec::new();
            while !input.is_empty() {
                arms.push(input.parse::<Runner>()?);
            }
            Ok(Self(arms))
        };
        parser.parse2(tokens).ok().filter(|race| !race.0.is_empty())
    }
}

impl Parse for Runner {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut waits, mut guard) = (None, None);
        if input.peek(Token![else]) {
            input.parse::<Token![else]>()?;
        } else if input.peek(syn::Ident) && input.peek2(Token![=>]) {
            // `default =>` and `complete =>` of the futures crate.
            input.parse::<Ident>()?;
        } else {
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            input.parse::<Token![=]>()?;
            waits = Some((pattern, input.parse()?));
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
                input.parse::<Token![if]>()?;
                guard = Some(input.parse()?);
            }
        }
        input.parse::<Token![=>]>()?;
        let body = Expr::parse_with_earlier_boundary_rule(input)?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { waits, guard, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str, tokens: &str) -> Vec<String> {
        let items = items(name, &tokens.parse().expect("tokens")).unwrap_or_default();
        let name = |item: &Item| if let Item::Fn(item) = item { Some(item.sig.ident.to_string()) } else { None };
        items.iter().filter_map(name).collect()
    }

    #[test]
    fn what_wraps_code_is_taken_off() {
        assert_eq!(names("cfg_if", "if #[cfg(unix)] { fn a() {} } else { fn b() {} }"), ["a", "b"]);
        assert_eq!(names("cfg_select", "unix => { fn a() {} } _ => { fn b() {} }"), ["a", "b"]);
        assert_eq!(names("paste", "fn [<get_ name:lower _ \"x\" 1>]() {}"), ["get_name_x1"]);
        assert_eq!(names("proptest", "#![proptest_config(x)] #[test] fn a(n in 1..2, s in \".*\") { f(n); }"), ["a"]);
        assert_eq!(names("quickcheck", "fn a(n: u8) -> bool { true }"), ["a"]);
        assert_eq!(names("words", "one two"), Vec::<String>::new());
    }

    #[test]
    fn arms_of_a_race_are_told_apart() {
        let arms = |text: &str| Race::parse(text.parse().expect("tokens")).map(|race| race.0.len());
        assert_eq!(arms("biased; a = b() => c(), Some(x) = y.recv(), if ready => { z } else => {}"), Some(3));
        assert_eq!(arms("_ = f.fuse() => {}, complete => break, default => {}"), Some(3));
        assert_eq!(arms("a, b"), None);
    }
}
