//! Follows an object, for example a child process, on every path after the call that creates it.

use std::collections::HashMap;

use super::runner::{Runner, runner};
use super::{Flow, Point, steps};
use crate::facts::{Call, CallId, FileFacts};
use crate::ir::{BodyId, BodyKind, Edge, How, Object, Step, Why};
use crate::span::Span;
use crate::tables;
use crate::value::{Piece, Value};

/// The object to follow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'s> {
    /// The result of one of these calls, which are on different branches.
    Made(&'s [CallId]),
    /// The argument of that index.
    Parameter(usize),
}

/// The effect of a step on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Sends it a signal that ends it.
    Killed(CallId),
    /// Waits until it has ended.
    Awaited(CallId),
    /// Waits for a limited time, or checks whether it has ended.
    Looked(CallId),
    /// Passes it to an owner that must end it.
    Kept,
    /// May panic.
    Panics(Span),
    /// Drops it; the program continues without it.
    Dropped(Span),
}

impl Event {
    /// Whether this body is no longer responsible for the object.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Killed(_) | Self::Awaited(_) | Self::Kept)
    }
}

/// An exit of a function on which the object is still alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    /// The `?`, the panic or the `return`; empty for the end of the function.
    pub span: Span,
    /// The exit is the end of the function, or a `return`.
    pub is_return: bool,
}

/// The end of an object on one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The call that ended it; `None` if it was passed on.
    pub by: Option<CallId>,
    /// Whether a signal ended it.
    pub killed: bool,
}

/// The exits and ends of an object.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// The exits that control can take while the object is alive.
    pub exits: Vec<Exit>,
    /// The places where the object ends.
    pub ends: Vec<Ended>,
    /// Whether some step checks if the object has ended.
    pub looks: bool,
    /// The `panic!` that ends the body if no check has found that the object has ended.
    pub still: Option<Span>,
}

/// Returns the call that created the object of the call `id`: the first call of the method chain, or the call in it
/// that starts the process.
pub(super) fn origin(facts: &FileFacts, id: CallId) -> CallId {
    let mut at = id;
    for _ in 0..64 {
        let call = &facts.calls[at];
        let before = call.receiver.as_ref().and_then(|receiver| receiver.call).filter(|before| *before < at);
        match before {
            Some(before) if !tables::STARTS.contains(&call.name.as_str()) => at = before,
            _ => break,
        }
    }
    at
}

