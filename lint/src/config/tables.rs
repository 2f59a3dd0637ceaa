//! Entries that a user adds to the tables of the analysis, for wrappers and runners of their own.

use serde::Deserialize;

/// What the built-in tables do not know.
///
/// Paths are matched at their end, at a `::`: `runner::shell` also means `crate::support::runner::shell`. Methods have a
/// dot in front, `.shell`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExtraTables {
    /// Programs that interpret the operand of `-c`, without folders: `rbash`.
    pub shells: Vec<String>,
    /// Functions and methods that give back only what is within their bounds, or tell whether a value is.
    pub checks: Vec<String>,
    /// Calls that read what others choose.
    pub sources: Vec<ExtraSource>,
    /// Calls that do something with an argument.
    pub sinks: Vec<ExtraSink>,
}

/// A call that reads what others choose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExtraSource {
    /// The function.
    pub call: String,
    /// Who chooses.
    pub origin: Origin,
}

/// Who chooses a value.
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

/// A call that does something with an argument.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExtraSink {
    /// The function, or the method with a dot in front.
    pub call: String,
    /// The argument, from 0 on, the receiver not counted.
    #[serde(default)]
    pub argument: usize,
    /// What happens to it.
    pub kind: SinkKind,
}

/// What happens to an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// A shell interprets it.
    Shell,
    /// It is a time to wait.
    Duration,
    /// It is a size or a count.
    Size,
    /// A listener is bound to it.
    Listen,
    /// A connection goes to it.
    Connect,
    /// A device, a route or a neighbour gets it as address.
    Address,
    /// It names a network namespace.
    NamespaceName,
    /// It names a network device.
    DeviceName,
    /// A file or folder of that path is made.
    Path,
}

impl ExtraTables {
    /// Whether a call is one of the checks.
    pub(crate) fn is_check(&self, path: &str, name: &str) -> bool {
        self.checks.iter().any(|known| matches(known, path, name))
    }

    /// What a call reads, if it is one of the sources.
    pub(crate) fn source(&self, path: &str, name: &str) -> Option<crate::value::Origin> {
        let known = self.sources.iter().find(|known| matches(&known.call, path, name))?;
        Some(match known.origin {
            Origin::Environment => crate::value::Origin::Environment,
            Origin::Argument => crate::value::Origin::Argument,
            Origin::File => crate::value::Origin::File,
            Origin::Random => crate::value::Origin::Random,
            Origin::Time => crate::value::Origin::Time,
        })
    }

    /// The arguments of a call that end in a sink.
    pub(crate) fn sinks(&self, path: &str, name: &str) -> impl Iterator<Item = (usize, crate::facts::SinkKind)> {
        use crate::facts::SinkKind as Kind;
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

/// Whether the call of a function `path`, or of a method `name` with an empty path, is the one that `known` names.
fn matches(known: &str, path: &str, name: &str) -> bool {
    match known.strip_prefix('.') {
        Some(method) => path.is_empty() && method == name,
        None => !path.is_empty() && crate::tables::ends_with(path, known),
    }
}
