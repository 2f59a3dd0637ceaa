//! The arguments of `#[netns_test(…)]`. One table defines them; the parser reads it, and every error lists it.

use std::time::Duration;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, Lit, LitInt, LitStr, Path, Token, parenthesized};

use crate::mistake::{Mistakes, did_you_mean, ours_at};
use crate::{requirement, value};

/// The parsed arguments of one test.
#[derive(Default)]
pub(crate) struct Arguments {
    /// `deadline = "10s"`.
    pub(crate) deadline: Option<Duration>,
    /// `requires(netem, vlan)`.
    pub(crate) requires: Vec<&'static str>,
    /// `hostname = "router"`.
    pub(crate) hostname: Option<String>,
    /// `crate = "path"`.
    pub(crate) krate: Option<Path>,
    /// `flavor = "multi_thread"` or `"current_thread"`.
    pub(crate) flavor: Option<Flavor>,
    /// `worker_threads = 4`.
    pub(crate) worker_threads: Option<usize>,
    /// The arguments in the source, including those with an invalid value, with their names as written.
    written: Vec<(Argument, Ident)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
}

/// Flavors and their names.
const FLAVORS: [(Flavor, &str); 2] = [(Flavor::CurrentThread, "current_thread"), (Flavor::MultiThread, "multi_thread")];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    Deadline,
    Requires,
    Hostname,
    Crate,
    Flavor,
    WorkerThreads,
}

