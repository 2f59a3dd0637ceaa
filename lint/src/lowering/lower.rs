//! Items: finds the functions and their test attributes, and passes their bodies to the evaluation.

mod declare;
mod lookup;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use syn::{Attribute, FnArg, Signature, Type};

use self::declare::Written;
use super::arena::{Arena, Parsed};
use super::attributes::{is_for_another_system, is_test_attributes, written_values};
use super::closure::{Closure, ClosureCall};
use super::constants::Constants;
use super::fields::Field;
use super::flow::counters_in;
use super::list::path_of_parts;
use super::narrow::Narrowed;
use super::own_macro::Arm;
use super::stored::stored_statics;
use super::summary::{Externals, Lowered, Summary, Unresolved, World};
use super::types::{Aliases, declared_type, is_generic, numeric_bounds};
use super::undone::{is_undone, mark_undone};
use super::unread::unread_children;
use super::{CallId, FileFacts, Function, Sink, Surroundings, Undone};
use crate::cut::Cut;
use crate::flow;
use crate::ir::{BodyKind, Builder, Effects, Object, Step, Why};
use crate::resolve::{Names, Program, Uses};
use crate::span::Span;
use crate::tables::{self, ExtraTables};
use crate::value::{Interval, Value};

/// Walks `file` once. `base` is added to every byte offset: it is the length of the prefix that the reader removed
/// before parsing.
///
/// `index` is the file's index in the run; `world` holds the facts about the run so far.
pub(crate) fn lower(file: &syn::File, base: u32, index: usize, world: &World, extra: &ExtraTables) -> Lowered {
    let arena = Arena::new();
    let mut lower = Lower {
        facts: FileFacts { file: index, ..FileFacts::default() },
        base,
        world,
        file: index,
        own: Program::default(),
        names: Names::default(),
        extra,
        uses: Uses::default(),
        constants: Constants::default(),
        definitions: Vec::new(),
        by_item: HashMap::new(),
        started: HashMap::new(),
        later: Vec::new(),
        summaries: HashMap::new(),
        frame: Frame::default(),
        fields: HashMap::new(),
        aliases: Aliases::new(),
        structs: HashMap::new(),
        unread: unread_children(file),
        stored: stored_statics(file),
        macros: Vec::new(),
        arms: HashMap::new(),
        arena: &arena,
        nesting: 0,
        unresolved: Unresolved::default(),
        reads: false,
    };
    let test = is_test_attributes(&file.attrs);
    lower.frame.flow = Builder::new(&mut lower.facts.bodies, 0, BodyKind::Function);
    lower.facts.functions.push(Function { test, ..Function::default() });
    lower.facts.functions.push(Function { test: true, ..Function::default() });
    lower.names.add(&file.items, "");
    if !is_for_another_system(&file.attrs) {
        lower.declare(&file.items, &mut Vec::new(), test);
    }
    lower.facts.globs.clone_from(lower.uses.globs());
    if world.files.is_empty() {
        lower.own = Program::alone(&lower.names);
    }
    lower.evaluate_constants();
    for (item, within, test) in std::mem::take(&mut lower.macros) {
        lower.frame = Frame { function: usize::from(test), within, ..Frame::default() };
        lower.item_macro(item);
    }
    lower.frame = Frame::default();
    for function in [0, 1] {
        lower.assemble_commands(function, 0);
    }
    let mut next = 0;
    while next < lower.definitions.len() {
        lower.run(next);
        next += 1;
    }
    for (call, definition) in std::mem::take(&mut lower.later) {
        lower.facts.calls[call].called.extend(lower.started.get(&definition));
    }
    lower.reached();
    let sinks = std::mem::take(&mut lower.facts.sinks).into_iter();
    let sinks = sinks.filter(|sink| !sink.told_on && !is_undone(&lower.facts, sink));
    lower.facts.sinks = sinks.flat_map(Sink::variants).collect();
    let mut functions: HashMap<String, Vec<Arc<Summary>>> = HashMap::new();
    for (item, all) in &lower.by_item {
        let told = all.iter().filter_map(|index| lower.summaries.get(index)).filter(|summary| summary.matters());
        let told: Vec<_> = told.cloned().collect();
        if !told.is_empty() {
            functions.insert(item.clone(), told);
        }
    }
    let constants = lower
        .constants
        .told()
        .filter(|(_, value)| value.matters())
        .map(|(item, value)| (item, Arc::new(value.clone())))
        .collect();
    // The functions that a test calls show what the test has started before it sleeps or waits.
    let sleeps = |call: &super::Call| tables::SLEEPING.iter().any(|known| tables::ends_with(&call.path, known));
    let waits = |call: &super::Call| {
        let names = [tables::RECEIVING, tables::NEXT_ITEM];
        call.receiver.is_some() && names.iter().any(|names| names.contains(&call.name.as_str()))
    };
    let is_of_test = |call: &super::Call| lower.facts.functions[call.function].run_by_harness;
    let follows = lower.reads
        || lower.facts.sinks.iter().any(|sink| sink.kind.is_hazard_by_itself())
        || lower.facts.calls.iter().any(|call| is_of_test(call) && (sleeps(call) || waits(call)));
    Lowered {
        facts: lower.facts,
        externals: Externals { functions, constants },
        names: lower.names,
        unresolved: lower.unresolved,
        follows,
    }
}

