//! Lowers syntax to [facts](crate::facts): evaluates the functions of a file, and summarises their effects on their
//! arguments for the callers.

mod address;
mod apply;
mod arena;
mod attributes;
mod awaiting;
mod call;
mod closure;
mod command;
mod condition;
mod constants;
mod content;
mod decisive;
mod expression;
mod extent;
mod fields;
mod flow;
mod ignored;
mod list;
mod locks;
mod lower;
mod macros;
mod method;
mod narrow;
mod number;
mod only_tests;
mod outline;
mod own_macro;
mod ownership;
mod path;
mod pattern;
mod reach;
mod repeat;
mod script;
mod stored;
mod summary;
mod types;
mod undone;
mod unread;
mod wrapping;

pub(crate) use lower::lower;
pub(crate) use only_tests::only_of_tests;
pub(crate) use outline::Outline;
pub(crate) use summary::{Externals, Unresolved, Version, World};

use crate::facts::{
    Call, CallId, FileFacts, Function, INCLUDED, ModuleDeclaration, Place, Repeat, Rounds, Sink, SinkKind,
    Surroundings, Undone,
};