/// The valid arguments: name and syntax.
const ARGUMENTS: [(Argument, &str, &str); 6] = [
    (Argument::Deadline, "deadline", r#"deadline = "10s""#),
    (Argument::Requires, "requires", "requires(netem, vlan)"),
    (Argument::Hostname, "hostname", r#"hostname = "router""#),
    (Argument::Crate, "crate", r#"crate = "path::to::netns_fixtures""#),
    (Argument::Flavor, "flavor", r#"flavor = "multi_thread""#),
    (Argument::WorkerThreads, "worker_threads", "worker_threads = 4"),
];

impl Argument {
    fn named(name: &Ident) -> Option<Self> {
        ARGUMENTS.iter().find(|(_, valid, _)| name == valid).map(|(argument, _, _)| *argument)
    }

    fn name(self) -> &'static str {
        ARGUMENTS.iter().find(|(argument, _, _)| *argument == self).map_or("", |(_, name, _)| name)
    }

    fn form(self) -> &'static str {
        ARGUMENTS.iter().find(|(argument, _, _)| *argument == self).map_or("", |(_, _, form)| form)
    }
}

fn valid_arguments() -> String {
    let forms: Vec<String> = ARGUMENTS.iter().map(|(_, _, form)| format!("`{form}`")).collect();
    format!("valid arguments are {}", forms.join(", "))
}

impl Arguments {
    /// Parses all arguments. An invalid one is recorded and skipped; parsing continues after the next comma.
    pub(crate) fn parse(tokens: TokenStream, mistakes: &mut Mistakes) -> Self {
        let mut arguments = Self::default();
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = arguments.read_one(input) {
                    mistakes.add(error);
                    skip_to_comma(input)?;
                } else if !input.is_empty() && !input.peek(Token![,]) {
                    mistakes.add(input.error("expected `,` between arguments"));
                    skip_to_comma(input)?;
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        };
        if let Err(error) = Parser::parse2(read, tokens) {
            mistakes.add(error);
        }
        arguments.check_threads(mistakes);
        arguments
    }

    /// Records an error for arguments that only an `async fn` takes; the caller has a plain `fn`. Reports only the first of them.
    pub(crate) fn check_not_async(&self, mistakes: &mut Mistakes) {
        let of_async = |argument| matches!(argument, Argument::Flavor | Argument::WorkerThreads);
        if let Some((argument, name)) = self.written.iter().find(|(argument, _)| of_async(*argument)) {
            let name_text = argument.name();
            mistakes.at(name, format!("`{name_text}` chooses the runtime of an `async fn`, and this is a plain `fn`"));
        }
    }

    fn read_one(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name = Ident::parse_any(input)
            .map_err(|error| syn::Error::new(error.span(), format!("expected an argument; {}", valid_arguments())))?;
        let Some(argument) = Argument::named(&name) else {
            let near = did_you_mean(&name.to_string(), ARGUMENTS.iter().map(|(_, name, _)| *name));
            return Err(syn::Error::new(
                name.span(),
                format!("`#[netns_test]` has no argument `{name}`{near}; {}", valid_arguments()),
            ));
        };
        if self.has(argument) {
            return Err(syn::Error::new(name.span(), format!("`{name}` stands here twice; give it once")));
        }
        self.written.push((argument, name.clone()));
        match argument {
            Argument::Deadline => {
                let text = string_after_equals(argument, &name, input)?;
                self.deadline = Some(value::deadline(&text.value()).map_err(|error| at(&text, error))?);
            }
            Argument::Requires => self.requires = requirements(&name, input)?,
            Argument::Hostname => {
                let text = string_after_equals(argument, &name, input)?;
                value::hostname(&text.value()).map_err(|error| at(&text, error))?;
                self.hostname = Some(text.value());
            }
            Argument::Crate => self.krate = Some(path(&string_after_equals(argument, &name, input)?)?),
            Argument::Flavor => self.flavor = Some(flavor(&string_after_equals(argument, &name, input)?)?),
            Argument::WorkerThreads => self.worker_threads = Some(worker_threads(&name, input)?),
        }
        Ok(())
    }

    fn has(&self, argument: Argument) -> bool {
        self.written.iter().any(|(written, _)| *written == argument)
    }

    /// `worker_threads` requires the multi-thread flavor. A flavor with an invalid value has already been reported.
    fn check_threads(&self, mistakes: &mut Mistakes) {
        let wrong_flavor = self.has(Argument::Flavor) && self.flavor.is_none();
        if wrong_flavor || self.flavor == Some(Flavor::MultiThread) {
            return;
        }
        if let Some((_, name)) = self.written.iter().find(|(argument, _)| *argument == Argument::WorkerThreads) {
            mistakes.at(name, "`worker_threads` goes with `flavor = \"multi_thread\"`; the default, \"current_thread\", has no workers");
        }
    }
}

fn at(tokens: impl ToTokens, message: impl std::fmt::Display) -> syn::Error {
    syn::Error::new_spanned(tokens, message)
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Returns the span of the next token, or of the name if there is none. Without this, an error at the end of the arguments would
/// point at the whole attribute.
fn next_or(name: &Ident, input: ParseStream<'_>) -> Span {
    if input.is_empty() || input.peek(Token![,]) { name.span() } else { input.span() }
}

fn equals(argument: Argument, name: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        return Ok(());
    }
    Err(syn::Error::new(next_or(name, input), format!("`{name}` is written `{}`", argument.form())))
}

fn string_after_equals(argument: Argument, name: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    equals(argument, name, input)?;
    let place = next_or(name, input);
    let wrong = || syn::Error::new(place, format!("`{name}` takes a string, as in `{}`", argument.form()));
    match input.parse::<Lit>() {
        Ok(Lit::Str(text)) if text.suffix().is_empty() => Ok(text),
        Ok(_) | Err(_) => Err(wrong()),
    }
}

fn requirements(name: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<&'static str>> {
    let valid = || format!("valid names are {}", requirement::NAMES.join(", "));
    if !input.peek(syn::token::Paren) {
        let form = Argument::Requires.form();
        return Err(syn::Error::new(next_or(name, input), format!("`{name}` is written `{form}`; {}", valid())));
    }
    let list;
    let parentheses = parenthesized!(list in input);
    if list.is_empty() {
        return Err(syn::Error::new(
            parentheses.span.join(),
            format!("`requires()` requires nothing; name something or leave it out; {}", valid()),
        ));
    }
    let mut found = Vec::new();
    let mut wrong: Option<syn::Error> = None;
    let mut note = |error: syn::Error| match &mut wrong {
        Some(first) => first.combine(error),
        None => wrong = Some(error),
    };
    while !list.is_empty() {
        let place = list.span();
        match Ident::parse_any(&list) {
            Err(_) => {
                note(syn::Error::new(place, format!("expected a bare name, as in `requires(vlan)`; {}", valid())));
                skip_to_comma(&list)?;
            }
            Ok(name) => match requirement::NAMES.into_iter().find(|known| name == known) {
                None => {
                    let near = did_you_mean(&name.to_string(), requirement::NAMES);
                    note(syn::Error::new(name.span(), format!("nothing is called `{name}` here{near}; {}", valid())));
                }
                Some(known) if found.contains(&known) => {
                    note(syn::Error::new(name.span(), format!("`{name}` is required twice; name it once")));
                }
                Some(known) => found.push(known),
            },
        }
        if !list.is_empty() && !list.peek(Token![,]) {
            note(list.error("expected `,` between names"));
            skip_to_comma(&list)?;
        }
        list.parse::<Option<Token![,]>>()?;
    }
    wrong.map_or(Ok(found), Err)
}

/// Parses the path in a string; its tokens get the string's location and this macro's hygiene.
fn path(text: &LitStr) -> syn::Result<Path> {
    let wrong = || at(text, r#"expected a path to `netns_fixtures`, as in `crate = "crate::kit::netns_fixtures"`"#);
    let mut path = text.parse_with(Path::parse_mod_style).map_err(|_| wrong())?;
    for segment in &mut path.segments {
        segment.ident.set_span(ours_at(text.span()));
    }
    Ok(path)
}

fn flavor(text: &LitStr) -> syn::Result<Flavor> {
    let written = text.value();
    FLAVORS.iter().find(|(_, name)| *name == written).map(|(flavor, _)| *flavor).ok_or_else(|| {
        let near = did_you_mean(&written, FLAVORS.map(|(_, name)| name));
        let valid = FLAVORS.map(|(_, name)| format!("\"{name}\"")).join(" and ");
        at(text, format!("tokio has no flavor `{written}`{near}; valid flavors are {valid}"))
    })
}

fn worker_threads(name: &Ident, input: ParseStream<'_>) -> syn::Result<usize> {
    equals(Argument::WorkerThreads, name, input)?;
    let (first, last) = (value::WORKER_THREADS.start(), value::WORKER_THREADS.end());
    let place = next_or(name, input);
    let wrong = || syn::Error::new(place, format!("`worker_threads` is a whole number from {first} to {last}"));
    let number: LitInt = input.parse().map_err(|_| wrong())?;
    let suffix_fits = matches!(number.suffix(), "" | "usize");
    let threads = number.base10_parse::<usize>().map_err(|_| wrong())?;
    if suffix_fits && value::WORKER_THREADS.contains(&threads) { Ok(threads) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests;
