//! The facts about a file after one walk over its syntax tree: functions, calls with abstract arguments, and sinks.
//! Rules read only these facts; the tree is dropped before they run.

mod address;
mod apply;
mod arena;
mod attributes;
mod awaiting;
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
mod only_tests;
mod outline;
mod own_macro;
mod ownership;
mod pattern;
mod reach;
mod repeat;
mod script;
mod summary;
mod types;
mod undone;
mod unread;
mod wrapping;

pub(crate) use lower::lower;
pub(crate) use only_tests::only_of_tests;
pub(crate) use outline::Outline;
pub(crate) use summary::{Externals, Unresolved, Version, World};

pub(crate) use crate::ir::CallId;
use crate::ir::{Body, BodyId, Effects};
use crate::span::Span;
use crate::value::Value;

/// The facts of one file.
#[derive(Debug, Default)]
pub(crate) struct FileFacts {
    /// In the order of the walk.
    pub calls: Vec<Call>,
    /// In the order of the walk. The first entry represents the file's constants, the second the constants of test
    /// code.
    pub functions: Vec<Function>,
    /// The values that reach an operation that a rule checks.
    pub sinks: Vec<Sink>,
    /// Calls whose arguments are being evaluated, a forest: (resolved name, parent).
    pub enclosures: Vec<(String, Option<usize>)>,
    /// Roots of objects that leave their function: returned, stored, or passed to another function.
    pub escaped: std::collections::HashSet<CallId>,
    /// Calls of functions that return a command, with the command's program and arguments so far.
    pub prepared: std::collections::HashMap<CallId, Vec<Value>>,
    /// Pairs of calls on different branches; the value comes from one or the other.
    pub alternatives: Vec<(CallId, CallId)>,
    /// The control flow of functions, closures and async blocks; the first entry represents the constants.
    pub bodies: Vec<Body>,
    /// Loops that neither a clock nor a count bounds.
    pub repeats: Vec<Repeat>,
    /// Loops of asynchronous code that do nothing, for ever: the function, and the keyword.
    pub spins: Vec<(usize, Span)>,
    /// Whether a function that is compiled into a program is a test.
    pub runs_tests: bool,
    /// Structs with a lock among their fields, with their enclosing modules: each value holds it for its life.
    pub lock_holders: std::collections::HashSet<String>,
    /// Modules declared here without a body: name, explicit path, and whether they are test code.
    pub modules: Vec<ModuleDeclaration>,
    /// The file's index among those of the run.
    pub file: usize,
    /// The text of the file as it was read; all spans are ranges of it.
    pub text: String,
}

/// Placeholder for the module name of an `include!("…")`.
pub(crate) const INCLUDED: &str = "include!";

/// `mod name;`, or `include!("…")`.
#[derive(Debug)]
pub(crate) struct ModuleDeclaration {
    /// Names of the enclosing inline modules, and the module's own name.
    pub path: Vec<String>,
    /// `#[path = "…"]`.
    pub explicit: Option<String>,
    /// The module or an enclosing one is compiled for tests only.
    pub test: bool,
}

/// A function, a method or the file's constants.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by one rule")]
pub(crate) struct Function {
    /// The bare name.
    pub name: String,
    /// The enclosing modules and type, and the name.
    pub item: String,
    /// Compiled for tests only, because of an attribute on it or on an enclosing item.
    pub test: bool,
    /// An enclosing module or `impl` is compiled for tests only.
    pub in_test_module: bool,
    /// An attribute ends it after a time.
    pub limited: bool,
    /// An attribute pauses the clock of its runtime.
    pub paused: bool,
    /// An attribute runs it on a runtime with one thread.
    pub single_threaded: bool,
    /// The body runs in its own namespaces.
    pub isolated: bool,
    /// Libtest or another harness runs it.
    pub run_by_harness: bool,
    /// It runs only on request.
    pub ignored: bool,
    /// A free function with `pub` alone.
    pub public: bool,
    /// `async fn`.
    pub asynchronous: bool,
    /// It runs before `main`, while the program has one thread.
    pub before_main: bool,
    /// The returned value, as an expression of the parameters.
    pub returns: Option<Value>,
    /// Its control flow; `None` for constants.
    pub body: Option<BodyId>,
    /// The range of its calls. The range also contains calls of functions that were walked in between.
    pub calls: std::ops::Range<CallId>,
}

