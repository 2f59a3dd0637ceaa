//! Items: which functions there are, which of them are test code, and their bodies handed to the evaluation.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use syn::{Attribute, Block, Expr, FnArg, ImplItem, Item, Signature, TraitItem, Type};

use super::arena::{Arena, Parsed};
use super::attributes::{is_test_attributes, is_test_function, last_segment, path_attribute};
use super::closure::{Closure, ClosureCall};
use super::constants::Constants;
use super::fields::Field;
use super::narrow::Narrowed;
use super::own_macro::Arm;
use super::summary::{Externals, Lowered, Summary, Unresolved};
use super::types::{Aliases, declared_type, is_generic, numeric_bounds, type_name};
use super::{FileFacts, Function, ModuleDeclaration, Sink, Surroundings};
use crate::config::ExtraTables;
use crate::resolve::Uses;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Value};

/// Walks `file` once. `base` is added to every byte offset: what the reader cut off in front of the parsed text.
pub(crate) fn lower(file: &syn::File, base: u32, externals: &Externals, extra: &ExtraTables) -> Lowered {
    let arena = Arena::new();
    let mut lower = Lower {
        facts: FileFacts::default(),
        base,
        externals,
        extra,
        uses: Uses::default(),
        constants: Constants::default(),
        definitions: Vec::new(),
        by_name: HashMap::new(),
        started: HashSet::new(),
        summaries: HashMap::new(),
        frame: Frame::default(),
        fields: HashMap::new(),
        aliases: Aliases::new(),
        macros: Vec::new(),
        arms: HashMap::new(),
        arena: &arena,
        unresolved: Unresolved::default(),
        reads: false,
    };
    let test = is_test_attributes(&file.attrs);
    lower.facts.functions.push(Function { test, ..Function::default() });
    lower.facts.functions.push(Function { test: true, ..Function::default() });
    lower.declare(&file.items, &mut Vec::new(), test);
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
    let sinks = std::mem::take(&mut lower.facts.sinks).into_iter().filter(|sink| !sink.told_on);
    lower.facts.sinks = sinks.flat_map(Sink::variants).collect();
    let functions = lower
        .by_name
        .iter()
        .filter_map(|(name, index)| Some((name.clone(), Arc::clone(lower.summaries.get(&(*index)?)?))))
        .filter(|(_, summary)| summary.matters())
        .map(|(name, summary)| (name, Some(summary)))
        .collect();
    let constants = lower
        .constants
        .told()
        .filter(|(_, value)| value.is_none_or(Value::matters))
        .map(|(name, value)| (name.clone(), value.cloned().map(Arc::new)))
        .collect();
    let follows = lower.reads || lower.facts.sinks.iter().any(|sink| sink.kind.is_hazard_by_itself());
    Lowered {
        facts: lower.facts,
        externals: Externals { functions, constants, around: None },
        unresolved: lower.unresolved,
        follows,
    }
}

/// A function of the file.
struct Definition<'a> {
    signature: &'a Signature,
    block: &'a Block,
    item: String,
    test: bool,
    isolated: bool,
}

/// The field of a command that a function gives which holds its program and arguments; no field has such a name.
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
    pub(super) externals: &'a Externals,
    /// What the configuration adds to the tables.
    pub(super) extra: &'a ExtraTables,
    pub(super) uses: Uses,
    pub(super) constants: Constants<'a>,
    definitions: Vec<Definition<'a>>,
    /// `None` for names that occur twice.
    by_name: HashMap<String, Option<usize>>,
    started: HashSet<usize>,
    summaries: HashMap<usize, Arc<Summary>>,
    pub(super) frame: Frame,
    pub(super) fields: HashMap<String, Field>,
    aliases: Aliases,
    /// Macros that stand in no function, with the modules around them and whether they are test code.
    macros: Vec<(&'a syn::ItemMacro, String, bool)>,
    /// Arms of the file's own macros that are like functions, by the macro's name.
    pub(super) arms: HashMap<String, Vec<Arm>>,
    /// The last element of what macros were parsed to.
    arena: &'a Arena,
    /// Names that other files may define.
    pub(super) unresolved: Unresolved,
    /// Whether the file reads what others choose.
    pub(super) reads: bool,
}

/// What belongs to the function being walked.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) locals: Vec<Local>,
    pub(super) function: usize,
    /// Modules, type and function around, as in [`Function::item`].
    pub(super) within: String,
    pub(super) enclosure: Option<usize>,
    pub(super) surroundings: Surroundings,
    pub(super) returns: Option<Value>,
    /// Branches around the expression being walked.
    pub(super) depth: usize,
    /// What conditions have told of variables for the rest of the branch.
    pub(super) settled: Vec<Narrowed>,
    /// How many parameters there are, those of closures with a name included.
    pub(super) parameters: usize,
    pub(super) closure_calls: Vec<ClosureCall>,
}

