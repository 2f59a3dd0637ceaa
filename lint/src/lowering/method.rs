//! Calls: records them, and computes the results of the modelled ones.

use std::sync::Arc;

use syn::punctuated::Punctuated;
use syn::{Expr, GenericArgument, PathArguments, Token};

use super::list::{element, path_of_parts, taken_apart};
use super::lower::Lower;
use super::{Call, SinkKind, Surroundings};
use crate::facts::Enclosure;
use crate::ir::{How, Step, Why};
use crate::resolve::Definition;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Piece, Source, Type, Value};

impl<'a> Lower<'a> {
    /// Marks the objects in a value as passed on, so that this function is no longer responsible for their end.
    pub(super) fn escape(&mut self, value: &Value) {
        if let Some(call) = value.call.filter(|_| !value.part) {
            let root = self.facts.calls[call].root;
            self.facts.escaped.extend([root, call]);
        }
        for inner in value.items.iter().flatten().chain(value.fields.iter().map(|(_, value)| value)) {
            self.escape(inner);
        }
    }

    /// Marks the objects in a value as stored in something that outlives the variable.
    pub(super) fn store(&mut self, value: &Value) {
        self.escape(value);
        let span = value.span;
        self.steps_of(value, |object| Step::Stored { object, span });
    }

    /// Adds a step for each object that the call `to` receives, if the call was recorded.
    pub(super) fn given(&mut self, to: usize, written: &Punctuated<Expr, Token![,]>, arguments: &[Value]) {
        if self.facts.calls.len() <= to {
            return;
        }
        for ((argument, value), written) in arguments.iter().enumerate().zip(written) {
            let how = match written {
                Expr::Reference(reference) if reference.mutability.is_some() => How::LentMutably,
                Expr::Reference(_) => How::Lent,
                _ => How::Moved,
            };
            self.steps_of(value, |object| Step::Given { object, to, argument, how });
        }
    }

    /// Starts the evaluation of the arguments of `name`; returns the enclosing call to restore afterwards.
    pub(super) fn enter(&mut self, name: String) -> Option<usize> {
        let around = self.frame.enclosure;
        self.facts.enclosures.push(Enclosure { name, parent: around, call: None });
        self.frame.enclosure = Some(self.facts.enclosures.len() - 1);
        around
    }

    /// Records a call of a function that no file of the run defines. Returns a result that is unknown except for its
    /// call.
    pub(super) fn record(
        &mut self,
        path: String,
        name: String,
        receiver: Option<Value>,
        arguments: Vec<Value>,
        span: Span,
        name_span: Span,
    ) -> Value {
        let id = self.facts.calls.len();
        self.known_sinks(id, &path, &name, receiver.as_ref(), &arguments, span);
        let value = self.record_own(path, name, receiver, arguments, span, name_span);
        self.written(id);
        self.opened(id);
        value
    }

    /// Records a call without adding the sinks of the tables.
    pub(super) fn record_own(
        &mut self,
        path: String,
        name: String,
        receiver: Option<Value>,
        arguments: Vec<Value>,
        span: Span,
        name_span: Span,
    ) -> Value {
        let id = self.facts.calls.len();
        let before = receiver.as_ref().and_then(|receiver| receiver.call);
        let root = match before {
            Some(before) if !tables::TERMINAL.contains(&name.as_str()) => self.facts.calls[before].root,
            _ => id,
        };
        let part = receiver.as_ref().is_some_and(|receiver| receiver.part);
        let value = Value { call: Some(id), part, ..Value::unknown(span) };
        let by_glob = || tables::CRATES_OF_FUTURES.iter().any(|name| self.uses.globs().contains(*name));
        let races = tables::is_race(&path) || tables::RACES.contains(&path.as_str()) && by_glob();
        self.facts.calls.push(Call {
            path,
            name,
            receiver,
            arguments,
            span,
            name_span,
            root,
            function: self.frame.function,
            enclosure: self.frame.enclosure,
            surroundings: Surroundings { depth: self.frame.depth, ..self.frame.surroundings },
            awaited: false,
            unread: false,
            races,
            of_run: false,
            called: Vec::new(),
            effects: None,
        });
        self.step(Step::Call(id));
        value
    }

