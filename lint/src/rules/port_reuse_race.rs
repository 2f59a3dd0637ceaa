//! # port-reuse-race
//!
//! Reports ports that were free a moment ago: the listener that found the port is closed before the port is used.
//!
//! ## Why is this bad?
//! Between the end of the listener and the bind of the server, the system may give the port to any other process, for
//! example to a test that runs at the same time. The failure is rare, and looks like the server's.
//!
//! ## Bad
//! ```text
//! fn free_port() -> u16 { TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port() }
//! let port = portpicker::pick_unused_port().unwrap();
//! ```
//!
//! ## Good
//! ```text
//! let listener = TcpListener::bind("127.0.0.1:0")?;      // handed to the server, which never binds
//! server.listen("127.0.0.1:0")?; server.local_addr();    // or the server says which port it got
//! let lease = net.server.lease_port(Tcp, range)?;        // netns-fixtures: held until somebody listens
//! ```
//!
//! ## Limits
//! The rule detects functions that return the port and drop the listener, functions that return the address of a socket
//! which they only bind, configure and convert, functions that call `drop` and then pass the
//! port to a program, a socket or a server, and the usual crates for that purpose.
//!
//! ## References
//! ip(7), ip_local_port_range; CWE-367. Tests that failed by it: near/nearcore#8415, openfollowapp/openfollow#62.

use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, SinkKind};
use crate::ir::{BodyKind, Object, Step};
use crate::rule::Hit;
use crate::rules::address::read;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str = "bind port 0 where the port is used, and ask that socket; or hand the bound listener on. netns-fixtures: \
                    every test has all ports of its network, and `lease_port` holds one until somebody listens";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    for call in &facts.calls {
        if tables::PORT_PICKERS.iter().any(|known| tables::ends_with(&call.path, known)) {
            let message = format!("`{}` finds a port that may be taken before it is used", call.name);
            hits.push(Hit::new(call.function, call.span, message, HELP));
        }
    }
    for sink in &facts.sinks {
        let binds = matches!(sink.kind, SinkKind::Listen | SinkKind::Datagram | SinkKind::Bind);
        let Some(bind) = sink.call.filter(|_| binds && sink.through.is_none()) else { continue };
        let address = sink.values.first().and_then(|value| read(&value.shown()));
        if address.is_none_or(|found| found.port != Some(0)) {
            continue;
        }
        if gives_the_port_away(facts, bind) {
            let message = "the port is free again when this function returns it, and anybody may take it";
            hits.push(Hit::new(sink.function, sink.span, message, HELP));
        } else if let Some(dropped) = dropped_before_its_port_is_used(facts, bind) {
            let message =
                "the port is free again when this socket is dropped, and anybody may take it before it is used";
            hits.push(Hit::new(sink.function, sink.span, message, HELP).label(dropped, "the socket is dropped here"));
        }
    }
}

/// Returns the `drop` of the socket that `bind` created, if a program starts afterwards with its port,
/// or a function that listens gets it.
fn dropped_before_its_port_is_used(facts: &FileFacts, bind: CallId) -> Option<Span> {
    let (root, function) = (facts.calls[bind].root, facts.calls[bind].function);
    let is_of_it = |id: CallId| facts.calls[id].root == root;
    let body = &facts.bodies[facts.functions[function].body?];
    let dropped = body.blocks.iter().flat_map(|block| &block.steps).find_map(|step| match *step {
        Step::Dropped { object: Object::Call(id), span } if span != Span::default() && is_of_it(id) => Some(span),
        _ => None,
    })?;
    let is_port = |value: &Value| value.call.is_some_and(is_of_it);
    let takes = |call: &&Call| {
        let values = call.arguments.iter().flat_map(|value| value.items.iter().flatten().chain([value]));
        let listens = || call.effects.as_ref().is_some_and(|effects| effects.listens);
        (tables::TAKING_PORTS.contains(&call.name.as_str()) || listens()) && values.into_iter().any(is_port)
    };
    let own = || facts.calls.iter().filter(|call| call.function == function);
    let is_later = |call: &&Call| call.span.start > dropped.end;
    // A command that got the port before, and starts after the socket is dropped.
    let starts_later = |command: &Call| {
        let is_it = |value: &Value| value.call.is_some_and(|call| facts.calls[call].root == command.root);
        let starts = |call: &Call| call.root == command.root && tables::STARTS.contains(&call.name.as_str());
        own().filter(is_later).any(|call| starts(call) || call.arguments.iter().any(is_it))
    };
    let is_command = |call: &&Call| tables::is_command(&facts.calls[call.root].path);
    let is_used =
        own().filter(is_later).any(|call| takes(&call)) || own().filter(takes).filter(is_command).any(starts_later);
    (!lives_on(facts, bind) && is_used).then_some(dropped)
}