/// A variable.
pub(super) struct Local {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) depth: usize,
    /// What it holds, if that is one.
    pub(super) closure: Option<Closure>,
}

impl Local {
    pub(super) fn new(name: impl Into<String>, value: Value, depth: usize) -> Self {
        Self { name: name.into(), value, depth, closure: None }
    }
}

impl<'a> Lower<'a> {
    /// Collects functions, constants and names of `items` and of the modules in them.
    pub(super) fn declare(&mut self, items: &'a [Item], around: &mut Vec<String>, test: bool) {
        for item in items {
            match item {
                Item::Use(item) => self.uses.add(&item.tree, &around.join("::")),
                // Those of a function are its own.
                Item::Const(_) | Item::Static(_) if self.frame.function > 1 => {}
                Item::Const(item) => self.define_constant(&item.ident, &item.expr, &item.ty, around, test),
                Item::Static(item) => self.define_constant(&item.ident, &item.expr, &item.ty, around, test),
                Item::Fn(item) => self.define(&item.attrs, &item.sig, &item.block, around, None, test),
                Item::Struct(item) => {
                    self.uses.define(&item.ident.to_string());
                    self.remember_fields(&item.fields);
                }
                Item::Type(item) => {
                    if let Some(bounds) = self.bounds_of(&item.ty) {
                        self.aliases.insert(item.ident.to_string(), bounds);
                    }
                }
                Item::Mod(item) => {
                    let test = test || is_test_attributes(&item.attrs);
                    around.push(item.ident.to_string());
                    if let Some((_, items)) = &item.content {
                        self.declare(items, around, test);
                    } else {
                        let explicit = item.attrs.iter().find_map(path_attribute);
                        self.facts.modules.push(ModuleDeclaration { path: around.clone(), explicit, test });
                    }
                    around.pop();
                }
                Item::Impl(item) => {
                    let test = test || is_test_attributes(&item.attrs);
                    let holder = type_name(&item.self_ty);
                    around.push(holder.clone());
                    for item in &item.items {
                        match item {
                            ImplItem::Fn(item) => {
                                self.define(&item.attrs, &item.sig, &item.block, around, Some(&holder), test);
                            }
                            ImplItem::Const(item) => {
                                self.define_constant(&item.ident, &item.expr, &item.ty, around, test);
                            }
                            _ => {}
                        }
                    }
                    around.pop();
                }
                Item::Trait(item) => {
                    let name = item.ident.to_string();
                    around.push(name.clone());
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item
                            && let Some(block) = &item.default
                        {
                            self.define(&item.attrs, &item.sig, block, around, Some(&name), test);
                        }
                    }
                    around.pop();
                }
                // Inside a function it belongs there; elsewhere it waits until all names are known.
                Item::Macro(item) if self.frame.function > 1 => self.item_macro(item),
                Item::Macro(item) => match self.statics(item) {
                    Some(items) => self.declare(items, around, test),
                    None => self.macros.push((item, around.join("::"), test)),
                },
                _ => {}
            }
        }
    }

    fn define_constant(
        &mut self,
        name: &syn::Ident,
        expression: &'a Expr,
        declared: &'a Type,
        around: &[String],
        test: bool,
    ) {
        self.constants.define(name.to_string(), around.join("::"), expression, declared, test);
    }

    fn define(
        &mut self,
        attributes: &'a [Attribute],
        signature: &'a Signature,
        block: &'a Block,
        around: &[String],
        holder: Option<&str>,
        test: bool,
    ) {
        let name = signature.ident.to_string();
        let index = self.definitions.len();
        let mut keys = Vec::new();
        match holder {
            Some(holder) => {
                keys.push(format!("{holder}::{name}"));
                if signature.receiver().is_some() {
                    keys.push(format!(".{name}"));
                }
            }
            None => keys.push(name.clone()),
        }
        for key in keys {
            self.by_name.entry(key).and_modify(|known| *known = None).or_insert(Some(index));
        }
        let mut item = around.join("::");
        if !item.is_empty() {
            item.push_str("::");
        }
        item.push_str(&name);
        let test = test || is_test_attributes(attributes) || attributes.iter().any(is_test_function);
        let isolated = attributes.iter().any(|attribute| last_segment(attribute) == "netns_test");
        self.definitions.push(Definition { signature, block, item, test, isolated });
    }

    /// The path that a path stands for where the walk is.
    pub(super) fn resolve(&self, path: &syn::Path) -> String {
        self.uses.resolve(path, &self.frame.within)
    }

    /// The name of a type that the rules ask for, unless it is another one of that name.
    pub(super) fn declared(&self, declared: &Type) -> Option<&'static str> {
        declared_type(declared).filter(|name| self.uses.may_come_from(name, tables::TYPE_OWNERS))
    }

    /// Functions defined inside a body; they are walked like the others, later.
    pub(super) fn declare_nested(&mut self, item: &'a Item) {
        let function = &self.facts.functions[self.frame.function];
        let (test, mut around) = (function.test, vec![function.item.clone()]);
        self.declare(std::slice::from_ref(item), &mut around, test);
    }

    /// What is known about the function called `name`: of this file if it is the only one, else of another file.
    ///
    /// Methods have a dot in front of their name, associated functions their type.
    pub(super) fn summary(&mut self, name: &str) -> Option<(Arc<Summary>, Home)> {
        match self.by_name.get(name) {
            Some(Some(index)) => {
                let index = *index;
                self.run(index);
                self.summaries.get(&index).cloned().map(|summary| (summary, Home::ThisFile))
            }
            Some(None) => {
                let index = self.nearest(name)?;
                self.run(index);
                self.summaries.get(&index).cloned().map(|summary| (summary, Home::ThisFile))
            }
            None => {
                self.unresolved.note(name);
                self.externals.function(name).map(|summary| (summary, Home::OtherFile))
            }
        }
    }

    /// The function called `name` in the module of the function being walked, or in one around it.
    fn nearest(&self, name: &str) -> Option<usize> {
        let mut around = self.frame.within.as_str();
        loop {
            around = around.rsplit_once("::").map_or("", |(outer, _)| outer);
            let item = if around.is_empty() { name.to_owned() } else { format!("{around}::{name}") };
            if let Some(index) = self.definitions.iter().position(|definition| definition.item == item) {
                return Some(index);
            }
            if around.is_empty() {
                return None;
            }
        }
    }

    fn run(&mut self, index: usize) {
        if !self.started.insert(index) {
            return;
        }
        let Definition { signature, block, test, isolated, .. } = self.definitions[index];
        let function = Function {
            name: signature.ident.to_string(),
            item: self.definitions[index].item.clone(),
            test,
            isolated,
            returns: None,
            calls: 0..usize::MAX,
        };
        let id = self.facts.functions.len();
        let (first_call, first_sink) = (self.facts.calls.len(), self.facts.sinks.len());
        self.facts.functions.push(function);
        let within = self.definitions[index].item.clone();
        let outer = std::mem::replace(&mut self.frame, Frame { function: id, within, ..Frame::default() });
        self.frame.surroundings.asynchronous = signature.asyncness.is_some();
        for (input, index) in signature.inputs.iter().zip(0..) {
            let mut value = Value::parameter(self.span(signature.ident.span()), index);
            match input {
                FnArg::Receiver(_) => self.frame.locals.push(Local::new("self", value, 0)),
                FnArg::Typed(input) => {
                    self.narrow_to_type(&mut value, &input.ty);
                    value.declared = self.declared(&input.ty);
                    self.bind(&input.pat, value);
                }
            }
        }
        self.frame.parameters = signature.inputs.len();
        let tail = self.block(block);
        let mut returns = match self.frame.returns.take() {
            Some(early) => early.join(&tail),
            None => tail,
        };
        if let syn::ReturnType::Type(_, declared) = &signature.output {
            self.narrow_to_type(&mut returns, declared);
            returns.declared = returns.declared.or_else(|| self.declared(declared));
        }
        self.escape(&returns);
        self.assemble_commands(id, first_call);
        self.apply_closures();
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
        let summary = Summary::new(sinks.cloned().collect(), returned, is_generic, is_method);
        self.summaries.insert(index, Arc::new(summary));
        let function = &mut self.facts.functions[id];
        function.returns = Some(returns);
        function.calls = first_call..self.facts.calls.len();
    }

    /// Keeps what a macro was parsed to for as long as the file's tree.
    pub(super) fn keep(&mut self, parsed: Parsed) -> &'a Parsed {
        self.arena = self.arena.push(parsed);
        self.arena.get()
    }

    /// What a numeric type can hold.
    pub(super) fn bounds_of(&self, declared: &Type) -> Option<Interval> {
        numeric_bounds(declared, &self.aliases)
    }

    /// Narrows a number to what its declared type can hold.
    pub(super) fn narrow_to_type(&self, value: &mut Value, declared: &Type) {
        if let Some(bounds) = self.bounds_of(declared) {
            value.bounds = value.bounds.meet(bounds);
        }
    }

    /// The byte range of a token in the whole file.
    pub(super) fn span(&self, span: proc_macro2::Span) -> Span {
        let range = span.byte_range();
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX).saturating_add(self.base);
        Span::new(offset(range.start), offset(range.end))
    }
}
