//! Closures that a variable holds: functions that see the variables around them. Macros are called in the same way.
//!
//! The body is walked once, where the closure stands, with parameters of its own behind those of the function around.
//! What it does is said again of each call, with the arguments put in, when the function has been walked: only then are
//! its commands put together.

use std::ops::Range;

use super::lower::Lower;
use super::{CallId, Sink};
use crate::span::Span;
use crate::value::Value;

/// What a closure did when it was walked.
#[derive(Clone)]
pub(super) struct Closure {
    pub(super) calls: Range<CallId>,
    pub(super) sinks: Range<usize>,
    pub(super) returns: Value,
    /// Parameters before its own.
    pub(super) outer: usize,
    /// Its commands are put together; else they are at the end of the function around it.
    pub(super) is_whole: bool,
}

/// A call of one.
pub(super) struct ClosureCall {
    closure: Closure,
    name: String,
    /// Of the function around, then its own.
    arguments: Vec<Value>,
    span: Span,
}

impl ClosureCall {
    /// With the arguments of the function around in front of its own.
    pub(super) fn new(closure: Closure, name: String, arguments: Vec<Value>, span: Span) -> Self {
        Self { closure, name, arguments, span }
    }
}

impl<'a> Lower<'a> {
    /// Walks a closure that gets a name.
    pub(super) fn named_closure(&mut self, closure: &'a syn::ExprClosure) -> (Value, Closure) {
        let (calls, sinks) = (self.facts.calls.len(), self.facts.sinks.len());
        let outer = self.frame.parameters;
        self.frame.parameters += closure.inputs.len();
        let span = self.extent(&closure.body);
        let own: Vec<Value> = (outer..self.frame.parameters).map(|index| Value::parameter(span, index)).collect();
        let returns = self.closure(closure, &own);
        let (calls, sinks) = (calls..self.facts.calls.len(), sinks..self.facts.sinks.len());
        (returns.clone(), Closure { calls, sinks, returns, outer, is_whole: false })
    }

    /// What the closure that the variable `name` holds gives for these arguments.
    pub(super) fn call_of_closure(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let local = self.frame.locals.iter().rev().find(|local| local.name == name)?;
        let Some(closure) = local.closure.clone() else { return Some(local.value.clone()) };
        let outer = (0..closure.outer).map(|index| Value::parameter(span, index));
        let arguments = outer.chain(arguments.iter().cloned()).collect();
        Some(self.applied_closure(ClosureCall::new(closure, name.to_owned(), arguments, span)))
    }

    /// What the call gives; what the body does with the arguments is said later.
    pub(super) fn applied_closure(&mut self, call: ClosureCall) -> Value {
        let ClosureCall { closure, arguments, span, .. } = &call;
        let mut returns = closure.returns.instantiate(arguments, *span);
        returns.call = returns.call.or(closure.returns.call);
        if arguments[closure.outer..].iter().any(|argument| argument.interests() || argument.is_known()) {
            self.frame.closure_calls.push(call);
        }
        returns
    }

    /// Says of each call of a closure what its body does with the arguments.
    pub(super) fn apply_closures(&mut self) {
        for ClosureCall { closure, name, arguments, span } in std::mem::take(&mut self.frame.closure_calls) {
            let is_its = |(at, sink): &(usize, &Sink)| {
                closure.sinks.contains(at) || sink.call.is_some_and(|call| closure.calls.contains(&call))
            };
            let depends = |sink: &Sink| {
                let mut parameters = sink.values.iter().flat_map(|value| &value.parameters);
                parameters.any(|parameter| parameter.index >= closure.outer)
            };
            let function = self.frame.function;
            let end = if closure.is_whole { closure.sinks.end } else { self.facts.sinks.len() };
            let own = (closure.sinks.start..end).zip(&self.facts.sinks[closure.sinks.start..end]);
            let said: Vec<Sink> = own
                .filter(|one| is_its(one) && depends(one.1))
                .map(|(_, sink)| sink)
                .map(|sink| {
                    let put_in = |value: &Value| super::apply::put_in(value, &arguments, span);
                    let values = sink.values.iter().map(put_in).flat_map(super::apply::spread_out).collect();
                    Sink { values, span, function, through: Some(name.clone()), call: None, ..sink.clone() }
                })
                .collect();
            self.facts.sinks.extend(said);
        }
    }
}