/// Whether the function returns the port of the socket that `bind` created, and the socket does not outlive the
/// function.
fn gives_the_port_away(facts: &FileFacts, bind: CallId) -> bool {
    let (root, function) = (facts.calls[bind].root, facts.calls[bind].function);
    let is_of_it = |id: CallId| facts.calls[id].root == root;
    let asks = facts.calls.iter().enumerate().any(|(id, call)| call.name == "local_addr" && is_of_it(id));
    let returned = facts.functions[function].returns.as_ref().and_then(|value| value.call);
    let returns_port = returned.is_some_and(|call| is_of_it(call) && facts.calls[call].name == "port");
    asks && returns_port && !lives_on(facts, bind)
        || returned.is_some_and(|call| facts.calls[call].name == "local_addr" && is_only_asked(facts, bind, call))
}

/// Whether the socket that `bind` bound, possibly converted to another type, is asked for its address by the call `asks`
/// and used for nothing else.
fn is_only_asked(facts: &FileFacts, bind: CallId, asks: CallId) -> bool {
    let receiver = |call: CallId| facts.calls[call].receiver.as_ref().and_then(|receiver| receiver.call);
    let Some(socket) = receiver(asks) else { return false };
    let source = receiver(bind).unwrap_or(bind);
    let converted = |call: &Call| {
        let is_conversion = tables::STREAM_CONVERSIONS.contains(&call.name.as_str());
        call.arguments.first().filter(|_| is_conversion).and_then(|value| value.call)
    };
    let roots = [Some(socket), converted(&facts.calls[facts.calls[socket].root])];
    let roots: Vec<CallId> = roots.into_iter().flatten().map(|call| facts.calls[call].root).collect();
    let is_it = |value: &Value| value.call.is_some_and(|call| roots.contains(&facts.calls[call].root));
    let is_setting = |name: &str| {
        ["local_addr", "bind", "listen"].contains(&name) || name.starts_with("set_") || tables::is_transparent(name)
    };
    let is_harmless = |(id, call): (CallId, &Call)| {
        let is_used = call.receiver.as_ref().is_some_and(is_it) && !is_setting(&call.name);
        let is_given = call.arguments.iter().any(is_it) && converted(call).is_none();
        id == asks || !(is_used || is_given || call.surroundings.closure && call.receiver.as_ref().is_some_and(is_it))
    };
    let is_returned = |step: &Step| match *step {
        Step::Returned { object: Object::Call(made), .. } | Step::Stored { object: Object::Call(made), .. } => {
            made != asks && roots.contains(&facts.calls[made].root) && facts.calls[made].name != "local_addr"
        }
        _ => false,
    };
    roots.contains(&facts.calls[source].root)
        && facts.calls_from(facts.calls[source].root).all(is_harmless)
        && !facts.bodies.iter().flat_map(|body| &body.blocks).flat_map(|block| &block.steps).any(is_returned)
}

/// Whether the listener is handed on, stored, returned, or takes connections.
fn lives_on(facts: &FileFacts, bind: CallId) -> bool {
    let is_kept = |step: &Step| match *step {
        Step::Given { object: Object::Call(made), .. } | Step::Stored { object: Object::Call(made), .. } => {
            made == bind
        }
        _ => false,
    };
    // The result of a closure stays in the function.
    let is_returned = |step: &Step| matches!(*step, Step::Returned { object: Object::Call(made), .. } if made == bind);
    let serves = |call: &Call| {
        let of_it = call.receiver.as_ref().is_some_and(|receiver| receiver.call == Some(bind));
        of_it && tables::TAKING_CONNECTIONS.contains(&call.name.as_str())
    };
    facts.bodies.iter().any(|body| {
        let is_function = body.kind == BodyKind::Function;
        body.blocks.iter().flat_map(|block| &block.steps).any(|step| is_kept(step) || is_function && is_returned(step))
    }) || facts.calls.iter().any(serves)
}
