//! What is known about a file after one walk over its syntax tree: functions, calls with abstract arguments, and
//! sinks. Rules read these and nothing else; the tree is gone by then.

mod address;
mod apply;
mod arena;
mod attributes;
mod closure;
mod command;
mod constants;
mod content;
mod expression;
mod extent;
mod fields;
mod flow;
mod list;
mod lower;
mod macros;
mod method;
mod narrow;
mod number;
mod outline;
mod own_macro;
mod pattern;
mod script;
mod summary;
mod types;

pub(crate) use lower::lower;
pub(crate) use outline::Outline;
pub(crate) use summary::{Externals, Unresolved, Version};

use crate::span::Span;
use crate::value::Value;

/// Index into [`FileFacts::calls`].
pub(crate) type CallId = usize;

/// The facts of one file.
#[derive(Debug, Default)]
pub(crate) struct FileFacts {
    /// In the order of the walk.
    pub calls: Vec<Call>,
    /// In the order of the walk; the first stands for the file's constants, the second for those of test code.
    pub functions: Vec<Function>,
    /// Values where they matter.
    pub sinks: Vec<Sink>,
    /// Calls whose arguments are being evaluated, a forest: (resolved name, parent).
    pub enclosures: Vec<(String, Option<usize>)>,
    /// Roots of objects that leave their function: returned, stored, or handed to another function.
    pub escaped: std::collections::HashSet<CallId>,
    /// Calls of functions that give a command, and its program and arguments so far.
    pub prepared: std::collections::HashMap<CallId, Vec<Value>>,
    /// Pairs of calls of which a branch has made one or the other.
    pub alternatives: Vec<(CallId, CallId)>,
    /// Places where a function can end early: `?`, panics and assertions.
    pub exits: Vec<Exit>,
    /// Modules declared here without a body: name, explicit path, and whether they are test code.
    pub modules: Vec<ModuleDeclaration>,
    /// What all spans are ranges of: the file as it was read.
    pub text: String,
}

/// `mod name;`
#[derive(Debug)]
pub(crate) struct ModuleDeclaration {
    /// Folder names of the inline modules around it, and its own.
    pub path: Vec<String>,
    /// `#[path = "…"]`.
    pub explicit: Option<String>,
    /// It, or a module around it, is compiled for tests only.
    pub test: bool,
}

/// A place where a function can end early.
#[derive(Debug)]
pub(crate) struct Exit {
    /// Index of the function.
    pub function: usize,
    /// The `?`, the method or the macro.
    pub span: Span,
    /// The call whose failure ends it.
    pub of: Option<CallId>,
}

/// A function, a method or the file's constants.
#[derive(Debug, Default)]
pub(crate) struct Function {
    /// Its own name.
    pub name: String,
    /// Modules and type around it, and its name.
    pub item: String,
    /// Compiled for tests only, by an attribute on it or around it.
    pub test: bool,
    /// Its body runs in namespaces of its own.
    pub isolated: bool,
    /// What it gives, in terms of its parameters.
    pub returns: Option<Value>,
    /// Where its calls are; those of functions that were walked meanwhile are among them.
    pub calls: std::ops::Range<CallId>,
}

/// A call of a function, a method or a macro.
#[derive(Debug)]
pub(crate) struct Call {
    /// The resolved path, empty for methods; macros end in `!`.
    pub path: String,
    /// The method, or the last segment of the path.
    pub name: String,
    /// What a method was called on.
    pub receiver: Option<Value>,
    /// Without the receiver.
    pub arguments: Vec<Value>,
    /// The whole expression.
    pub span: Span,
    /// The name alone.
    pub name_span: Span,
    /// The first call of the object that this one belongs to.
    pub root: CallId,
    /// Index of the function around.
    pub function: usize,
    /// Index into [`FileFacts::enclosures`] of the nearest call around.
    pub enclosure: Option<usize>,
    /// Nested closures, loops and async blocks around, as flags.
    pub surroundings: Surroundings,
    /// `.await` follows.
    pub awaited: bool,
}

/// What a call stands in, besides its function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// A loop.
    pub repeated: bool,
    /// An async block or function.
    pub asynchronous: bool,
    /// A closure.
    pub closure: bool,
}

/// A place where a value does something.
#[derive(Clone, Debug)]
pub(crate) struct Sink {
    /// What it does.
    pub kind: SinkKind,
    /// The program and its arguments for commands, else one value.
    pub values: Vec<Value>,
    /// The call that does it, or the call of the function that does it.
    pub span: Span,
    /// The name of what does it.
    pub by: String,
    /// The function that contains the sink proper, if `span` is a call of it.
    pub through: Option<String>,
    /// Index of the function around.
    pub function: usize,
    /// The call it belongs to, if it is in this file.
    pub call: Option<CallId>,
    /// Further arguments exist that are not known.
    pub open: bool,
    /// Nothing is known here of the object that decides it: for the callers of the function, not for the rules.
    pub told_on: bool,
}

