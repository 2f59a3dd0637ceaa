//! Attributes that mark test code, and attributes that locate modules.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, FnArg, Meta, MetaNameValue, Signature, Token};

use crate::tables;
use crate::words::{is_helper_module, says_test};

/// Returns the name of an attribute without its path.
pub(super) fn last_segment(attribute: &Attribute) -> String {
    attribute.path().segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// Attributes of functions that run in tests, whose names do not contain `test`.
const TEST_ATTRIBUTES: &[&str] = &["rstest", "gtest", "quickcheck", "proptest", "fixture"];

/// Whether the attribute marks a test function: `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[test_function]`,
/// `#[fixture]`, `#[cfg_attr(unix, test)]` and similar.
pub(super) fn is_test_function(attribute: &Attribute) -> bool {
    if attribute.path().is_ident("cfg_attr") {
        return attribute
            .meta
            .require_list()
            .is_ok_and(|list| conditional_attributes(list.tokens.clone()).any(|name| is_test_name(&name)));
    }
    is_test_name(&last_segment(attribute))
}

/// Whether the attribute is `#[ctor]`: the function runs before `main`.
pub(super) fn is_constructor(attribute: &Attribute) -> bool {
    last_segment(attribute) == "ctor"
}

/// Whether the attribute gives a test its own namespaces, directly or through `test_attr` of rstest.
pub(super) fn is_isolated(attribute: &Attribute) -> bool {
    let by_rstest = || attribute.parse_args::<Meta>().ok().filter(|_| attribute.path().is_ident("test_attr"));
    let is_ours = |meta: &Meta| meta.path().segments.last().is_some_and(|segment| segment.ident == "netns_test");
    is_ours(&attribute.meta) || by_rstest().is_some_and(|meta| is_ours(&meta))
}

/// Attributes of tests that libtest runs, or a runner that cargo starts.
const LIBTEST: &[&str] = &[
    "test",
    "bench",
    "test_case",
    "test_log",
    "test_with",
    "test_context",
    "traced_test",
    "netns_test",
    "test_matrix",
    "wasm_bindgen_test",
    "tokio_test",
    "async_test",
    "test_each_file",
    "test_dir",
    "test_fuzz",
    "test_resources",
    "test_casing",
    "test_group",
];

/// Whether the attribute marks a test that a program of the project itself collects and runs: `#[test_function]`.
pub(super) fn is_own_test(attribute: &Attribute) -> bool {
    let name = last_segment(attribute);
    name.split('_').any(|word| ["test", "tests"].contains(&word)) && !LIBTEST.contains(&name.as_str())
}

fn is_test_name(name: &str) -> bool {
    TEST_ATTRIBUTES.contains(&name)
        || name.split('_').any(|word| ["test", "tests", "bench", "benchmark", "gtest"].contains(&word))
}

/// Whether the attribute is `#[ignore]`, with or without a condition.
pub(super) fn is_ignored(attribute: &Attribute) -> bool {
    let conditional = || attribute.meta.require_list().map(|list| conditional_attributes(list.tokens.clone()));
    attribute.path().is_ident("ignore")
        || (attribute.path().is_ident("cfg_attr")
            && conditional().is_ok_and(|mut names| names.any(|name| name == "ignore"))
            && attribute.meta.require_list().is_ok_and(|list| !is_about_the_system(list.tokens.clone())))
}

/// Whether the attribute is `#[ignore]` without a reason or a condition.
pub(super) fn is_ignored_without_reason(attribute: &Attribute) -> bool {
    attribute.path().is_ident("ignore") && matches!(attribute.meta, Meta::Path(_))
}

/// Whether the attribute ends a test after a time, as those of rstest and ntest do: `#[timeout(…)]`,
/// `#[ntest::timeout(…)]`, `#[test_timeout(…)]`.
pub(super) fn has_limit(attribute: &Attribute) -> bool {
    let conditional = || attribute.meta.require_list().map(|list| conditional_attributes(list.tokens.clone()));
    tables::is_limit(&last_segment(attribute))
        || attribute.path().is_ident("cfg_attr")
            && conditional().is_ok_and(|mut names| names.any(|name| tables::is_limit(&name)))
}

/// Whether the attribute pauses the clock of the test's runtime: `#[tokio::test(start_paused = true)]`.
pub(super) fn is_paused(attribute: &Attribute) -> bool {
    let words =
        || attribute.meta.require_list().map(|list| list.tokens.clone().into_iter().map(|token| token.to_string()));
    words().is_ok_and(|words| words.collect::<Vec<_>>().windows(3).any(|three| three == ["start_paused", "=", "true"]))
}

/// Whether the attribute runs the function on a runtime with one thread: `#[tokio::test]`, `#[actix_rt::main]`,
/// `#[tokio::main(flavor = "current_thread")]`, `#[test_log::test(tokio::test)]`.
pub(super) fn is_single_threaded(attribute: &Attribute) -> bool {
    let path: Vec<String> = attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    let text = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
    let has = |word: &str| text.contains(word);
    match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tokio", "test"] => !has("multi_thread") && !has("worker_threads"),
        ["tokio", "main"] => has("current_thread"),
        ["test_log", "test"] => has("tokio :: test") && !has("multi_thread"),
        ["actix" | "actix_rt" | "actix_web" | "ntex", "test" | "main"] => true,
        _ => false,
    }
}

