//! Addresses that reach the network through an object: a client or a server that gets its address from a constructor,
//! and connects or listens later.

use std::collections::HashSet;

use super::address;
use super::lower::Lower;
use super::{Call, CallId, FileFacts, Sink, SinkKind};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Adds a sink for each address that a call gets, if the call or its object connects or listens.
    ///
    /// A method or constructor of the run counts by its effects, whatever its name: its object may keep the address. A
    /// function of another crate counts by its name, because its body is not known.
    pub(super) fn reached(&mut self) {
        // A function of the run may compute the address in a way that is not followed.
        let is_said = |text: &str| !text.trim_matches(['{', '}', ':', '[', ']']).is_empty();
        let has_address = |value: &Value| value.readings().any(|reading| is_said(&reading.shown()));
        let is_known = |sink: &&Sink| sink.kind.is_contact() && sink.values.first().is_some_and(has_address);
        let known: HashSet<Span> = self.facts.sinks.iter().filter(is_known).map(|sink| sink.span).collect();
        let mut found = Vec::new();
        for (id, call) in self.facts.calls.iter().enumerate() {
            let is_macro = call.path.ends_with('!') || call.name.ends_with('!');
            if is_macro
                || known.contains(&call.span)
                || tables::KEEPING.contains(&call.name.as_str()) && !is_constructor(call)
            {
                continue;
            }
            let Some(address) = address_of(call) else { continue };
            if let Some(kind) = self.contact_of_object(id) {
                found.push((kind, address, call.span, id, call.function));
            }
        }
        for (kind, address, span, id, function) in found {
            let call = &self.facts.calls[id];
            let by = if call.path.is_empty() { call.name.clone() } else { call.path.clone() };
            self.frame.function = function;
            self.sink(kind, address, span, by, Some(id));
        }
    }
}

/// Returns the first argument that is an address, or two that are a host and a port. A number beside a host is a port
/// only if the call makes an object, or if its name shows that it contacts a peer.
fn address_of(call: &Call) -> Option<Value> {
    let arguments = &call.arguments;
    let names_contact = [tables::LISTENING, tables::CONNECTING].iter().any(|names| names.contains(&call.name.as_str()));
    let pairs = arguments.windows(2).filter(|_| names_contact || is_constructor(call));
    let host_and_port = pairs.into_iter().find_map(|pair| {
        let host = pair[0].constant().filter(|host| is_host(host))?;
        let port = pair[1].exact().filter(|port| (1.0..=65_535.0).contains(port) && !host.is_empty())?;
        let span = pair[0].span.to(pair[1].span);
        (port.fract() == 0.0).then(|| address::flattened(&Value::list(span, pair.to_vec())))
    });
    host_and_port.or_else(|| {
        let flat = arguments.iter().map(address::flattened);
        flat.into_iter().find(|value| value.readings().any(|reading| is_address(&reading.shown())))
    })
}

/// Whether a text is a URL of a known host, or a host with a port.
pub(super) fn is_address(text: &str) -> bool {
    if let Some((scheme, rest)) = text.split_once("://") {
        let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        return is_scheme && !tables::SCHEMES_OF_FILES.contains(&scheme) && is_host_with(authority, false);
    }
    is_host_with(text, true)
}

fn is_host_with(text: &str, needs_port: bool) -> bool {
    if text.parse::<std::net::SocketAddr>().is_ok() {
        return true;
    }
    match text.rsplit_once(':') {
        Some((host, port)) => is_host(host) && port.parse::<u16>().is_ok(),
        None => !needs_port && is_host(text),
    }
}

/// Whether a text is an IP address, `localhost`, or a domain.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !label.starts_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text == "localhost"
        || text.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().is_ok()
        || text.contains('.') && text.split('.').all(is_label) && tables::COMMON_DOMAINS.contains(&last)
}

impl Lower<'_> {
    /// Returns how the call `id`, or the object that it makes, contacts a peer: by the object's own methods, or in a
    /// function that receives the object and connects or listens by its name.
    fn contact_of_object(&self, id: CallId) -> Option<SinkKind> {
        let facts = &self.facts;
        let call = &facts.calls[id];
        if let Some(kind) = contact_of(facts, id) {
            return Some(kind);
        }
        // Only a call that makes an object keeps the address in it.
        if !is_constructor(call) && !makes_builder(facts, call) {
            return None;
        }
        let is_it = |value: &Value| value.call.is_some_and(|of| of >= id && facts.calls[of].root == call.root);
        let here = |other: &Call| other.function == call.function;
        let later = || facts.calls_from(id).skip(1).filter(|(_, other)| here(other));
        let by_method = later().find_map(|(at, other)| {
            let is_used = other.receiver.as_ref().is_some_and(is_it);
            contact_of(facts, at).filter(|_| is_used)
        });
        let by_function =
            || later().filter(|(_, other)| other.arguments.iter().any(is_it)).find_map(|(at, _)| contact_of(facts, at));
        by_method
            .or_else(|| by_function().filter(|_| self.may_contact(id)))
            .or_else(|| by_callers(facts, id))
            .or_else(|| by_holder(facts, id))
            .or_else(|| by_client(facts, id))
    }

    /// Whether the object that the call makes may contact a peer: it comes from another crate, or one of its methods
    /// does.
    fn may_contact(&self, id: CallId) -> bool {
        let root = &self.facts.calls[self.facts.calls[id].root];
        if !root.of_run {
            return true;
        }
        let Some((holder, _)) = root.path.rsplit_once("::") else { return false };
        let holder = holder.rsplit("::").next().unwrap_or(holder);
        self.reaching_types().any(|ty| ty == holder)
    }
}