    /// Returns the run's methods called `name` that the receiver has, as far as its type is known; `None` if there are
    /// none.
    fn methods_of(&mut self, receiver: &Value, name: &str) -> Option<Vec<Definition>> {
        let found = match &receiver.ty {
            Some(ty) => {
                if let Some(last) = ty.foreign_name() {
                    self.unresolved.take_for_known(last);
                }
                ty.own().map(|own| self.associated(own, name)).unwrap_or_default()
            }
            // A type of another crate has only the methods of that crate.
            None if receiver.declared.is_some() => Vec::new(),
            None => self.methods_called(name),
        };
        (!found.is_empty()).then_some(found)
    }

    /// Records the effects of a read that the standard library provides for a type of the run: it calls the type's `read`.
    fn reads_by_own_method(&mut self, recorded: &Value, receiver: &Value, name: &str) {
        let is_own = receiver.ty.as_ref().is_some_and(|ty| ty.own().is_some());
        if !is_own || !tables::READING_FROM_PEER.contains(&name) {
            return;
        }
        let Some(targets) = self.methods_of(receiver, "read") else { return };
        let all = self.summaries(&targets);
        self.has_effects(recorded, &all);
        if let Some(call) = recorded.call {
            self.facts.calls[call].of_run = true;
        }
    }

    pub(super) fn method_call(&mut self, call: &'a syn::ExprMethodCall, expression: &'a Expr) -> Value {
        let receiver = self.expression(&call.receiver);
        let name = call.method.to_string();
        let span = self.extent(expression);
        let name_span = self.span(call.method.span());
        if matches!(name.as_str(), "unwrap" | "expect") {
            self.frame.flow.may_leave(&mut self.facts.bodies, Why::Panic(receiver.call), name_span, receiver.call);
        }
        let enclosure = self.enter(name.clone());
        let own_enclosure = self.facts.enclosures.len() - 1;
        let first_inside = self.facts.calls.len();
        let arguments: Vec<Value> =
            call.args.iter().map(|argument| self.argument(argument, &name, &receiver, span)).collect();
        self.frame.enclosure = enclosure;
        if tables::REPEATING.contains(&name.as_str()) {
            self.loop_count(&call.receiver, &receiver);
        }
        if let ("take", [count]) = (name.as_str(), arguments.as_slice()) {
            self.taken(&receiver, count, span);
        }
        if is_program_name(call, &receiver) {
            return Value::unknown(span);
        }
        if name == "to_socket_addrs" {
            let id = self.facts.calls.len();
            self.sink(SinkKind::Resolve, super::address::flattened(&receiver), span, name.clone(), Some(id));
            self.record_own(String::new(), name.clone(), Some(receiver.clone()), Vec::new(), span, name_span);
        }
        let races = tables::RACES.contains(&name.as_str()) && self.gets_future(call, &arguments, first_inside);
        if !races && let Some(value) = self.known(call, &name, &receiver, &arguments, span) {
            return value;
        }
        if self.extra.is_check("", &name) {
            return Value { validated: true, ..receiver };
        }
        if let Some(targets) = self.methods_of(&receiver, &name) {
            let next = self.facts.calls.len();
            let recorded = self.record_own(
                String::new(),
                name.clone(),
                Some(receiver.clone()),
                arguments.clone(),
                span,
                name_span,
            );
            self.facts.enclosures[own_enclosure].call = Some(next);
            self.given(next, &call.args, &arguments);
            let all = self.summaries(&targets);
            self.leads_here(&recorded, &targets);
            let given: Vec<Value> = std::iter::once(receiver).chain(arguments).collect();
            return Value { call: recorded.call, ..self.applied_all(&all, recorded, &name, &given, span) };
        }
        for argument in &arguments {
            self.escape(argument);
        }
        let adds = tables::SETTING_SOURCES.contains(&name.as_str());
        let settings = arguments.first().filter(|_| adds).map(|argument| argument.sources.clone());
        // A method with a random generator as argument returns a random value.
        let random = arguments.iter().find_map(|argument| argument.source(Origin::Random)).cloned();
        let next = self.facts.calls.len();
        let given = arguments.clone();
        let mut value = self.record(String::new(), name.clone(), Some(receiver.clone()), arguments, span, name_span);
        self.given(next, &call.args, &given);
        self.facts.enclosures[own_enclosure].call = Some(next);
        self.facts.calls[next].races = races;
        self.takes_lock(call, next);
        self.facts.calls[next].of_run = receiver.ty.is_none() && self.methods_in_package(&name) > 0;
        self.reads_by_own_method(&value, &receiver, &name);
        let asks = match name.as_str() {
            "is_ok" | "is_some" => Some(true),
            "is_err" | "is_none" => Some(false),
            _ => None,
        };
        self.frame.tested = receiver.call.zip(asks);
        value.sources.extend(random);
        let read = settings.into_iter().flatten().filter(|source| !value.sources.contains(source));
        value.sources.extend(read.collect::<Vec<_>>());
        if !tables::UNTAINTED.contains(&name.as_str()) {
            value.taint_from(&receiver);
            value.path.clone_from(&receiver.path);
            value.split = receiver.split;
        }
        keep_type(&mut value, &receiver, &name);
        if receiver.declared == Some("Command") {
            let ends = tables::TERMINAL.contains(&name.as_str());
            value.declared = if name == "spawn" { Some("Child") } else { receiver.declared.filter(|_| !ends) };
        }
        if let Some(origin) = self.extra.source("", &name) {
            value.sources.push(Source { origin, name: None, span });
            self.reads = true;
        }
        value
    }

