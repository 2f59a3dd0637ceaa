//! The expansion: a `#[test]` with the name of the user's function that contains that function, a declaration with the
//! attribute's values, and one call into `netns_fixtures::__private`.
//!
//! ```text
//! #[cfg(target_os = "linux")]
//! #[::core::prelude::v1::test]
//! #[…]                                              all other attributes
//! fn answers() {
//!     use ::netns_fixtures as __netns_fixtures;     or the path that `crate = "…"` names
//!     async fn answers(net: Pair) -> ExitCode {
//!         let value = call_async(async || -> TestResult { … }).await;
//!         ended(value)                                          reports it; the fixtures still exist
//!     }
//!     fn __netns_body(context: &TestContext) -> Result<ExitCode, FixtureFailure> {
//!         block_on(CurrentThread, async move {
//!             let fixture_0 = set_up_async(context).await?;     its type is that of the parameter
//!             Ok(answers(fixture_0).await)
//!         })
//!     }
//!     zygote!(__NETNS_DECLARATION);
//!     static __NETNS_DECLARATION: Declaration = Declaration { …, body: __netns_body };
//!     run(&__NETNS_DECLARATION)
//! }
//! #[cfg(not(target_os = "linux"))]
//! #[::core::prelude::v1::test]
//! #[ignore = "needs Linux: …"]
//! fn answers() {}
//! ```
//!
//! The fixtures move into the function, whose closure borrows or takes them. The language drops parameters in reverse order
//! of their declaration. A closure cannot return `!` or `impl Trait`, so a body that returns these is the function itself.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{PatType, ReturnType, Signature, Type, parse_quote_spanned};

use crate::arguments::{Arguments, Flavor};
use crate::function::{self, Function, ShouldPanic};
use crate::mistake::{Mistakes, ours_at};
use crate::{fallback, value};

/// Expands the attribute with its arguments on its item.
pub(crate) fn netns_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let arguments = Arguments::parse(arguments, &mut mistakes);
    let function = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            mistakes.add(error);
            let errors = mistakes.into_compile_errors();
            let item = fallback::unread(item);
            return quote!(#errors #item);
        }
    };
    function.check(&mut mistakes);
    if function.signature.asyncness.is_none() {
        arguments.check_not_async(&mut mistakes);
    }
    if mistakes.is_empty() {
        return test(&arguments, &function);
    }
    let errors = mistakes.into_compile_errors();
    let item = fallback::function(&function);
    quote!(#errors #item)
}

/// Expands a function without mistakes.
fn test(arguments: &Arguments, function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, .. } = function;
    let ours = Span::mixed_site();
    let name = &signature.ident;
    let import = import(arguments);
    let inner = inner(function);
    let run_body = run_body(arguments, function);
    let declaration = declaration(arguments, function);
    let rest = quote_spanned! {ours=>
        #run_body
        __netns_fixtures::__private::zygote!(__NETNS_DECLARATION);
        #declaration
        __netns_fixtures::__private::run(&__NETNS_DECLARATION)
    };
    let test = quote_spanned!(ours=> #[::core::prelude::v1::test]);
    let elsewhere = elsewhere(function);
    quote! {
        #[cfg(target_os = "linux")]
        #test
        #(#attributes)*
        #visibility fn #name() {
            #import
            #inner
            #rest
        }
        #elsewhere
    }
}

/// The test on systems without network namespaces. It is ignored, and its body is omitted, because it names types that exist
/// only on Linux. Another attribute can create a second test from it that is not ignored. That test fails, because it cannot
/// run.
fn elsewhere(function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, .. } = function;
    let name = &signature.ident;
    let kept =
        attributes.iter().filter(|attribute| attribute.path().is_ident("cfg") || attribute.path().is_ident("doc"));
    quote_spanned! {Span::mixed_site()=>
        #[cfg(not(target_os = "linux"))]
        #[::core::prelude::v1::test]
        #[ignore = "needs Linux: netns_test uses network namespaces"]
        #(#kept)*
        #visibility fn #name() {
            ::core::panic!("needs Linux: netns_test uses network namespaces")
        }
    }
}

