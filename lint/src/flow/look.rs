//! Checks whether a child has ended: the paths on which one has found that it has, and those on which it may still run.

use std::collections::HashMap;

use super::child::{Event, Subject, is_unanswered};
use super::{Flow, Point, steps};
use crate::facts::CallId;
use crate::ir::{Edge, Step, Why};
use crate::span::Span;

/// A call that returns whether a child has ended, at once or after a limited time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    call: CallId,
    /// The place where an error of the call leaves the body: its result is a `Result` of an `Option`.
    error: Option<Span>,
    /// Whether the child counts as ended behind the call, because the code reads the answer in a way that is not followed.
    pub ends_search: bool,
    /// Whether `ends_search` is set for a loop before the wait. A path around the loop is taken for one that the program never takes.
    pub is_repeated: bool,
}

impl Look {
    /// Whether the child has ended if control takes the edge; `all` are the edges of its block.
    pub(super) fn is_answered(&self, edge: &Edge, all: &[Edge]) -> bool {
        let is_branch = |other: &Edge| other.to.is_some() || Some(other.span) != self.error;
        let lacks = |other: &Edge| other.lacks == Some(self.call);
        edge.to.is_some() && !lacks(edge) && all.iter().any(|other| lacks(other) && is_branch(other))
    }
}

impl Flow<'_> {
    /// Returns the looks at the object in the body of `to`, the place of the wait `id` or of the closure around it.
    pub(super) fn looks(&self, subject: Subject<'_>, to: Point, id: CallId) -> HashMap<CallId, Look> {
        let facts = self.facts;
        let body = self.body(to);
        let mut looks = HashMap::new();
        for (block, at, step) in steps(body) {
            let following = &body.blocks[block].steps[at + 1..];
            let Some(Event::Looked(call)) = subject.event(facts, step, following) else { continue };
            let lacking = || body.blocks.iter().flat_map(|block| &block.edges).filter(|edge| edge.lacks == Some(call));
            let error = lacking().find(|edge| edge.to.is_none()).map(|edge| edge.span);
            let mut look = Look { call, error, ends_search: false, is_repeated: false };
            let is_repeated = facts.calls[call].surroundings.is_repeated();
            let is_single = facts.calls[call].name == "try_wait" && !is_repeated;
            if !is_unanswered(facts, call) && !is_single {
                let place = Point { body: to.body, block, step: at };
                let is_tested = lacking().any(|edge| edge.to.is_some());
                let (is_before, is_certain) = self.waits_behind(subject, &look, place, to, id);
                look.ends_search = !(is_tested && is_certain);
                look.is_repeated = look.ends_search && is_before && is_repeated;
            }
            looks.insert(call, look);
        }
        looks
    }

    /// Whether some path without an answer of the look leads to the wait, and whether all do. If others end the child or the function,
    /// a variable may decide between them.
    fn waits_behind(&self, subject: Subject<'_>, look: &Look, place: Point, to: Point, id: CallId) -> (bool, bool) {
        let body = self.body(to);
        let mut known = HashMap::new();
        let (mut is_reached, mut is_ended, mut is_left) = (false, false, false);
        self.explore(
            place.behind(),
            |at, step| {
                is_reached |= at == to;
                if at == to || matches!(*step, Step::Call(call) if call == id) {
                    return at != to;
                }
                let following = &body.blocks[at.block].steps[at.step + 1..];
                let ends = self.event(subject, step, following, &mut known).is_some_and(Event::is_end);
                is_ended |= ends;
                !ends
            },
            |edge, all| {
                if look.is_answered(edge, all) {
                    return false;
                }
                let is_chosen = matches!(edge.why, Why::Return | Why::Panic(None) | Why::Try(None));
                is_left |= edge.to.is_none() && is_chosen;
                true
            },
        );
        (is_reached, is_reached && !is_ended && !is_left)
    }
}
