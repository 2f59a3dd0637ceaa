//! The parts of conditions that decide whether a loop goes on: the calls, and the variables and fields, followed through
//! the variables that the loop binds.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Token};

use crate::tables;

/// A call by its name.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub name: String,
    /// The name.
    pub span: Span,
}

/// The calls and names in a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// All variables and fields.
    pub names: HashSet<String>,
    /// Those that it compares.
    pub compared: HashSet<String>,
    pub calls: Vec<Asked>,
}

impl Parts {
    pub(super) fn of(condition: &Expr) -> Self {
        let mut parts = Self::default();
        parts.compared.extend(name_of(condition));
        parts.visit_expr(condition);
        parts
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.compared.extend(other.compared.iter().cloned());
        self.calls.extend(other.calls.iter().cloned());
    }
}

impl<'ast> Visit<'ast> for Parts {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.names.extend(name_of(expression));
        match expression {
            Expr::Call(call) => {
                if let Expr::Path(path) = &*call.func
                    && let Some(last) = path.path.segments.last()
                {
                    self.calls.push(Asked { name: last.ident.to_string(), span: last.ident.span() });
                }
            }
            Expr::MethodCall(call) => {
                self.calls.push(Asked { name: call.method.to_string(), span: call.method.span() });
            }
            // An item that a peer sends does not come from a list.
            Expr::Await(wait) => {
                if let Expr::MethodCall(call) = &*wait.base
                    && tables::NEXT_ITEM.contains(&call.method.to_string().as_str())
                {
                    self.visit_expr(&call.receiver);
                    return;
                }
            }
            Expr::Binary(binary) if is_comparison(&binary.op) => {
                let mut inside = Names::default();
                inside.visit_expr_binary(binary);
                self.compared.extend(inside.0);
            }
            Expr::Async(_) => return,
            _ => {}
        }
        visit::visit_expr(self, expression);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        for argument in arguments(call.tokens.clone()) {
            self.visit_expr(&argument);
        }
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

fn is_comparison(operator: &BinOp) -> bool {
    matches!(operator, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_))
}

/// Returns the arguments of a macro, if they are expressions.
pub(super) fn arguments(tokens: TokenStream) -> Vec<Expr> {
    let parsed = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens);
    parsed.map(|all| all.into_iter().collect()).unwrap_or_default()
}

/// Looks for the ways in which a branch leaves a loop, or changes what its conditions test.
#[derive(Default)]
pub(super) struct Stops {
    /// It breaks, returns, panics or goes on with the next round.
    pub found: bool,
    /// The calls, which may panic.
    pub calls: Vec<Asked>,
    /// The variables and fields that it assigns.
    pub assigned: HashSet<String>,
}

impl<'ast> Visit<'ast> for Stops {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Closure(_) | Expr::Async(_) => return,
            Expr::Break(_) | Expr::Return(_) | Expr::Continue(_) | Expr::Try(_) => self.found = true,
            Expr::Assign(assign) => self.assigned.extend(name_of(&assign.left)),
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                self.found |= tables::UNWRAPPING.contains(&name.as_str());
                self.calls.push(Asked { name, span: call.method.span() });
            }
            Expr::Call(call) => {
                if let Expr::Path(path) = &*call.func
                    && let Some(last) = path.path.segments.last()
                {
                    let name = last.ident.to_string();
                    self.found |= tables::ENDING_PROCESS.contains(&name.as_str());
                    self.calls.push(Asked { name, span: last.ident.span() });
                }
            }
            _ => {}
        }
        visit::visit_expr(self, expression);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        self.found |= tables::is_asserting(&name) || tables::PANICKING.contains(&name.as_str());
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Collects the variables and fields of an expression.
#[derive(Default)]
struct Names(HashSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.0.extend(name_of(expression));
        visit::visit_expr(self, expression);
    }
}

/// Returns the name of a variable or field.
pub(super) fn name_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => None,
        },
        Expr::Unary(inner) => name_of(&inner.expr),
        Expr::Paren(inner) => name_of(&inner.expr),
        Expr::Reference(inner) => name_of(&inner.expr),
        _ => None,
    }
}
