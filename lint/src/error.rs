//! Why a run could not be done at all. What is wrong with a single file is a [`crate::finding::Problem`].

use std::path::PathBuf;

/// Why the lint could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path of the command line does not exist.
    #[error("find `{}`", path.display())]
    MissingPath {
        /// As given.
        path: PathBuf,
    },
    /// Nothing to read.
    #[error("find a Rust file below {paths}")]
    NoFiles {
        /// The paths as given, joined.
        paths: String,
    },
    /// A rule that does not exist was named.
    #[error("find the rule `{name}`; there are {known}")]
    UnknownRule {
        /// As given.
        name: String,
        /// All names, joined.
        known: String,
    },
    /// A pattern of paths cannot be understood.
    #[error("understand the pattern `{glob}`: {reason}")]
    Pattern {
        /// As given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A worker thread could not be started or died.
    #[error("run a worker thread: {reason}")]
    Worker {
        /// What the system or the panic said.
        reason: String,
    },
    /// The configuration does not say what it should.
    #[error("read the configuration {}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What and where.
        message: String,
    },
}
