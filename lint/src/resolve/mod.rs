//! Name resolution: from a name to a path, by the imports of a file ([`Uses`]); and from a path to its definition in a
//! file of the run ([`Program`]).

mod names;
mod program;
mod uses;

pub(crate) use names::Names;
pub(crate) use program::{Definition, FileOfProgram, PackageOfProgram, Program};
pub(crate) use uses::{Uses, is_within, qualifier_and_name};
