//! The user's additions to the tables of the analysis, for custom wrappers and runners.

use serde::Deserialize;

/// Entries that extend the built-in tables.
///
/// A path matches at its end, at a `::`: `runner::shell` also matches `crate::support::runner::shell`. Methods have a
/// leading dot, `.shell`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExtraTables {
    /// Programs that interpret the operand of `-c`, without directories: `rbash`.
    pub shells: Vec<String>,
    /// Functions and methods that validate a value: they return only values within bounds, or report whether a value
    /// is.
    pub checks: Vec<String>,
    /// Calls that read input from outside.
    pub sources: Vec<ExtraSource>,
    /// Calls whose argument reaches a sink.
    pub sinks: Vec<ExtraSink>,
}

/// A call that reads input from outside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExtraSource {
    /// The function.
    pub call: String,
    /// The origin of the result.
    pub origin: Origin,
}

/// The origin of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An environment variable.
    Environment,
    /// An argument of the program.
    Argument,
    /// A file.
    File,
    /// A random generator.
    Random,
    /// A clock.
    Time,
}

/// A call whose argument reaches a sink.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExtraSink {
    /// The function, or the method with a leading dot.
    pub call: String,
    /// The index of the argument, starting at 0 and without the receiver.
    #[serde(default)]
    pub argument: usize,
    /// The use of the argument.
    pub kind: SinkKind,
}

/// The use of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// A shell interprets it.
    Shell,
    /// A duration to wait.
    Duration,
    /// It is a size or a count.
    Size,
    /// A listener is bound to it.
    Listen,
    /// A connection goes to it.
    Connect,
    /// It becomes the address of a device, a route or a neighbour.
    Address,
    /// It names a network namespace.
    NamespaceName,
    /// It names a network device.
    DeviceName,
    /// A file or directory is created at that path.
    Path,
}

impl ExtraTables {
    /// Whether a call is one of the checks.
    pub(crate) fn is_check(&self, path: &str, name: &str) -> bool {
        self.checks.iter().any(|known| matches(known, path, name))
    }

    /// Returns the origin of a call's result, if the call is one of the sources.
    pub(crate) fn source(&self, path: &str, name: &str) -> Option<crate::kind::Origin> {
        let known = self.sources.iter().find(|known| matches(&known.call, path, name))?;
        Some(match known.origin {
            Origin::Environment => crate::kind::Origin::Environment,
            Origin::Argument => crate::kind::Origin::Argument,
            Origin::File => crate::kind::Origin::File,
            Origin::Random => crate::kind::Origin::Random,
            Origin::Time => crate::kind::Origin::Time,
        })
    }

    /// Returns the arguments of a call that reach a sink.
    pub(crate) fn sinks(&self, path: &str, name: &str) -> impl Iterator<Item = (usize, crate::kind::SinkKind)> {
        use crate::kind::SinkKind as Kind;
        self.sinks.iter().filter(move |known| matches(&known.call, path, name)).map(|known| {
            let kind = match known.kind {
                SinkKind::Shell => Kind::ShellString,
                SinkKind::Duration => Kind::Duration,
                SinkKind::Size => Kind::Size,
                SinkKind::Listen => Kind::Listen,
                SinkKind::Connect => Kind::Connect,
                SinkKind::Address => Kind::Configure,
                SinkKind::NamespaceName => Kind::NamespaceName,
                SinkKind::DeviceName => Kind::DeviceName,
                SinkKind::Path => Kind::Created,
            };
            (known.argument, kind)
        })
    }
}

/// Whether `known` names the call of the function `path`, or of the method `name` if the path is empty.
fn matches(known: &str, path: &str, name: &str) -> bool {
    match known.strip_prefix('.') {
        Some(method) => path.is_empty() && method == name,
        None => !path.is_empty() && super::ends_with(path, known),
    }
}
