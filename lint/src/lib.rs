//! Finds hazards in tests of network software by following values through the code.
//!
//! [`check`] reads Rust files and returns a [`Report`]; [`run`] is the whole command, with its options, formats and
//! exit statuses, for `cargo netns-lint` and for other commands that include it.

mod baseline;
mod catalogue;
mod cli;
mod config;
mod cut;
mod discover;
mod doctests;
mod engine;
mod error;
mod facts;
mod finding;
mod fix;
mod flow;
mod hash;
mod id;
mod ir;
mod kind;
mod lexical;
mod lowering;
mod network;
mod output;
mod pages;
mod paths;
mod progress;
mod resolve;
mod rule;
mod rules;
mod scope;
mod shell;
mod source;
mod span;
mod stack;
mod suggestion;
mod suppress;
mod tables;
mod value;
mod words;

pub use cli::run;
pub use config::{Config, PathSeverities, Severities};
pub use engine::check;
pub use error::Error;
pub use finding::{
    Caller, Confidence, Edit, FileNote, Finding, Fix, Label, Note, Problem, Report, Severity, Suppressed, SuppressedBy,
};
pub use scope::Role;
pub use span::{LineCol, Location};
pub use tables::{ExtraOrigin as Origin, ExtraSink, ExtraSinkKind as SinkKind, ExtraSource, ExtraTables};
