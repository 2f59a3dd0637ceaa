use quote::quote;

use super::*;

fn parse(tokens: TokenStream) -> Result<Function, String> {
    syn::parse2(tokens).map_err(|error| error.to_string())
}

fn mistakes(tokens: TokenStream) -> Vec<String> {
    let mut mistakes = Mistakes::default();
    parse(tokens).expect("it is a function").check(&mut mistakes);
    mistakes.messages()
}

#[test]
fn every_function_that_can_be_a_test_is_one() {
    for tokens in [
        quote!(
            fn a() {}
        ),
        quote!(
            pub(crate) async fn a() -> Result<(), E> {
                Ok(())
            }
        ),
        quote!(
            #[doc = "x"]
            #[ignore = "slow"]
            #[should_panic]
            fn a() {}
        ),
        quote!(
            fn a(net: Pair, mut lab: Lab, _: Namespace, Pair { client, server }: Pair) {}
        ),
        quote!(
            fn a(#[expect(unused_variables)] net: Pair) -> impl Termination {}
        ),
        quote!(
            fn a()
            where
                String: Clone,
            {
            }
        ),
        quote!(
            #[latest]
            #[traced_test]
            fn a() {}
        ),
    ] {
        assert_eq!(mistakes(tokens.clone()), [""; 0], "{tokens}");
    }
}

#[test]
fn what_is_no_function_is_called_by_its_name() {
    for (tokens, name) in [
        (
            quote!(
                pub struct A;
            ),
            "a struct",
        ),
        (
            quote!(
                #[derive(Debug)]
                enum A {}
            ),
            "an enum",
        ),
        (
            quote!(
                unsafe impl A {}
            ),
            "an impl block",
        ),
        (
            quote!(
                mod a {
                    fn b() {}
                }
            ),
            "a module",
        ),
        (
            quote!(
                const A: fn() = b;
            ),
            "a constant",
        ),
        (
            quote!(
                use a::b;
            ),
            "a use declaration",
        ),
    ] {
        let expected = format!("`#[netns_test]` is on {name}; it goes on a `fn` or an `async fn`");
        assert_eq!(parse(tokens.clone()).err(), Some(expected), "{tokens}");
    }
    assert_eq!(
        parse(quote!(
            fn a();
        ))
        .err()
        .as_deref(),
        Some("a test needs a body")
    );
}

#[test]
fn each_mistake_of_a_signature_is_told_once() {
    for (tokens, beginning) in [
        (
            quote!(
                #[test_case(80)]
                fn a() {}
            ),
            "`#[netns_test]` makes the function a test already; put `#[test_case]` above `#[netns_test]`",
        ),
        (
            quote!(
                #[tokio::test(start_paused = true)]
                async fn a() {}
            ),
            "`#[netns_test]` makes the function a test already; remove `#[tokio::test]`",
        ),
        (
            quote!(
                #[netns_test]
                fn a() {}
            ),
            "`#[netns_test]` makes the function a test already; remove `#[netns_test]`",
        ),
        (
            quote!(
                #[rstest]
                fn a() {}
            ),
            "`#[netns_test]` makes the function a test already; put `#[rstest]` above `#[netns_test]`",
        ),
        (
            quote!(
                const fn a() {}
            ),
            "a test cannot be `const`",
        ),
        (
            quote!(
                unsafe fn a() {}
            ),
            "a test cannot be `unsafe`",
        ),
        (
            quote!(
                extern "C" fn a() {}
            ),
            "a test cannot be `extern`",
        ),
        (
            quote!(
                fn a<'a, T, const N: usize>() {}
            ),
            "a test cannot be generic",
        ),
        (
            quote!(
                fn a(&self) {}
            ),
            "a test has no `self`",
        ),
        (
            quote!(
                fn a(self: Box<Self>) {}
            ),
            "a test has no `self`",
        ),
        (
            quote!(
                fn a(x: impl Fixture) {}
            ),
            "a fixture needs a type with a name",
        ),
        (
            quote!(
                fn a(x: Vec<impl Into<Box<impl Fixture>>>) {}
            ),
            "a fixture needs a type with a name",
        ),
        (
            quote!(
                fn a(#[cfg(unix)] x: Pair) {}
            ),
            "a fixture cannot be conditional",
        ),
        (
            quote!(
                fn a(x: Pair, ...) {}
            ),
            "a test's parameters are fixtures, each with a type",
        ),
    ] {
        let messages = mistakes(tokens.clone());
        let [message] = messages.as_slice() else { panic!("{tokens}: {messages:?}") };
        assert!(message.starts_with(beginning), "{tokens}: {message}");
    }
}

fn found(tokens: TokenStream) -> Option<(Option<String>, Option<String>)> {
    let function = parse(tokens).expect("it is a function");
    should_panic(&function.attributes)
        .map(|found| (found.condition.map(|tokens| tokens.to_string()), found.expected.map(|text| text.value())))
}

#[test]
fn should_panic_is_read_in_every_form() {
    assert_eq!(
        found(quote!(
            #[ignore]
            fn a() {}
        )),
        None
    );
    assert_eq!(
        found(quote!(
            #[should_panic]
            fn a() {}
        )),
        Some((None, None))
    );
    for tokens in [
        quote!(
            #[should_panic(expected = "no")]
            fn a() {}
        ),
        quote!(
            #[should_panic(expected = "no")]
            fn a() {}
        ),
        quote!(
            #[should_panic = "no"]
            fn a() {}
        ),
        quote!(
            #[doc = "x"]
            #[should_panic = r"no"]
            fn a() {}
        ),
    ] {
        assert_eq!(found(tokens.clone()), Some((None, Some("no".to_owned()))), "{tokens}");
    }
}

#[test]
fn should_panic_under_a_condition_keeps_it() {
    assert_eq!(
        found(quote!(
            #[cfg_attr(debug_assertions, ignore, should_panic = "no")]
            fn a() {}
        )),
        Some((Some("debug_assertions".to_owned()), Some("no".to_owned())))
    );
    assert_eq!(
        found(quote!(
            #[cfg_attr(all(unix, test), cfg_attr(miri, should_panic))]
            fn a() {}
        )),
        Some((Some("all (all (unix , test) , miri)".to_owned()), None))
    );
    assert_eq!(
        found(quote!(
            #[cfg_attr(unix, ignore)]
            fn a() {}
        )),
        None
    );
}

#[test]
fn a_plain_test_attribute_is_ours_already() {
    for attribute in [quote!(#[test]), quote!(#[::core::prelude::v1::test]), quote!(#[std::prelude::v1::test])] {
        let function = syn::parse2::<Function>(quote!(#attribute #[ignore] fn a() {})).unwrap();
        assert_eq!(function.attributes.len(), 1, "{attribute}");
    }
}
