//! # public-internet
//!
//! Reports tests that contact a host of the public Internet by its name.
//!
//! ## Why is this bad?
//! The test fails without a network, behind a proxy, and when the host changes; and every run contacts a stranger.
//! `example.com` is a host like others if a test contacts it.
//!
//! ## Bad
//! ```text
//! let response = reqwest::get("https://example.com/").await?;
//! Command::new("curl").arg("https://www.rust-lang.org").status()?;
//! ```
//!
//! ## Good
//! ```text
//! let server = MockServer::start().await;                  // a server of the test
//! net.client.set_hosts([("example.com", address)])?;       // netns-fixtures: a name in a network of its own
//! #[ignore = "contacts the public Internet"]
//! ```
//!
//! ## Limits
//! The default of an environment variable counts: it is the host of each run that does not set the variable. Names as data
//! are left alone: only what connects, sends, resolves or runs a known program counts, not a request that is built and not
//! sent, nor one whose chain sends the connection elsewhere (`connect_to`, `proxy`, a part of a socket's address). Tests with
//! `#[ignore]` are pedantic if the attribute itself has a reason or a condition; a comment beside it is none. Pedantic,
//! too, is a URL that a function gets which is not known to contact it. Functions with a network of their own are left alone.
//! Addresses are the matter of `literal-address`.
//!
//! A function of the product that contacts a constant host on every path that returns counts where a test calls it. So do a page that a browser
//! opens (`goto`, `navigate_to`), and a host with a port that a function called `connect` gets beside constants only: a value
//! that the test makes may be the address of its own proxy.
//!
//! ## References
//! RFC 2606, RFC 6761: names for tests and documentation. Suites that failed without the Internet: nymtech/nym#260,
//! fornwall/rust-script#104, prefix-dev/pixi#6438.

use super::address::{Networks, given_values};
use super::argv::{inner_commands, is_said_here};
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Place, Sink, SinkKind};
use crate::finding::{Confidence, Severity};
use crate::ir::{Deed, DeedKind};
use crate::network::public_host;
use crate::rule::Hit;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str = "start a server in the test and contact that; `example.test` and other names of RFC 6761 are for data; \
                    mark a test that needs the world with `#[ignore = \"reason\"]`";

/// A place that contacts a host of the Internet.
pub(super) struct Contact {
    /// The call that contacts it, or the call of the function that does.
    pub span: Span,
    /// The enclosing function.
    pub function: usize,
    /// The name of the host.
    pub host: String,
    /// Where the name is written, if not in the call.
    written: Option<Span>,
    /// The functions behind the call that contact it.
    behind: Vec<Place>,
}

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let is_isolated = |function: usize| facts.functions[function].isolated;
    let mut reported = Vec::new();
    for contact in contacts(facts, config).into_iter().filter(|contact| !is_isolated(contact.function)) {
        let message = format!("the test contacts `{}` on the public Internet", contact.host);
        let mut hit = Hit::new(contact.function, contact.span, message, HELP).behind(&contact.behind);
        if let Some(written) = contact.written.filter(|written| !contact.span.covers(*written)) {
            hit = hit.label(written, "the host is named here");
        }
        reported.push(contact.span);
        let function = &facts.functions[contact.function];
        hits.push(hit.pedantic(function.ignored && !function.ignored_without_reason));
    }
    if config.pedantic {
        for (call, value) in given_values(facts).filter(|(call, _)| !is_isolated(call.function)) {
            let host = value.readings().find_map(|reading| public_host_of_url(&reading.shown()));
            if let Some(host) = host.filter(|_| !reported.contains(&call.span)) {
                let message = format!(
                    "`{host}` is a host of the public Internet; nothing shows that `{}` contacts it",
                    call.name
                );
                let hit = Hit::new(call.function, value.span, message, HELP).severity(Severity::Note);
                hits.push(hit.confidence(Confidence::Low).pedantic(true));
            }
        }
    }
}