impl Subject<'_> {
    /// Whether the value is the object itself, and not derived from it.
    fn is(self, value: &Value) -> bool {
        value.object().is_some_and(|object| self.is_object(object)) && !value.part
    }

    fn is_object(self, object: Object) -> bool {
        match (self, object) {
            (Self::Made(calls), Object::Call(call)) => calls.contains(&call),
            (Self::Parameter(index), Object::Parameter(other)) => index == other,
            _ => false,
        }
    }

    /// Whether the value is the object, a part of it, or derived from it by methods.
    pub(crate) fn is_behind(self, facts: &FileFacts, value: &Value) -> bool {
        match self {
            Self::Made(calls) => value.call.map(|call| origin(facts, call)).is_some_and(|first| {
                // `pid_of(&child)`
                let takes = facts.calls[first].receiver.is_none()
                    && facts.calls[first].arguments.iter().any(|value| self.is(value));
                takes || calls.contains(&first)
            }),
            Self::Parameter(index) => {
                let is_it = |value: &Value| matches!(value.pieces.as_slice(), [Piece::Parameter(known)] if known.index == index);
                let first = value.call.map(|call| &facts.calls[origin(facts, call)]);
                is_it(value)
                    || first.is_some_and(|first| match &first.receiver {
                        Some(receiver) => is_it(receiver),
                        None => false,
                    })
            }
        }
    }

    fn is_object_behind(self, facts: &FileFacts, object: Object) -> bool {
        match (self, object) {
            (Self::Made(calls), Object::Call(call)) => calls.contains(&origin(facts, call)),
            (Self::Parameter(_), Object::Call(call)) => {
                facts.calls[origin(facts, call)].receiver.as_ref().is_some_and(|receiver| self.is(receiver))
            }
            _ => self.is_object(object),
        }
    }

    /// Returns the effect of a step on the object, ignoring closures; `following` holds the later steps of the block.
    pub(crate) fn event(self, facts: &FileFacts, step: &Step, following: &[Step]) -> Option<Event> {
        match *step {
            Step::Call(id) => self.called(facts, id).or_else(|| {
                let mut given = following.iter().take_while(|next| matches!(next, Step::Given { to, .. } if *to == id));
                given.find_map(|next| self.event(facts, next, &[]))
            }),
            Step::Given { object, to, argument, how } if self.is_object_behind(facts, object) => {
                self.given(facts, object, (to, argument), how)
            }
            Step::Stored { object, .. } | Step::Returned { object, .. } if self.is_object(object) => Some(Event::Kept),
            Step::Dropped { object, span } if self.is_object(object) && span != Span::default() => {
                Some(Event::Dropped(span))
            }
            _ => None,
        }
    }

    fn called(self, facts: &FileFacts, id: CallId) -> Option<Event> {
        let call = &facts.calls[id];
        let by_glob = call.effects.is_none() && tables::KILLS_BY_GLOB.contains(&call.path.as_str());
        let known = tables::KILL_CALLS.iter().any(|known| tables::ends_with(&call.path, known));
        let sends = known || by_glob || is_kill_program(facts, call);
        if sends && call.arguments.iter().any(|value| self.is_behind(facts, value)) {
            return Some(Event::Killed(id));
        }
        let receiver = call.receiver.as_ref().filter(|receiver| self.is_behind(facts, receiver))?;
        if let Some(effects) = &call.effects {
            let fate = effects.of(0);
            return match fate {
                _ if fate.killed => Some(Event::Killed(id)),
                _ if fate.awaited => Some(Event::Awaited(id)),
                _ if fate.kept && self.is(receiver) => Some(Event::Kept),
                _ if fate.looked => Some(Event::Looked(id)),
                _ => None,
            };
        }
        let is_one_of = |list: &[&str]| list.contains(&call.name.as_str());
        match receiver {
            _ if is_one_of(tables::CHILD_KILLS) => Some(Event::Killed(id)),
            _ if is_one_of(tables::CHILD_WAITS) => Some(Event::Awaited(id)),
            _ if is_one_of(tables::CHILD_LOOKS) => Some(Event::Looked(id)),
            receiver if self.is(receiver) && !is_one_of(tables::CHILD_GETTERS) && matches!(self, Self::Made(_)) => {
                Some(Event::Kept)
            }
            _ => None,
        }
    }

    fn given(self, facts: &FileFacts, object: Object, (to, argument): (CallId, usize), how: How) -> Option<Event> {
        let call = &facts.calls[to];
        let exact = self.is_object(object);
        if let Some(effects) = &call.effects {
            let fate = effects.of(argument + usize::from(call.receiver.is_some()));
            return match fate {
                _ if fate.killed => Some(Event::Killed(to)),
                _ if fate.awaited => Some(Event::Awaited(to)),
                _ if fate.kept && exact && how != How::Lent => Some(Event::Kept),
                _ if fate.looked => Some(Event::Looked(to)),
                _ => None,
            };
        }
        let looks_only = call.name.strip_suffix('!').is_some_and(tables::is_looking);
        (exact && !looks_only).then_some(Event::Kept)
    }
}

/// Whether nothing reads the answer of a check whether a child has ended. A function of the run reads none if its effect is a
/// check.
pub(super) fn is_unanswered(facts: &FileFacts, look: CallId) -> bool {
    facts.calls[look].unread || facts.calls[look].effects.is_some()
}

/// Whether the call adds an argument to a `kill` command line.
fn is_kill_program(facts: &FileFacts, call: &Call) -> bool {
    let command = &facts.calls[call.root];
    call.receiver.is_some()
        && tables::is_command(&command.path)
        && command
            .arguments
            .first()
            .and_then(Value::constant)
            .is_some_and(|program| tables::program_name(&program) == tables::KILL)
}

/// Caches which bodies a panic can leave, including panics in known callees.
#[derive(Debug, Default)]
pub(crate) struct Panics {
    known: HashMap<BodyId, bool>,
    depth: usize,
}

/// The maximum depth of closures that run closures; bounds the recursion.
const MAX_DEPTH: usize = 128;

