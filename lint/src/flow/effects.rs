//! Computes the effects of a function on its arguments and on the calling thread, from its body.

use super::child::{Event, Panics, Subject, is_unanswered};
use super::runner::{Runner, runner};
use super::socket::{ACCEPT, is_joined, is_wait};
use super::steps;
use crate::facts::{Call, CallId, FileFacts, Sink, SinkKind};
use crate::ir::{Body, BodyId, BodyKind, Deed, DeedKind, Effects, Fate, How, Object, Step, Why};
use crate::network::{port_of_wildcard, public_host};
use crate::shell::network_change;
use crate::tables::{self, ExtraTables};
use crate::value::Value;

/// Returns the effects of the function with that body, which has `count` parameters.
///
/// Within a recursion, the function is treated as unknown.
///
/// `sinks` has the sinks that the walk over the function has found, possibly among those of its callees.
pub(crate) fn effects_of(
    facts: &FileFacts,
    (function, body): (usize, BodyId),
    count: usize,
    returns: &Value,
    sinks: &[Sink],
    extra: &ExtraTables,
) -> Effects {
    let mut effects = Effects { parameters: vec![Fate::default(); count], ..Effects::default() };
    effects.panics = Panics::default().of(facts, body);
    effects.starts = returns.call.is_some_and(|call| !returns.part && starts_child(facts, call));
    for sink in sinks.iter().filter(|sink| sink.function == function && sink.call.is_some()) {
        effects.connects |= sink.kind == SinkKind::Connect;
        effects.listens |= matches!(sink.kind, SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram);
        let is_outside = sink.call.is_some_and(|call| is_called_outside(facts, body, call));
        if is_outside && binds_every_address(sink, count) {
            effects.add_wildcards(sink.values[0].places_of_host().map(|place| (facts.file, place)));
        }
        let is_certain = is_outside && sink.call.is_some_and(|call| is_on_every_path(&facts.bodies[body], call));
        if is_certain && let Some(host) = host_of(sink, count) {
            effects.add_deeds([Deed { kind: DeedKind::Contacts(host), place: (facts.file, sink.span) }]);
        }
    }
    for sink in sinks.iter().filter(|sink| sink.function == function && sink.certain) {
        let changes = || Some((change_of(sink, count, extra)?, call_of(facts, sink)?));
        if let Some((command, call)) = changes().filter(|(_, call)| is_called_outside(facts, body, *call)) {
            let kind = DeedKind::ChangesNetwork(command);
            effects.add_deeds([Deed { kind, place: (facts.file, facts.calls[call].span) }]);
        }
    }
    let forks = steps(&facts.bodies[body]).any(|(_, _, step)| matches!(*step, Step::Call(id) if is_fork(facts, id)));
    let listens = |sink: &&Sink| matches!(sink.kind, SinkKind::Listen | SinkKind::Bind | SinkKind::Datagram);
    let listening: Vec<CallId> =
        sinks.iter().filter(|sink| sink.function == function).filter(listens).filter_map(|sink| sink.call).collect();
    let place = Place { here: true, alone: forks, limited: false, inside: false };
    look(facts, body, place, &listening, &mut effects);
    if may_end_waits(facts, body, &effects) {
        effects.remove_waits();
    }
    effects.pauses = only_sleeps(facts, body);
    effects.ready = facts.functions[function].asynchronous && waits_for_nothing(facts, body, MAX_CALLS);
    effects.limits |= facts.functions[function].bounds_loops;
    effects
}

/// Whether the function may end its waits itself: it sets a limit, has a timeout for something, or waits for the socket
/// in another way first.
fn may_end_waits(facts: &FileFacts, body: BodyId, effects: &Effects) -> bool {
    let waits_otherwise = |step: &Step| match *step {
        Step::Call(id) => tables::WAITING_OTHERWISE.contains(&facts.calls[id].name.as_str()),
        _ => false,
    };
    effects.limits
        || effects.limits_streams
        || effects.parameters.iter().any(|fate| fate.limits_streams)
        || steps(&facts.bodies[body]).any(|(_, _, step)| waits_otherwise(step))
}