    /// Evaluates an argument of a method. The closure of `map` and its like gets the content of the receiver.
    fn argument(&mut self, argument: &'a Expr, name: &str, receiver: &Value, span: Span) -> Value {
        let maps = tables::MAPS.contains(&name);
        match argument {
            Expr::Closure(closure) => {
                let given = if maps { element(receiver) } else { Value::unknown(span) };
                self.closure(closure, std::slice::from_ref(&given))
            }
            Expr::Path(path) if maps => {
                let resolved = self.resolve(&path.path);
                let converted = self.duration(&resolved, &resolved, std::slice::from_ref(receiver), span);
                converted.unwrap_or_else(|| receiver.clone())
            }
            other => self.expression(other),
        }
    }

    /// Evaluates methods of paths, and others with well-known results.
    fn known(
        &mut self,
        call: &'a syn::ExprMethodCall,
        name: &str,
        receiver: &Value,
        arguments: &[Value],
        span: Span,
    ) -> Option<Value> {
        let part = if let [part] = arguments { Some(part) } else { None };
        let path = part.and_then(|part| self.path_method(name, &call.receiver, (receiver, part), span));
        path.or_else(|| self.modelled(call, name, receiver, arguments, span))
    }

    /// Evaluates methods with well-known results, whose calls need no record.
    fn modelled(
        &mut self,
        call: &'a syn::ExprMethodCall,
        name: &str,
        receiver: &Value,
        arguments: &[Value],
        span: Span,
    ) -> Option<Value> {
        let first = arguments.first();
        let mut value = receiver.clone();
        let is_of_run = receiver.ty.as_ref().is_some_and(|ty| ty.own().is_some());
        match name {
            "parse" if arguments.is_empty() => {
                value.parsed = true;
                if let Some(number) = receiver.constant().and_then(|text| text.parse::<f64>().ok()) {
                    value.bounds = Interval::exactly(number);
                }
                if let Some(PathArguments::AngleBracketed(generics)) =
                    call.turbofish.clone().map(PathArguments::AngleBracketed)
                    && let Some(GenericArgument::Type(wanted)) = generics.args.first()
                {
                    self.narrow_to_type(&mut value, wanted);
                    self.parsed_to(&value, wanted, span);
                }
            }
            "collect" if receiver.items.is_some() && collects_path(call) => value = path_of_parts(receiver, span),
            _ if tables::is_transparent(name) => {}
            "ip" | "addr" | "address" | "network" | "port" if arguments.is_empty() && receiver.constant().is_some() => {
                return super::address::part(name, receiver, span);
            }
            "fetch_add" | "fetch_sub" | "load" | "get" if is_of_run => return None,
            "fetch_add" | "fetch_sub" if receiver.counter().is_some() => value = value.counted(receiver.counter()?),
            "load" | "get" if receiver.is_changing() => {}
            // For an unknown text, the result may be the whole text.
            "strip_prefix" | "strip_suffix" | "trim_start_matches" | "trim_end_matches" | "trim_matches" => {
                let (text, mark) = (receiver.constant(), first.and_then(Value::constant));
                if let (Some(text), Some(mark)) = (text, mark.filter(|mark| !mark.is_empty())) {
                    let rest = match name {
                        "strip_prefix" => text.strip_prefix(mark.as_str()),
                        "strip_suffix" => text.strip_suffix(mark.as_str()),
                        "trim_start_matches" => Some(text.trim_start_matches(mark.as_str())),
                        "trim_end_matches" => Some(text.trim_end_matches(mark.as_str())),
                        _ => Some(text.as_str()),
                    };
                    value.pieces = vec![Piece::Text(rest?.to_owned())];
                }
            }
            "find" | "filter" | "find_map" | "filter_map" if matches!(call.args.first(), Some(Expr::Closure(closure)) if asks_for_cargo(&closure.body)) =>
            {
                value.sources.retain(|source| source.origin != Origin::Environment || source.name.is_some());
            }
            "start" | "end" if arguments.is_empty() && is_range(receiver) => value = receiver.part(name, span),
            // `get` of a `NonZero`, a `Cell` or a setting.
            "get" if arguments.is_empty() => {}
            "join"
                if receiver.items.is_none()
                    && (receiver.prefix().starts_with('/') || first.is_some_and(is_file_name)) =>
            {
                value.append(&Value::text(span, "/"));
                value.append(first?);
                value.span = span;
            }
            "join" | "concat" if receiver.items.is_some() => {
                let separator = first.cloned().unwrap_or_else(|| Value::text(span, ""));
                value = Value { pieces: Vec::new(), ..Value::unknown(span) };
                for (index, item) in receiver.items.iter().flatten().enumerate() {
                    if index > 0 {
                        value.append(&separator);
                    }
                    value.append(item);
                }
            }
            "block_on" => {
                let (receiver, name_span) = (receiver.clone(), self.span(call.method.span()));
                self.record_own(String::new(), name.to_owned(), Some(receiver), Vec::new(), span, name_span);
                value = first?.clone();
            }
            "get_or_init" | "get_or_try_init" => {
                let by_name = call.args.first().and_then(|function| self.result_of(function, span));
                value = by_name.or_else(|| first.cloned())?;
            }
            "unwrap_or" | "unwrap_or_else" | "or" | "or_else" | "get_or_insert_with" => {
                value = or_other(value, first);
            }
            "map" | "and_then" | "then" | "map_or_else" if first.is_some() => {
                value = Value { body: None, ..arguments.last().cloned().unwrap_or(value) };
                if value.call.is_none() {
                    value.call = receiver.call;
                }
            }
            "map_or" => value = arguments.last().cloned().unwrap_or(value).join(first?),
            "filter" | "is_some_and" | "take_while" if matches!(call.args.first(), Some(Expr::Closure(_))) => {
                if let Some(Expr::Closure(closure)) = call.args.first() {
                    value = self.filtered(closure, value);
                }
            }
            "push_str" | "push" | "extend" | "extend_from_slice"
                if (receiver.call.is_none() || receiver.split.is_some()) && first.is_some() =>
            {
                self.pushed(name, &call.receiver, receiver, first?);
                return Some(Value::unknown(span));
            }
            _ => {
                let of_list = taken_apart(call, name, receiver, arguments, span);
                return of_list.or_else(|| Self::arithmetic(name, receiver, arguments));
            }
        }
        Some(value)
    }