/// Returns the places that contact hosts of the Internet.
pub(super) fn contacts(facts: &FileFacts, config: &Config) -> Vec<Contact> {
    let mut found = Vec::new();
    let networks = Networks::new(facts);
    for sink in &facts.sinks {
        let host = match sink.kind {
            SinkKind::Connect | SinkKind::Resolve => sink.values.first().and_then(|value| public_host(&value.shown())),
            _ => of_command(sink, config),
        };
        let is_other = |host: &String| {
            !networks.is_own(sink) && !is_resolved_otherwise(facts, sink, host) && !is_redirected(facts, sink.call)
        };
        if let Some(host) = host.filter(is_other) {
            let written = sink.values.iter().find_map(|value| place_of(value, &host));
            found.push(Contact {
                span: sink.span,
                function: sink.function,
                host,
                written,
                behind: sink.behind.clone(),
            });
        }
    }
    for (id, call) in facts.calls.iter().enumerate() {
        let deeds = call.effects.iter().flat_map(|effects| &effects.deeds);
        let of_host = |deed: &Deed| match &deed.kind {
            DeedKind::Contacts(host) => Some(host.clone()),
            DeedKind::MakesDevice | DeedKind::ChangesNetwork(_) | DeedKind::Waits { .. } => None,
        };
        let is_other = |_: &String| !networks.is_own_call(id);
        if let Some(host) = deeds.clone().find_map(of_host).filter(is_other) {
            let places = deeds.filter(|deed| of_host(deed).as_ref() == Some(&host)).map(|deed| deed.place);
            let behind = places.map(|(file, span)| Place { file, span }).collect();
            found.push(Contact { span: call.span, function: call.function, host, written: None, behind });
            continue;
        }
        let resolves = tables::RESOLVING.iter().any(|known| tables::ends_with(&call.path, known));
        let value = call.arguments.first().filter(|_| resolves || requests(facts, id, call) || looks_up(facts, call));
        let texts = value.into_iter().flat_map(Value::readings).filter_map(Value::constant);
        let by_text = || texts.into_iter().find_map(|text| public_host(&text));
        let host = by_text().or_else(|| visited(call)).or_else(|| connected(call));
        if let Some(host) = host.filter(|_| !is_redirected(facts, Some(id))) {
            let written = call.arguments.iter().find_map(|value| place_of(value, &host));
            found.push(Contact { span: call.span, function: call.function, host, written, behind: Vec::new() });
        }
    }
    found.sort_by_key(|contact| contact.span);
    found.dedup_by_key(|contact| contact.span);
    found
}

/// Returns the place where the value names the host.
fn place_of(value: &Value, host: &str) -> Option<Span> {
    let names = |text: &str| public_host(text).is_some_and(|named| named == host);
    let reading = value.readings().find(|reading| names(&reading.shown()))?;
    let elsewhere = reading.written().filter(|(_, text)| names(text)).map(|(place, _)| place);
    Some(elsewhere.unwrap_or(reading.span)).filter(|place| *place != Span::default())
}

/// Whether the call creates a request for its first argument, which is sent later.
fn requests(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let sends = |(_, other): (CallId, &Call)| tables::SENDING_REQUESTS.contains(&other.name.as_str());
    let is_url = || {
        let texts = call.arguments.first().into_iter().flat_map(Value::readings).filter_map(Value::constant);
        texts.into_iter().any(|text| text.starts_with("http"))
    };
    call.path.is_empty()
        && tables::REQUESTING.contains(&call.name.as_str())
        && is_url()
        && facts.object(call.root).filter(|(other, _)| *other > id).any(sends)
}

/// Returns the host of the page that the call opens in a browser.
fn visited(call: &Call) -> Option<String> {
    let opens = call.path.is_empty() && tables::OPENING_PAGES.contains(&call.name.as_str());
    let url = call.arguments.first().filter(|_| opens)?.constant()?;
    public_host(&url).filter(|_| url.contains("://"))
}

/// Returns the host to which a function of that name connects, possibly through a proxy. A value that the test makes may
/// be the address of its own proxy or server.
fn connected(call: &Call) -> Option<String> {
    let texts: Option<Vec<String>> = call.arguments.iter().map(Value::constant).collect();
    let texts = texts.filter(|_| tables::CONNECTING.contains(&call.name.as_str()) && !call.path.is_empty())?;
    texts.iter().filter(|text| text.contains(':')).find_map(|text| public_host_of_url(text))
}

/// Whether the client of the request has an address of the test's own for the host: `builder.resolve(host, address)`.
fn is_resolved_otherwise(facts: &FileFacts, sink: &Sink, host: &str) -> bool {
    let is_inside = |other: &&Sink| {
        other.by == sink.by && sink.through.as_deref() == Some(facts.functions[other.function].name.as_str())
    };
    let requests = facts.sinks.iter().filter(is_inside).chain([sink]).filter_map(|sink| sink.call);
    let names = |call: &Call| call.arguments.first().and_then(Value::constant).is_some_and(|name| name == host);
    let is_set = |call: &Call| tables::RESOLVING_OTHERWISE.contains(&call.name.as_str()) && names(call);
    requests.into_iter().any(|request| facts.object(facts.calls[request].root).any(|(_, call)| is_set(call)))
}

