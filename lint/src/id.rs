//! The names of calls, bodies and objects within one file, by index.

/// Index of a call among the facts of a file.
pub(crate) type CallId = usize;
/// Index of a body among the facts of a file.
pub(crate) type BodyId = usize;
/// Index of a block of a body.
pub(crate) type BlockId = usize;

/// The object that a step acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Object {
    /// The result of the call.
    Call(CallId),
    /// The argument of that index, counting the receiver of a method, or a part of it.
    Parameter(usize),
}
