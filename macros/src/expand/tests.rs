use quote::quote;

use super::*;

/// The expansion as text without white space, so that layout does not matter.
fn expanded(arguments: TokenStream, item: TokenStream) -> String {
    netns_test(arguments, item).to_string().replace([' ', '\n'], "")
}

fn squeezed(tokens: &TokenStream) -> String {
    tokens.to_string().replace([' ', '\n'], "")
}

#[test]
fn a_plain_test_is_one_declaration_and_one_call() {
    let text = expanded(
        quote!(),
        quote!(
            pub(crate) fn a() {
                body();
            }
        ),
    );
    let expected = squeezed(&quote! {
        #[cfg(target_os = "linux")]
        #[::core::prelude::v1::test]
        pub(crate) fn a() {
            use ::netns_fixtures as __netns_fixtures;
            fn a() -> ::std::process::ExitCode {
                let __netns_value = __netns_fixtures::__private::call(|| -> () { body(); });
                __netns_fixtures::__private::ended(__netns_value)
            }
            fn __netns_body(_context: &__netns_fixtures::TestContext)
                -> ::core::result::Result::<::std::process::ExitCode, __netns_fixtures::__private::FixtureFailure> {
                ::core::result::Result::<::std::process::ExitCode, __netns_fixtures::__private::FixtureFailure>::Ok(a())
            }
            __netns_fixtures::__private::zygote!(__NETNS_DECLARATION);
            static __NETNS_DECLARATION: __netns_fixtures::__private::Declaration =
                __netns_fixtures::__private::Declaration {
                    module_path: ::core::module_path!(),
                    function: "a",
                    deadline: ::core::option::Option::None,
                    requires: &[],
                    hostname: ::core::option::Option::None,
                    should_panic: __netns_fixtures::__private::ShouldPanic::No,
                    body: __netns_body,
                };
            __netns_fixtures::__private::run(&__NETNS_DECLARATION)
        }
        #[cfg(not(target_os = "linux"))]
        #[::core::prelude::v1::test]
        #[ignore = "needs Linux: netns_test uses network namespaces"]
        pub(crate) fn a() {
            ::core::panic!("needs Linux: netns_test uses network namespaces")
        }
    });
    assert_eq!(text, expected);
}

#[test]
fn elsewhere_a_test_keeps_its_conditions_and_nothing_that_needs_its_body() {
    let text = expanded(
        quote!(),
        quote!(
            /// What it shows.
            #[cfg(feature = "slow")]
            #[should_panic]
            #[ignore = "slow"]
            async fn a(net: Pair) -> TestResult {
                body()
            }
        ),
    );
    let expected = squeezed(&quote! {
        #[cfg(not(target_os = "linux"))]
        #[::core::prelude::v1::test]
        #[ignore = "needs Linux: netns_test uses network namespaces"]
        #[doc = r" What it shows."]
        #[cfg(feature = "slow")]
        fn a() {
            ::core::panic!("needs Linux: netns_test uses network namespaces")
        }
    });
    assert!(text.ends_with(&expected), "{text}");
}

#[test]
fn fixtures_are_set_up_in_their_order_and_move_into_the_function() {
    let text = expanded(
        quote!(),
        quote!(
            fn a(x: X, Y { z }: Y) {}
        ),
    );
    let expected = squeezed(&quote! {
        let __netns_fixture_0 = __netns_fixtures::__private::set_up(__netns_context)?;
        let __netns_fixture_1 = __netns_fixtures::__private::set_up(__netns_context)?;
    });
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("Ok(a(__netns_fixture_0,__netns_fixture_1))"), "{text}");
    // They outlive the body, which is a closure.
    assert!(text.contains("fna(x:X,Y{z}:Y)->::std::process::ExitCode{let__netns_value="), "{text}");
}