/// Whether the body sleeps once and does nothing else, apart from the computation of the time.
fn only_sleeps(facts: &FileFacts, body: BodyId) -> bool {
    let calls = || {
        steps(&facts.bodies[body]).filter_map(|(_, _, step)| match *step {
            Step::Call(id) => Some(&facts.calls[id]),
            _ => None,
        })
    };
    let sleeps = |call: &Call| {
        call.effects.as_ref().is_some_and(|effects| effects.pauses)
            || tables::SLEEPING.iter().any(|known| tables::ends_with(&call.path, known))
    };
    calls().filter(|call| sleeps(call)).count() == 1
        && calls().all(|call| sleeps(call) || call.path.contains(tables::OF_DURATION))
        && calls().all(|call| !call.surroundings.is_repeated())
}

/// The most calls of functions of the file, one inside of the other, that [`waits_for_nothing`] follows.
const MAX_CALLS: usize = 4;

/// Whether the body awaits only futures that are ready at once, and calls neither what may wait by its name nor a function of the run
/// whose body does or is not known here.
fn waits_for_nothing(facts: &FileFacts, body: BodyId, calls: usize) -> bool {
    let is_harmless = |function: &usize| {
        let body = facts.functions[*function].body;
        calls > 0 && body.is_some_and(|body| waits_for_nothing(facts, body, calls - 1))
    };
    steps(&facts.bodies[body]).all(|(_, _, step)| match *step {
        Step::Await { of, .. } => {
            let effects = of.and_then(|call| facts.calls[call].effects.as_ref());
            effects.is_some_and(|effects| effects.ready)
        }
        Step::Call(id) => {
            let call = &facts.calls[id];
            match call.name.strip_suffix('!') {
                Some(name) => tables::is_looking(name),
                None if call.effects.as_ref().is_some_and(|effects| effects.ready) => true,
                None if call.effects.is_some() => !call.called.is_empty() && call.called.iter().all(is_harmless),
                None => !tables::may_wait(&call.name),
            }
        }
        Step::Run { body, .. } => waits_for_nothing(facts, body, calls),
        _ => true,
    })
}

/// Whether the call is a method of a type of the run whose future is ready at once.
pub(crate) fn is_ready(call: &Call) -> bool {
    let is_own = call.receiver.as_ref().is_some_and(|on| on.ty.as_ref().is_some_and(|ty| ty.own().is_some()));
    is_own && call.effects.as_ref().is_some_and(|effects| effects.ready)
}

/// Whether the body itself makes the call, in the network namespace of its caller. A closure may run in another one.
fn is_called_outside(facts: &FileFacts, body: BodyId, call: CallId) -> bool {
    let enters =
        |id: CallId| facts.calls[id].effects.as_ref().is_some_and(|callee| callee.network) || enters_network(facts, id);
    let mut calls = steps(&facts.bodies[body]).filter_map(|(_, _, step)| match *step {
        Step::Call(id) => Some(id),
        _ => None,
    });
    calls.find(|&id| id == call || enters(id)) == Some(call)
}

/// Whether a sink listens on every address of the machine, whatever the caller passes. A datagram socket with any port is
/// a client.
fn binds_every_address(sink: &Sink, count: usize) -> bool {
    let Some(port) = sink.values.first().and_then(|value| port_of_wildcard(&value.shown())) else { return false };
    let is_server = match sink.kind {
        SinkKind::Listen => true,
        SinkKind::Bind | SinkKind::Datagram => port != 0,
        _ => false,
    };
    is_server && !sink.depends_on_parameters(count)
}

/// Returns the call that a sink belongs to: that of the operation, or that of the function that performs it.
pub(super) fn call_of(facts: &FileFacts, sink: &Sink) -> Option<CallId> {
    let leads_there = |id: &CallId| facts.calls[*id].function == sink.function && facts.calls[*id].span == sink.span;
    sink.call.or_else(|| (0..facts.calls.len()).rev().find(leads_there))
}

/// Whether each path through the body that returns runs the command of the sink.
pub(crate) fn runs_always(facts: &FileFacts, body: BodyId, sink: &Sink) -> bool {
    let Some(call) = call_of(facts, sink) else { return false };
    let is_of_it = |value: &Value| value.call.is_some_and(|made| facts.calls[made].root == facts.calls[call].root);
    let runs = |(_, other): (CallId, &Call)| {
        tables::TERMINAL.contains(&other.name.as_str()) && other.receiver.as_ref().is_some_and(is_of_it)
    };
    let is_run = sink.through.is_some() || sink.kind == SinkKind::ShellString || facts.calls_from(call).any(runs);
    is_run && is_on_every_path(&facts.bodies[body], call)
}

