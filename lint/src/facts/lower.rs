//! Items: which functions there are, which of them are test code, and their bodies handed to the evaluation.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use syn::{Attribute, Block, Expr, Fields, FnArg, ImplItem, Item, Signature, TraitItem, Type};

use super::arena::{Arena, Parsed};
use super::attributes::{is_test_attributes, is_test_function, last_segment, path_attribute};
use super::summary::{Externals, Lowered, Summary, Unresolved};
use super::types::{declared_type, numeric_type, type_name};
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
        constants: HashMap::new(),
        constant_values: HashMap::new(),
        definitions: Vec::new(),
        by_name: HashMap::new(),
        started: HashSet::new(),
        summaries: HashMap::new(),
        frame: Frame::default(),
        field_types: HashMap::new(),
        macros: Vec::new(),
        arena: &arena,
        unresolved: Unresolved::default(),
        reads: false,
    };
    let test = is_test_attributes(&file.attrs);
    lower.facts.functions.push(Function { test, ..Function::default() });
    lower.facts.functions.push(Function { test: true, ..Function::default() });
    lower.declare(&file.items, &mut Vec::new(), test);
    let mut names: Vec<String> = lower.constants.keys().cloned().collect();
    names.sort();
    for name in names {
        lower.constant(&name, Span::default());
    }
    for (item, test) in std::mem::take(&mut lower.macros) {
        lower.frame.function = usize::from(test);
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
    lower.facts.sinks = std::mem::take(&mut lower.facts.sinks).into_iter().flat_map(Sink::variants).collect();
    let functions = lower
        .by_name
        .iter()
        .filter_map(|(name, index)| Some((name.clone(), Arc::clone(lower.summaries.get(&(*index)?)?))))
        .filter(|(_, summary)| summary.matters())
        .map(|(name, summary)| (name, Some(summary)))
        .collect();
    let constants = lower
        .constant_values
        .drain()
        .filter_map(|(name, value)| Some((name, value?)))
        .filter(|(_, value)| value.matters())
        .map(|(name, value)| (name, Some(Arc::new(value))))
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
    /// With whether they are test code.
    constants: HashMap<String, (&'a Expr, &'a Type, bool)>,
    /// `None` while it is being evaluated.
    constant_values: HashMap<String, Option<Value>>,
    definitions: Vec<Definition<'a>>,
    /// `None` for names that occur twice.
    by_name: HashMap<String, Option<usize>>,
    started: HashSet<usize>,
    summaries: HashMap<usize, Arc<Summary>>,
    pub(super) frame: Frame,
    field_types: HashMap<String, Option<&'static str>>,
    /// Macros that stand in no function, with whether they are test code.
    macros: Vec<(&'a syn::ItemMacro, bool)>,
    /// The last element of what macros were parsed to.
    arena: &'a Arena,
    /// Names that other files may define.
    unresolved: Unresolved,
    /// Whether the file reads what others choose.
    pub(super) reads: bool,
}

/// What belongs to the function being walked.
#[derive(Default)]
pub(super) struct Frame {
    pub(super) locals: Vec<Local>,
    pub(super) function: usize,
    pub(super) enclosure: Option<usize>,
    pub(super) surroundings: Surroundings,
    pub(super) returns: Option<Value>,
    /// Branches around the expression being walked.
    pub(super) depth: usize,
}

/// A variable.
pub(super) struct Local {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) depth: usize,
}