/// A call of a function, a method or a macro.
#[derive(Debug)]
pub(crate) struct Call {
    /// The resolved path, empty for methods; the name of a macro ends in `!`.
    pub path: String,
    /// The method's name, or the last segment of the path.
    pub name: String,
    /// The receiver of a method call.
    pub receiver: Option<Value>,
    /// The arguments without the receiver.
    pub arguments: Vec<Value>,
    /// The whole expression.
    pub span: Span,
    /// Only the name.
    pub name_span: Span,
    /// The first call of the object that this one belongs to.
    pub root: CallId,
    /// Index of the enclosing function.
    pub function: usize,
    /// Index into [`FileFacts::enclosures`] of the innermost enclosing call.
    pub enclosure: Option<usize>,
    /// The enclosing closures, loops and async blocks.
    pub surroundings: Surroundings,
    /// `.await` follows.
    pub awaited: bool,
    /// The run defines the called function, or a method of that name that may be the called one.
    pub of_run: bool,
    /// The effects of the called function, if the run defines it and they are known.
    pub effects: Option<std::sync::Arc<Effects>>,
}

/// The number of times that the enclosing loops repeat a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rounds {
    /// Outside of loops.
    #[default]
    One,
    /// Each loop has a small constant number of rounds.
    Few,
    /// The number of rounds of a loop is large or unknown.
    Many,
}

/// The constructs that enclose a call within its function.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Surroundings {
    /// The rounds of the enclosing loops.
    pub rounds: Rounds,
    /// Inside an async block or function.
    pub asynchronous: bool,
    /// Inside a closure.
    pub closure: bool,
    /// The number of enclosing branches and loops.
    pub depth: usize,
}

impl Surroundings {
    /// Whether a loop encloses the call.
    pub(crate) fn is_repeated(&self) -> bool {
        self.rounds > Rounds::One
    }
}

/// A `loop` or `while` that ends under a condition, and that neither a clock nor a count bounds.
#[derive(Debug)]
pub(crate) struct Repeat {
    /// The keyword.
    pub span: Span,
    /// Index of the enclosing function.
    pub function: usize,
    /// The calls of its condition and body; calls of functions that were walked in between are among them.
    pub calls: std::ops::Range<CallId>,
    /// The conditions that end it.
    pub conditions: Vec<Span>,
}

/// A use of a value in an operation that a rule checks.
#[derive(Clone, Debug)]
pub(crate) struct Sink {
    /// The kind of operation.
    pub kind: SinkKind,
    /// The program and arguments of a command; otherwise one value.
    pub values: Vec<Value>,
    /// The call that performs the operation, or the call of the function that contains it.
    pub span: Span,
    /// The name of the function or method that performs the operation.
    pub by: String,
    /// The function that contains the actual sink, if `span` is a call of that function.
    pub through: Option<String>,
    /// Index of the enclosing function.
    pub function: usize,
    /// The call that the sink belongs to, if it is in this file.
    pub call: Option<CallId>,
    /// The command has further, unknown arguments.
    pub open: bool,
    /// The places in the called functions that perform the operation, innermost first.
    pub behind: Vec<Place>,
    /// The object that decides the operation is unknown here: the sink is for the callers of the function, not for the
    /// rules.
    pub told_on: bool,
    /// Why it may not happen, or may do no harm.
    pub undone: Option<Undone>,
}

/// Why a sink may not happen, or may do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Undone {
    /// The function binds any free port if this bind fails.
    Tried,
    /// The function returns the request that the call builds, and sends nothing.
    Built,
}

/// A place in a file of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Index of the file.
    pub file: usize,
    /// Its range.
    pub span: Span,
}