impl Panics {
    /// Whether a panic can leave the body.
    pub(crate) fn of(&mut self, facts: &FileFacts, body: BodyId) -> bool {
        if let Some(known) = self.known.get(&body) {
            return *known;
        }
        if self.depth == MAX_DEPTH {
            return false;
        }
        self.depth += 1;
        self.known.insert(body, false);
        let content = &facts.bodies[body];
        let panics = content.blocks.iter().flat_map(|block| &block.edges).any(|edge| is_panic(facts, edge))
            || steps(content).any(|(_, _, step)| match *step {
                Step::Call(id) => self.at(facts, id),
                Step::Run { body: inner, .. } => self.of(facts, inner),
                _ => false,
            });
        self.depth -= 1;
        self.known.insert(body, panics);
        panics
    }

    /// Whether a panic can leave the call: a panic of the function, or of a closure that it runs here.
    pub(crate) fn at(&mut self, facts: &FileFacts, id: CallId) -> bool {
        let call = &facts.calls[id];
        call.effects.as_ref().is_some_and(|effects| effects.panics)
            || call.arguments.iter().enumerate().any(|(argument, value)| {
                let Some(body) = value.body else { return false };
                let runner = runner(facts, id, argument);
                !runner.is_elsewhere() && runner != Runner::Caught && self.of(facts, body)
            })
    }
}

/// Whether the edge leaves the body by a panic that can occur in a correct program.
pub(super) fn is_panic(facts: &FileFacts, edge: &Edge) -> bool {
    edge.to.is_none() && matches!(edge.why, Why::Panic(of) if !never_fails(facts, of))
}

/// Whether the call succeeds in every correct program, for example the lock of a mutex that is never poisoned.
fn never_fails(facts: &FileFacts, call: Option<CallId>) -> bool {
    call.is_some_and(|call| tables::NEVER_FAIL.contains(&facts.calls[call].name.as_str()))
}

