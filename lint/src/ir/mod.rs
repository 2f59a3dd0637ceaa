//! Control-flow graphs of functions, independent of the syntax: blocks of steps, and edges between the blocks.
//!
//! The front end builds one [`Body`] for each function, closure and async block while it evaluates them. A step names a
//! call by its index among the facts, and an object by the call that made it. Rules that check every path read the
//! bodies; the calls hold the values.

mod build;
mod effects;

pub(crate) use build::Builder;
pub(crate) use effects::{Deed, DeedKind, Effects, Fate};

pub(crate) use crate::id::{BlockId, BodyId, CallId, Object};
use crate::span::Span;

/// Code that runs from one entry to its exits.
#[derive(Debug)]
pub(crate) struct Body {
    /// Index of the enclosing function, which may be the file's constants.
    pub function: usize,
    /// The kind of body.
    pub kind: BodyKind,
    /// The first block is the entry. A block without an incoming edge is dead code, for example behind a `return`.
    pub blocks: Vec<Block>,
    /// The conditions that edges test; see [`Test`].
    pub conditions: Vec<Condition>,
}

/// A condition over variables that nothing changes while they live: it has one truth value until a loop makes the
/// variables anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    /// The number of loops of the body around the declaration of the innermost variable.
    pub loops: usize,
    /// Whether edges of several blocks test it.
    pub is_shared: bool,
}

/// The truth of a condition of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    /// The index in [`Body::conditions`].
    pub condition: usize,
    /// Whether it is true.
    pub holds: bool,
}

/// The kind of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// A function.
    Function,
    /// A closure: `?` and `return` leave only the closure; a panic continues in its caller.
    Closure,
    /// An async block, with the same exits; its poller runs it.
    Async,
}

/// Steps that run in sequence.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// In the order of evaluation: arguments before their call.
    pub steps: Vec<Step>,
    /// The ways out of the block; control takes one of them.
    pub edges: Vec<Edge>,
    /// The number of loops around the block, if a loop starts here: the next iteration of that loop begins with it.
    pub repeats: Option<usize>,
}

/// A transition from one block to another, or out of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// The next block; `None` if the edge leaves the body.
    pub to: Option<BlockId>,
    /// Why control takes this edge.
    pub why: Why,
    /// The span of the `?`, the macro or the keyword; empty if the source has none.
    pub span: Span,
    /// The call whose result does not exist on this edge, because the call returned an error or `None`.
    pub lacks: Option<CallId>,
    /// The condition that holds or fails on this edge.
    pub when: Option<Test>,
}

impl Edge {
    /// Returns an edge that tests nothing and has no place in the source.
    fn plain(to: Option<BlockId>, why: Why) -> Self {
        Self { to, why, span: Span::default(), lacks: None, when: None }
    }
}

/// Why control takes an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The next statement.
    Next,
    /// A branch was taken, or all branches were skipped.
    Arm,
    /// The next iteration of a loop.
    Again,
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `return`, or the end of the body.
    Return,
    /// `?` on the result of the call.
    Try(Option<CallId>),
    /// A panic: an `unwrap` of the call's result, or an assertion.
    Panic(Option<CallId>),
}

/// One event in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A call of a function, method or macro.
    Call(CallId),
    /// Awaits the result of a call.
    Await {
        /// The call that returned the future, if known.
        of: Option<CallId>,
        /// The awaited expression.
        span: Span,
    },
    /// Creates a closure or an async block, without running it.
    Made {
        /// The body of the closure or block.
        body: BodyId,
        /// The whole expression.
        span: Span,
    },
    /// Runs a closure that a variable holds.
    Run {
        /// The body of the closure.
        body: BodyId,
        /// The call.
        span: Span,
    },
    /// Runs a closure that the caller of this body passed.
    Invoked {
        /// The closure.
        object: Object,
        /// The call.
        span: Span,
    },
    /// Passes an object to a call.
    Given {
        /// The object.
        object: Object,
        /// The call that receives it; its own step comes before this one.
        to: CallId,
        /// The index of the argument, not counting the receiver.
        argument: usize,
        /// How the call takes it.
        how: How,
    },
    /// Stores an object where it outlives the variable: in a field, a list or a struct.
    Stored {
        /// The object.
        object: Object,
        /// The expression that stores it.
        span: Span,
    },
    /// Returns an object from the body.
    Returned {
        /// The object.
        object: Object,
        /// The returned expression.
        span: Span,
    },
    /// Drops an object: its variable goes out of scope, or `drop` takes it.
    Dropped {
        /// The object.
        object: Object,
        /// The call of `drop`; empty at the end of a scope.
        span: Span,
    },
}

/// How a call takes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By shared reference.
    Lent,
    /// By mutable reference.
    LentMutably,
    /// By value.
    Moved,
}
