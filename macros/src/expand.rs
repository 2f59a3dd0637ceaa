//! The expansion: the user's function inside a `#[test]` of the same name, a declaration of what the attribute says,
//! and one call into `netns_fixtures::__private`.
//!
//! ```text
//! #[::core::prelude::v1::test]
//! #[…]                                              all other attributes
//! fn answers() {
//!     use ::netns_fixtures as __netns_fixtures;     or the path that `crate = "…"` names
//!     async fn answers(net: Pair) -> TestResult { … }
//!     fn __netns_body(context: &TestContext) -> Result<ExitCode, FixtureFailure> {
//!         block_on(CurrentThread, async move {
//!             let fixture_0 = set_up(context)?;     its type is that of the parameter
//!             Ok(Termination::report(answers(fixture_0).await))
//!         })
//!     }
//!     zygote!();
//!     static __NETNS_DECLARATION: Declaration = Declaration { …, body: __netns_body };
//!     run(&__NETNS_DECLARATION)
//! }
//! ```
//!
//! Fixtures move into the function, whose parameters the language drops in reverse order of their declaration.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{PatType, ReturnType, Signature, Type};

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

/// The test of a function without mistakes.
fn test(arguments: &Arguments, function: &Function) -> TokenStream {
    let Function { attributes, visibility, signature, body } = function;
    let ours = Span::mixed_site();
    let name = &signature.ident;
    let import = import(arguments);
    let inner = as_called_by_us(signature);
    let run_body = run_body(arguments, function);
    let declaration = declaration(arguments, function);
    let rest = quote_spanned! {ours=>
        #run_body
        __netns_fixtures::__private::zygote!();
        #declaration
        __netns_fixtures::__private::run(&__NETNS_DECLARATION)
    };
    let test = quote_spanned!(ours=> #[::core::prelude::v1::test]);
    quote! {
        #test
        #(#attributes)*
        #visibility fn #name() {
            #import
            #inner #body
            #rest
        }
    }
}

/// One import stands for all paths, so that a wrong one is one error.
fn import(arguments: &Arguments) -> TokenStream {
    let default = || quote_spanned!(Span::mixed_site()=> use ::netns_fixtures as __netns_fixtures;);
    arguments.krate.as_ref().map_or_else(default, |path| {
        let place = ours_at(path.span());
        quote_spanned!(place=> use #path as __netns_fixtures;)
    })
}

/// The user's signature, with keywords of ours: nobody but the expansion calls the function, so lints about how it is
/// called (its parameters by value, `async` without `await`) have nothing to tell the user.
fn as_called_by_us(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    signature.fn_token.span = ours_at(signature.fn_token.span);
    if let Some(word) = &mut signature.asyncness {
        word.span = ours_at(word.span);
    }
    signature
}

/// The function behind the declaration: sets the fixtures up, calls the user's function, reports what it returned; for
/// an `async fn` all of that inside the runtime.
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

/// The variables that hold the fixtures, and the statements that set them up.
///
/// The call of the user's function infers the types, which stand in its signature alone: an unknown type is one error,
/// not two. The statement is at the type's place, so that a type that is no fixture is an error there.
fn set_up(function: &Function) -> (Vec<Ident>, TokenStream) {
    let ours = Span::mixed_site();
    let one = |(i, parameter): (usize, &PatType)| {
        let fixture = format_ident!("__netns_fixture_{i}", span = ours);
        let (first, last) = ends(&parameter.ty);
        let path = quote_spanned!(first=> __netns_fixtures::__private);
        let call = quote_spanned!(last=> #path::set_up(__netns_context));
        let statement = quote_spanned!(ours=> let #fixture = #call?;);
        (fixture, statement)
    };
    function.fixtures().enumerate().map(one).unzip()
}

/// The call, at the place of what the function returns: a type that is no outcome of a test is an error there.
fn call_and_report(function: &Function, fixtures: &[Ident]) -> TokenStream {
    let ours = Span::mixed_site();
    let (first, last, never) = match &function.signature.output {
        ReturnType::Default => (ours, ours, false),
        ReturnType::Type(_, returned) => {
            let (first, last) = ends(returned);
            (first, last, matches!(**returned, Type::Never(_)))
        }
    };
    let mut name = function.signature.ident.clone();
    name.set_span(first);
    let call = quote_spanned!(last=> #name(#(#fixtures),*));
    let report = quote_spanned!(first=> ::std::process::Termination::report);
    let outcome = outcome();
    match function.signature.asyncness {
        // What never returns has nothing to report, and code that plainly stands behind it would be a warning.
        None if never => quote_spanned!(ours=> match #call {}),
        None => quote_spanned!(ours=> #outcome::Ok(#report(#call))),
        Some(_) if never => quote_spanned! {ours=>
            async fn __netns_report<T: ::std::process::Termination>(
                future: impl ::core::future::Future<Output = T>,
            ) -> ::std::process::ExitCode {
                #report(future.await)
            }
            #outcome::Ok(__netns_report(#call).await)
        },
        Some(_) => {
            let returned = quote_spanned!(last=> #call.await);
            quote_spanned!(ours=> #outcome::Ok(#report(#returned)))
        }
    }
}

/// What the function behind the declaration returns: the body's exit code, or the fixture that was not to be had.
fn outcome() -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        ::core::result::Result::<::std::process::ExitCode, __netns_fixtures::__private::FixtureFailure>
    }
}

/// The places of a type's first and last token, for tokens of ours: together they cover it, and one span that does
/// cannot be had from a stable compiler.
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

/// The static that tells `netns_fixtures` all that the attribute says.
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

/// Items before the declaration, and the value in it. A `#[should_panic]` under a condition becomes a constant under
/// the same condition: only the compiler can tell whether it holds.
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
