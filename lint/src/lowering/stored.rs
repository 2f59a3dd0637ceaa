//! Finds the statics that the file stores to: they do not count from their first number alone.

use std::collections::HashSet;

use syn::visit::{self, Visit};
use syn::{Expr, ExprMethodCall, Macro};

use super::decisive::arguments;

/// Methods of atomics that replace the number. Source: `std::sync::atomic`.
const STORING: &[&str] = &["compare_and_swap", "compare_exchange", "compare_exchange_weak", "store", "swap"];

/// Returns the names of the statics that the file stores to.
pub(super) fn stored_statics(file: &syn::File) -> HashSet<String> {
    let mut stored = Stored::default();
    stored.visit_file(file);
    stored.0
}

#[derive(Default)]
struct Stored(HashSet<String>);

impl<'ast> Visit<'ast> for Stored {
    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if STORING.iter().any(|name| call.method == name)
            && let Expr::Path(path) = &*call.receiver
            && let Some(last) = path.path.segments.last()
        {
            self.0.insert(last.ident.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        for argument in arguments(call.tokens.clone()) {
            self.visit_expr(&argument);
        }
    }
}
