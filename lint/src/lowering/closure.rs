//! Closures in variables: functions that see the variables around them. Macros use the same mechanism.
//!
//! The body is walked once, where the closure is defined; its parameters follow those of the enclosing function. Its
//! sinks are then repeated for each call, with the arguments substituted, at the end of the enclosing function: its
//! commands are complete only then.

use std::ops::Range;

use super::lower::Lower;
use super::{CallId, Sink};
use crate::ir::Step;
use crate::span::Span;
use crate::value::Value;

/// The facts from walking a closure.
#[derive(Clone)]
pub(super) struct Closure {
    pub(super) calls: Range<CallId>,
    pub(super) sinks: Range<usize>,
    pub(super) returns: Value,
    /// The number of parameters before its own.
    pub(super) outer: usize,
    /// Its commands are already complete; otherwise they are complete at the end of the enclosing function.
    pub(super) is_whole: bool,
}

/// A call of a closure.
pub(super) struct ClosureCall {
    closure: Closure,
    name: String,
    /// The arguments of the enclosing function, then the closure's own.
    arguments: Vec<Value>,
    span: Span,
}

impl ClosureCall {
    /// Creates a call; `arguments` starts with the arguments of the enclosing function.
    pub(super) fn new(closure: Closure, name: String, arguments: Vec<Value>, span: Span) -> Self {
        Self { closure, name, arguments, span }
    }
}

impl<'a> Lower<'a> {
    /// Walks a closure that is bound to a name.
    pub(super) fn named_closure(&mut self, closure: &'a syn::ExprClosure) -> (Value, Closure) {
        let (calls, sinks) = (self.facts.calls.len(), self.facts.sinks.len());
        let outer = self.frame.parameters;
        self.frame.parameters += closure.inputs.len();
        let span = self.extent(&closure.body);
        let own: Vec<Value> = (outer..self.frame.parameters).map(|index| Value::parameter(span, index)).collect();
        let returns = self.closure(closure, &own);
        let (calls, sinks) = (calls..self.facts.calls.len(), sinks..self.facts.sinks.len());
        let own = returns.clone();
        let returns = Value { body: None, ..returns };
        (own, Closure { calls, sinks, returns, outer, is_whole: false })
    }

    /// Returns the result of calling the closure in the variable `name`.
    pub(super) fn call_of_closure(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let local = self.frame.locals.iter().rev().find(|local| local.name == name)?;
        let body = local.value.body;
        let Some(closure) = local.closure.clone() else {
            let value = Value { body: None, ..local.value.clone() };
            match (body, value.object()) {
                (Some(body), _) => self.step(Step::Run { body, span }),
                (None, Some(object)) => self.step(Step::Invoked { object, span }),
                (None, None) => {}
            }
            return Some(value);
        };
        if let Some(body) = body {
            self.step(Step::Run { body, span });
        }
        let outer = (0..closure.outer).map(|index| Value::parameter(span, index));
        let arguments = outer.chain(arguments.iter().cloned()).collect();
        Some(self.applied_closure(ClosureCall::new(closure, name.to_owned(), arguments, span)))
    }

    /// Returns the result of the call; [`Self::apply_closures`] adds the sinks later.
    pub(super) fn applied_closure(&mut self, call: ClosureCall) -> Value {
        let ClosureCall { closure, arguments, span, .. } = &call;
        let mut returns = closure.returns.instantiate(arguments, *span);
        returns.call = returns.call.or(closure.returns.call);
        if arguments[closure.outer..].iter().any(|argument| argument.interests() || argument.is_known()) {
            self.frame.closure_calls.push(call);
        }
        returns
    }

    /// Adds the sinks of each closure call, with the arguments substituted.
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
                    Sink {
                        values,
                        span,
                        function,
                        through: Some(name.clone()),
                        call: None,
                        ..sink.for_callers(self.file)
                    }
                })
                .collect();
            self.facts.sinks.extend(said);
        }
    }
}