/// Imports the crate once for all paths, so that a wrong path causes one error.
fn import(arguments: &Arguments) -> TokenStream {
    let default = || quote_spanned!(Span::mixed_site()=> use ::netns_fixtures as __netns_fixtures;);
    arguments.krate.as_ref().map_or_else(default, |path| {
        let place = ours_at(path.span());
        quote_spanned!(place=> use #path as __netns_fixtures;)
    })
}

/// Returns the user's function, which reports its value itself where [`outlives_body`].
fn inner(function: &Function) -> TokenStream {
    let Function { signature, body, .. } = function;
    let mut outer = as_called_by_us(signature);
    if !outlives_body(signature) {
        return quote!(#outer #body);
    }
    let (attributes, body) = without_inner_attributes(body);
    let ours = Span::mixed_site();
    let (first, last) = ends_of_return(signature);
    let path = quote_spanned!(ours=> __netns_fixtures::__private);
    let returned = match &signature.output {
        ReturnType::Default => quote_spanned!(ours=> -> ()),
        output @ ReturnType::Type(..) => quote!(#output),
    };
    let call = if signature.asyncness.is_some() {
        quote_spanned!(ours=> #path::call_async(async || #returned #body).await)
    } else {
        quote_spanned!(ours=> #path::call(|| #returned #body))
    };
    // The report has the span of the return type, so that an error about an invalid one points there.
    let value = Ident::new("__netns_value", last);
    let report = quote_spanned!(first=> __netns_fixtures::__private::ended);
    let report = quote_spanned!(last=> #report(#value));
    outer.output = parse_quote_spanned!(ours=> -> ::std::process::ExitCode);
    quote_spanned! {ours=>
        #outer {
            #attributes
            let #value = #call;
            #report
        }
    }
}

/// Splits a body into its attributes (`#![allow(…)]`), which a closure cannot have, and the rest.
fn without_inner_attributes(body: &TokenTree) -> (TokenStream, TokenTree) {
    let TokenTree::Group(group) = body else { return (TokenStream::new(), body.clone()) };
    let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let is_attribute = |tokens: &[TokenTree]| {
        matches!(tokens, [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(_)]
            if hash.as_char() == '#' && bang.as_char() == '!')
    };
    let count = tokens.chunks_exact(3).take_while(|three| is_attribute(three)).count();
    let rest = tokens.split_off(3 * count);
    let mut block = Group::new(group.delimiter(), rest.into_iter().collect());
    block.set_span(group.span());
    (tokens.into_iter().collect(), block.into())
}

/// Whether the fixtures outlive the body. A closure cannot return `!` usefully, nor `impl Trait`.
fn outlives_body(signature: &Signature) -> bool {
    match &signature.output {
        ReturnType::Default => true,
        ReturnType::Type(_, returned) => {
            !matches!(**returned, Type::Never(_)) && function::first_impl_trait(returned).is_none()
        }
    }
}

/// Returns the user's signature with this macro's spans on its keywords. Only the expansion calls the function, so lints about
/// its callers (parameters by value, `async` without `await`) do not concern the user.
fn as_called_by_us(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    signature.fn_token.span = ours_at(signature.fn_token.span);
    if let Some(word) = &mut signature.asyncness {
        word.span = ours_at(word.span);
    }
    signature
}

/// The function in the declaration: sets the fixtures up, calls the user's function and reports its return value; for an `async
/// fn`, all inside the runtime.
fn run_body(arguments: &Arguments, function: &Function) -> TokenStream {
    let ours = Span::mixed_site();
    let (fixtures, set_up) = set_up(function);
    let report = call_and_report(function, &fixtures);
    let mut run = quote_spanned!(ours=> #set_up #report);
    if function.signature.asyncness.is_some() {
        let flavor = flavor(arguments);
        run = quote_spanned!(ours=> __netns_fixtures::__private::block_on(#flavor, async move { #run }));
    }
    let context = Ident::new(if fixtures.is_empty() { "_context" } else { "__netns_context" }, ours);
    let outcome = outcome();
    quote_spanned! {ours=>
        fn __netns_body(#context: &__netns_fixtures::TestContext) -> #outcome {
            #run
        }
    }
}

/// Returns the variables that hold the fixtures, and the statements that set them up.
///
/// Only the user's signature contains the types; the call of the function infers them. So an unknown type causes one error, not
/// two. The statement has the type's span, so that an error about a type that does not implement `Fixture` points at the type.
fn set_up(function: &Function) -> (Vec<Ident>, TokenStream) {
    let ours = Span::mixed_site();
    let one = |(i, parameter): (usize, &PatType)| {
        let fixture = format_ident!("__netns_fixture_{i}", span = ours);
        let (first, last) = ends(&parameter.ty);
        let path = quote_spanned!(first=> __netns_fixtures::__private);
        let call = if function.signature.asyncness.is_some() {
            quote_spanned!(last=> #path::set_up_async(__netns_context).await)
        } else {
            quote_spanned!(last=> #path::set_up(__netns_context))
        };
        let statement = quote_spanned!(ours=> let #fixture = #call?;);
        (fixture, statement)
    };
    function.fixtures().enumerate().map(one).unzip()
}

/// Returns the call with the span of the return type, so that an error about an invalid return type points there.
fn call_and_report(function: &Function, fixtures: &[Ident]) -> TokenStream {
    let ours = Span::mixed_site();
    let (first, last) = ends_of_return(&function.signature);
    let never =
        matches!(&function.signature.output, ReturnType::Type(_, returned) if matches!(**returned, Type::Never(_)));
    let mut name = function.signature.ident.clone();
    name.set_span(first);
    let call = quote_spanned!(last=> #name(#(#fixtures),*));
    let report = quote_spanned!(first=> ::std::process::Termination::report);
    let returned = quote_spanned!(first=> __netns_fixtures::__private::returned);
    let returned = |value: TokenStream| quote_spanned!(last=> #returned(#value));
    let outcome = outcome();
    match function.signature.asyncness {
        None if outlives_body(&function.signature) => quote_spanned!(ours=> #outcome::Ok(#call)),
        Some(_) if outlives_body(&function.signature) => quote_spanned!(ours=> #outcome::Ok(#call.await)),
        // A function that never returns has nothing to report, and code after the call would cause an unreachable-code warning.
        None if never => quote_spanned!(ours=> match #call {}),
        None => {
            let value = returned(call);
            quote_spanned!(ours=> #outcome::Ok(#report(#value)))
        }
        Some(_) if never => {
            let value = returned(quote_spanned!(ours=> future.await));
            quote_spanned! {ours=>
            async fn __netns_report<T: ::std::process::Termination>(
                future: impl ::core::future::Future<Output = T>,
            ) -> ::std::process::ExitCode {
                #report(#value)
            }
            #outcome::Ok(__netns_report(#call).await)
            }
        }
        Some(_) => {
            let value = returned(quote_spanned!(last=> #call.await));
            quote_spanned!(ours=> #outcome::Ok(#report(#value)))
        }
    }
}

/// The return type of the function in the declaration: the body's exit code, or the fixture whose set-up failed.
fn outcome() -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        ::core::result::Result::<::std::process::ExitCode, __netns_fixtures::__private::FixtureFailure>
    }
}

/// Returns the spans of the return type's first and last token.
fn ends_of_return(signature: &Signature) -> (Span, Span) {
    match &signature.output {
        ReturnType::Default => (Span::mixed_site(), Span::mixed_site()),
        ReturnType::Type(_, returned) => ends(returned),
    }
}

/// Returns the spans of a type's first and last token, for this macro's tokens. Together they cover the type; stable compilers
/// cannot join them into one span.
fn ends(of: &Type) -> (Span, Span) {
    let tokens: Vec<Span> = of.to_token_stream().into_iter().map(|token| token.span()).collect();
    let place = |token: Option<&Span>| token.map_or_else(Span::mixed_site, |span| ours_at(*span));
    (place(tokens.first()), place(tokens.last()))
}

fn flavor(arguments: &Arguments) -> TokenStream {
    let ours = Span::mixed_site();
    match arguments.flavor {
        None | Some(Flavor::CurrentThread) => {
            quote_spanned!(ours=> __netns_fixtures::__private::Flavor::CurrentThread)
        }
        Some(Flavor::MultiThread) => {
            let threads = arguments.worker_threads.unwrap_or(value::WORKER_THREADS_DEFAULT);
            quote_spanned!(ours=> __netns_fixtures::__private::Flavor::MultiThread { worker_threads: #threads })
        }
    }
}

/// The static that passes the attribute's values to `netns_fixtures`.
fn declaration(arguments: &Arguments, function: &Function) -> TokenStream {
    let ours = Span::mixed_site();
    let name = function.signature.ident.to_string();
    let deadline = option(arguments.deadline.map(|deadline| {
        let milliseconds = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        quote_spanned!(ours=> ::core::time::Duration::from_millis(#milliseconds))
    }));
    let hostname = option(arguments.hostname.as_ref().map(|name| quote_spanned!(ours=> #name)));
    let requires = &arguments.requires;
    let (should_panic_items, should_panic) = should_panic(&function.attributes);
    quote_spanned! {ours=>
        #should_panic_items
        static __NETNS_DECLARATION: __netns_fixtures::__private::Declaration =
            __netns_fixtures::__private::Declaration {
                module_path: ::core::module_path!(),
                function: #name,
                deadline: #deadline,
                requires: &[#(#requires),*],
                hostname: #hostname,
                should_panic: #should_panic,
                body: __netns_body,
            };
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    let ours = Span::mixed_site();
    value.map_or_else(
        || quote_spanned!(ours=> ::core::option::Option::None),
        |value| quote_spanned!(ours=> ::core::option::Option::Some(#value)),
    )
}

/// Returns the items before the declaration, and the value inside it. A conditional `#[should_panic]` becomes a constant with the
/// same condition, because only the compiler can evaluate it.
fn should_panic(attributes: &[syn::Attribute]) -> (TokenStream, TokenStream) {
    let ours = Span::mixed_site();
    let no = quote_spanned!(ours=> __netns_fixtures::__private::ShouldPanic::No);
    let Some(ShouldPanic { condition, expected }) = function::should_panic(attributes) else {
        return (TokenStream::new(), no);
    };
    let yes = match expected.map(|text| text.value()) {
        None => quote_spanned!(ours=> __netns_fixtures::__private::ShouldPanic::Any),
        Some(text) => quote_spanned!(ours=> __netns_fixtures::__private::ShouldPanic::With(#text)),
    };
    let Some(condition) = condition else {
        return (TokenStream::new(), yes);
    };
    let items = quote_spanned! {ours=>
        #[cfg(#condition)]
        const __NETNS_SHOULD_PANIC: __netns_fixtures::__private::ShouldPanic = #yes;
        #[cfg(not(#condition))]
        const __NETNS_SHOULD_PANIC: __netns_fixtures::__private::ShouldPanic = #no;
    };
    (items, quote_spanned!(ours=> __NETNS_SHOULD_PANIC))
}

#[cfg(test)]
mod tests;