impl Sink {
    /// Returns one sink for each known text that the values can take, or the sink itself if there is none.
    ///
    /// Texts from the same branch stay together: `("cmd", "/C")` and `("sh", "-c")` become two sinks, not four.
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

/// The operation of a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SinkKind {
    /// Runs a program: `values[0]` with the rest as its arguments.
    Command,
    /// Passes a text to a shell.
    ShellString,
    /// Passes a text to a shell on another machine.
    RemoteScript,
    /// Waits, or sets a timeout.
    Duration,
    /// Allocates, counts or repeats.
    Size,
    /// Becomes the port of an address.
    Port,
    /// Binds a socket that waits for connections.
    Listen,
    /// Binds a socket of unknown kind.
    Bind,
    /// Binds a datagram socket.
    Datagram,
    /// Connects to an address, or sends to it.
    Connect,
    /// Asks a resolver for the addresses of a host.
    Resolve,
    /// Assigns an address to a device, a route or a neighbour.
    Configure,
    /// Creates or enters the network namespace with that name.
    NamespaceName,
    /// Creates the network device with that name.
    DeviceName,
    /// Creates an object of a container engine with that name, or with it as the field `name`.
    ContainerName,
    /// Opens the shared memory with that name.
    SharedMemoryName,
    /// Binds a Unix socket at that path.
    SocketPath,
    /// Creates, overwrites or removes the file or directory at that path.
    Created,
    /// Writes the content of a file: `values[0]` is the path, `values[1]` the content.
    Written,
}

impl SinkKind {
    /// Whether the values are the words of a command, or a text that a shell parses.
    pub(crate) fn is_command_line(self) -> bool {
        matches!(self, Self::Command | Self::ShellString | Self::RemoteScript)
    }

    /// Whether it binds or connects a socket, or sends to a peer.
    pub(crate) fn is_contact(self) -> bool {
        matches!(self, Self::Listen | Self::Bind | Self::Datagram | Self::Connect | Self::SocketPath)
    }

    /// Whether a constant can be harmful there. Waits, sizes and ports are harmful only if the value comes from
    /// outside.
    pub(crate) fn is_hazard_by_itself(self) -> bool {
        !matches!(self, Self::Duration | Self::Size | Self::Port)
    }
}

impl FileFacts {
    /// Whether any call that encloses the call `id` has a name that `test` accepts.
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

    /// Returns the number of calls around the call `id` with a name that `test` accepts.
    pub(crate) fn count_around(&self, id: CallId, test: impl Fn(&str) -> bool) -> usize {
        let mut next = self.calls[id].enclosure;
        let around = std::iter::from_fn(|| {
            let (name, parent) = &self.enclosures[next?];
            next = *parent;
            Some(name)
        });
        around.filter(|name| test(name)).count()
    }

    /// Whether a call around this one ends it after a time, or races it against others.
    pub(crate) fn is_limited_by_call_around(&self, id: CallId) -> bool {
        self.enclosed_by(id, |name| crate::tables::is_limit(name) || crate::tables::RACES.contains(&name))
    }

    /// Returns the calls on the object that `root` created, in order, including `root`.
    pub(crate) fn object(&self, root: CallId) -> impl Iterator<Item = (CallId, &Call)> {
        self.calls_from(root).filter(move |(_, call)| call.root == root)
    }

    /// Returns the call that made the object behind a value.
    pub(crate) fn maker(&self, value: &Value) -> Option<&Call> {
        value.call.map(|call| &self.calls[self.calls[call].root])
    }

    /// Returns the calls of the file that may run the function, by its name.
    pub(crate) fn calls_of(&self, function: usize) -> impl Iterator<Item = (CallId, &Call)> {
        let name = self.functions[function].name.as_str();
        self.calls.iter().enumerate().filter(move |(_, call)| call.of_run && call.name == name)
    }

    /// Returns the call `id` and the later calls of its function; calls of other functions may be among them.
    pub(crate) fn calls_from(&self, id: CallId) -> impl Iterator<Item = (CallId, &Call)> {
        let end = self.calls_around(id).end.min(self.calls.len());
        (id..end).zip(&self.calls[id..end])
    }

    /// Returns the range of calls of the function that contains the call `id`.
    pub(crate) fn calls_around(&self, id: CallId) -> std::ops::Range<CallId> {
        let all = 0..self.calls.len();
        // The first two functions represent constants, whose calls can be anywhere.
        let function = self.calls.get(id).map(|call| call.function).filter(|function| *function > 1);
        function.and_then(|function| self.functions.get(function)).map_or(all, |function| function.calls.clone())
    }

    /// Returns the call and the calls that produce the same value on other branches.
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

    /// Returns the call that created the command that `call` runs, waits for, or reads from.
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

    /// Returns the source text of a span; empty if the span is in another file.
    pub(crate) fn written(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}
