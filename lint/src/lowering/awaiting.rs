//! Waits without a call, `receiver.await` on a channel for one message, and tasks that nothing awaits.

use syn::Expr;

use super::lower::Lower;
use super::{Call, CallId, FileFacts};
use crate::flow::starts_task;
use crate::ir::{Object, Step};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Records the `await` of a variable as a call, if the variable is an end of a channel for one message.
    pub(super) fn message_awaited(&mut self, wait: &syn::ExprAwait, value: &Value, span: Span) {
        let made = value.call.map(|call| &self.facts.calls[self.facts.calls[call].root].path);
        let is_channel = made.is_some_and(|path| tables::ends_with(path, "oneshot::channel"));
        if !is_channel || !matches!(&*wait.base, Expr::Path(_)) {
            return;
        }
        let (name, name_span) = (tables::AWAITING.to_owned(), self.span(wait.await_token.span));
        self.record_own(String::new(), name, Some(value.clone()), Vec::new(), span, name_span);
        if let Some(call) = self.facts.calls.last_mut() {
            call.awaited = true;
        }
    }
}

impl FileFacts {
    /// Whether the tasks that the function itself starts certainly outlive it: nothing uses their handles, and no set of
    /// tasks aborts them. `first` is the first call of the function.
    pub(super) fn leaves_tasks(&self, function: usize, first: CallId) -> bool {
        let own = || (first..).zip(&self.calls[first..]).filter(|(_, call)| call.function == function);
        let started: Vec<CallId> = own().map(|(id, _)| id).filter(|id| starts_task(self, *id)).collect();
        let is_handle = |value: &Value| value.call.is_some_and(|call| started.contains(&call));
        let takes = |call: &Call| call.name != "drop" && call.receiver.iter().chain(&call.arguments).any(is_handle);
        let steps = self.bodies.iter().filter(|body| body.function == function).flat_map(|body| &body.blocks);
        let uses = |step: &Step| match *step {
            Step::Await { of: Some(call), .. } => started.contains(&call),
            Step::Stored { object: Object::Call(call), .. } | Step::Returned { object: Object::Call(call), .. } => {
                started.contains(&call)
            }
            _ => false,
        };
        started.iter().all(|id| self.calls[*id].receiver.is_none())
            && !own().any(|(_, call)| takes(call))
            && !steps.flat_map(|block| &block.steps).any(uses)
    }
}
