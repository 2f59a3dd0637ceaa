//! Decides whether a wait has a timeout on every path that leads to it.

use std::collections::HashMap;

use super::child::{Event, Subject, is_panic, origin};
use super::effects::starts_child;
use super::runner::{Runner, runner};
use super::{Flow, Point, steps};
use crate::facts::CallId;
use crate::ir::{BodyKind, Object, Step, Why};
use crate::span::Span;
use crate::tables;
use crate::value::Piece;

/// The maximum depth of nested closures.
const MAX_DEPTH: usize = 32;

impl Flow<'_> {
    /// Whether the wait that the call `id` is or starts certainly ends: it has a timeout, it is part of a race, its
    /// subject has ended or was killed on every earlier path, or it runs on a thread that nobody joins.
    pub(crate) fn is_bounded(&self, id: CallId) -> bool {
        let facts = self.facts;
        let Some(point) = self.awaited(id).or_else(|| self.place(id)) else { return false };
        if self.is_limited_in_time(id) {
            return true;
        }
        let receiver = facts.calls[id].receiver.as_ref();
        let first = receiver.and_then(|receiver| receiver.call).map(|call| origin(facts, call));
        let behind = first.and_then(|first| facts.calls[first].receiver.as_ref()).into_iter().chain(receiver);
        let parameter = behind.flat_map(|value| &value.pieces).find_map(|piece| match piece {
            Piece::Parameter(parameter) => Some(parameter.index),
            _ => None,
        });
        // A function that starts no child itself may have received one from elsewhere; its result is the object in both
        // cases.
        let is_start =
            |made: &CallId| tables::STARTS.contains(&facts.calls[*made].name.as_str()) || starts_child(facts, *made);
        let made = first.filter(|made| parameter.is_none() || is_start(made));
        let same = made.map(|made| facts.with_alternatives(made)).unwrap_or_default();
        let subject = match parameter {
            Some(index) if made.is_none() => Subject::Parameter(index),
            _ => Subject::Made(&same),
        };
        let start = made.and_then(|made| self.place(made)).map(Point::behind);
        !self.is_reached(subject, start, point, id, 0)
    }

    /// Whether the call, or code around it, runs with a timeout or in a race.
    pub(crate) fn is_limited_in_time(&self, id: CallId) -> bool {
        let awaited = self.awaited(id);
        let Some(point) = awaited.or_else(|| self.place(id)) else { return false };
        self.is_limited(id, awaited.is_some()) || self.is_around_limited(point)
    }

    /// Whether the call may run on another thread or in another task than its function: in spawned code, or in a
    /// closure, which is mostly the handler of a server.
    pub(crate) fn is_spawned(&self, id: CallId) -> bool {
        let Some(mut point) = self.awaited(id).or_else(|| self.place(id)) else { return false };
        if self.facts.enclosed_by(id, tables::is_spawning) {
            return true;
        }
        for _ in 0..MAX_DEPTH {
            if self.facts.bodies[point.body].kind == BodyKind::Closure {
                return true;
            }
            let spawner = self.got_by(point.body).map(|call| self.facts.calls[call].name.as_str());
            let Some(made) = self.made(point.body).filter(|_| !spawner.is_some_and(tables::is_spawning)) else {
                return spawner.is_some_and(tables::is_spawning);
            };
            point = made;
        }
        self.is_deep.set(true);
        true
    }

    /// Whether the call runs in another thread or task, as in [`Flow::is_spawned`], for which the function does not wait.
    pub(crate) fn is_apart(&self, id: CallId) -> bool {
        let facts = self.facts;
        if !self.is_spawned(id) {
            return false;
        }
        let Some(mut point) = self.place(id) else { return true };
        let gets = |user: &&(CallId, Option<usize>)| tables::is_spawning(&facts.calls[user.0].name);
        let direct = self.users.get(&id).and_then(|users| users.iter().find(gets)).map(|user| user.0);
        if direct.is_some_and(|spawn| !self.is_waited_for(spawn)) {
            return true;
        }
        let mut spawns = usize::from(direct.is_some());
        for _ in 0..MAX_DEPTH {
            let spawner = self.got_by(point.body).filter(|call| tables::is_spawning(&facts.calls[*call].name));
            match (spawner, facts.bodies[point.body].kind) {
                (Some(spawn), _) if !self.is_waited_for(spawn) => return true,
                (Some(_), _) => spawns += 1,
                (None, BodyKind::Closure) => return true,
                (None, _) => {}
            }
            let Some(made) = self.made(point.body) else { return facts.count_around(id, tables::is_spawning) > spawns };
            point = made;
        }
        self.is_deep.set(true);
        true
    }

    /// Whether the function joins or awaits the thread or task that the call starts, without a limit.
    pub(crate) fn is_waited_for(&self, spawn: CallId) -> bool {
        let facts = self.facts;
        let of_handle = |call: &CallId| origin(facts, *call) == spawn;
        let calls = || facts.calls_around(spawn).filter(|id| facts.calls[*id].function == facts.calls[spawn].function);
        let is_on_it = |id: &CallId| {
            facts.calls[*id].receiver.as_ref().and_then(|on| on.call).is_some_and(|call| of_handle(&call))
        };
        let is_named = |id: &CallId, names: &[&str]| names.contains(&facts.calls[*id].name.as_str());
        let joins = |id: &CallId| is_named(id, tables::JOINS) && is_on_it(id) && !self.is_limited_in_time(*id);
        let awaits = || self.awaits.keys().any(|call| of_handle(call) && !self.is_limited_in_time(*call));
        !calls().any(|id| is_named(&id, tables::STOPPING_TASKS) && is_on_it(&id))
            && (calls().any(|id| joins(&id)) || awaits())
    }

    /// Whether the call runs in a thread or a task of the function, and the function may fail before it waits for it, behind a
    /// call that `asks` accepts: the thread then waits in vain, and nobody for the thread.
    pub(crate) fn is_checked_before_join(&self, id: CallId, asks: impl Fn(CallId) -> bool) -> bool {
        let facts = self.facts;
        let Some((spawn, place)) = self.spawner(id).and_then(|spawn| Some((spawn, self.place(spawn)?))) else {
            return false;
        };
        let mut asked = Vec::new();
        self.explore(
            place.behind(),
            |at, step| {
                if matches!(*step, Step::Call(call) if asks(call)) {
                    asked.push(at);
                }
                self.joined_at(spawn, step).is_none()
            },
            |_, _| true,
        );
        let may_fail = |at: &Point| {
            let mut fails = false;
            self.explore(
                at.behind(),
                |_, step| self.joined_at(spawn, step).is_none(),
                |edge, _| {
                    fails |= is_panic(facts, edge) || edge.to.is_none() && matches!(edge.why, Why::Try(_));
                    true
                },
            );
            fails
        };
        asked.iter().any(may_fail)
    }

    /// Returns the place where the function waits for the thread or the task that runs the call.
    pub(crate) fn join_of(&self, id: CallId) -> Option<Span> {
        self.join(self.spawner(id)?)
    }

    /// Returns the place where the function waits for the thread or the task that the call `spawn` starts.
    pub(crate) fn join(&self, spawn: CallId) -> Option<Span> {
        steps(self.body(self.place(spawn)?)).find_map(|(_, _, step)| self.joined_at(spawn, step))
    }

    /// Returns the call that starts the thread or the task that runs the call.
    fn spawner(&self, id: CallId) -> Option<CallId> {
        let mut point = self.place(id)?;
        for _ in 0..MAX_DEPTH {
            let spawner = self.got_by(point.body).filter(|call| tables::is_spawning(&self.facts.calls[*call].name));
            if spawner.is_some() {
                return spawner;
            }
            point = self.made(point.body)?;
        }
        self.is_deep.set(true);
        None
    }

    /// Returns the place of a step that joins or awaits the thread or task that the call `spawn` starts.
    fn joined_at(&self, spawn: CallId, step: &Step) -> Option<Span> {
        let facts = self.facts;
        let of_handle = |call: CallId| origin(facts, call) == spawn;
        match *step {
            Step::Call(id) => {
                let call = &facts.calls[id];
                let is_handle = || call.receiver.as_ref().and_then(|receiver| receiver.call).is_some_and(of_handle);
                (tables::JOINS.contains(&call.name.as_str()) && is_handle()).then_some(call.name_span)
            }
            Step::Await { of: Some(call), span } => of_handle(call).then_some(span),
            _ => None,
        }
    }

    /// Whether a panic or an error can leave the body of the call before the call.
    pub(crate) fn may_fail_before(&self, id: CallId) -> bool {
        let Some(to) = self.place(id) else { return false };
        let facts = self.facts;
        let mut fails = false;
        let mut panics = self.panics.borrow_mut();
        let mut leaves = Vec::new();
        self.explore(
            Point::entry(to.body),
            |at, step| {
                fails |= at != to && matches!(*step, Step::Call(call) if panics.at(facts, call));
                at != to
            },
            |edge, _| {
                leaves.push(is_panic(facts, edge) || edge.to.is_none() && matches!(edge.why, Why::Try(_)));
                true
            },
        );
        fails || leaves.contains(&true)
    }

    /// Whether the future that the call returns is passed to a call that limits it.
    fn is_limited(&self, id: CallId, is_awaited: bool) -> bool {
        let facts = self.facts;
        let limits = |(user, argument): &(CallId, Option<usize>)| {
            let call = &facts.calls[*user];
            match (argument, &call.effects) {
                (Some(at), _) => runner(facts, *user, *at) == Runner::Limited,
                (None, Some(effects)) => effects.of(0).limited,
                (None, None) => call.is_limit() || call.is_race(),
            }
        };
        // A future in a race is not awaited alone; code after the race, inside its arm, is.
        let races = !is_awaited && facts.is_raced_by_call_around(id);
        races || self.users.get(&id).is_some_and(|users| users.iter().any(limits))
    }

    /// Whether an enclosing closure or async block runs with a timeout.
    fn is_around_limited(&self, point: Point) -> bool {
        let facts = self.facts;
        let mut body = point.body;
        for _ in 0..MAX_DEPTH {
            if let Some(call) = self.got_by(body) {
                let at = facts.calls[call].arguments.iter().position(|value| value.body == Some(body));
                if at.is_some_and(|at| runner(facts, call, at) == Runner::Limited) || facts.calls[call].is_race() {
                    return true;
                }
            } else if facts.bodies[body].kind == BodyKind::Async {
                let first = steps(&facts.bodies[body]).find_map(|(_, _, step)| match *step {
                    Step::Call(call) => Some(call),
                    _ => None,
                });
                if first.is_some_and(|call| facts.is_raced_by_call_around(call)) {
                    return true;
                }
            }
            match self.made(body) {
                Some(made) => body = made.body,
                None => return false,
            }
        }
        self.is_deep.set(true);
        false
    }

    /// Whether the wait can start while the object is running, and block the function.
    fn is_reached(&self, subject: Subject<'_>, start: Option<Point>, to: Point, id: CallId, depth: usize) -> bool {
        let facts = self.facts;
        let body = self.body(to);
        let from = start.filter(|start| start.body == to.body);
        let looks = self.looks(subject, to, id);
        if looks.values().any(|look| look.is_repeated) {
            return false;
        }
        let mut known = HashMap::new();
        let mut reached = false;
        let mut ends = |at: Point, step: &Step| {
            let following = &body.blocks[at.block].steps[at.step + 1..];
            match self.event(subject, step, following, &mut known) {
                Some(Event::Killed(_)) => true,
                Some(Event::Awaited(by)) => by != id && !self.is_elsewhere(step),
                Some(Event::Looked(by)) => looks.get(&by).is_some_and(|look| look.ends_search),
                _ => false,
            }
        };
        self.explore(
            from.unwrap_or(Point::entry(to.body)),
            |at, step| {
                reached |= at == to;
                at != to && !ends(at, step)
            },
            |edge, all| !looks.values().any(|look| look.is_answered(edge, all)),
        );
        if !reached || from.is_some() {
            return reached;
        }
        if depth == MAX_DEPTH {
            self.is_deep.set(true);
            return true;
        }
        let Some(made) = self.made(to.body) else { return reached };
        if let Some(call) = self.got_by(to.body)
            && let Some(at) = facts.calls[call].arguments.iter().position(|value| value.body == Some(to.body))
            && runner(facts, call, at).is_elsewhere()
        {
            return self.holds_up(subject, call) && self.is_reached(subject, start, made, id, depth + 1);
        }
        self.is_reached(subject, start, made, id, depth + 1)
    }

    /// Whether the call of a step runs its closure on another thread.
    fn is_elsewhere(&self, step: &Step) -> bool {
        let Step::Call(call) = *step else { return false };
        (0..self.facts.calls[call].arguments.len()).any(|at| runner(self.facts, call, at).is_elsewhere())
    }

    /// Whether the function waits for the thread that the call `spawn` starts before it kills the object.
    fn holds_up(&self, subject: Subject<'_>, spawn: CallId) -> bool {
        let facts = self.facts;
        let Some(place) = self.place(spawn) else { return true };
        let body = self.body(place);
        let is_handle = |call: CallId| origin(facts, call) == spawn;
        let is_scoped = facts.calls[spawn].path.is_empty() && body.kind == BodyKind::Closure;
        let mut known = HashMap::new();
        let mut joined = false;
        let mut left = false;
        self.explore(
            place.behind(),
            |at, step| {
                let following = &body.blocks[at.block].steps[at.step + 1..];
                if matches!(self.event(subject, step, following, &mut known), Some(Event::Killed(_))) {
                    return false;
                }
                joined |= match *step {
                    Step::Call(call) => {
                        let receiver = facts.calls[call].receiver.as_ref().and_then(|receiver| receiver.call);
                        tables::JOINS.contains(&facts.calls[call].name.as_str()) && receiver.is_some_and(is_handle)
                    }
                    // A handle that is stored is joined elsewhere.
                    Step::Await { of: Some(call), .. }
                    | Step::Stored { object: Object::Call(call), .. }
                    | Step::Returned { object: Object::Call(call), .. } => is_handle(call),
                    _ => false,
                };
                true
            },
            |edge, _| {
                left |= edge.to.is_none() && edge.why == Why::Return;
                true
            },
        );
        joined || is_scoped && left
    }
}