impl<'a> Lower<'a> {
    /// Collects functions, constants and names of `items` and of the modules in them.
    pub(super) fn declare(&mut self, items: &'a [Item], around: &mut Vec<String>, test: bool) {
        for item in items {
            match item {
                Item::Use(item) => self.uses.add(&item.tree),
                // Those of a function are its own.
                Item::Const(_) | Item::Static(_) if self.frame.function > 1 => {}
                Item::Const(item) => {
                    self.constants.insert(item.ident.to_string(), (&item.expr, &item.ty, test));
                }
                Item::Static(item) => {
                    self.constants.insert(item.ident.to_string(), (&item.expr, &item.ty, test));
                }
                Item::Fn(item) => self.define(&item.attrs, &item.sig, &item.block, around, None, test),
                Item::Struct(item) => {
                    self.uses.define(&item.ident.to_string());
                    self.remember_fields(&item.fields);
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
                                self.constants.insert(item.ident.to_string(), (&item.expr, &item.ty, test));
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
                Item::Macro(item) => self.macros.push((item, test)),
                _ => {}
            }
        }
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

    /// The name of a type that the rules ask for, unless it is another one of that name.
    pub(super) fn declared(&self, declared: &Type) -> Option<&'static str> {
        declared_type(declared).filter(|name| self.uses.may_come_from(name, tables::TYPE_OWNERS))
    }

    /// Remembers the fields whose type matters; two structs with a field of one name and different types cancel out.
    fn remember_fields(&mut self, fields: &Fields) {
        for field in fields {
            let Some(name) = &field.ident else { continue };
            let declared = self.declared(&field.ty);
            self.field_types
                .entry(name.to_string())
                .and_modify(|known| *known = known.filter(|_| *known == declared))
                .or_insert(declared);
        }
    }

    /// The type of the field called `name`, if it matters.
    pub(super) fn field_type(&self, name: &str) -> Option<&'static str> {
        self.field_types.get(name).copied().flatten()
    }

    /// Functions defined inside a body; they are walked like the others, later.
    pub(super) fn declare_nested(&mut self, item: &'a Item) {
        let function = &self.facts.functions[self.frame.function];
        let (test, mut around) = (function.test, vec![function.item.clone()]);
        self.declare(std::slice::from_ref(item), &mut around, test);
    }

    /// The value of a constant of this file or, if there is none, of another one.
    pub(super) fn constant(&mut self, name: &str, place: Span) -> Option<Value> {
        if let Some(known) = self.constant_values.get(name) {
            return known.clone();
        }
        let Some((expression, declared, test)) = self.constants.get(name).copied() else {
            self.unresolved.note(name);
            return self.externals.constant(name).map(|value| Value::clone(&value).relocated(place));
        };
        self.constant_values.insert(name.to_owned(), None);
        let own = Frame { function: usize::from(test), ..Frame::default() };
        let frame = std::mem::replace(&mut self.frame, own);
        let mut value = self.expression(expression);
        Self::narrow_to_type(&mut value, declared);
        self.frame = frame;
        self.constant_values.insert(name.to_owned(), Some(value.clone()));
        Some(value)
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
        let mut around = self.facts.functions.get(self.frame.function)?.item.as_str();
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
            asynchronous: signature.asyncness.is_some(),
            span: self.span(signature.ident.span()),
            returns: None,
            arity: 0,
        };
        let id = self.facts.functions.len();
        let first_call = self.facts.calls.len();
        self.facts.functions.push(function);
        let outer = std::mem::replace(&mut self.frame, Frame { function: id, ..Frame::default() });
        self.frame.surroundings.asynchronous = signature.asyncness.is_some();
        let mut arity = 0;
        for input in &signature.inputs {
            if let FnArg::Typed(input) = input {
                let mut value = Value::parameter(self.span(signature.ident.span()), arity);
                Self::narrow_to_type(&mut value, &input.ty);
                value.declared = self.declared(&input.ty);
                self.bind(&input.pat, value);
                arity += 1;
            }
        }
        let tail = self.block(block);
        let mut returns = match self.frame.returns.take() {
            Some(early) => early.join(&tail),
            None => tail,
        };
        if let syn::ReturnType::Type(_, declared) = &signature.output {
            Self::narrow_to_type(&mut returns, declared);
            returns.declared = returns.declared.or_else(|| self.declared(declared));
        }
        self.escape(&returns);
        self.frame = outer;
        self.assemble_commands(id, first_call);
        let sinks = self.facts.sinks.iter().filter(|sink| sink.function == id && sink.depends_on_parameters());
        let mut returned = returns.clone();
        returned.call = None;
        self.summaries.insert(index, Arc::new(Summary::new(sinks.cloned().collect(), returned)));
        let function = &mut self.facts.functions[id];
        function.returns = Some(returns);
        function.arity = arity;
    }

    /// Keeps what a macro was parsed to for as long as the file's tree.
    pub(super) fn keep(&mut self, parsed: Parsed) -> &'a Parsed {
        self.arena = self.arena.push(parsed);
        self.arena.get()
    }

    /// Narrows a number to what its declared type can hold.
    pub(super) fn narrow_to_type(value: &mut Value, declared: &Type) {
        if let Some(bounds) = numeric_type(declared).and_then(|name| Interval::of_type(&name)) {
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
