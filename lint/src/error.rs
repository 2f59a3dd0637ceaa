//! The errors of a whole run. The error of a single file is a [`crate::finding::Problem`].

use std::path::PathBuf;

use crate::suggestion::did_you_mean;

/// The reason why the lint could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path of the command line does not exist.
    #[error("find `{}`", path.display())]
    MissingPath {
        /// As given.
        path: PathBuf,
    },
    /// There is no file to read.
    #[error("find a Rust file below {paths}")]
    NoFiles {
        /// The paths as given, joined.
        paths: String,
    },
    /// A rule name that does not exist.
    #[error("find the rule `{name}`{}; there are {known}", did_you_mean(.name, &.known.split(", ").collect::<Vec<_>>()))]
    UnknownRule {
        /// As given.
        name: String,
        /// All names, joined.
        known: String,
    },
    /// An invalid pattern of paths.
    #[error("understand the pattern `{glob}`: {reason}")]
    Pattern {
        /// As given.
        glob: String,
        /// The problem.
        reason: String,
    },
    /// A worker thread could not be started or died.
    #[error("run a worker thread: {reason}")]
    Worker {
        /// The message of the system or of the panic.
        reason: String,
    },
    /// An invalid configuration.
    #[error("read the configuration {}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The problem and its location.
        message: String,
    },
}
