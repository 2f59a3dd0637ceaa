//! The conditions that hold on a path: a branch on a condition that an earlier branch has tested has only one way.

use std::collections::{HashMap, HashSet};

use crate::ir::{BlockId, Body, Edge, Test, Why};

/// The shared conditions that hold or fail on a path, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State(Vec<Test>);

impl State {
    /// Whether control can take the edge.
    pub(super) fn allows(&self, edge: &Edge) -> bool {
        let opposite = |when: Test| Test { holds: !when.holds, ..when };
        edge.when.is_none_or(|when| self.0.binary_search(&opposite(when)).is_err())
    }

    /// Returns what holds behind an edge that control takes.
    pub(super) fn after(&self, body: &Body, edge: &Edge) -> Self {
        let mut state = self.clone();
        if let Some(when) = edge.when.filter(|when| body.conditions[when.condition].is_shared)
            && let Err(at) = state.0.binary_search(&when)
            && state.0.len() < MAX_TESTS
        {
            state.0.insert(at, when);
        }
        // The next iteration has new variables.
        if let (Why::Again | Why::Continue, Some(to)) = (edge.why, edge.to)
            && let Some(around) = body.blocks[to].repeats
        {
            state.0.retain(|test| body.conditions[test.condition].loops <= around);
        }
        state
    }

    /// Whether every path in the state `other` is one in this state.
    fn covers(&self, other: &Self) -> bool {
        self.0.iter().all(|test| other.0.binary_search(test).is_ok())
    }
}

/// The maximum number of conditions of a state. Further ones are not followed.
const MAX_TESTS: usize = 16;

/// The maximum number of states in which a block is visited. The next visit assumes nothing, which covers all.
const MAX_STATES: usize = 8;

/// The states in which the blocks of a body have been entered.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Blocks that were entered without a condition.
    plain: HashSet<BlockId>,
    states: HashMap<BlockId, Vec<State>>,
}

impl Seen {
    /// Notes that control enters a block; returns the state in which to visit it, or `None` if a visit covers it.
    pub(super) fn enter(&mut self, block: BlockId, state: State) -> Option<State> {
        if state.0.is_empty() {
            return self.plain.insert(block).then_some(state);
        }
        if self.plain.contains(&block) {
            return None;
        }
        let known = self.states.entry(block).or_default();
        if known.iter().any(|known| known.covers(&state)) {
            return None;
        }
        if known.len() == MAX_STATES {
            self.plain.insert(block);
            return Some(State::default());
        }
        known.push(state.clone());
        Some(state)
    }

    /// Returns the states in which a block was entered. No path leads to dead code, where nothing is assumed.
    pub(super) fn of(&self, block: BlockId) -> Vec<State> {
        let states = self.states.get(&block).filter(|_| !self.plain.contains(&block));
        states.cloned().unwrap_or_else(|| vec![State::default()])
    }
}
