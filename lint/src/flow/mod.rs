//! Control flow for the rules: the possible orders of steps, the thread that runs a closure, and the life of an object
//! on every path.
//!
//! An object has few states, and only one of them is dangerous ("still running", "not yet inside"). So each question
//! has the form "can control get from here to there in that state". A block is visited at most nine times: in up to eight
//! sets of conditions that hold on the way to it, and once without any. The work is linear in the size of a body; loops and recursion need no widening.

mod child;
mod effects;
mod look;
mod place;
mod retry;
mod runner;
mod socket;
mod state;
mod tried;
mod wait;

pub(crate) use child::{Exit, Lives};
pub(crate) use effects::{
    contacts, effects_of, is_ready, runs_always, starts_child, starts_program, starts_task, waits,
};
pub(crate) use place::Thread;
pub(crate) use retry::{asked, asks_peer, pause};
pub(crate) use socket::{
    ACCEPT, binds, binds_datagrams, is_datagram_socket, is_joined, is_listener, is_stream, is_wait,
};
pub(crate) use tried::outlives_failure;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use self::state::{Seen, State};
use crate::facts::{CallId, FileFacts};
use crate::ir::{BlockId, Body, BodyId, Edge, Object, Step};
use crate::tables;

/// A position between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// The body.
    pub body: BodyId,
    /// The block of the body.
    pub block: BlockId,
    /// The index of the next step.
    pub step: usize,
}

impl Point {
    /// Returns the entry of a body.
    pub(crate) fn entry(body: BodyId) -> Self {
        Self { body, block: 0, step: 0 }
    }

    /// Returns the position after the step.
    pub(crate) fn behind(self) -> Self {
        Self { step: self.step + 1, ..self }
    }
}

/// The bodies of a file, with the positions of its calls.
pub(crate) struct Flow<'f> {
    facts: &'f FileFacts,
    calls: Vec<Option<Point>>,
    awaits: HashMap<CallId, Point>,
    /// For each call, the calls that receive its result, and the index of the argument; `None` for a receiver.
    users: HashMap<CallId, Vec<(CallId, Option<usize>)>>,
    made: Vec<Option<Point>>,
    got: Vec<Option<CallId>>,
    /// The functions by their last name.
    named: HashMap<&'f str, Vec<usize>>,
    callers: HashMap<usize, Vec<CallId>>,
    /// Calls that receive a function by its name, with the index of the argument.
    handed: HashMap<usize, Vec<(CallId, usize)>>,
    panics: RefCell<child::Panics>,
    /// The conditions that hold in the blocks of each body in which several branches test one.
    states: RefCell<HashMap<BodyId, Seen>>,
    left: Cell<usize>,
    depth: Cell<usize>,
    /// An answer since the last [`Flow::took_too_deep`] is incomplete, because closures nest more deeply than is followed.
    is_deep: Cell<bool>,
}

impl<'f> Flow<'f> {
    /// Indexes every step of a file once.
    pub(crate) fn new(facts: &'f FileFacts) -> Self {
        let (calls, made) = (vec![None; facts.calls.len()], vec![None; facts.bodies.len()]);
        let mut flow = Self {
            facts,
            calls,
            made,
            got: vec![None; facts.bodies.len()],
            awaits: HashMap::new(),
            users: HashMap::new(),
            named: HashMap::new(),
            callers: HashMap::new(),
            handed: HashMap::new(),
            panics: RefCell::default(),
            states: RefCell::default(),
            left: Cell::new(MAX_STEPS),
            depth: Cell::new(0),
            is_deep: Cell::new(false),
        };
        for (at, body) in facts.bodies.iter().enumerate() {
            for (block, step, what) in steps(body) {
                let point = Point { body: at, block, step };
                match *what {
                    Step::Call(call) => flow.calls[call] = Some(point),
                    Step::Given { object: Object::Call(call), to, argument, .. } => {
                        flow.users.entry(call).or_default().push((to, Some(argument)));
                    }
                    Step::Await { of: Some(call), .. } => drop(flow.awaits.insert(call, point)),
                    Step::Made { body, .. } => flow.made[body] = Some(point),
                    _ => {}
                }
            }
        }
        for (id, call) in facts.calls.iter().enumerate() {
            if let Some(before) = call.receiver.as_ref().and_then(|receiver| receiver.call) {
                flow.users.entry(before).or_default().push((id, None));
            }
            // No step has a part of an object, such as a read of a child's pipe.
            for (argument, part) in call.arguments.iter().enumerate().filter(|(_, value)| value.part) {
                if let Some(before) = part.call {
                    flow.users.entry(before).or_default().push((id, Some(argument)));
                }
            }
            for body in call.arguments.iter().chain(&call.receiver).filter_map(|value| value.body) {
                flow.got[body] = flow.got[body].or(Some(id));
            }
        }
        for (at, function) in facts.functions.iter().enumerate().filter(|(_, function)| !function.name.is_empty()) {
            flow.named.entry(&function.name).or_default().push(at);
        }
        for (id, call) in facts.calls.iter().enumerate() {
            for function in &call.called {
                flow.callers.entry(*function).or_default().push(id);
            }
        }
        for (id, call) in facts.calls.iter().enumerate() {
            for (argument, value) in call.arguments.iter().enumerate() {
                let within = &facts.functions[call.function].item;
                if let Some(function) = value.path.as_deref().and_then(|path| flow.function_at(path, within)) {
                    flow.handed.entry(function).or_default().push((id, argument));
                }
            }
        }
        flow
    }

