//! Waits without a call: `receiver.await` on a channel for one message.

use syn::Expr;

use super::lower::Lower;
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
