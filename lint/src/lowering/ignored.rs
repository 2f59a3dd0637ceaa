//! Results that nothing reads, except whether they are errors.

use syn::Expr;

use super::lower::Lower;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Notes that nothing reads the result of the call behind an expression, except whether it is an error: an `Option`
    /// inside of the `Result` stays unread.
    pub(super) fn leaves_unread(&mut self, expression: &Expr, given: &Value) {
        if let Some(call) = given.call.filter(|_| unwrapped(expression).is_some_and(|levels| levels < 2)) {
            self.facts.calls[call].unread = true;
        }
    }
}

/// Returns the number of `Result`s and `Option`s that a chain of methods has opened; `None` for another expression.
fn unwrapped(expression: &Expr) -> Option<usize> {
    match expression {
        Expr::MethodCall(call) if tables::is_transparent(&call.method.to_string()) => {
            let opens = ["unwrap", "expect", "flatten"].iter().any(|name| call.method == name);
            Some(usize::from(opens) + unwrapped(&call.receiver)?)
        }
        Expr::MethodCall(_) | Expr::Call(_) => Some(0),
        Expr::Try(attempt) => Some(1 + unwrapped(&attempt.expr)?),
        Expr::Await(wait) => unwrapped(&wait.base),
        Expr::Paren(inner) => unwrapped(&inner.expr),
        _ => None,
    }
}