/// Returns how the call itself contacts a peer.
fn contact_of(facts: &FileFacts, id: CallId) -> Option<SinkKind> {
    let call = &facts.calls[id];
    let listens = tables::LISTENING.contains(&call.name.as_str());
    // A parameter of a plain function that reaches a socket is a sink already; its other parameters do not reach one.
    let may_keep = call.path.is_empty() || is_constructor(call);
    if let Some(effects) = call.effects.as_ref().filter(|_| may_keep) {
        return match (effects.connects, effects.listens) {
            (_, true) if listens || !effects.connects => Some(SinkKind::Listen),
            (true, _) => Some(SinkKind::Connect),
            _ => None,
        };
    }
    let of_run = call.of_run
        || call.effects.is_some()
        || call.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref()).is_some_and(|ty| ty.own().is_some());
    let holder = call.path.rsplit("::").nth(1).unwrap_or_default();
    if of_run || tables::DESCRIBING.contains(&holder) || tables::is_of_simulation(&call.path) {
        return None;
    }
    contact_by_name(call)
}

/// Methods with such names do not count: statements of databases have them, too.
fn contact_by_name(call: &Call) -> Option<SinkKind> {
    let is = |names: &[&str]| !call.path.is_empty() && names.contains(&call.name.as_str());
    if is(tables::LISTENING) {
        return Some(SinkKind::Listen);
    }
    is(tables::CONNECTING).then_some(SinkKind::Connect)
}

/// Returns how a caller in the file contacts a peer with the object that the function returns.
fn by_callers(facts: &FileFacts, id: CallId) -> Option<SinkKind> {
    let call = &facts.calls[id];
    let returned = facts.functions[call.function].returns.as_ref()?.call?;
    if facts.calls[returned].root != call.root || returned < id {
        return None;
    }
    facts.calls_of(call.function).find_map(|(made, _)| {
        let is_it = |value: &Value| value.call.is_some_and(|of| facts.calls[of].root == made);
        let uses = |(_, other): &(CallId, &Call)| other.receiver.as_ref().is_some_and(is_it);
        facts.calls_from(made).skip(1).filter(uses).find_map(|(at, _)| contact_of(facts, at))
    })
}

/// Whether the call is a function of a type that makes an object.
fn is_constructor(call: &Call) -> bool {
    let mut segments = call.path.rsplit("::").skip(1);
    segments.next().is_some_and(|holder| holder.starts_with(|first: char| first.is_uppercase()))
}

/// Whether the call is a method of an object that a constructor of this function has made.
fn makes_builder(facts: &FileFacts, call: &Call) -> bool {
    call.path.is_empty() && is_constructor(&facts.calls[call.root])
}

/// Returns how a client of another crate contacts its peer, if this call makes its options, and the code uses the client.
fn by_client(facts: &FileFacts, id: CallId) -> Option<SinkKind> {
    let call = &facts.calls[id];
    let options = &facts.calls[call.root];
    if options.of_run || !is_constructor(options) || tables::is_of_simulation(&options.path) {
        return None;
    }
    let is_it = |value: &Value| value.call.is_some_and(|of| of >= id && facts.calls[of].root == call.root);
    let is_of_crate = |other: &Call| other.path.split("::").next() == options.path.split("::").next();
    let is_client = |(at, other): &(CallId, &Call)| {
        let holder = other.path.rsplit("::").nth(1).unwrap_or_default();
        other.function == call.function
            && is_constructor(other)
            && is_of_crate(other)
            && tables::CLIENT_TYPES.iter().any(|word| holder.ends_with(word))
            && other.arguments.iter().any(is_it)
            && facts.object(*at).count() > 1
    };
    facts.calls_from(id).skip(1).any(|call| is_client(&call)).then_some(SinkKind::Connect)
}

/// Returns how an object of another crate contacts its peer: a client connects when the code waits for one of its
/// methods.
fn by_holder(facts: &FileFacts, id: CallId) -> Option<SinkKind> {
    let root = &facts.calls[facts.calls[id].root];
    if root.of_run || !is_constructor(root) || tables::is_of_simulation(&root.path) {
        return None;
    }
    let holder = root.path.rsplit("::").nth(1)?;
    let is = |words: &[&str]| words.iter().any(|word| holder.ends_with(word));
    let is_awaited = facts.object(facts.calls[id].root).any(|(_, other)| other.awaited);
    (is_awaited && is(tables::CLIENT_TYPES)).then_some(SinkKind::Connect)
}