#[test]
fn an_async_test_sets_up_inside_its_runtime() {
    for (arguments, flavor) in [
        (quote!(), "CurrentThread"),
        (quote!(flavor = "current_thread"), "CurrentThread"),
        (quote!(flavor = "multi_thread"), "MultiThread{worker_threads:2usize}"),
        (quote!(flavor = "multi_thread", worker_threads = 7), "MultiThread{worker_threads:7usize}"),
    ] {
        let text = expanded(
            arguments,
            quote!(
                async fn a(x: X) {}
            ),
        );
        let expected = format!(
            "block_on(__netns_fixtures::__private::Flavor::{flavor},\
             asyncmove{{let__netns_fixture_0=__netns_fixtures::__private::set_up_async(__netns_context).await?;"
        );
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("Ok(a(__netns_fixture_0).await)"), "{text}");
        assert!(text.contains("call_async(async||->(){}).await"), "{text}");
    }
}

#[test]
fn what_never_returns_is_not_followed_by_code() {
    let text = expanded(
        quote!(),
        quote!(
            fn a() -> ! {
                loop {}
            }
        ),
    );
    assert!(text.contains("matcha(){}}"), "{text}");
    let text = expanded(
        quote!(),
        quote!(
            async fn a() -> ! {
                loop {}
            }
        ),
    );
    assert!(text.contains("Ok(__netns_report(a()).await)"), "{text}");
}

#[test]
fn the_declaration_says_what_the_arguments_say() {
    let text = expanded(
        quote!(deadline = "1500ms", requires(vlan, netem), hostname = "r1", crate = "crate::kit"),
        quote!(
            #[should_panic = "no"]
            fn a() {}
        ),
    );
    for part in [
        "usecrate::kitas__netns_fixtures;",
        "deadline:::core::option::Option::Some(::core::time::Duration::from_millis(1500u64)),",
        "requires:&[\"vlan\",\"netem\"],",
        "hostname:::core::option::Option::Some(\"r1\"),",
        "should_panic:__netns_fixtures::__private::ShouldPanic::With(\"no\"),",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_panic_that_is_expected_under_a_condition_is_declared_under_it() {
    let text = expanded(
        quote!(),
        quote!(
            #[cfg_attr(miri, should_panic)]
            fn a() {}
        ),
    );
    let expected = squeezed(&quote! {
        #[cfg(miri)]
        const __NETNS_SHOULD_PANIC: __netns_fixtures::__private::ShouldPanic = __netns_fixtures::__private::ShouldPanic::Any;
        #[cfg(not(miri))]
        const __NETNS_SHOULD_PANIC: __netns_fixtures::__private::ShouldPanic = __netns_fixtures::__private::ShouldPanic::No;
    });
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("should_panic:__NETNS_SHOULD_PANIC,"), "{text}");
}

#[test]
fn other_attributes_stay_where_they_apply() {
    let attributes =
        quote!(#[doc = "Says."] #[cfg(unix)] #[ignore = "slow"] #[expect(unused_mut)] #[should_panic(expected = "no")]);
    let text = expanded(quote!(), quote!(#attributes fn a() {}));
    let expected = format!("#[cfg(target_os=\"linux\")]#[::core::prelude::v1::test]{}fna(){{", squeezed(&attributes));
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn a_mistake_leaves_the_function_and_no_test() {
    let text = expanded(
        quote!(dedline = "1s"),
        quote!(
            #[should_panic]
            #[ignore]
            #[cfg(unix)]
            pub fn a(x: X) {
                body();
            }
        ),
    );
    assert!(text.starts_with("::core::compile_error!{"), "{text}");
    assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    assert!(text.contains("#[cfg(unix)]"), "{text}");
    assert!(text.ends_with("pubfna(x:X){body();}"), "{text}");
    for absent in ["prelude", "should_panic", "ignore", "__private"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
}

#[test]
fn mistakes_of_arguments_and_of_the_signature_are_told_together() {
    let text = expanded(
        quote!(deadline = "0s"),
        quote!(
            #[tokio::test]
            unsafe fn a<T>() {}
        ),
    );
    assert_eq!(text.matches("compile_error").count(), 4, "{text}");
}

#[test]
fn what_is_no_function_stays_as_it_is() {
    let text = expanded(
        quote!(),
        quote!(
            #[derive(Debug)]
            struct A {
                #[doc = "b"]
                b: u8,
            }
        ),
    );
    assert_eq!(text.matches("compile_error").count(), 1, "{text}");
    assert!(text.ends_with("#[derive(Debug)]structA{#[doc=\"b\"]b:u8,}"), "{text}");
}
