//! Locks that a function makes for itself: nobody else waits for them.

use syn::Expr;

use super::lower::Lower;
use crate::tables;

impl Lower<'_> {
    /// Whether the expression makes a lock, or refers to one that the function has made: `Arc::new(Mutex::new(…))`, `&lock`,
    /// `lock.clone()`.
    pub(super) fn makes_lock(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Call(call) => {
                let Expr::Path(function) = &*call.func else { return false };
                let path = self.resolve(&function.path);
                let is = |list: &[&str]| tables::ends_with_one(&path, list);
                let is_inner = || matches!(call.args.first(), Some(inner) if self.makes_lock(inner));
                is(tables::LOCK_MAKERS) || is(tables::POINTERS) && is_inner()
            }
            Expr::MethodCall(call) => call.method == "clone" && self.makes_lock(&call.receiver),
            Expr::Reference(inner) => self.makes_lock(&inner.expr),
            Expr::Paren(inner) => self.makes_lock(&inner.expr),
            other => self.local_of(other).is_some_and(|local| local.is_own_lock),
        }
    }

    /// Notes that the call `id` of a method takes a lock of its function.
    pub(super) fn takes_lock(&mut self, call: &syn::ExprMethodCall, id: usize) {
        if !tables::TAKING_TURNS.iter().any(|known| call.method == known) {
            return;
        }
        if self.makes_lock(&call.receiver) {
            self.facts.own_locks.insert(id);
        } else {
            // A discarded evaluation frees the numbers of its calls, so this call may have that of a marked one.
            self.facts.own_locks.remove(&id);
        }
    }
}