/// Whether the condition of a `cfg_attr` asks for a system: the test runs on the others.
fn is_about_the_system(tokens: TokenStream) -> bool {
    const WORDS: &[&str] = &["target_os", "target_family", "target_arch", "target_env", "windows", "unix", "miri"];
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(name) => WORDS.iter().any(|word| name == word),
        TokenTree::Group(group) => is_about_the_system(group.stream()),
        _ => false,
    })
}

/// Returns the names of the attributes that a `cfg_attr` sets, without their paths.
fn conditional_attributes(tokens: TokenStream) -> impl Iterator<Item = String> {
    let mut names: Vec<Option<String>> = vec![None];
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => names.push(None),
            TokenTree::Ident(name) => *names.last_mut().expect("there is always one") = Some(name.to_string()),
            _ => {}
        }
    }
    // The first part is the condition.
    names.into_iter().skip(1).flatten()
}

/// Whether an attribute is `#[cfg(test)]` or `#[cfg(feature = "test-util")]`, alone or combined with other conditions,
/// but not inside `not`.
pub(super) fn is_test_attributes(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| asks_for_test(list.tokens.clone()))
    })
}

/// Whether the attributes keep the item from being compiled on Linux: `#[cfg(windows)]`, `#[cfg(target_os = "macos")]`.
pub(super) fn is_for_another_system(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        attribute.parse_args::<Meta>().is_ok_and(|condition| holds_on_linux(&condition) == Some(false))
    })
}

/// Whether a condition about the system holds on Linux; `None` for another condition.
fn holds_on_linux(condition: &Meta) -> Option<bool> {
    match condition {
        Meta::Path(path) if path.is_ident("unix") => Some(true),
        Meta::Path(path) if path.is_ident("windows") => Some(false),
        Meta::NameValue(MetaNameValue {
            path,
            value: Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }),
            ..
        }) => {
            let wanted = [("target_os", "linux"), ("target_family", "unix")];
            wanted.iter().find(|(key, _)| path.is_ident(key)).map(|(_, linux)| name.value() == *linux)
        }
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            let parts: Vec<Option<bool>> = parts.iter().map(holds_on_linux).collect();
            // One part decides `all` and `any`; otherwise every part has to be known.
            let decided = |decisive: bool| {
                let is_known = parts.iter().all(Option::is_some);
                if parts.contains(&Some(decisive)) { Some(decisive) } else { is_known.then_some(!decisive) }
            };
            match list.path.get_ident()?.to_string().as_str() {
                "not" => parts.first().copied().flatten().map(|holds| !holds),
                "all" => decided(false),
                "any" => decided(true),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a condition contains `test`, or a feature with a test-like name, outside of `not(…)`.
fn asks_for_test(condition: TokenStream) -> bool {
    let mut tokens = condition.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "not" => drop(tokens.next()),
            TokenTree::Ident(word) if word == "test" => return true,
            TokenTree::Ident(word) if word == "feature" => {
                let value = tokens.by_ref().nth(1).map(|value| value.to_string()).unwrap_or_default();
                if says_test(value.trim_matches('"')) {
                    return true;
                }
            }
            TokenTree::Group(group) if asks_for_test(group.stream()) => return true,
            _ => {}
        }
    }
    false
}

/// Whether a module is test code because of its attributes, or because of its name.
pub(super) fn is_test_module(module: &syn::ItemMod) -> bool {
    is_test_attributes(&module.attrs) || is_helper_module(&module.ident.to_string())
}

/// Returns the file that `include!("…")` reads, relative to the file that contains it.
pub(super) fn included(item: &syn::ItemMacro) -> Option<String> {
    if item.mac.path.segments.last().is_none_or(|segment| segment.ident != "include") {
        return None;
    }
    item.mac.parse_body::<syn::LitStr>().ok().map(|text| text.value())
}

