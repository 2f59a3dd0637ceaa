//! The facts about a file after one walk over its syntax tree: functions, calls with abstract arguments, and sinks.
//! Rules read only these facts; the tree is dropped before they run.

use crate::cut::Cuts;
use crate::id::BodyId;
pub(crate) use crate::id::CallId;
use crate::ir::{Body, Effects};
pub(crate) use crate::kind::SinkKind;
use crate::resolve::Definition;
use crate::span::Span;
use crate::tables;
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
    /// Calls whose arguments are evaluated, a forest.
    pub enclosures: Vec<Enclosure>,
    /// Roots of objects that leave their function: returned, stored, or passed to another function.
    pub escaped: std::collections::HashSet<CallId>,
    /// Calls of functions that other files define.
    pub called_elsewhere: Vec<(CallId, Definition)>,
    /// Calls by a path that this file does not define, recorded before the other files are known: the path.
    pub called_by_path: Vec<(CallId, String)>,
    /// Calls of functions that return a command, with the command's program and arguments so far.
    pub prepared: std::collections::HashMap<CallId, Vec<Value>>,
    /// Pairs of calls on different branches; the value comes from one or the other.
    pub alternatives: Vec<(CallId, CallId)>,
    /// The control flow of functions, closures and async blocks; the first entry represents the constants.
    pub bodies: Vec<Body>,
    /// Loops that neither a clock nor a count bounds.
    pub repeats: Vec<Repeat>,
    /// The bounds that cut the analysis short.
    pub cuts: Cuts,
    /// Loops of asynchronous code that do nothing, for ever: the function, and the keyword.
    pub spins: Vec<(usize, Span)>,
    /// Whether a function that is compiled into a program is a test.
    pub runs_tests: bool,
    /// Crates whose names a glob import brings into the file.
    pub globs: std::collections::HashSet<String>,
    /// Calls that take a lock which their function has made for itself.
    pub own_locks: std::collections::HashSet<CallId>,
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
    /// It runs only on request, and the attribute has neither a reason nor a condition.
    pub ignored_without_reason: bool,
    /// A free function with `pub` alone.
    pub public: bool,
    /// `async fn`.
    pub asynchronous: bool,
    /// A loop in it ends when a clock says so.
    pub bounds_loops: bool,
    /// It runs before `main`, while the program has one thread.
    pub before_main: bool,
    /// The returned value, as an expression of the parameters.
    pub returns: Option<Value>,
    /// Its control flow; `None` for constants.
    pub body: Option<BodyId>,
    /// The range of its calls. The range also contains calls of functions that were walked in between.
    pub calls: std::ops::Range<CallId>,
}

/// A call whose arguments are evaluated.
#[derive(Debug)]
pub(crate) struct Enclosure {
    /// The resolved path, or the name of a method.
    pub name: String,
    /// The enclosing call of this one.
    pub parent: Option<usize>,
    /// The call, if it was recorded.
    pub call: Option<CallId>,
}

/// A call of a function, a method or a macro.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
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
    /// Nothing reads its result, except whether it is an error.
    pub unread: bool,
    /// It waits for the first of several futures, unless the run defines it.
    pub races: bool,
    /// The run defines the called function, or a method of that name that may be the called one.
    pub of_run: bool,
    /// The called functions, if this file defines them: indices of [`FileFacts::functions`], one for each variant.
    pub called: Vec<usize>,
    /// The effects of the called function, if the run defines it and they are known.
    pub effects: Option<std::sync::Arc<Effects>>,
}

impl Call {
    /// Whether the run defines the called function, so that its body decides and not its name. A method of a receiver of
    /// unknown type may be another one of that name.
    pub(crate) fn is_of_known_function(&self) -> bool {
        self.effects.is_some() || self.of_run && !self.path.is_empty()
    }