/// Whether a call of the same chain sends the connection to another address than that of the URL.
fn is_redirected(facts: &FileFacts, request: Option<CallId>) -> bool {
    let is_part = |value: &Value| {
        let before = |call: &CallId| facts.calls[*call].receiver.as_ref().and_then(|on| on.call).filter(|on| on < call);
        let mut behind = std::iter::successors(value.call, before);
        behind.any(|call| tables::ADDRESS_PARTS.contains(&facts.calls[call].name.as_str()))
    };
    // A method that gets a part of the address of the test's own server.
    let gets_address = |call: &Call| call.path.is_empty() && call.arguments.iter().any(is_part);
    let redirects =
        |(_, call): (CallId, &Call)| tables::REDIRECTING.contains(&call.name.as_str()) || gets_address(call);
    request.is_some_and(|request| facts.object(facts.calls[request].root).any(redirects))
}

/// Whether the call asks a resolver of another crate for its first argument.
fn looks_up(facts: &FileFacts, call: &Call) -> bool {
    // The body of a resolver of the test itself decides; a type of another crate comes with a path.
    let is_resolver = |path: &str| path.contains("::") && path.split("::").any(|part| part.ends_with("Resolver"));
    let of_type = call.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref()?.foreign_path());
    let maker = &facts.calls[call.root];
    tables::LOOKING_UP.contains(&call.name.as_str())
        && !maker.of_run
        && (is_resolver(&maker.path) || of_type.is_some_and(is_resolver))
}

fn of_command(sink: &Sink, config: &Config) -> Option<String> {
    inner_commands(sink, config).iter().find_map(|words| {
        let (program, operands) = words.split_first()?;
        let name = tables::program_name(program);
        let verb = operands.iter().find(|word| !word.starts_with('-'));
        let by_verb = |(known, verbs): &(&str, &[&str])| {
            *known == name && verb.is_some_and(|verb| verbs.contains(&verb.as_str()))
        };
        if !tables::CONTACTING.contains(&name) && !tables::CONTACTING_VERBS.iter().any(by_verb) {
            return None;
        }
        // The name of a certificate file looks like a host, too.
        let is_meant = |word: &str, host: &str| {
            let last = host.rsplit('.').next().unwrap_or_default();
            word.contains("://") || tables::COMMON_DOMAINS.contains(&last)
        };
        let said = operands.iter().filter(|word| is_said_here(sink, word));
        said.into_iter().find_map(|word| public_host(word).filter(|host| is_meant(word, host)))
    })
}

/// Returns the host of a URL, or of a name with a port, if people mostly write such a name for a host of the Internet.
fn public_host_of_url(text: &str) -> Option<String> {
    let host = public_host(text)?;
    let last = host.rsplit('.').next().unwrap_or_default();
    // RFC 2606: as data, these names are for documentation.
    let is_for_documentation = ["example.com", "example.net", "example.org"]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")));
    let is_meant = text.contains("://") || text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    (tables::COMMON_DOMAINS.contains(&last) && !is_for_documentation && (is_meant || host.matches('.').count() > 1))
        .then_some(host)
}

#[cfg(test)]
mod tests {
    use crate::network::public_host;
    use crate::rules::testing::{clean, found};

    #[test]
    fn a_plain_function_contacts_only_what_it_gives_to_a_socket() {
        let asks = "fn ask(origin: &str) { let mut s = std::net::TcpStream::connect(own()).unwrap(); s.write_all(origin.as_bytes()).unwrap(); }";
        clean("public-internet", &format!("{asks} #[test] fn f() {{ ask(\"https://example.com\"); }}"));
        let asks = "fn ask(peer: &str) { std::net::TcpStream::connect(peer).unwrap(); }";
        let code = format!("{asks} #[test] fn f() {{ ask(\"example.com:80\"); }}");
        assert_eq!(found("public-internet", &code).len(), 1);
    }

    #[test]
    fn hosts_of_the_world_are_told_from_others() {
        for text in [
            "https://example.com/a",
            "www.rust-lang.org:443",
            "example.com",
            "https://user@a.example.org?x",
            "ONE.one.",
        ] {
            assert!(public_host(text).is_some(), "{text}");
        }
        for text in [
            "http://localhost:80",
            "server.test",
            "a.example",
            "printer.local:631",
            "db",
            "{}.example.com:80x/",
            "1.1.1.1:53",
            "[::1]:80",
            "http://{}/",
            "a_b.com",
            "server.internal",
            "-v",
        ] {
            assert!(public_host(text).is_none(), "{text}");
        }
    }
}