impl Flow<'_> {
    /// Follows the object from `start` on. `is_there` returns whether the result of a call certainly exists.
    ///
    /// If no other step ends the object, a check whether it has ended counts as its end.
    pub(crate) fn lives(&self, same: &[CallId], start: Point, is_there: impl Fn(CallId) -> bool) -> Lives {
        let lives = self.lives_until(same, start, &is_there, false);
        if !lives.ends.is_empty() || !lives.looks {
            return lives;
        }
        // A test ends with `panic!` only if it has not returned before, because the object has ended.
        let is_last = |exit: &&Exit| {
            let is_it = |call: &Call| call.span == exit.span && call.name == "panic!" && call.surroundings.depth == 0;
            self.facts.calls.iter().any(is_it)
        };
        let still = lives.exits.iter().find(is_last).map(|exit| exit.span);
        Lives { still, ..self.lives_until(same, start, &is_there, true) }
    }

    /// Whether a closure that a caller of the file passes as that parameter may panic.
    fn may_panic(&self, function: usize, parameter: usize) -> bool {
        let closure = |call: &CallId| {
            let call = &self.facts.calls[*call];
            call.arguments.get(parameter.checked_sub(usize::from(call.receiver.is_some()))?)?.body
        };
        let mut panics = self.panics.borrow_mut();
        self.callers(function).iter().filter_map(closure).any(|body| panics.of(self.facts, body))
    }

    fn lives_until(&self, same: &[CallId], start: Point, is_there: &dyn Fn(CallId) -> bool, looks_end: bool) -> Lives {
        let facts = self.facts;
        let subject = Subject::Made(same);
        let mut lives = Lives::default();
        let mut known = HashMap::new();
        // On the other branch, the check has found that the object has ended.
        let is_look = |call: CallId| {
            tables::CHILD_LOOKS.contains(&facts.calls[call].name.as_str()) && same.contains(&origin(facts, call))
        };
        let has_looked = |all: &[Edge]| all.iter().any(|edge| edge.to.is_some() && edge.lacks.is_some_and(is_look));
        let mut next = Some(start);
        let mut inside = 0;
        while let Some(from) = next.take() {
            let body = self.body(from);
            let mut given_back = false;
            let (mut exits, mut left) = (Vec::new(), Vec::new());
            self.explore(
                from,
                |at, step| {
                    if let Step::Returned { object, .. } = step
                        && subject.is_object(*object)
                        && body.kind != BodyKind::Function
                    {
                        given_back = true;
                        return false;
                    }
                    if let Step::Invoked { object: Object::Parameter(parameter), span } = *step
                        && body.kind == BodyKind::Function
                        && self.may_panic(body.function, parameter)
                    {
                        exits.push(Exit { span, is_return: false });
                    }
                    let following = &body.blocks[at.block].steps[at.step + 1..];
                    let event = self.event(subject, step, following, &mut known);
                    match event {
                        Some(Event::Killed(by)) => lives.ends.push(Ended { by: Some(by), killed: true }),
                        Some(Event::Awaited(by)) => lives.ends.push(Ended { by: Some(by), killed: false }),
                        Some(Event::Kept) => lives.ends.push(Ended { by: None, killed: false }),
                        Some(Event::Looked(by)) => {
                            lives.looks = true;
                            if looks_end {
                                lives.ends.push(Ended { by: Some(by), killed: false });
                                return false;
                            }
                        }
                        Some(Event::Panics(span)) => exits.push(Exit { span, is_return: false }),
                        Some(Event::Dropped(span)) => exits.push(Exit { span, is_return: true }),
                        None => {}
                    }
                    !event.is_some_and(|event| event.is_end() || matches!(event, Event::Dropped(_)))
                },
                |edge, all| {
                    if edge.lacks.is_some_and(|call| same.contains(&call)) || edge.lacks.is_none() && has_looked(all) {
                        return false;
                    }
                    let fails = match edge.why {
                        Why::Try(Some(of)) | Why::Panic(Some(of)) => {
                            !(never_fails(facts, Some(of)) || same.contains(&origin(facts, of)) && is_there(of))
                        }
                        _ => true,
                    };
                    if edge.to.is_none() && fails {
                        left.push(Exit { span: edge.span, is_return: edge.why == Why::Return });
                    }
                    true
                },
            );
            lives.exits.append(&mut exits);
            lives.exits.append(&mut left);
            // An object that a closure returns is alive where the closure was created.
            if given_back && inside < 16 {
                inside += 1;
                next = self.made(from.body).map(Point::behind);
            }
        }
        lives.exits.sort_by_key(|exit| (exit.is_return, exit.span));
        lives
    }

    /// Returns the effect of a step on the object, including closures. `known` caches the results of bodies.
    pub(crate) fn event(
        &self,
        subject: Subject<'_>,
        step: &Step,
        following: &[Step],
        known: &mut HashMap<BodyId, Option<Event>>,
    ) -> Option<Event> {
        let facts = self.facts;
        let plain = subject.event(facts, step, following);
        if plain.is_some() {
            return plain;
        }
        match *step {
            Step::Call(id) => {
                let mut bodies = facts.calls[id].arguments.iter().filter_map(|value| value.body);
                let inside = bodies.find_map(|body| self.end_inside(subject, body, known));
                inside.or_else(|| {
                    self.panics.borrow_mut().at(facts, id).then(|| Event::Panics(facts.calls[id].name_span))
                })
            }
            Step::Run { body, span } => {
                let panics = || self.panics.borrow_mut().of(facts, body).then_some(Event::Panics(span));
                self.end_inside(subject, body, known).or_else(panics)
            }
            Step::Made { body, .. } if facts.bodies[body].kind == BodyKind::Async && self.got_by(body).is_none() => {
                self.end_inside(subject, body, known)
            }
            _ => None,
        }
    }

    /// Returns the event that ends the object inside a closure, on some path.
    pub(crate) fn end_inside(
        &self,
        subject: Subject<'_>,
        body: BodyId,
        known: &mut HashMap<BodyId, Option<Event>>,
    ) -> Option<Event> {
        if let Some(known) = known.get(&body) {
            return *known;
        }
        if self.depth.get() == MAX_DEPTH {
            self.is_deep.set(true);
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        known.insert(body, None);
        let mut found: Option<Event> = None;
        for (block, at, step) in steps(&self.facts.bodies[body]) {
            let following = &self.facts.bodies[body].blocks[block].steps[at + 1..];
            let event = match *step {
                Step::Made { body: inner, .. } => self.end_inside(subject, inner, known),
                _ => self.event(subject, step, following, known),
            };
            let event = event.filter(|event| event.is_end());
            if found.is_none() || matches!(event, Some(Event::Killed(_))) {
                found = event.or(found);
            }
        }
        self.depth.set(self.depth.get() - 1);
        known.insert(body, found);
        found
    }
}