/// The maximum depth of calls that are walked recursively; bounds the stack.
const MAX_NESTING: usize = 64;

/// The pseudo field that holds the program and arguments of a returned command; no real field can have this name.
pub(super) const ARGV: &str = "argv of a command";

/// Where a function is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    ThisFile,
    OtherFile,
}

/// The walk over one file.
pub(super) struct Lower<'a> {
    pub(super) facts: FileFacts,
    base: u32,
    world: &'a World,
    /// Its index in the program.
    pub(super) file: usize,
    /// The file alone, as long as the others are not known.
    own: Program,
    names: Names,
    /// The user's additions to the tables.
    pub(super) extra: &'a ExtraTables,
    pub(super) uses: Uses,
    pub(super) constants: Constants<'a>,
    definitions: Vec<Written<'a>>,
    /// By enclosing modules, type, and name.
    by_item: HashMap<String, Vec<usize>>,
    /// The index of each function whose walk has started among [`FileFacts::functions`], by its definition.
    started: HashMap<usize, usize>,
    /// Calls of functions whose walk has not started, with the definition.
    pub(super) later: Vec<(CallId, usize)>,
    summaries: HashMap<usize, Arc<Summary>>,
    pub(super) frame: Frame<'a>,
    pub(super) fields: HashMap<String, Field>,
    aliases: Aliases,
    /// By enclosing modules and name.
    pub(super) structs: HashMap<String, &'a syn::Fields>,
    /// Fields for a child process that nothing reads.
    pub(super) unread: HashSet<String>,
    /// Statics that the file stores to.
    pub(super) stored: HashSet<String>,
    /// Macros outside functions, with their enclosing modules and whether they are test code.
    macros: Vec<(&'a syn::ItemMacro, String, bool)>,
    /// Arms of the file's own macros that behave like functions, by the macro's name.
    pub(super) arms: HashMap<String, Vec<Arm>>,
    /// The last element of the list that keeps parsed macro contents.
    arena: &'a Arena,
    /// The number of functions that are being walked on behalf of a caller.
    nesting: usize,
    /// Names that other files may define.
    pub(super) unresolved: Unresolved,
    /// Whether the file reads input from outside.
    pub(super) reads: bool,
}

