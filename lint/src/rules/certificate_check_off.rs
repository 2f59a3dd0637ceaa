//! # certificate-check-off
//!
//! Reports clients that accept every certificate: `danger_accept_invalid_certs(true)`, `SslVerifyMode::NONE`,
//! `curl --insecure`.
//!
//! ## Why is this bad?
//! A test that does not check its peer passes with any peer, even if the code under test presents the wrong
//! certificate. A reply from the Internet may then come from anybody.
//!
//! ## Bad
//! ```text
//! let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build()?;
//! client.get("https://example.com/").send().await?;
//! ```
//!
//! ## Good
//! ```text
//! let client = reqwest::Client::builder().add_root_certificate(of_this_test).build()?;
//! ```
//!
//! ## Limits
//! The argument counts by its value, also through a variable or a constant. An argument that the caller passes is followed only into
//! a function of the same name in the same file.
//! Pedantic unless the same function contacts a host of the Internet: in place of the test's own server, nobody else
//! can answer.
//!
//! ## References
//! CWE-295. The same rule for Go: gosec G402, which also reports tests (phires/go-guerrilla#7); its gaps:
//! securego/gosec#908.

use super::address::given_values;
use super::argv::inner_commands;
use super::public_internet::contacts;
use crate::config::Config;
use crate::facts::{Call, FileFacts};
use crate::network::public_host;
use crate::rule::Hit;
use crate::tables;
use crate::value::Value;

const HELP: &str = "make a certificate authority in the test (rcgen) and trust that one";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut found = Vec::new();
    // A function of the run that calls one of the same name passes its argument on.
    let passes_on =
        |call: &Call| facts.calls.iter().any(|inner| inner.name == call.name && call.called.contains(&inner.function));
    for call in facts.calls.iter().filter(|call| !call.is_of_known_function() || passes_on(call)) {
        let is = |value: &Value, known: &str| {
            value.constant().as_deref() == Some(known)
                || value.path.as_deref().is_some_and(|path| tables::ends_with(path, known))
        };
        let is_known = |(name, argument): &&(&str, &str)| {
            call.name == *name && call.arguments.first().is_some_and(|value| is(value, argument))
        };
        if let Some((name, argument)) = tables::WITHOUT_CHECKS.iter().find(is_known) {
            found.push((call.function, call.span, format!("`{name}({argument})`")));
        }
    }
    for sink in &facts.sinks {
        let commands = inner_commands(sink, config);
        let option = commands.iter().find_map(|words| {
            let program = tables::program_name(words.first()?);
            let of_program = tables::INSECURE_OPTIONS.iter().filter(|(known, _)| *known == program);
            let is_given =
                |option: &&str| words.iter().any(|word| word == option || is_among_flags(word, option, program));
            of_program.map(|(_, option)| *option).find(is_given)
        });
        found.extend(option.map(|option| (sink.function, sink.span, format!("`{option}`"))));
    }
    if found.is_empty() {
        return;
    }
    let contacts = contacts(facts, config);
    for (function, span, what) in found {
        let names_host = |(call, value): (&Call, &Value)| {
            let is_url = |reading: &Value| {
                reading.constant().is_some_and(|text| text.contains("://") && public_host(&text).is_some())
            };
            call.function == function && value.readings().any(is_url)
        };
        let is_confined =
            !contacts.iter().any(|contact| contact.function == function) && !given_values(facts).any(names_host);
        let message = format!("{what} accepts the certificate of anybody");
        hits.push(Hit::new(function, span, message, HELP).pedantic(is_confined));
    }
}

/// Whether a word of curl joins several one-letter options, this one among them: `-fsSLk`.
fn is_among_flags(word: &str, option: &str, program: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|letters| program == "curl" && !letters.starts_with('-'));
    let flags =
        letters.into_iter().flat_map(str::chars).take_while(|one| !tables::CURL_OPTIONS_WITH_VALUE.contains(*one));
    let wanted = option.strip_prefix('-').and_then(|letter| letter.chars().next());
    option.len() == 2 && flags.into_iter().any(|flag| Some(flag) == wanted)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "fn f() { check(\"https://example.com/\"); {} }";
    const RULE: &str = "certificate-check-off";

    #[test]
    fn the_value_of_the_argument_counts() {
        each_found(
            RULE,
            FRAME,
            &[
                "let insecure = true; reqwest::Client::builder().danger_accept_invalid_certs(insecure).build();",
                "const INSECURE: bool = true; reqwest::Client::builder().danger_accept_invalid_certs(INSECURE).build();",
                "let check = false; let mut easy = curl::easy::Easy::new(); easy.ssl_verify_peer(check).unwrap();",
                "let mode = openssl::ssl::SslVerifyMode::NONE; builder().set_verify(mode);",
            ],
        );
        each_clean(
            RULE,
            FRAME,
            &[
                "let insecure = false; reqwest::Client::builder().danger_accept_invalid_certs(insecure).build();",
                "reqwest::Client::builder().danger_accept_invalid_certs(!true).build();",
                "reqwest::Client::builder().danger_accept_invalid_certs(setting() == true).build();",
                "let mode = openssl::ssl::SslVerifyMode::PEER; builder().set_verify(mode);",
            ],
        );
    }

    #[test]
    fn an_own_function_of_that_name_is_judged_by_its_body() {
        let frame = |body: &str| {
            let own = format!("struct C(B); impl C {{ fn verify_hostname(&mut self, on: bool) {{ {body} }} }}");
            own + " fn f(mut c: C) { check(\"https://example.com/\"); {} }"
        };
        each_clean(RULE, &frame("self.0 = on;"), &["c.verify_hostname(false);"]);
        each_found(RULE, &frame("self.0.verify_hostname(on);"), &["c.verify_hostname(false);"]);
    }
}
