//! Decides whether a call waits for the other end of a socket.

use crate::facts::{Call, CallId, FileFacts};
use crate::tables;
use crate::value::{Type, Value};

/// The maximum number of calls from a stream to what it is wrapped in.
const MAX_DEPTH: usize = 4;

/// The method of a listener that waits for a connection.
pub(crate) const ACCEPT: &str = "accept";

/// Whether the call reads from a connection of the test, or accepts one, and waits for it.
pub(crate) fn is_wait(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let Some(receiver) = &call.receiver else { return false };
    let takes = || tables::STREAM_ITEMS.contains(&call.name.as_str());
    let reads = || tables::STREAM_READS.contains(&call.name.as_str());
    let is_on_connection = if call.name == ACCEPT {
        is_listener(facts, receiver)
    } else {
        reads() && is_stream(facts, receiver, false, 0)
            || tables::DATAGRAM_READS.contains(&call.name.as_str()) && is_datagram_socket(facts, receiver)
            || takes() && is_stream(facts, receiver, true, 0)
    };
    is_on_connection && blocks(facts, id, call)
}

/// Whether the call waits here: it is awaited, part of a `join!`, or it blocks its thread.
fn blocks(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    call.awaited || is_joined(facts, id) || call.receiver.as_ref().is_some_and(|receiver| is_of_std(facts, receiver))
}

/// Whether the value is a stream or a listener of `std`, whose methods block.
fn is_of_std(facts: &FileFacts, value: &Value) -> bool {
    let by_type = value.ty.as_ref().and_then(|ty| ty.foreign_path()).map(|path| path.starts_with(tables::STD));
    by_type.unwrap_or_else(|| facts.maker(value).is_some_and(|maker| maker.path.starts_with(tables::STD)))
}

fn has_type(value: &Value, types: &[&str]) -> bool {
    value.ty.as_ref().is_some_and(|ty| is_one_of(ty, types))
}

fn is_one_of(ty: &Type, types: &[&str]) -> bool {
    ty.foreign_path().is_some_and(|path| types.iter().any(|known| tables::ends_with(path, known)))
}

/// Whether the type reads from a connection that it holds, such as `BufReader<TcpStream>`.
fn wraps_stream(ty: &Type, depth: usize) -> bool {
    let inner = || ty.arguments.first();
    is_one_of(ty, tables::STREAM_WRAPPER_TYPES)
        && depth < MAX_DEPTH
        && inner().is_some_and(|inner| is_one_of(inner, tables::STREAM_TYPES) || wraps_stream(inner, depth + 1))
}

/// Whether the value is a listener for connections.
pub(crate) fn is_listener(facts: &FileFacts, value: &Value) -> bool {
    has_type(value, tables::LISTENER_TYPES) || facts.maker(value).is_some_and(binds)
}

/// Whether the value is a socket for datagrams.
pub(crate) fn is_datagram_socket(facts: &FileFacts, value: &Value) -> bool {
    value.ty.as_ref().and_then(|ty| ty.foreign_path()).is_some_and(tables::is_datagram)
        || facts.maker(value).is_some_and(binds_datagrams)
}

/// Whether the value is a connection over a socket, or, for a wait for items, something that was made of one.
pub(crate) fn is_stream(facts: &FileFacts, value: &Value, wrapped: bool, depth: usize) -> bool {
    if has_type(value, tables::STREAM_TYPES) || value.ty.as_ref().is_some_and(|ty| wraps_stream(ty, 0)) {
        return true;
    }
    let Some(maker) = facts.maker(value) else { return false };
    let is_made = |names: &[&str]| names.iter().any(|known| tables::ends_with(&maker.path, known));
    if is_made(if wrapped { tables::MESSAGE_STREAM_MAKERS } else { tables::STREAM_MAKERS }) {
        return true;
    }
    let is_accepted = || {
        let mut next = value.call;
        let mut steps = 0;
        while let Some(call) = next.filter(|_| steps < MAX_DEPTH) {
            let made = &facts.calls[call];
            if made.name == "accept" {
                return made.receiver.as_ref().is_some_and(|receiver| is_listener(facts, receiver));
            }
            next = made.receiver.as_ref().and_then(|receiver| receiver.call).filter(|before| *before < call);
            steps += 1;
        }
        false
    };
    let wraps = tables::STREAM_WRAPPERS.iter().any(|known| tables::ends_with(&maker.path, known));
    !wrapped && is_accepted()
        || depth < MAX_DEPTH && wraps && maker.arguments.iter().any(|inner| is_stream(facts, inner, false, depth + 1))
}

/// Whether the call makes a socket for datagrams.
pub(crate) fn binds_datagrams(call: &Call) -> bool {
    tables::DATAGRAM_MAKERS.iter().any(|known| tables::ends_with(&call.path, known))
}

/// Whether the call binds a listener.
pub(crate) fn binds(call: &Call) -> bool {
    tables::LISTENER_MAKERS.iter().any(|known| tables::ends_with(&call.path, known))
}

/// Whether the call is one of the futures of a `join!`.
pub(crate) fn is_joined(facts: &FileFacts, id: CallId) -> bool {
    facts.enclosed_by(id, tables::is_joining)
}