/// The state of the function that is being walked.
#[derive(Default)]
pub(super) struct Frame<'a> {
    pub(super) locals: Vec<Local>,
    pub(super) function: usize,
    /// The enclosing modules, type and function, as in [`Function::item`].
    pub(super) within: String,
    pub(super) enclosure: Option<usize>,
    pub(super) surroundings: Surroundings,
    pub(super) returns: Option<Value>,
    /// The number of enclosing branches.
    pub(super) depth: usize,
    /// Narrowings that earlier conditions imply for the rest of the branch.
    pub(super) settled: Vec<Narrowed>,
    /// The number of parameters, including those of named closures.
    pub(super) parameters: usize,
    pub(super) closure_calls: Vec<ClosureCall>,
    /// Generic parameters of the function and of the enclosing `impl`.
    pub(super) generics: Vec<&'a syn::Generics>,
    /// Fields that the method increments or decrements; the caller's value is only their initial value.
    pub(super) counters: Vec<String>,
    /// The control-flow graph so far.
    pub(super) flow: Builder,
    /// The enclosing loops and labelled blocks.
    pub(super) loops: Vec<Loop>,
    /// The number of variables that a condition has named; see [`Local::number`].
    pub(super) numbered: usize,
    /// The call whose result the last condition tested, and whether the result exists if the condition holds.
    pub(super) tested: Option<(usize, bool)>,
}

/// An enclosing loop or labelled block.
pub(super) struct Loop {
    /// The value of `break`.
    pub(super) given: Option<Value>,
    /// The number of variables before it.
    pub(super) locals: usize,
}

/// A variable.
pub(super) struct Local {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) depth: usize,
    /// The closure that the variable holds, if any.
    pub(super) closure: Option<Closure>,
    /// Dropping the variable drops its value.
    pub(super) owns: bool,
    /// Nothing changes it while it lives.
    pub(super) is_fixed: bool,
    /// Its function made the lock that it holds or refers to.
    pub(super) is_own_lock: bool,
    /// What its written type shows.
    pub(super) written: TypeShown,
    /// Distinguishes it from other variables of that name; 0 until a condition names it.
    pub(super) number: usize,
}

/// What the written type of a variable shows. Without one, the variable may be a mutable reference, through which its fields change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeShown {
    Unknown,
    /// It is no mutable reference.
    Value,
    /// It is an `Option` or a `Result`, not a type of another crate with methods of these names.
    Optional,
}

impl Local {
    pub(super) fn new(name: impl Into<String>, value: Value, depth: usize) -> Self {
        Self {
            name: name.into(),
            value,
            depth,
            closure: None,
            owns: true,
            is_fixed: false,
            is_own_lock: false,
            written: TypeShown::Unknown,
            number: 0,
        }
    }
}

impl<'a> Lower<'a> {
    /// Resolves a path at the current position of the walk.
    pub(super) fn resolve(&self, path: &syn::Path) -> String {
        self.uses.resolve(path, &self.frame.within)
    }