/// Returns the command by which a sink changes the network of the machine, whatever the caller passes.
fn change_of(sink: &Sink, count: usize, extra: &ExtraTables) -> Option<String> {
    let is_certain = sink.kind.is_command_line() && !sink.depends_on_parameters(count);
    is_certain.then(|| network_change(sink, extra)).flatten().map(|change| change.shown)
}

/// Returns the public host that a sink contacts on each call of its function, whatever the caller passes.
fn host_of(sink: &Sink, count: usize) -> Option<String> {
    let is_contact = matches!(sink.kind, SinkKind::Connect | SinkKind::Resolve);
    let value = sink.values.first().filter(|_| is_contact && !sink.depends_on_parameters(count))?;
    value.constant().and_then(|text| public_host(&text))
}

/// Whether the call opens the device that creates network interfaces, for writing: a probe only reads.
fn makes_device(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_it = |value: &Value| value.prefix().trim_end_matches('\0') == tables::INTERFACE_MAKER;
    let is_read_only = |value: &Value| value.path.as_ref().is_some_and(|path| path.ends_with("RDONLY"));
    let is_probe = || match &call.receiver {
        Some(_) => !facts.object(call.root).any(|(_, other)| other.name == "write" || other.name == "append"),
        None => tables::ends_with(&call.path, tables::FILE_OPENER) || call.arguments.iter().any(is_read_only),
    };
    tables::OPENING_FILES.contains(&call.name.as_str()) && call.arguments.iter().any(is_it) && !is_probe()
}

/// Whether no path through the body returns without the call. An error or a panic before it ends the function too.
fn is_on_every_path(body: &Body, call: CallId) -> bool {
    let Some((on, _, _)) = steps(body).find(|(_, _, step)| **step == Step::Call(call)) else { return false };
    let (mut seen, mut open) = (vec![false; body.blocks.len()], vec![0]);
    while let Some(block) = open.pop() {
        if block == on || std::mem::replace(&mut seen[block], true) {
            continue;
        }
        for edge in &body.blocks[block].edges {
            match edge.to {
                Some(next) => open.push(next),
                None if edge.why == Why::Return => return false,
                None => {}
            }
        }
    }
    true
}

/// Whether the call waits for the other end of a socket here, and for a connection; `None` if it does not wait.
pub(crate) fn waits(facts: &FileFacts, id: CallId) -> Option<bool> {
    let call = &facts.calls[id];
    // Of an object of unknown type, only the name of the method is known.
    let is_known = call.receiver.as_ref().is_none_or(|on| on.ty.as_ref().is_some_and(|ty| ty.own().is_some()));
    let Some(effects) = call.effects.as_ref().filter(|_| is_known) else {
        return is_wait(facts, id, call).then(|| call.name == ACCEPT);
    };
    let is_driven = || call.awaited || is_joined(facts, id) || facts.enclosed_by(id, tables::drives_future);
    effects.deeds.iter().find_map(|deed| match deed.kind {
        DeedKind::Waits { accepts, asynchronous } if !asynchronous || is_driven() => Some(accepts),
        _ => None,
    })
}

/// The maximum number of calls on the way to a wait that are places of it.
const MAX_BEHIND: usize = 3;

/// The context of a body, as seen from the function.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by one rule")]
struct Place {
    /// On the calling thread.
    here: bool,
    /// On a dedicated thread or process.
    alone: bool,
    /// With a timeout.
    limited: bool,
    /// In a network namespace that the function entered.
    inside: bool,
}