impl Sink {
    /// The sink once for each of the known texts that its values are one of; itself if there is none.
    ///
    /// What one branch decides is taken together: of `("cmd", "/C")` and `("sh", "-c")` the firsts and the seconds.
    fn variants(self) -> Vec<Self> {
        let count = self.values.iter().map(|value| value.choices.len()).max().unwrap_or_default();
        let with = |at: usize| {
            let mut variant = self.clone();
            for value in &mut variant.values {
                if let Some(choice) = value.choices.get(at).or(value.choices.last()) {
                    let (sources, spread) = (value.sources.clone(), value.spread);
                    *value = Value { sources, spread, choices: Vec::new(), ..choice.clone() };
                }
            }
            variant
        };
        if count == 0 { vec![self] } else { (0..count).map(with).collect() }
    }
}

/// What a sink does with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SinkKind {
    /// Runs a program: `values[0]` with the rest as its arguments.
    Command,
    /// Hands a text to a shell.
    ShellString,
    /// Hands a text to a shell on another machine.
    RemoteScript,
    /// Waits or limits a wait.
    Duration,
    /// Allocates, counts or repeats.
    Size,
    /// Becomes the port of an address.
    Port,
    /// Binds a socket that waits for connections.
    Listen,
    /// Binds a socket of a kind that is not known.
    Bind,
    /// Binds a datagram socket.
    Datagram,
    /// Connects to an address, or sends to it.
    Connect,
    /// Gives an address to a device, a route or a neighbour.
    Configure,
    /// Makes or enters the network namespace of that name.
    NamespaceName,
    /// Makes the network device of that name.
    DeviceName,
    /// Opens shared memory of that name.
    SharedMemoryName,
    /// Binds a socket of the file system.
    SocketPath,
    /// Makes, overwrites or removes the file or folder of that path.
    Created,
    /// Becomes the content of a file: `values[0]` is its path, `values[1]` the content.
    Written,
}

impl SinkKind {
    /// Whether a socket does it.
    pub(crate) fn is_of_socket(self) -> bool {
        matches!(self, Self::Listen | Self::Bind | Self::Datagram | Self::Connect)
    }

    /// Whether it is the words of a command, or a text that a shell takes apart.
    pub(crate) fn is_command_line(self) -> bool {
        matches!(self, Self::Command | Self::ShellString | Self::RemoteScript)
    }

    /// Whether a constant can do harm there; waits, sizes and ports need somebody who chooses them.
    pub(crate) fn is_hazard_by_itself(self) -> bool {
        !matches!(self, Self::Duration | Self::Size | Self::Port)
    }
}

impl FileFacts {
    /// Whether a call with a name that `test` accepts is around the call `id`.
    pub(crate) fn enclosed_by(&self, id: CallId, test: impl Fn(&str) -> bool) -> bool {
        let mut next = self.calls[id].enclosure;
        while let Some(index) = next {
            let (name, parent) = &self.enclosures[index];
            if test(name) {
                return true;
            }
            next = *parent;
        }
        false
    }

    /// The calls that belong to the object made by `root`, in order, `root` included.
    pub(crate) fn object(&self, root: CallId) -> impl Iterator<Item = (CallId, &Call)> {
        self.calls_from(root).filter(move |(_, call)| call.root == root)
    }

    /// The call `id` and those behind it in the same function, among others.
    pub(crate) fn calls_from(&self, id: CallId) -> impl Iterator<Item = (CallId, &Call)> {
        let end = self.calls_around(id).end.min(self.calls.len());
        (id..end).zip(&self.calls[id..end])
    }

    /// Where the calls of the function are that the call `id` stands in.
    pub(crate) fn calls_around(&self, id: CallId) -> std::ops::Range<CallId> {
        let all = 0..self.calls.len();
        // The first two stand for constants, whose calls are anywhere.
        let function = self.calls.get(id).map(|call| call.function).filter(|function| *function > 1);
        function.and_then(|function| self.functions.get(function)).map_or(all, |function| function.calls.clone())
    }

    /// The call, and those that stand for the same value on another branch.
    pub(crate) fn with_alternatives(&self, call: CallId) -> Vec<CallId> {
        let mut all = vec![call];
        for (one, other) in self.alternatives.iter().chain(self.alternatives.iter().rev()) {
            for (known, new) in [(one, other), (other, one)] {
                if all.contains(known) && !all.contains(new) {
                    all.push(*new);
                }
            }
        }
        all
    }

    /// The call that made the command which `call` runs, waits for, or reads from.
    pub(crate) fn command_behind(&self, call: CallId) -> Option<CallId> {
        let mut next = Some(call);
        for _ in 0..64 {
            let id = next?;
            let root = self.calls[id].root;
            if crate::tables::is_command(&self.calls[root].path) {
                return Some(root);
            }
            let receiver = |id: CallId| self.calls[id].receiver.as_ref().and_then(|receiver| receiver.call);
            next = receiver(id).or_else(|| receiver(root)).filter(|before| *before < id);
        }
        None
    }

    /// The source of a place; empty for one that is in another file.
    pub(crate) fn written(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}
