//! Builds bodies: connects the blocks, tracks the enclosing loops, and merges branches.

use std::collections::HashMap;

use super::{Block, BlockId, Body, BodyId, BodyKind, CallId, Condition, Edge, Step, Test, Why};
use crate::span::Span;

/// Builds one body.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    body: BodyId,
    block: BlockId,
    loops: Vec<Loop>,
    /// The conditions of the body by their text, with the block that tests each first.
    conditions: HashMap<String, (usize, BlockId)>,
    /// The number of nested walks that must not add steps; see [`Builder::hush`].
    quiet: usize,
}

/// A loop, or a block with a label.
#[derive(Debug)]
struct Loop {
    label: Option<String>,
    /// The block where the next iteration starts; `None` for a labelled block.
    head: Option<BlockId>,
    after: BlockId,
}

impl Builder {
    /// Starts a body and adds it to `bodies`.
    pub(crate) fn new(bodies: &mut Vec<Body>, function: usize, kind: BodyKind) -> Self {
        bodies.push(Body { function, kind, blocks: vec![Block::default()], conditions: Vec::new() });
        Self { body: bodies.len() - 1, ..Self::default() }
    }

    /// Returns the index of the body.
    pub(crate) fn body(&self) -> BodyId {
        self.body
    }

    /// Returns the block that receives new steps.
    pub(crate) fn here(&self) -> BlockId {
        self.block
    }

    /// Ignores all steps and edges until the matching [`Self::speak`].
    pub(crate) fn hush(&mut self) {
        self.quiet += 1;
    }

    /// Ends the walk that [`Self::hush`] started.
    pub(crate) fn speak(&mut self) {
        self.quiet = self.quiet.saturating_sub(1);
    }

    /// Adds a step.
    pub(crate) fn step(&self, bodies: &mut [Body], step: Step) {
        if self.quiet == 0
            && let Some(body) = bodies.get_mut(self.body)
        {
            body.blocks[self.block].steps.push(step);
        }
    }

    fn edge(&self, bodies: &mut [Body], from: BlockId, edge: Edge) {
        if self.quiet == 0
            && let Some(body) = bodies.get_mut(self.body)
        {
            body.blocks[from].edges.push(edge);
        }
    }

    fn block(&self, bodies: &mut [Body]) -> BlockId {
        match bodies.get_mut(self.body) {
            Some(body) if self.quiet == 0 => {
                body.blocks.push(Block::default());
                body.blocks.len() - 1
            }
            _ => self.block,
        }
    }

    /// Continues in a new block that follows the block `from`.
    pub(crate) fn follow(&mut self, bodies: &mut [Body], from: BlockId, why: Why, lacks: Option<CallId>) {
        let next = self.block(bodies);
        self.edge(bodies, from, Edge { lacks, ..Edge::plain(Some(next), why) });
        self.block = next;
    }

    /// Returns the condition with that text, which the current block tests. The text names the variables uniquely; `loops`
    /// is the number of loops around the declaration of the innermost one.
    pub(crate) fn condition(&mut self, bodies: &mut [Body], text: String, loops: usize) -> usize {
        let Some(body) = bodies.get_mut(self.body) else { return 0 };
        let (condition, first) = *self.conditions.entry(text).or_insert_with(|| {
            body.conditions.push(Condition { loops, is_shared: false });
            (body.conditions.len() - 1, self.block)
        });
        body.conditions[condition].is_shared |= first != self.block;
        condition
    }

    /// Continues in a new block in which the condition has that truth.
    pub(crate) fn assume(&mut self, bodies: &mut [Body], when: Test) {
        let next = self.block(bodies);
        self.edge(bodies, self.block, Edge { when: Some(when), ..Edge::plain(Some(next), Why::Next) });
        self.block = next;
    }

    /// Continues in a new block that follows all of `ends`.
    pub(crate) fn meet(&mut self, bodies: &mut [Body], ends: &[(BlockId, Why)]) {
        let next = self.block(bodies);
        for (end, why) in ends {
            self.edge(bodies, *end, Edge::plain(Some(next), *why));
        }
        self.block = next;
    }

    /// Adds an edge out of the body, and continues in a new block.
    pub(crate) fn may_leave(&mut self, bodies: &mut [Body], why: Why, span: Span, lacks: Option<CallId>) {
        let from = self.block;
        self.edge(bodies, from, Edge { span, lacks, ..Edge::plain(None, why) });
        self.follow(bodies, from, Why::Next, None);
    }