    /// Returns the name of a type that a rule checks; `None` for another type with the same name.
    pub(super) fn declared(&self, declared: &Type) -> Option<&'static str> {
        declared_type(declared).filter(|name| self.uses.may_come_from(name, tables::TYPE_OWNERS))
    }

    /// Walks a function on behalf of a caller that is being walked. Beyond [`MAX_NESTING`] the callee stays unknown to
    /// the caller, and is walked later.
    fn run_for_caller(&mut self, index: usize) {
        if self.nesting < MAX_NESTING {
            self.nesting += 1;
            self.run(index);
            self.nesting -= 1;
        } else if !self.started.contains_key(&index) {
            self.facts.cuts.add(Cut::Nesting);
        }
    }

    fn run(&mut self, index: usize) {
        if self.started.contains_key(&index) {
            return;
        }
        self.started.insert(index, self.facts.functions.len());
        let Written { attributes, signature, block, around, .. } = self.definitions[index];
        let function = self.definitions[index].function(self.facts.bodies.len());
        let id = self.facts.functions.len();
        let (first_call, first_sink) = (self.facts.calls.len(), self.facts.sinks.len());
        self.facts.functions.push(function);
        let within = self.definitions[index].item.clone();
        let flow = Builder::new(&mut self.facts.bodies, id, BodyKind::Function);
        let outer = std::mem::replace(&mut self.frame, Frame { function: id, within, flow, ..Frame::default() });
        self.frame.surroundings.asynchronous = signature.asyncness.is_some();
        self.frame.generics = around.into_iter().chain([&signature.generics]).collect();
        for (input, index) in signature.inputs.iter().zip(0..) {
            let mut value = Value::parameter(self.span(signature.ident.span()), index);
            match input {
                FnArg::Receiver(receiver) => {
                    if !matches!(receiver.kind, syn::ReceiverKind::Reference(_, _, None)) {
                        self.frame.counters = counters_in(block);
                    }
                    value.ty = self.named_type("Self", Vec::new());
                    let is_fixed = matches!(receiver.kind, syn::ReceiverKind::Reference(_, _, None));
                    self.frame.locals.push(Local {
                        is_fixed,
                        written: TypeShown::Value,
                        ..Local::new("self", value, 0)
                    });
                }
                FnArg::Typed(input) => {
                    value = self.written_for(attributes, signature, index).unwrap_or(value);
                    self.narrow_to_type(&mut value, &input.ty);
                    value.declared = self.declared(&input.ty);
                    value.ty = self.type_of(&input.ty);
                    value.duration |= value.is_of(&["Duration", "TimeDelta"]);
                    let first = self.frame.locals.len();
                    self.bind(&input.pat, value);
                    self.shown_by_type(first, &input.pat, &input.ty);
                }
            }
        }
        self.frame.parameters = signature.inputs.len();
        let mut tail = self.block(block);
        if let (Some(syn::Stmt::Expr(last, None)), syn::ReturnType::Type(_, declared)) =
            (block.stmts.last(), &signature.output)
        {
            tail = self.made_default(last, declared).unwrap_or(tail);
        }
        self.ends(&tail);
        let mut returns = match self.frame.returns.take() {
            Some(early) => early.join(&tail),
            None => tail,
        };
        if let syn::ReturnType::Type(_, declared) = &signature.output {
            self.narrow_to_type(&mut returns, declared);
            returns.declared = returns.declared.or_else(|| self.declared(declared));
            returns.ty = self.type_of(declared).or(returns.ty);
            if returns.items.is_some() && returns.is_of(&["PathBuf"]) {
                returns = path_of_parts(&returns, returns.span);
            }
        }
        self.escape(&returns);
        self.complete_sinks(id, (first_call, first_sink), &returns);
        let returns_number = match &signature.output {
            syn::ReturnType::Type(_, declared) => self.bounds_of(declared).is_some(),
            syn::ReturnType::Default => false,
        };
        if (returns_number || returns.is_counted()) && self.tries_ports(id, first_sink) {
            returns = returns.without_counter();
        }
        self.frame = outer;
        let count = signature.inputs.len();
        let sinks = self.facts.sinks[first_sink..].iter();
        let sinks = sinks.filter(|sink| sink.function == id && sink.depends_on_parameters(count));
        let mut returned = Value { call: None, ..returns.clone() };
        returned.fields.extend(self.argv_of(&returns).map(|argv| (ARGV.to_owned(), argv)));
        let is_generic = match &signature.output {
            syn::ReturnType::Type(_, declared) => is_generic(declared, &signature.generics),
            syn::ReturnType::Default => false,
        };
        let is_method = signature.receiver().is_some();
        let effects = self.effects_of(id, (first_call, first_sink), count, &returns);
        let summary = Summary::new(
            sinks.map(|sink| sink.for_callers(self.file)).collect(),
            returned,
            effects,
            (is_generic, is_method),
        );
        if summary.is_cut {
            self.facts.cuts.add(Cut::Sinks);
        }
        self.summaries.insert(index, Arc::new(summary));
        let function = &mut self.facts.functions[id];
        function.returns = Some(returns);
        function.calls = first_call..self.facts.calls.len();
    }

    /// Marks the binds of ports that the function counts, if it returns a number and outlives their failure: it looks for
    /// a free port. Returns whether there are any.
    fn tries_ports(&mut self, function: usize, first_sink: usize) -> bool {
        let is_tried = |sink: &Sink| {
            sink.function == function
                && sink.kind.is_contact()
                && sink.values.iter().any(Value::is_counted)
                && flow::outlives_failure(&self.facts, sink)
        };
        let tried: Vec<usize> =
            (first_sink..self.facts.sinks.len()).filter(|at| is_tried(&self.facts.sinks[*at])).collect();
        for at in &tried {
            self.facts.sinks[*at].undone = Some(Undone::Tried);
        }
        !tried.is_empty()
    }

    /// Returns the effects of a function with `count` parameters.
    fn effects_of(&self, function: usize, first: (CallId, usize), count: usize, returns: &Value) -> Effects {
        let Some(body) = self.facts.functions[function].body else { return Effects::default() };
        let sinks = self.facts.sinks[first.1..].iter().filter(|sink| sink.undone != Some(Undone::Built));
        let own: Vec<Sink> = sinks.cloned().collect();
        let mut effects = flow::effects_of(&self.facts, (function, body), count, returns, &own, self.extra);
        effects.tasks = effects.tasks && self.facts.leaves_tasks(function, first.0);
        effects
    }

    /// Adds and removes the sinks of a function that depend on its whole body.
    fn complete_sinks(&mut self, function: usize, (first_call, first_sink): (usize, usize), returns: &Value) {
        self.assemble_commands(function, first_call);
        self.apply_closures();
        mark_undone(&mut self.facts, function, first_sink, returns);
        self.mark_certain(function, first_sink);
    }

    /// Returns the values that attributes pass for the parameter `index`: `#[case(…)]` and `#[values(…)]` of rstest,
    /// `#[test_case(…)]`.
    fn written_for(&mut self, attributes: &'a [Attribute], signature: &'a Signature, index: usize) -> Option<Value> {
        let mut joined: Option<Value> = None;
        for expressions in written_values(attributes, signature, index) {
            let Parsed::Expressions(expressions) = self.keep(Parsed::Expressions(expressions)) else { continue };
            for expression in expressions {
                let value = self.expression(expression);
                joined = Some(joined.map_or(value.clone(), |before| before.join(&value)));
            }
        }
        joined
    }

    /// Ends the current body with this value.
    pub(super) fn ends(&mut self, value: &Value) {
        let span = value.span;
        self.steps_of(value, |object| Step::Returned { object, span });
        self.frame.flow.leave(&mut self.facts.bodies, Why::Return, Span::default());
    }

    /// Adds a step.
    pub(super) fn step(&mut self, step: Step) {
        self.frame.flow.step(&mut self.facts.bodies, step);
    }

    /// Adds a step for each object in a value.
    pub(super) fn steps_of(&mut self, value: &Value, step: impl Fn(Object) -> Step + Copy) {
        if let Some(object) = value.object() {
            self.step(step(object));
        }
        for inner in value.items.iter().flatten().chain(value.fields.iter().map(|(_, value)| value)) {
            self.steps_of(inner, step);
        }
    }

    /// Keeps the parsed content of a macro alive as long as the file's tree.
    pub(super) fn keep(&mut self, parsed: Parsed) -> &'a Parsed {
        self.arena = self.arena.push(parsed);
        self.arena.get()
    }

    /// Returns the range of a numeric type.
    pub(super) fn bounds_of(&self, declared: &Type) -> Option<Interval> {
        numeric_bounds(declared, &self.aliases)
    }

    /// Narrows a number to the range of its declared type.
    pub(super) fn narrow_to_type(&self, value: &mut Value, declared: &Type) {
        if let Some(bounds) = self.bounds_of(declared) {
            value.bounds = value.bounds.meet(bounds);
        }
    }

    /// Returns the byte range of a token in the whole file.
    pub(super) fn span(&self, span: proc_macro2::Span) -> Span {
        let range = span.byte_range();
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX).saturating_add(self.base);
        Span::new(offset(range.start), offset(range.end))
    }
}