    /// Returns the position of a call; `None` if the call was evaluated without a record.
    pub(crate) fn place(&self, call: CallId) -> Option<Point> {
        self.calls.get(call).copied().flatten()
    }

    /// Returns the position where the result of a call is awaited.
    pub(crate) fn awaited(&self, call: CallId) -> Option<Point> {
        self.awaits.get(&call).copied()
    }

    /// Returns the position where a closure or an async block is created.
    pub(crate) fn made(&self, body: BodyId) -> Option<Point> {
        self.made.get(body).copied().flatten()
    }

    /// Returns the call that receives a closure or an async block.
    pub(crate) fn got_by(&self, body: BodyId) -> Option<CallId> {
        self.got.get(body).copied().flatten()
    }

    /// Whether a call receives the function by its name.
    pub(crate) fn is_handed(&self, function: usize) -> bool {
        self.handed.contains_key(&function)
    }

    /// Returns the function of the file that a path in the function `within` leads to, if there is exactly one.
    fn function_at(&self, path: &str, within: &str) -> Option<usize> {
        let mut own = ["crate::", "self::", "super::"].iter().fold(path, |rest, first| rest.trim_start_matches(first));
        let holder = within.rsplit("::").nth(1).unwrap_or_default();
        let of_holder = own.strip_prefix("Self::").map(|name| format!("{holder}::{name}"));
        if let Some(of_holder) = &of_holder {
            own = of_holder;
        }
        let same = self.named.get(own.rsplit("::").next()?)?;
        let mut found = same.iter().filter(|function| tables::ends_with(&self.facts.functions[**function].item, own));
        let first = found.next()?;
        found.next().is_none().then_some(*first)
    }

    /// Returns the body that contains a position.
    pub(crate) fn body(&self, point: Point) -> &'f Body {
        &self.facts.bodies[point.body]
    }

    /// Whether a path leads from the position `from` to `to` without a step that `stops` accepts.
    pub(crate) fn is_reached_without(&self, from: Point, to: Point, stops: impl Fn(&Step) -> bool) -> bool {
        let mut reached = false;
        self.explore(
            from,
            |at, step| {
                reached |= at == to;
                at != to && !stops(step)
            },
            |_, _| true,
        );
        reached
    }
}

/// Returns all steps of a body with their positions.
pub(crate) fn steps(body: &Body) -> impl Iterator<Item = (BlockId, usize, &Step)> {
    let blocks = body.blocks.iter().enumerate();
    blocks.flat_map(|(block, content)| content.steps.iter().enumerate().map(move |(at, step)| (block, at, step)))
}

/// The maximum number of steps that a rule visits in one file; later steps are ignored.
const MAX_STEPS: usize = 5_000_000;

/// The maximum number of callers that are followed upwards.
const MAX_CALLERS: usize = 64;

impl Flow<'_> {
    /// Whether the file has too many paths, so that a part of it was not checked.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether an answer since the last call of this is incomplete, because closures nest more deeply than is followed.
    pub(crate) fn took_too_deep(&self) -> bool {
        self.is_deep.take()
    }

    /// Follows every path from `from`, visiting each block once for each of the first sets of conditions that hold there, and once
    /// without conditions for the others. `step` and `edge` return whether to continue; `edge` also receives all edges of the block.
    fn explore(
        &self,
        from: Point,
        mut step: impl FnMut(Point, &Step) -> bool,
        mut edge: impl FnMut(&Edge, &[Edge]) -> bool,
    ) {
        let starts = self.assumed_at(from).into_iter().map(|state| (from.block, from.step, state));
        self.follow(from.body, starts.collect(), &mut step, &mut edge);
    }

    /// Returns what holds at a position, one state for each way to it.
    fn assumed_at(&self, point: Point) -> Vec<State> {
        let body = self.body(point);
        if point.block == 0 || !body.conditions.iter().any(|condition| condition.is_shared) {
            return vec![State::default()];
        }
        let mut known = self.states.borrow_mut();
        let states = known.entry(point.body).or_insert_with(|| {
            let start = vec![(0, 0, State::default())];
            self.follow(point.body, start, &mut |_, _| true, &mut |_, _| true)
        });
        states.of(point.block)
    }

    /// Follows every path from the starts, each a block, a step of it, and what holds there.
    fn follow(
        &self,
        body: BodyId,
        mut open: Vec<(BlockId, usize, State)>,
        step: &mut dyn FnMut(Point, &Step) -> bool,
        edge: &mut dyn FnMut(&Edge, &[Edge]) -> bool,
    ) -> Seen {
        let content = &self.facts.bodies[body];
        let mut seen = Seen::default();
        while let Some((at, first, state)) = open.pop() {
            let Some(block) = content.blocks.get(at) else { continue };
            let cost = block.steps.len().saturating_sub(first) + block.edges.len() + 1;
            self.left.set(self.left.get().saturating_sub(cost));
            if self.is_cut_short() {
                break;
            }
            let rest = block.steps.iter().enumerate().skip(first);
            let mut points = rest.map(|(step, what)| (Point { body, block: at, step }, what));
            if !points.all(|(point, what)| step(point, what)) {
                continue;
            }
            for next in &block.edges {
                if !state.allows(next) || !edge(next, &block.edges) {
                    continue;
                }
                let Some(to) = next.to else { continue };
                if let Some(state) = seen.enter(to, state.after(content, next)) {
                    open.push((to, 0, state));
                }
            }
        }
        seen
    }
}