    /// Evaluates `receiver.push(item)` on a variable.
    fn pushed(&mut self, name: &str, place: &Expr, receiver: &Value, item: &Value) {
        self.store(item);
        let mut grown = receiver.clone();
        if grown.split.is_some() && grown.items.is_none() {
            grown.items = Some(vec![Value { spread: true, ..receiver.clone() }]);
        }
        if let Some(items) = &mut grown.items {
            match &item.items {
                Some(more) if name != "push" => items.extend(more.iter().cloned()),
                // In a loop, the item represents one item per iteration.
                _ => items
                    .push(Value { spread: name != "push" || self.frame.surroundings.is_repeated(), ..item.clone() }),
            }
            grown.taint_from(item);
        } else {
            grown.append(item);
        }
        self.assign(place, grown);
    }
}

/// Whether the value is a `RangeInclusive`, whose ends are the results of `start` and `end`.
fn is_range(value: &Value) -> bool {
    let has = |end: &str| value.fields.iter().any(|(name, _)| name == end);
    value.is_of(&["RangeInclusive"]) || value.call.is_none() && has("start") && has("end")
}

/// Whether the call is `env::args().next()`, the program name, which the caller does not choose freely.
fn is_program_name(call: &syn::ExprMethodCall, receiver: &Value) -> bool {
    let first = match call.args.first() {
        None => call.method == "next",
        Some(Expr::Lit(index)) => {
            call.method == "nth" && matches!(&index.lit, syn::Lit::Int(index) if index.base10_digits() == "0")
        }
        Some(_) => false,
    };
    first && matches!(*call.receiver, Expr::Call(_)) && receiver.source(Origin::Argument).is_some()
}

