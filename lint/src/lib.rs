//! Finds hazards in tests of network software by following values through the code.
//!
//! [`check`] reads Rust files and gives a [`Report`]; [`run`] is the whole command, with its options, formats and
//! exit statuses, for `cargo netns-lint` and for other commands that contain it.

mod baseline;
mod cli;
mod config;
mod discover;
mod engine;
mod error;
mod facts;
mod finding;
mod fix;
mod lexical;
mod output;
mod progress;
mod resolve;
mod rule;
mod rules;
mod source;
mod span;
mod suppress;
mod tables;
mod value;

pub use cli::run;
pub use config::{Config, ExtraSink, ExtraSource, ExtraTables, Origin, PathSeverities, Severities, SinkKind};
pub use engine::check;
pub use error::Error;
pub use finding::{
    Confidence, Edit, FileNote, Finding, Fix, Label, Problem, Report, Severity, Suppressed, SuppressedBy,
};
pub use span::{LineCol, Location};