/// Returns the text of `#[path = "…"]`.
pub(super) fn path_attribute(attribute: &Attribute) -> Option<String> {
    if !attribute.path().is_ident("path") {
        return None;
    }
    match &attribute.meta.require_name_value().ok()?.value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// Returns the lists of values that attributes of a function and its parameters pass for the parameter `index`.
pub(super) fn written_values(attributes: &[Attribute], signature: &Signature, index: usize) -> Vec<Vec<Expr>> {
    let of = |index: usize| match signature.inputs.iter().nth(index) {
        Some(FnArg::Typed(input)) => input.attrs.as_slice(),
        _ => &[],
    };
    let is_case = |index: usize| of(index).iter().any(|attribute| attribute.path().is_ident("case"));
    let first = |attribute: &Attribute| attribute.path().segments.first().map(|first| first.ident.to_string());
    let mut found: Vec<Vec<Expr>> = Vec::new();
    // Each case has values for the earlier case parameters, too.
    let place = if is_case(index) { Some((0..index).filter(|other| is_case(*other)).count()) } else { None };
    for attribute in attributes {
        let place = match (first(attribute).as_deref(), last_segment(attribute).as_str()) {
            (Some("case"), _) => place,
            (_, "test_case") => Some(index),
            _ => None,
        };
        found.extend(place.and_then(|place| Some(vec![arguments(attribute).into_iter().nth(place)?])));
    }
    let own = of(index)
        .iter()
        .filter(|attribute| attribute.path().is_ident("values") || attribute.path().is_ident("default"));
    found.extend(own.map(arguments));
    found
}

/// Returns the expressions between commas, up to a `;` or `=>`.
fn arguments(attribute: &Attribute) -> Vec<Expr> {
    let Ok(list) = attribute.meta.require_list() else { return Vec::new() };
    let ends = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
    let mut tokens: Vec<TokenTree> = list.tokens.clone().into_iter().take_while(|token| !ends(token)).collect();
    let is = |token: &TokenTree, mark: char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark);
    if let Some(arrow) = tokens.windows(2).position(|pair| is(&pair[0], '=') && is(&pair[1], '>')) {
        tokens.truncate(arrow);
    }
    let parsed = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.into_iter().collect());
    parsed.map(|all| all.into_iter().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn functions_of_tests_are_told_by_their_attributes() {
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[test]),
            parse_quote!(#[tokio::test(flavor = "multi_thread")]),
            parse_quote!(#[gtest]),
            parse_quote!(#[test_function(priority = 1)]),
            parse_quote!(#[fixture]),
            parse_quote!(#[rstest::fixture]),
            parse_quote!(#[cfg_attr(not(miri), test)]),
            parse_quote!(#[cfg_attr(feature = "rt", tokio::test, ignore)]),
            parse_quote!(#[divan::bench]),
        ];
        for attribute in attributes {
            assert!(is_test_function(&attribute), "{:?}", attribute.meta);
        }
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[tokio::main]),
            parse_quote!(#[cfg_attr(test, allow(dead_code))]),
            parse_quote!(#[latest]),
            parse_quote!(#[must_use]),
        ];
        for attribute in attributes {
            assert!(!is_test_function(&attribute), "{:?}", attribute.meta);
        }
    }

    #[test]
    fn namespaces_of_its_own_are_told_also_where_rstest_hands_the_attribute_on() {
        assert!(is_isolated(&parse_quote!(#[netns_test])));
        assert!(is_isolated(&parse_quote!(#[test_attr(netns_fixtures::netns_test(deadline = "20s"))])));
        assert!(!is_isolated(&parse_quote!(#[test_attr(tokio::test)])));
        assert!(!is_isolated(&parse_quote!(#[other(netns_test)])));
    }

    #[test]
    fn limits_of_a_test_are_told_by_the_last_part_of_their_path() {
        assert!(has_limit(&parse_quote!(#[timeout(Duration::from_secs(1))])));
        assert!(has_limit(&parse_quote!(#[ntest_timeout::timeout(1000)])));
        assert!(has_limit(&parse_quote!(#[cfg_attr(not(miri), ntest::timeout(1000))])));
        assert!(!has_limit(&parse_quote!(#[tokio::test])));
        assert!(!has_limit(&parse_quote!(#[cfg_attr(timeout, ignore)])));
    }

    #[test]
    fn conditions_about_the_system_are_decided_for_linux() {
        let attributes: [(Attribute, bool); 10] = [
            (parse_quote!(#[cfg(windows)]), true),
            (parse_quote!(#[cfg(not(unix))]), true),
            (parse_quote!(#[cfg(target_os = "macos")]), true),
            (parse_quote!(#[cfg(any(target_os = "macos", target_os = "ios"))]), true),
            (parse_quote!(#[cfg(all(test, windows))]), true),
            (parse_quote!(#[cfg(not(any(target_os = "linux", windows)))]), true),
            (parse_quote!(#[cfg(any(windows, feature = "net"))]), false),
            (parse_quote!(#[cfg(all(unix, test))]), false),
            (parse_quote!(#[cfg(any(target_os = "linux", target_os = "macos"))]), false),
            (parse_quote!(#[cfg(not(windows))]), false),
        ];
        for (attribute, expected) in attributes {
            assert_eq!(is_for_another_system(std::slice::from_ref(&attribute)), expected, "{attribute:?}");
        }
    }

    #[test]
    fn conditions_ask_for_tests_by_word_and_by_feature() {
        for condition in
            ["test", "any(test, feature = \"x\")", "feature = \"test-util\"", "all(unix, feature = \"testing\")"]
        {
            assert!(asks_for_test(condition.parse().expect("tokens")), "{condition}");
        }
        for condition in
            ["not(test)", "feature = \"latest\"", "not(feature = \"testing\")", "unix", "target_os = \"test\""]
        {
            assert!(!asks_for_test(condition.parse().expect("tokens")), "{condition}");
        }
    }
}