/// Adds the effects of a body; `listening` has the calls of the function that bind a socket.
fn look(facts: &FileFacts, body: BodyId, mut place: Place, listening: &[CallId], effects: &mut Effects) {
    let content = &facts.bodies[body];
    for (block, at, step) in steps(content) {
        match *step {
            Step::Call(id) => {
                let call = &facts.calls[id];
                let callee = call.effects.as_deref();
                effects.connects |= callee.is_some_and(|callee| callee.connects) || contacts(facts, id);
                effects.listens |= callee.is_some_and(|callee| callee.listens);
                if let Some(callee) = callee.filter(|callee| callee.connects || callee.listens) {
                    let is_near = facts.may_be_of_tests(call);
                    effects.connects_beyond |= callee.connects_beyond || callee.connects && !is_near;
                    effects.listens_beyond |= callee.listens_beyond || callee.listens && !is_near;
                }
                if let Some(deciding) = call.limit_of_streams() {
                    effects.limits_streams |= deciding.is_empty();
                    for index in deciding {
                        match effects.parameters.get_mut(index) {
                            Some(fate) => fate.limits_streams = true,
                            None => effects.limits_streams = true,
                        }
                    }
                }
                // A call on a branch may be the choice of the caller, by a setting.
                if !place.inside
                    && call.surroundings.depth == 0
                    && let Some(callee) = callee.filter(|callee| !callee.wildcards.is_empty())
                {
                    effects.add_wildcards([(facts.file, call.span)]);
                    effects.add_wildcards(callee.wildcards.iter().copied());
                }
                add_deeds(facts, content, id, place, effects);
                effects.programs |= callee.map_or_else(|| starts_program(facts, id), |callee| callee.programs);
                let starts = || tables::starts_concurrent(&call.path) || starts_program(facts, id);
                effects.tasks |= place.here && callee.map_or_else(|| starts_task(facts, id), |callee| callee.tasks);
                let binds = |callee: &Effects| if callee.spawns { callee.binds_first } else { callee.listens };
                effects.binds_first |=
                    place.here && !effects.spawns && callee.map_or_else(|| listening.contains(&id), binds);
                effects.spawns |= callee.map_or_else(starts, |callee| callee.spawns);
                effects.retries |= place.here
                    && !place.limited
                    && !facts.is_limited_by_call_around(id)
                    && !facts.enclosed_by(id, tables::is_spawning)
                    && (callee.is_some_and(|callee| callee.retries) || super::retry::is_pause_of_endless(facts, id));
                effects.limits |= call.is_limit();
                let reads_clock = || tables::READING_CLOCKS.contains(&call.name.as_str());
                effects.clock |= callee.map_or_else(reads_clock, |callee| callee.clock);
                let network = callee.is_some_and(|callee| callee.network) || enters_network(facts, id);
                if place.here && !place.alone {
                    effects.enters |= callee.is_some_and(|callee| callee.enters) || enters(facts, id);
                    effects.network |= network;
                }
                place.inside |= network;
            }
            Step::Invoked { object: Object::Parameter(index), .. } => {
                if let Some(fate) = effects.parameters.get_mut(index) {
                    fate.alone |= place.alone;
                    fate.limited |= place.limited;
                    fate.inside |= place.inside;
                }
            }
            Step::Given { object: Object::Parameter(index), to, argument, how } => {
                let callee = facts.calls[to].effects.as_deref();
                if let Some(fate) = effects.parameters.get_mut(index) {
                    let of_callee =
                        callee.map(|callee| callee.of(argument + usize::from(facts.calls[to].receiver.is_some())));
                    fate.inside |= place.inside || of_callee.is_some_and(|fate| fate.inside);
                    match runner(facts, to, argument) {
                        Runner::Alone if how == How::Moved => fate.alone = true,
                        Runner::Limited => fate.limited = true,
                        _ => {
                            fate.limited |= place.limited;
                            fate.alone |= place.alone && how == How::Moved;
                        }
                    }
                }
            }
            Step::Made { body: inner, .. } => {
                let given = given_to(facts, content, block, at, inner);
                let runner = given.map_or(Runner::Here, |(call, argument)| runner(facts, call, argument));
                let place = Place {
                    here: place.here && !runner.is_elsewhere(),
                    alone: (place.alone && runner != Runner::Pool) || runner == Runner::Alone,
                    limited: place.limited || runner == Runner::Limited,
                    inside: place.inside && runner != Runner::Pool,
                };
                look(facts, inner, place, listening, effects);
            }
            _ => {}
        }
        let following = &content.blocks[block].steps[at + 1..];
        for index in parameters_of(facts, step) {
            let Some(fate) = effects.parameters.get_mut(index) else { continue };
            match Subject::Parameter(index).event(facts, step, following) {
                Some(Event::Killed(_)) => fate.killed = true,
                Some(Event::Looked(by)) if is_unanswered(facts, by) => fate.looked = true,
                Some(Event::Awaited(_) | Event::Looked(_)) => fate.awaited = true,
                Some(Event::Kept) => fate.kept = true,
                _ => {}
            }
        }
    }
}