/// Whether a text looks like a path component and not like a separator.
fn is_file_name(value: &Value) -> bool {
    value.constant().is_some_and(|text| text.contains(['.', '/']) && text.contains(|c: char| c.is_alphanumeric()))
}

/// Sets the type of a method's result. A lock lends the number of its static, too.
fn keep_type(result: &mut Value, receiver: &Value, name: &str) {
    result.ty = result_type(receiver, name);
    if name == "lock" && receiver.is_changing() {
        (result.pieces, result.span) = (receiver.pieces.clone(), receiver.span);
    }
}

/// Returns the value, or another one in place of `None`. The callers know whether a parameter is `None`.
fn or_other(value: Value, other: Option<&Value>) -> Value {
    let Some(other) = other else { return value };
    if !matches!(value.pieces.as_slice(), [Piece::Parameter(_)]) {
        return or_address(value, other);
    }
    let (pieces, otherwise) = (value.pieces.clone(), Some(Arc::new(other.clone())));
    Value { pieces, choices: Vec::new(), otherwise, ..or_address(value, other) }
}

/// Returns the value of an environment variable, or its default. A default that is an address stays known: it is the
/// address of each run that sets no variable.
pub(super) fn or_address(value: Value, default: &Value) -> Value {
    let has_default = has_default(&value, default);
    let joined = value.join(default);
    if has_default { Value { choices: default.readings().cloned().collect(), ..joined } } else { joined }
}

/// Whether `value` is an unknown environment variable, and `default` an address, or a text that the caller chooses.
pub(super) fn has_default(value: &Value, default: &Value) -> bool {
    let is_unknown = value.choices.is_empty() && matches!(value.pieces.as_slice(), [Piece::Hole]);
    let is_text = !value.parsed && !value.validated && !value.duration;
    let of_caller = is_text && matches!(default.pieces.as_slice(), [Piece::Parameter(_)]);
    is_unknown && value.source(Origin::Environment).is_some() && (default.is_an_address() || of_caller)
}

/// Returns the result type of a method of another crate's type.
fn result_type(receiver: &Value, name: &str) -> Option<Arc<Type>> {
    let ty = receiver.ty.as_ref()?;
    if ty.foreign_path().is_some_and(tables::is_http_client) && !tables::REQUESTING.contains(&name) {
        return (!tables::SENDING_REQUESTS.contains(&name) && name != "request").then(|| Arc::clone(ty));
    }
    let known = tables::result_of_known(ty.foreign_path()?, name)?;
    Some(if known == tables::ITSELF { Arc::clone(ty) } else { Arc::new(Type::foreign(known)) })
}

/// Whether the call is `collect::<PathBuf>()`.
fn collects_path(call: &syn::ExprMethodCall) -> bool {
    let wanted = call.turbofish.as_ref().and_then(|generics| generics.args.first());
    matches!(wanted, Some(GenericArgument::Type(wanted)) if super::types::type_name(wanted) == "PathBuf")
}

/// Whether cargo or the compiler sets the environment variable.
pub(super) fn is_of_cargo(name: &str) -> bool {
    tables::CARGO_VARIABLES.iter().any(|own| name.starts_with(own))
}

/// Whether a condition holds only for names of such variables.
fn asks_for_cargo(condition: &Expr) -> bool {
    let is_name = |expression: &Expr| matches!(expression, Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }) if is_of_cargo(&name.value()));
    match condition {
        Expr::Paren(inner) => asks_for_cargo(&inner.expr),
        Expr::Binary(binary) => match binary.op {
            syn::BinOp::And(_) => asks_for_cargo(&binary.left) || asks_for_cargo(&binary.right),
            syn::BinOp::Or(_) => asks_for_cargo(&binary.left) && asks_for_cargo(&binary.right),
            syn::BinOp::Eq(_) => is_name(&binary.left) || is_name(&binary.right),
            _ => false,
        },
        Expr::MethodCall(call) if call.method == "starts_with" || call.method == "eq" => call.args.iter().any(is_name),
        Expr::MethodCall(call) if call.method == "then" || call.method == "then_some" => asks_for_cargo(&call.receiver),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(only, None)] => asks_for_cargo(only),
            _ => false,
        },
        _ => false,
    }
}