    /// Whether the call is a method of a receiver of unknown type, and several types of the run have one of that name.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.of_run && self.path.is_empty() && self.effects.is_none() && self.called.is_empty()
    }

    /// Whether the call ends its wait after a time: by the body of a function of the run, and by the name of a function of
    /// another crate.
    pub(crate) fn is_limit(&self) -> bool {
        if self.is_of_known_function() {
            self.effects.as_ref().is_some_and(|effects| effects.limits)
        } else {
            tables::is_limit(&self.name) && !self.gets_no_limit()
        }
    }

    /// Whether the only argument of the call says that there is no limit.
    fn gets_no_limit(&self) -> bool {
        matches!(self.arguments.as_slice(), [only] if only.is_no_limit())
    }

    /// Whether the call waits for the first of several futures. A function of the run is judged by its body.
    pub(crate) fn is_race(&self) -> bool {
        !self.is_of_known_function() && self.races
    }
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
    /// Each path of the function runs the command. Known of commands only.
    pub certain: bool,
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
    pub(crate) fn variants(self) -> Vec<Self> {
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

/// The maximum number of calls from an object to the one that began its chain.
const MAX_MAKERS: usize = 64;

impl FileFacts {
    /// Returns the calls whose arguments contain the call `id`, from the inside out.
    fn around(&self, id: CallId) -> impl Iterator<Item = &Enclosure> {
        let first = self.calls[id].enclosure.map(|index| &self.enclosures[index]);
        std::iter::successors(first, |enclosure| enclosure.parent.map(|index| &self.enclosures[index]))
    }

    /// Whether any call that encloses the call `id` has a name that `test` accepts.
    pub(crate) fn enclosed_by(&self, id: CallId, test: impl Fn(&str) -> bool) -> bool {
        self.around(id).any(|enclosure| test(&enclosure.name))
    }

    /// Returns the number of calls around the call `id` with a name that `test` accepts.
    pub(crate) fn count_around(&self, id: CallId, test: impl Fn(&str) -> bool) -> usize {
        self.around(id).filter(|enclosure| test(&enclosure.name)).count()
    }

    /// Whether a call around this one ends it after a time, or races it against others.
    pub(crate) fn is_limited_by_call_around(&self, id: CallId) -> bool {
        let by_name = |name: &str| tables::is_limit(name) || tables::is_race(name);
        self.around(id)
            .any(|enclosure| self.limits_arguments(enclosure, |call| call.is_limit() || call.is_race(), by_name))
    }

    /// Whether a call around this one races it against others.
    pub(crate) fn is_raced_by_call_around(&self, id: CallId) -> bool {
        self.around(id).any(|enclosure| self.limits_arguments(enclosure, Call::is_race, tables::is_race))
    }

    /// Whether the call runs its arguments with a limit: by the body of a function of the run, otherwise as `by_call` says, and
    /// by its name if it was not recorded.
    fn limits_arguments(
        &self,
        enclosure: &Enclosure,
        by_call: impl Fn(&Call) -> bool,
        by_name: impl Fn(&str) -> bool,
    ) -> bool {
        match enclosure.call.map(|call| &self.calls[call]) {
            Some(call) if call.is_of_known_function() => {
                call.effects.as_ref().is_some_and(|effects| effects.parameters.iter().any(|fate| fate.limited))
            }
            Some(call) => by_call(call),
            None => by_name(&enclosure.name),
        }
    }

    /// Whether a call of the object that the call `root` made limits the call `wait` of the same object. It comes before it, and
    /// no later one of its name takes the limit away.
    pub(crate) fn is_limited_before(&self, root: CallId, wait: CallId) -> bool {
        let connects = tables::is_connecting(&self.calls[wait].name);
        let mut limits: Vec<&str> = Vec::new();
        for (_, call) in self.object(root).take_while(|(id, _)| *id <= wait) {
            if call.is_limit() || connects && tables::limits_connecting(&call.name) && !call.gets_no_limit() {
                limits.push(&call.name);
            } else if call.gets_no_limit() && call.surroundings.depth <= self.calls[wait].surroundings.depth {
                limits.retain(|name| *name != call.name);
            }
        }
        !limits.is_empty()
    }

    /// Whether a path leads into one of the crates, directly or by a glob import.
    pub(crate) fn is_from(&self, path: &str, crates: &[&str]) -> bool {
        let Some((first, _)) = path.split_once("::") else { return false };
        let is_type = first.starts_with(|first: char| first.is_uppercase());
        crates.contains(&first) || is_type && crates.iter().any(|name| self.globs.contains(*name))
    }

    /// Whether the value has a type of one of the crates.
    fn has_type_of(&self, value: &Value, crates: &[&str]) -> bool {
        value.ty.as_ref().and_then(|ty| ty.foreign_path()).is_some_and(|path| {
            self.is_from(path, crates) || !path.contains("::") && self.is_from(&format!("{path}::new"), crates)
        })
    }

    /// Whether the value is an object of one of the crates: by its type, or by the function that made it. A method of an
    /// object may return anything.
    pub(crate) fn is_object_of(&self, value: &Value, crates: &[&str]) -> bool {
        let made = value.call.map(|made| &self.calls[made]);
        self.has_type_of(value, crates)
            || made.is_some_and(|made| made.receiver.is_none() && self.is_from(&made.path, crates))
    }

    /// Whether an object comes from one of the crates: by its type, or by the calls that made it.
    pub(crate) fn comes_from(&self, value: &Value, crates: &[&str]) -> bool {
        let mut next = Some(value);
        for _ in 0..MAX_MAKERS {
            let Some(value) = next else { return false };
            if self.has_type_of(value, crates) {
                return true;
            }
            let Some(id) = value.call else { return false };
            let made = &self.calls[id];
            if self.is_from(&self.calls[made.root].path, crates) {
                return true;
            }
            next = made.receiver.as_ref().filter(|before| before.call.is_none_or(|before| before < id));
        }
        false
    }

    /// Returns the calls on the object that `root` created, in order, including `root`.
    pub(crate) fn object(&self, root: CallId) -> impl Iterator<Item = (CallId, &Call)> {
        self.calls_from(root).filter(move |(_, call)| call.root == root)
    }

    /// Returns the call that made the object behind a value.
    pub(crate) fn maker(&self, value: &Value) -> Option<&Call> {
        value.call.map(|call| &self.calls[self.calls[call].root])
    }

    /// Returns the calls of the file that may run the function.
    pub(crate) fn calls_of(&self, function: usize) -> impl Iterator<Item = (CallId, &Call)> {
        self.calls.iter().enumerate().filter(move |(_, call)| self.may_run(call, function))
    }

    /// Whether the call runs the function, or may: a method of a receiver of unknown type, which several types have.
    pub(crate) fn may_run(&self, call: &Call, function: usize) -> bool {
        call.called.contains(&function) || call.is_ambiguous() && call.name == self.functions[function].name
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
            if tables::is_command(&self.calls[root].path) {
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