/// Adds what a call of a function does on each of its paths.
fn add_deeds(facts: &FileFacts, content: &Body, id: CallId, place: Place, effects: &mut Effects) {
    let call = &facts.calls[id];
    let callee = call.effects.as_deref();
    let makes_device = makes_device(facts, id);
    let deeds = callee.map(|callee| callee.deeds.as_slice()).unwrap_or_default();
    // A call that some paths leave out may be the choice of the caller.
    if (makes_device || !deeds.is_empty()) && !place.inside && is_on_every_path(content, id) {
        let here = (facts.file, call.span);
        effects.add_deeds(makes_device.then_some(Deed { kind: DeedKind::MakesDevice, place: here }));
        let others = || deeds.iter().filter(|deed| !matches!(deed.kind, DeedKind::Waits { .. }));
        effects.add_deeds(others().map(|deed| Deed { place: here, ..deed.clone() }));
        effects.add_deeds(others().cloned());
    }
    if place.here
        && !place.limited
        && !place.inside
        && content.kind == BodyKind::Function
        && effects.waits().next().is_none()
        && let Some(accepts) = waits(facts, id)
        && !facts.is_limited_by_call_around(id)
        && !facts.enclosed_by(id, tables::is_spawning)
        && is_on_every_path(content, id)
    {
        let asynchronous = facts.functions[call.function].asynchronous;
        let behind = callee.into_iter().flat_map(Effects::waits).map(|deed| deed.place).take(MAX_BEHIND);
        let places = [(facts.file, call.span)].into_iter().chain(behind);
        let kind = DeedKind::Waits { accepts, asynchronous };
        effects.add_deeds(places.map(|place| Deed { kind: kind.clone(), place }));
    }
}

/// Returns the parameters that a step may affect.
fn parameters_of(facts: &FileFacts, step: &Step) -> Vec<usize> {
    match *step {
        Step::Call(id) => {
            let call = &facts.calls[id];
            let first = &facts.calls[super::child::origin(facts, id)];
            let values = call.receiver.iter().chain(&first.receiver).chain(&call.arguments);
            let mut all: Vec<usize> =
                values.flat_map(|value| &value.parameters).map(|parameter| parameter.index).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        Step::Given { object: Object::Parameter(index), .. }
        | Step::Stored { object: Object::Parameter(index), .. }
        | Step::Returned { object: Object::Parameter(index), .. } => vec![index],
        _ => Vec::new(),
    }
}

/// Returns the call that receives a new closure, and the index of the argument.
fn given_to(facts: &FileFacts, content: &Body, block: usize, at: usize, inner: BodyId) -> Option<(CallId, usize)> {
    let gets = |step: &Step| match *step {
        Step::Call(id) => {
            let at = facts.calls[id].arguments.iter().position(|value| value.body == Some(inner))?;
            Some((id, at))
        }
        _ => None,
    };
    content.blocks[block].steps[at + 1..].iter().find_map(gets)
}

/// Whether the call returns a child process that keeps running after its handle is dropped.
pub(crate) fn starts_child(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    if let Some(effects) = &call.effects {
        return effects.starts;
    }
    let before = call
        .receiver
        .as_ref()
        .and_then(|receiver| receiver.call)
        .filter(|_| tables::STARTS.contains(&call.name.as_str()));
    before.and_then(|before| facts.command_behind(before)).is_some_and(|command| {
        let own_drop = facts.object(command).any(|(_, other)| other.name == tables::KILL_ON_DROP);
        // A dropped handle of duct leaves its process running, too.
        let path = facts.calls[command].path.as_str();
        let by_duct = call.name == "start" && path.starts_with(tables::DUCT);
        !own_drop && (by_duct || call.name == "spawn" && tables::ends_with(path, tables::COMMAND_MAKER))
    })
}

/// Whether the call is one of a client library that contacts a peer.
pub(crate) fn contacts(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    if call.effects.is_some() {
        return false;
    }
    if !call.path.is_empty() {
        return tables::waits_for_peer(&call.path);
    }
    let holder = call.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref()?.foreign_path());
    let maker = &facts.calls[call.root].path;
    holder.is_some_and(|holder| tables::method_waits_for_peer(holder, &call.name))
        || tables::sends_request(holder.unwrap_or(maker), &call.name)
}

