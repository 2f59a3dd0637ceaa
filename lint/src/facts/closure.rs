//! Closures that a variable holds: functions that see the variables around them.
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
    calls: Range<CallId>,
    sinks: Range<usize>,
    returns: Value,
    /// Parameters before its own.
    outer: usize,
}

/// A call of one.
pub(super) struct ClosureCall {
    closure: Closure,
    name: String,
    /// Of the function around, then its own.
    arguments: Vec<Value>,
    span: Span,
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
        (returns.clone(), Closure { calls, sinks, returns, outer })
    }

    /// What the closure that the variable `name` holds gives for these arguments.
    pub(super) fn call_of_closure(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let local = self.frame.locals.iter().rev().find(|local| local.name == name)?;
        let Some(closure) = local.closure.clone() else { return Some(local.value.clone()) };
        let outer = (0..closure.outer).map(|index| Value::parameter(span, index));
        let arguments: Vec<Value> = outer.chain(arguments.iter().cloned()).collect();
        let mut returns = closure.returns.instantiate(&arguments, span);
        returns.call = returns.call.or(closure.returns.call);
        let said = arguments[closure.outer..].iter().any(|argument| argument.interests() || argument.is_known());
        if said {
            self.frame.closure_calls.push(ClosureCall { closure, name: name.to_owned(), arguments, span });
        }
        Some(returns)
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
            let own = self.facts.sinks.iter().enumerate().filter(is_its).map(|(_, sink)| sink);
            let said: Vec<Sink> = own
                .filter(|sink| sink.function == self.frame.function && depends(sink))
                .map(|sink| {
                    let put_in = |value: &Value| super::apply::put_in(value, &arguments, span);
                    let values = sink.values.iter().map(put_in).flat_map(super::apply::spread_out).collect();
                    Sink { values, span, through: Some(name.clone()), call: None, ..sink.clone() }
                })
                .collect();
            self.facts.sinks.extend(said);
        }
    }
}
