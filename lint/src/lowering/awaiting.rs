//! Waits without a call, `receiver.await` on a channel for one message, methods that race futures, and tasks that nothing awaits.

use syn::Expr;

use super::lower::Lower;
use super::{Call, CallId, FileFacts};
use crate::flow::starts_task;
use crate::ir::{BodyKind, Object, Step};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Whether the arguments of a method may be futures: an async block, or in asynchronous code a value that no `await` and
    /// no `Some` made. `first` is the first call inside of the arguments.
    pub(super) fn gets_future(&self, call: &syn::ExprMethodCall, arguments: &[Value], first: usize) -> bool {
        let is_block = |value: &Value| value.body.is_some_and(|body| self.facts.bodies[body].kind == BodyKind::Async);
        let is_option = |argument: &Expr| match argument {
            Expr::Call(inner) => matches!(&*inner.func, Expr::Path(path) if path.path.is_ident("Some")),
            Expr::Path(path) => path.path.is_ident("None"),
            _ => false,
        };
        let mut around = std::iter::successors(self.frame.enclosure, |at| self.facts.enclosures[*at].parent);
        let is_async = self.frame.surroundings.asynchronous
            || around.any(|at| tables::drives_future(&self.facts.enclosures[at].name));
        let is_ready = || call.args.iter().any(is_option) || self.facts.calls[first..].iter().any(|call| call.awaited);
        arguments.iter().any(is_block) || is_async && !arguments.is_empty() && !is_ready()
    }

    /// Records the `await` of a variable as a call, if the variable is an end of a channel for one message.
    pub(super) fn message_awaited(&mut self, wait: &syn::ExprAwait, value: &Value, span: Span) {
        let made = value.call.map(|call| &self.facts.calls[self.facts.calls[call].root].path);
        let is_channel = made.is_some_and(|path| tables::ends_with(path, tables::ONE_MESSAGE));
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