    /// Leaves the body. The following code goes into a new block that no edge reaches.
    pub(crate) fn leave(&mut self, bodies: &mut [Body], why: Why, span: Span) {
        self.edge(bodies, self.block, Edge { span, ..Edge::plain(None, why) });
        self.block = self.block(bodies);
    }

    /// Starts a loop, with a new block as its head, or a labelled block.
    pub(crate) fn enter(&mut self, bodies: &mut [Body], label: Option<String>, repeats: bool) {
        let after = self.block(bodies);
        if repeats {
            self.follow(bodies, self.block, Why::Next, None);
            let loops = self.loops.len();
            if let Some(body) = bodies.get_mut(self.body).filter(|_| self.quiet == 0) {
                body.blocks[self.block].repeats = Some(loops);
            }
        }
        self.loops.push(Loop { label, head: repeats.then_some(self.block), after });
    }

    /// Ends the innermost loop or labelled block. `ends_at` adds a second way out: from the end of that block, where
    /// the call's result does not exist.
    pub(crate) fn exit(&mut self, bodies: &mut [Body], ends_at: Option<(BlockId, Option<CallId>)>) {
        let Some(Loop { head, after, .. }) = self.loops.pop() else { return };
        let to = |to: BlockId, why: Why| Edge::plain(Some(to), why);
        match head {
            Some(head) => self.edge(bodies, self.block, to(head, Why::Again)),
            None => self.edge(bodies, self.block, to(after, Why::Next)),
        }
        if let Some((end, lacks)) = ends_at {
            self.edge(bodies, end, Edge { lacks, ..to(after, Why::Arm) });
        }
        self.block = after;
    }

    /// Adds the edge of a `break` or `continue`. Returns the index of the target loop, counted from the outermost.
    pub(crate) fn jump(&mut self, bodies: &mut [Body], label: Option<&str>, why: Why, span: Span) -> Option<usize> {
        let is_it = |one: &Loop| match label {
            Some(label) => one.label.as_deref() == Some(label),
            None => one.head.is_some(),
        };
        let at = self.loops.iter().rposition(is_it)?;
        let to = if why == Why::Continue { self.loops[at].head } else { Some(self.loops[at].after) };
        self.edge(bodies, self.block, Edge { span, ..Edge::plain(to, why) });
        self.block = self.block(bodies);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_has_an_edge_back_and_a_break_leads_behind_it() {
        let mut bodies = Vec::new();
        let mut builder = Builder::new(&mut bodies, 2, BodyKind::Function);
        builder.enter(&mut bodies, None, true);
        let head = builder.here();
        builder.step(&mut bodies, Step::Call(7));
        let split = builder.here();
        builder.follow(&mut bodies, split, Why::Arm, None);
        assert_eq!(builder.jump(&mut bodies, None, Why::Break, Span::default()), Some(0));
        let end = builder.here();
        builder.follow(&mut bodies, split, Why::Arm, None);
        let other = builder.here();
        builder.meet(&mut bodies, &[(end, Why::Next), (other, Why::Next)]);
        builder.exit(&mut bodies, None);
        let after = builder.here();
        let body = &bodies[0];
        let into =
            |to: BlockId| body.blocks.iter().flat_map(|block| &block.edges).filter(move |edge| edge.to == Some(to));
        assert_eq!(into(head).map(|edge| edge.why).collect::<Vec<_>>(), [Why::Next, Why::Again]);
        assert_eq!(into(after).map(|edge| edge.why).collect::<Vec<_>>(), [Why::Break]);
        assert_eq!(body.blocks[head].steps, [Step::Call(7)]);
        assert_eq!(into(end).count(), 0, "nothing comes behind a break");
    }

    #[test]
    fn what_only_looks_leaves_nothing() {
        let mut bodies = Vec::new();
        let mut builder = Builder::new(&mut bodies, 2, BodyKind::Function);
        builder.hush();
        builder.step(&mut bodies, Step::Call(1));
        builder.may_leave(&mut bodies, Why::Try(None), Span::default(), None);
        builder.speak();
        assert!(bodies[0].blocks.len() == 1 && bodies[0].blocks[0].steps.is_empty());
    }
}
