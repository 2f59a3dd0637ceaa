//! Calls of functions by their path.

use std::sync::Arc;

use syn::{Expr, GenericArgument, PathArguments};

use super::expression::written;
use super::list::{path_of_parts, split_constant, split_of};
use super::lower::Lower;
use super::method::is_of_cargo;
use crate::ir::{Step, Why};
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Piece, Source, Type, Value};

impl<'a> Lower<'a> {
    /// Evaluates a call of a function.
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
        let own_enclosure = self.facts.enclosures.len() - 1;
        let arguments: Vec<Value> = call.args.iter().map(|argument| self.expression(argument)).collect();
        self.frame.enclosure = enclosure;
        if name == "Err" {
            for argument in &arguments {
                self.store(argument);
            }
            return Value { absent: true, ..Value::unknown(span) };
        }
        if let Some(content) = self.content(call, (&path, &name), &arguments, span) {
            return content;
        }
        if path.ends_with("drop") && arguments.len() == 1 {
            self.steps_of(&arguments[0], |object| Step::Dropped { object, span });
            return Value::unknown(span);
        }
        for argument in &arguments {
            self.escape(argument);
        }
        let duration = self.duration(&path, &name, &arguments, span);
        if let Some(number) = duration.or_else(|| Self::converted(&path, &arguments)) {
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
        if let Some(text) = of_text(&path, &arguments, span) {
            return text;
        }
        if self.extra.is_check(&path, &name)
            && let Some(checked) = arguments.first()
        {
            return Value { validated: true, ..checked.clone() };
        }
        if let Some(mut given) = self.applied(&function.path, (&path, &name), &arguments, span, name_span) {
            // The call itself comes after the calls of functions that were walked on its behalf.
            let own = self.facts.calls.len() - 1;
            self.facts.enclosures[own_enclosure].call = Some(own);
            self.given(own, &call.args, &arguments);
            if given.ty.is_none() {
                given.ty = self.made_type(&written(&function.path));
            }
            if let Some(wanted) = self.chosen_type(&function.path) {
                given.bounds = given.bounds.meet(wanted);
            }
            return given;
        }
        let next = self.facts.calls.len();
        let mut value = self.record(path.clone(), name.clone(), None, arguments.clone(), span, name_span);
        self.facts.enclosures[own_enclosure].call = Some(next);
        self.may_lead_elsewhere(next, &written(&function.path));
        self.given(next, &call.args, &arguments);
        if tables::ends_with_one(&path, tables::EXITS) {
            self.frame.flow.leave(&mut self.facts.bodies, Why::Return, name_span);
        }
        if let Some(origin) = self.origin(&path, &name, &arguments) {
            self.comes_from(&mut value, origin, &path, &arguments);
        } else if tables::ends_with_one(&path, tables::EMPTY_LISTS) {
            value.items = Some(Vec::new());
            value.call = None;
        } else if tables::ends_with(&path, tables::TEMPORARY_FOLDER) {
            value = Value { ty: Some(Arc::new(Type::foreign("std::path::PathBuf"))), ..Value::text(span, "/tmp") };
        } else if name.starts_with(|first: char| first.is_uppercase()) {
            // A constructor of a tuple struct or of an enum variant.
            value.ty = self.made_type(&written(&function.path));
            value.fields = (0..).map(|index: usize| index.to_string()).zip(arguments.iter().cloned()).collect();
        } else if name == "from_str" || name == "from_utf8" || name == "try_from" || name == "from" || name == "new" {
            for argument in &arguments {
                value.taint_from(argument);
            }
        }
        if value.ty.is_none() {
            value.ty = self.type_of_result(&written(&function.path), &path);
        }
        value
    }

    /// Records that the result of a call is read from outside of the program.
    fn comes_from(&mut self, value: &mut Value, origin: Origin, path: &str, arguments: &[Value]) {
        let is_uuid = path.contains(tables::OF_UUID);
        let name = arguments.first().and_then(Value::constant).or(is_uuid.then(|| tables::UUID.to_owned()));
        let set_by_cargo = arguments.first().is_some_and(|name| is_of_cargo(name.prefix()));
        if origin == Origin::Pid {
            value.bounds = Interval { low: 0.0, high: f64::from(u32::MAX) };
        }
        if !(set_by_cargo && origin == Origin::Environment) {
            value.sources.push(Source { origin, name, span: value.span });
            self.reads = true;
        }
    }

    /// Returns the content of a wrapper: its argument, or the result of the function that a lazy value calls.
    fn content(
        &mut self,
        call: &syn::ExprCall,
        (path, name): (&str, &str),
        arguments: &[Value],
        span: Span,
    ) -> Option<Value> {
        let [argument] = arguments else { return None };
        let is_lazy = || tables::LAZY.iter().any(|known| tables::ends_with(path, known));
        if !tables::is_wrapper(path, name) {
            return None;
        }
        let by_name = call.args.first().filter(|_| is_lazy()).and_then(|function| self.result_of(function, span));
        Some(by_name.unwrap_or_else(|| argument.clone()))
    }

    /// Returns the range of a generic function's result, if the call names the type: `env_or::<u8>("N")`.
    fn chosen_type(&mut self, function: &syn::Path) -> Option<Interval> {
        let PathArguments::AngleBracketed(generics) = &function.segments.last()?.arguments else { return None };
        let [GenericArgument::Type(wanted)] = generics.args.iter().collect::<Vec<_>>()[..] else { return None };
        let targets = self.targets(&written(function));
        let is_generic = self.summaries(&targets).first()?.0.is_generic;
        self.bounds_of(wanted).filter(|_| is_generic)
    }
}

/// Returns the result of a known function of another crate that takes a text or its parts.
fn of_text(path: &str, arguments: &[Value], span: Span) -> Option<Value> {
    let [text] = arguments else { return None };
    let is = |all: &[&str]| all.iter().any(|known| tables::ends_with(path, known));
    if is(&["PathBuf::from_iter"]) && text.items.is_some() {
        return Some(path_of_parts(text, span));
    }
    if is(tables::QUOTERS) {
        return Some(Value { pieces: vec![Piece::Quoted], choices: Vec::new(), items: None, ..text.clone() });
    }
    if !is(tables::SPLITTERS) {
        return None;
    }
    // Without quotes and comments, the words of a shell are those between white space.
    let plain = text.constant().filter(|text| !text.contains(['\'', '"', '\\', '#']));
    Some(plain.map_or_else(|| split_of(text, span), |text| split_constant(&text, None, span)))
}