/// Whether the call starts a task on the runtime that runs it.
pub(crate) fn starts_task(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let is_set = |value: &Value| {
        value.is_of(tables::SETS_OF_TASKS)
            || facts.maker(value).is_some_and(|maker| {
                maker.path.rsplit_once("::").is_some_and(|(holder, _)| {
                    tables::SETS_OF_TASKS.iter().any(|known| tables::ends_with(holder, known))
                })
            })
    };
    tables::STARTING_TASKS.iter().any(|known| tables::ends_with(&call.path, known))
        || ["spawn", "spawn_local"].contains(&call.name.as_str()) && call.receiver.as_ref().is_some_and(is_set)
}

/// Whether the call starts a program for which the function does not wait.
pub(crate) fn starts_program(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    let ends = |(_, other): (CallId, &Call)| tables::CHILD_WAITS.contains(&other.name.as_str());
    call.name == "spawn" && facts.command_behind(id).is_some() && !facts.object(id).any(ends)
}

/// Whether the call moves the thread into another namespace.
pub(super) fn enters(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    if !call.path.is_empty() {
        let known = tables::NAMESPACE_CALLS.iter().any(|known| tables::ends_with(&call.path, known));
        return known && !call.arguments.is_empty();
    }
    let Some(before) = call.receiver.as_ref().and_then(|receiver| receiver.call) else { return false };
    let maker = &facts.calls[facts.calls[before].root].path;
    let known = tables::NAMESPACE_METHODS.iter().find(|(method, _)| *method == call.name);
    known.is_some_and(|(_, makers)| makers.iter().any(|known| tables::ends_with(maker, known)))
}

/// Whether the call moves the thread into another network namespace, as far as its flags show.
pub(super) fn enters_network(facts: &FileFacts, id: CallId) -> bool {
    let flags =
        |value: &Value| value.path.as_ref().is_some_and(|path| path.contains("NEW") && !path.contains("NEWNET"));
    enters(facts, id) && !facts.calls[id].arguments.iter().any(flags)
}

/// Whether the call continues in a child process, too.
pub(crate) fn is_fork(facts: &FileFacts, id: CallId) -> bool {
    tables::FORKS.iter().any(|known| tables::ends_with(&facts.calls[id].path, known))
}

#[cfg(test)]
mod tests {
    use crate::facts::FileFacts;
    use crate::ir::Effects;
    use crate::lowering::{World, lower};
    use crate::tables::ExtraTables;

    fn effects(code: &str, name: &str) -> Effects {
        let file = syn::parse_file(code).expect("it parses");
        let facts: FileFacts = lower(&file, 0, 0, &World::default(), &ExtraTables::default()).facts;
        let call = facts.calls.iter().find(|call| call.name == name && call.effects.is_some());
        (**call.expect("it is called").effects.as_ref().expect("it is known")).clone()
    }

    #[test]
    fn a_function_that_kills_by_number_kills_its_argument() {
        let by_child = "fn end(c: &Child) { unsafe { libc::kill(c.id() as i32, 9); } } fn f(c: &Child) { end(c) }";
        assert!(effects(by_child, "end").of(0).killed);
        let by_number = "fn end(pid: u32) { std::thread::spawn(move || { unsafe { libc::kill(pid as i32, 9); } }); } fn f() { end(1) }";
        assert!(effects(by_number, "end").of(0).killed);
        let named_so = "fn kill_mock(pid: u32) { println!(\"{pid}\"); } fn f() { kill_mock(1) }";
        assert!(!effects(named_so, "kill_mock").of(0).killed);
    }

    #[test]
    fn functions_that_call_each_other_come_to_an_end() {
        let code = "fn a(c: &mut Child) { b(c) } fn b(c: &mut Child) { if x() { a(c) } c.kill(); } fn f(c: &mut Child) { a(c) }";
        assert!(effects(code, "b").of(0).killed, "{:?}", effects(code, "b"));
        assert!(effects(code, "a").of(0).killed, "{:?}", effects(code, "a"));
    }
}
