//! Determines the thread and the network namespace of a step.

use std::collections::HashSet;

use super::effects::{enters, enters_network, is_fork};
use super::runner::{Runner, runner};
use super::{Flow, MAX_CALLERS, Point, steps};
use crate::cut::Cut;
use crate::facts::{CallId, FileFacts, Sink};
use crate::ir::{BodyKind, Object, Step};
use crate::tables;
use crate::value::Value;

/// The kind of thread that runs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    /// A dedicated thread, a child process, or the only thread of the program.
    Own,
    /// A pool thread, which runs tasks or closures of others, too.
    Pool,
    /// The thread that first needs a lazily created value.
    First,
    /// The thread of an unknown function.
    Unknown,
    /// A thread that continues with other work, such as a test's.
    Shared,
}

/// A change of the network namespace of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    /// Into another namespace.
    In,
    /// Back to the namespace before.
    Out,
}

/// Whether the call enters a namespace only to run its closure there.
fn returns_from(facts: &FileFacts, id: CallId) -> bool {
    let call = &facts.calls[id];
    call.effects.is_none() && call.path.is_empty() && call.arguments.iter().any(|value| value.body.is_some())
}

impl Flow<'_> {
    /// Returns the kind of thread that runs a call.
    pub(crate) fn thread(&self, call: CallId) -> Thread {
        if self.facts.enclosed_by(call, tables::is_lazy) {
            return Thread::First;
        }
        self.place(call).map_or(Thread::Shared, |place| self.thread_of(place, &mut HashSet::new()))
    }

    fn thread_of(&self, point: Point, seen: &mut HashSet<usize>) -> Thread {
        let facts = self.facts;
        let mut at = point;
        let mut is_task = false;
        loop {
            let body = self.body(at);
            is_task |= body.kind == BodyKind::Async;
            if body.kind == BodyKind::Function || body.function < 2 && self.made(at.body).is_none() {
                break;
            }
            if let Some((call, argument)) = self.given(at.body) {
                match runner(facts, call, argument) {
                    Runner::Alone => return Thread::Own,
                    Runner::Pool => return Thread::Pool,
                    Runner::Lazy => return Thread::First,
                    Runner::Unknown => return Thread::Unknown,
                    Runner::Here | Runner::Caught | Runner::Limited => {}
                }
            }
            match self.made(at.body) {
                Some(made) => at = made,
                None => break,
            }
        }
        let body = self.body(at);
        if body.function < 2 {
            return Thread::First;
        }
        let function = &facts.functions[body.function];
        if is_task || function.asynchronous {
            return Thread::Pool;
        }
        let forks = || steps(body).any(|(_, _, step)| matches!(*step, Step::Call(call) if is_fork(facts, call)));
        if function.name == "main" || function.before_main || forks() {
            return Thread::Own;
        }
        let (callers, handed) = (self.callers(body.function), self.handed(body.function));
        let is_own_at = |call: CallId, seen: &mut HashSet<usize>| {
            self.place(call).is_some_and(|place| matches!(self.thread_of(place, seen), Thread::Own | Thread::Unknown))
        };
        let is_own_of = |(call, argument): (CallId, usize), seen: &mut HashSet<usize>| {
            let runner = runner(facts, call, argument);
            matches!(runner, Runner::Alone | Runner::Unknown)
                || !matches!(runner, Runner::Pool | Runner::Lazy) && is_own_at(call, seen)
        };
        // A function that was asked before is on a thread of its own, or its answer has ended the search.
        if !seen.insert(body.function) {
            return Thread::Own;
        }
        let is_used = !callers.is_empty() || !handed.is_empty();
        let is_own = is_used
            && self.may_follow(seen)
            && callers.iter().all(|call| is_own_at(*call, seen))
            && handed.iter().all(|one| is_own_of(*one, seen));
        if is_own { Thread::Own } else { Thread::Shared }
    }

    /// Whether every path to the call enters another network namespace.
    pub(crate) fn is_inside(&self, call: CallId) -> bool {
        self.place(call).is_some_and(|place| self.is_point_inside(place, &mut HashSet::new()))
    }

    fn is_point_inside(&self, point: Point, seen: &mut HashSet<usize>) -> bool {
        let facts = self.facts;
        let mut at = point;
        loop {
            if !self.is_reached_outside(at) {
                return true;
            }
            let body = self.body(at);
            if body.kind == BodyKind::Function {
                break;
            }
            let run = self.given(at.body).and_then(|(call, argument)| self.is_run_inside(call, argument));
            if let Some(known) = run {
                return known;
            }
            match self.made(at.body) {
                Some(made) => at = made,
                None => return false,
            }
        }
        let function = self.body(at).function;
        let (callers, handed) = (self.callers(function), self.handed(function));
        let is_inside = |call: CallId, seen: &mut HashSet<usize>| {
            self.place(call).is_some_and(|place| self.is_point_inside(place, seen))
        };
        let runs_inside = |(call, argument): (CallId, usize), seen: &mut HashSet<usize>| {
            self.is_run_inside(call, argument).unwrap_or_else(|| is_inside(call, seen))
        };
        // A function that was asked before is inside, or its answer has ended the search.
        if facts.functions[function].isolated || !seen.insert(function) {
            return true;
        }
        !(callers.is_empty() && handed.is_empty())
            && self.may_follow(seen)
            && callers.iter().all(|call| is_inside(*call, seen))
            && handed.iter().all(|one| runs_inside(*one, seen))
    }

    /// Whether few enough functions were asked to follow further callers; records the bound otherwise.
    fn may_follow(&self, seen: &HashSet<usize>) -> bool {
        let is_within = seen.len() <= MAX_CALLERS;
        if !is_within {
            self.facts.cuts.add(Cut::Callers);
        }
        is_within
    }

    /// Whether a path through the body reaches the position in the network namespace in which the body starts, or one that
    /// it has returned to.
    fn is_reached_outside(&self, to: Point) -> bool {
        let leaves = |step: &Step| self.moves(step) == Some(Move::Out);
        let enters = |step: &Step| self.moves(step) == Some(Move::In);
        let starts = steps(self.body(to)).filter(|(_, _, step)| leaves(step));
        let behind = starts.map(|(block, step, _)| Point { body: to.body, block, step }.behind());
        std::iter::once(Point::entry(to.body)).chain(behind).any(|from| self.is_reached_without(from, to, enters))
    }

    /// How a step moves the thread between network namespaces.
    fn moves(&self, step: &Step) -> Option<Move> {
        let facts = self.facts;
        match *step {
            Step::Call(id) => {
                let call = &facts.calls[id];
                let enters = call.effects.as_ref().map_or_else(|| enters_network(facts, id), |callee| callee.network);
                if !enters || returns_from(facts, id) {
                    return None;
                }
                Some(if self.is_way_back(id) { Move::Out } else { Move::In })
            }
            Step::Dropped { object: Object::Call(id), .. } if self.is_guard(facts.calls[id].root) => Some(Move::Out),
            _ => None,
        }
    }

    /// Whether the call moves the thread to a namespace that the thread had opened before it entered another one.
    fn is_way_back(&self, id: CallId) -> bool {
        let facts = self.facts;
        let opened = |value: &Value| value.call.map(|call| facts.calls[call].root);
        let is_own = |open: &CallId| {
            let path = facts.calls[*open].arguments.first().and_then(Value::constant);
            path.is_some_and(|path| tables::OWN_NETWORK_NAMESPACES.contains(&path.as_str()))
        };
        let Some(open) = facts.calls[id].arguments.iter().filter_map(opened).find(is_own) else { return false };
        let before = facts.calls_around(id).start..open;
        !before
            .into_iter()
            .any(|other| facts.calls[other].function == facts.calls[id].function && enters_network(facts, other))
    }

    /// Whether the call made an object that has entered a namespace and leaves it in its `Drop`.
    fn is_guard(&self, made: CallId) -> bool {
        let facts = self.facts;
        let call = &facts.calls[made];
        let enters_network = call.effects.as_ref().is_some_and(|effects| effects.network);
        let Some(maker) = call.called.first().filter(|_| enters_network) else { return false };
        let holder = |item: &str| item.rsplit_once("::").map(|(holder, _)| holder.to_owned());
        let maker = &facts.functions[*maker];
        let made = maker.returns.as_ref().and_then(|value| value.path.as_deref());
        let drops = facts.functions.iter().enumerate().filter(|(_, function)| function.name == "drop");
        let mut guards = drops.filter_map(|(at, function)| {
            let mut calls = function.calls.clone();
            calls
                .any(|id| facts.calls[id].function == at && enters(facts, id))
                .then(|| holder(&function.item))
                .flatten()
        });
        guards.any(|guard| {
            let name = guard.rsplit("::").next().unwrap_or(&guard);
            holder(&maker.item).as_ref() == Some(&guard) || made.is_some_and(|path| tables::ends_with(path, name))
        })
    }

    /// Whether the call runs that argument, a closure or a function, inside of a network namespace; `None` if it runs
    /// it where the call itself runs.
    fn is_run_inside(&self, call: CallId, argument: usize) -> Option<bool> {
        let facts = self.facts;
        let known = facts.calls[call].effects.as_ref();
        let index = argument + usize::from(facts.calls[call].receiver.is_some());
        let inside = match known {
            Some(effects) => effects.of(index).inside,
            None => enters_network(facts, call),
        };
        // A pool thread does not run where its task was created; a new thread does.
        let elsewhere = runner(facts, call, argument) == Runner::Pool;
        (inside || elsewhere).then_some(inside)
    }

    /// Whether the sink, or the start of its command, is reachable only inside a network namespace that the code
    /// entered.
    pub(crate) fn is_sink_inside(&self, sink: &Sink) -> bool {
        let facts = self.facts;
        let call = sink.call.or_else(|| facts.calls.iter().position(|call| call.span == sink.span));
        let inside = |call: CallId| self.is_inside(call) || self.enters_before_exec(call);
        // If the sink is inside a called function, the function's body decides.
        let through = call.filter(|_| sink.through.is_some()).map(|call| facts.calls[call].called.as_slice());
        let functions = through.unwrap_or_default();
        let proper = facts.sinks.iter().filter(|other| functions.contains(&other.function) && other.by == sink.by);
        call.is_some_and(inside) || proper.filter_map(|other| other.call).any(inside)
    }

    /// Whether the call moves its own thread into another namespace.
    pub(crate) fn enters(facts: &FileFacts, call: CallId) -> bool {
        enters(facts, call)
    }

    /// Whether the command that `call` creates enters a network namespace before it executes its program.
    pub(crate) fn enters_before_exec(&self, command: CallId) -> bool {
        let facts = self.facts;
        let prepares = facts.object(command).filter(|(_, call)| tables::ends_with(&call.name, "pre_exec"));
        let mut bodies = prepares.flat_map(|(_, call)| &call.arguments).filter_map(|value| value.body);
        bodies.any(|body| {
            steps(&facts.bodies[body])
                .any(|(_, _, step)| matches!(*step, Step::Call(call) if enters_network(facts, call)))
        })
    }

    /// Returns the call that receives a closure, and the index of the argument.
    fn given(&self, body: usize) -> Option<(CallId, usize)> {
        let call = self.got_by(body)?;
        let at = self.facts.calls[call].arguments.iter().position(|value| value.body == Some(body))?;
        Some((call, at))
    }

    /// Returns the calls that receive a function of the file by its name.
    fn handed(&self, function: usize) -> &[(CallId, usize)] {
        self.handed.get(&function).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the calls of a function in its file.
    pub(super) fn callers(&self, function: usize) -> &[CallId] {
        self.callers.get(&function).map(Vec::as_slice).unwrap_or_default()
    }
}
