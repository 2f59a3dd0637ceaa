//! Calls: what is recorded of them, and what the result of the ones that the analysis models is.

use syn::{Expr, GenericArgument, PathArguments};

use super::list::{element, split_of, taken_apart};
use super::lower::Lower;
use super::{Call, Exit};
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Piece, Source, Value};

impl<'a> Lower<'a> {
    /// Marks what is in a value as handed on, so that its end is not this function's business.
    pub(super) fn escape(&mut self, value: &Value) {
        if let Some(call) = value.call.filter(|_| !value.part) {
            let root = self.facts.calls[call].root;
            self.facts.escaped.extend([root, call]);
        }
        for inner in value.items.iter().flatten().chain(value.fields.iter().map(|(_, value)| value)) {
            self.escape(inner);
        }
    }

    /// Notes that what is evaluated next stands in a call of `name`; gives what to put back afterwards.
    pub(super) fn enter(&mut self, name: String) -> Option<usize> {
        let around = self.frame.enclosure;
        self.facts.enclosures.push((name, around));
        self.frame.enclosure = Some(self.facts.enclosures.len() - 1);
        around
    }

    /// Records a call and gives its result, of which nothing is known but the call.
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
        let before = receiver.as_ref().and_then(|receiver| receiver.call);
        let root = match before {
            Some(before) if !tables::TERMINAL.contains(&name.as_str()) => self.facts.calls[before].root,
            _ => id,
        };
        let part = receiver.as_ref().is_some_and(|receiver| receiver.part);
        let value = Value { call: Some(id), part, ..Value::unknown(span) };
        self.known_sinks(id, &path, &name, receiver.as_ref(), &arguments, span);
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
            surroundings: self.frame.surroundings,
            awaited: false,
        });
        self.written(id);
        value
    }

    pub(super) fn call(&mut self, call: &'a syn::ExprCall, expression: &'a Expr) -> Value {
        let span = self.extent(expression);
        let Expr::Path(function) = &*call.func else {
            self.expression(&call.func);
            for argument in &call.args {
                self.expression(argument);
            }
            return Value::unknown(span);
        };
        let path = self.resolve(&function.path);
        let name = path.rsplit("::").next().unwrap_or_default().to_owned();
        let name_span = function.path.segments.last().map_or(span, |segment| self.span(segment.ident.span()));
        let enclosure = self.enter(path.clone());
        let arguments: Vec<Value> = call.args.iter().map(|argument| self.expression(argument)).collect();
        self.frame.enclosure = enclosure;
        if name == "Err" {
            for argument in &arguments {
                self.escape(argument);
            }
            return Value { absent: true, ..Value::unknown(span) };
        }
        if let [argument] = arguments.as_slice()
            && tables::is_wrapper(&path, &name)
        {
            return argument.clone();
        }
        if path.ends_with("drop") && arguments.len() == 1 {
            return Value::unknown(span);
        }
        for argument in &arguments {
            self.escape(argument);
        }
        if let Some(duration) = self.duration(&path, &name, &arguments, span) {
            return duration;
        }
        if let Some(number) = self.converted(&path, &arguments) {
            return number;
        }
        if let Some(closure) = self.call_of_closure(&path, &arguments, span) {
            return closure;
        }
        if let Some(address) = super::address::made(&path, &arguments, span) {
            match arguments.as_slice() {
                [pair] => self.port_of(pair, span, &path),
                all => self.port_of(&Value::list(span, all.to_vec()), span, &path),
            }
            return address;
        }
        if tables::SPLITTERS.iter().any(|known| tables::ends_with(&path, known)) {
            return split_of(arguments.first().unwrap_or(&Value::unknown(span)), span);
        }
        if self.extra.is_check(&path, &name)
            && let Some(checked) = arguments.first()
        {
            return Value { validated: true, ..checked.clone() };
        }
        if let Some(mut given) = self.applied(&path, &name, &arguments, span, name_span) {
            if let Some(wanted) = self.chosen_type(&function.path) {
                given.bounds = given.bounds.meet(wanted);
            }
            return given;
        }
        let mut value = self.record(path.clone(), name.clone(), None, arguments.clone(), span, name_span);
        if let Some(origin) = tables::source(&path, &name).or_else(|| self.extra.source(&path, &name)) {
            let is_uuid = path.contains("Uuid::");
            let name = arguments.first().and_then(Value::constant).or(is_uuid.then(|| tables::UUID.to_owned()));
            let set_by_cargo =
                name.as_ref().is_some_and(|name| tables::CARGO_VARIABLES.iter().any(|own| name.starts_with(own)));
            if !(set_by_cargo && origin == Origin::Environment) {
                value.sources.push(Source { origin, name, span });
                self.reads = true;
            }
        } else if tables::ends_with(&path, "Vec::new") || tables::ends_with(&path, "Vec::with_capacity") {
            value.items = Some(Vec::new());
            value.call = None;
        } else if tables::ends_with(&path, "env::temp_dir") {
            value.pieces = vec![Piece::Text("/tmp".to_owned())];
            value.call = None;
        } else if name.starts_with(|first: char| first.is_uppercase()) {
            // A tuple struct, or a variant of an enum.
            value.fields = (0..).map(|index: usize| index.to_string()).zip(arguments.iter().cloned()).collect();
        } else if name == "from_str" || name == "from_utf8" || name == "try_from" || name == "from" || name == "new" {
            for argument in &arguments {
                value.taint_from(argument);
            }
        }
        value
    }

    /// What a number can be that a generic function gives, if the call says so: `env_or::<u8>("N")`.
    fn chosen_type(&mut self, function: &syn::Path) -> Option<Interval> {
        let PathArguments::AngleBracketed(generics) = &function.segments.last()?.arguments else { return None };
        let [GenericArgument::Type(wanted)] = generics.args.iter().collect::<Vec<_>>()[..] else { return None };
        let path = self.resolve(function);
        let is_generic = self.summary(&self.key_of(&path)?)?.0.is_generic;
        self.bounds_of(wanted).filter(|_| is_generic)
    }

    pub(super) fn method_call(&mut self, call: &'a syn::ExprMethodCall, expression: &'a Expr) -> Value {
        let receiver = self.expression(&call.receiver);
        let name = call.method.to_string();
        let span = self.extent(expression);
        let name_span = self.span(call.method.span());
        if matches!(name.as_str(), "unwrap" | "expect") {
            self.facts.exits.push(Exit { function: self.frame.function, span: name_span, of: receiver.call });
        }
        let enclosure = self.enter(name.clone());
        let arguments: Vec<Value> = call
            .args
            .iter()
            .map(|argument| match argument {
                Expr::Closure(closure) => {
                    let given =
                        if tables::MAPS.contains(&name.as_str()) { element(&receiver) } else { Value::unknown(span) };
                    self.closure(closure, std::slice::from_ref(&given))
                }
                Expr::Path(path) if tables::MAPS.contains(&name.as_str()) => {
                    let resolved = self.resolve(&path.path);
                    self.duration(&resolved, &resolved, std::slice::from_ref(&receiver), span)
                        .unwrap_or_else(|| receiver.clone())
                }
                other => self.expression(other),
            })
            .collect();
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
        if let Some(value) = self.modelled(call, &name, &receiver, &arguments, span) {
            return value;
        }
        if self.extra.is_check("", &name) {
            return Value { validated: true, ..receiver };
        }
        // A type of another crate has the methods of that crate.
        if receiver.declared.is_none()
            && let Some((summary, home)) = self.summary(&format!(".{name}"))
        {
            let recorded =
                self.record(String::new(), name.clone(), Some(receiver.clone()), arguments.clone(), span, name_span);
            let all: Vec<Value> = std::iter::once(receiver).chain(arguments).collect();
            let returns = self.apply(&summary, home, &name, &all, span);
            return match returns {
                Some(returns) => {
                    self.prepared(&recorded, &returns);
                    Value { call: recorded.call, ..returns }
                }
                None => recorded,
            };
        }
        for argument in &arguments {
            self.escape(argument);
        }
        let adds = tables::SETTING_SOURCES.contains(&name.as_str());
        let settings = arguments.first().filter(|_| adds).map(|argument| argument.sources.clone());
        // What takes a generator gives something random.
        let random = arguments.iter().find_map(|argument| argument.source(Origin::Random)).cloned();
        let mut value = self.record(String::new(), name.clone(), Some(receiver.clone()), arguments, span, name_span);
        value.sources.extend(random);
        let read = settings.into_iter().flatten().filter(|source| !value.sources.contains(source));
        value.sources.extend(read.collect::<Vec<_>>());
        if !tables::UNTAINTED.contains(&name.as_str()) {
            value.taint_from(&receiver);
            value.path = receiver.path;
            value.split = receiver.split;
        }
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

    /// Methods whose result is known well enough that the call itself is of no interest.
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
            _ if tables::is_transparent(name) => {}
            // A counter begins where the code says, in every run.
            "fetch_add" if receiver.exact().is_some() => {}
            // Of a `NonZero`, a `Cell`, a setting.
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
            "block_on" | "get_or_init" | "get_or_try_init" => value = first?.clone(),
            "unwrap_or" | "unwrap_or_else" | "or" | "or_else" | "get_or_insert_with" => {
                value = match first {
                    Some(other) => value.join(other),
                    None => value,
                };
            }
            "map" | "and_then" | "then" | "map_or_else" if first.is_some() => {
                value = arguments.last().cloned().unwrap_or(value);
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
                return of_list.or_else(|| self.arithmetic(name, receiver, arguments, span));
            }
        }
        Some(value)
    }

    /// `receiver.push(item)` on a variable.
    fn pushed(&mut self, name: &str, place: &Expr, receiver: &Value, item: &Value) {
        self.escape(item);
        let mut grown = receiver.clone();
        if grown.split.is_some() && grown.items.is_none() {
            grown.items = Some(vec![Value { spread: true, ..receiver.clone() }]);
        }
        if let Some(items) = &mut grown.items {
            match &item.items {
                Some(more) if name != "push" => items.extend(more.iter().cloned()),
                // In a loop it stands for as many as there are rounds.
                _ => items.push(Value { spread: name != "push" || self.frame.surroundings.repeated, ..item.clone() }),
            }
            grown.taint_from(item);
        } else {
            // A path gets a component, a text a character.
            if name == "push" && receiver.prefix().starts_with('/') && !item.prefix().is_empty() {
                grown.append(&Value::text(item.span, "/"));
            }
            grown.append(item);
        }
        self.assign(place, grown);
    }
}

/// `env::args().next()`: how the program was called, which whoever calls it knows anyway.
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

/// Whether a text looks like what is joined to a path, rather than like a separator between items.
fn is_file_name(value: &Value) -> bool {
    value.constant().is_some_and(|text| text.contains(['.', '/']) && text.contains(|c: char| c.is_alphanumeric()))
}
