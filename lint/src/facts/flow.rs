//! What runs under a condition, more than once or later: branches, loops and closures, and what of the values before is
//! still known after them.

use syn::{Block, Expr, Pat, Stmt};

use super::lower::{Local, Lower};
use crate::span::Span;
use crate::value::{Interval, Value};

impl<'a> Lower<'a> {
    pub(super) fn repeated(&mut self, walk: impl FnOnce(&mut Self) -> Value) -> Value {
        let around = self.frame.surroundings;
        self.frame.surroundings.repeated = true;
        let value = self.branch(walk);
        self.frame.surroundings = around;
        value
    }

    /// The value of a closure's body; its parameters are bound to `given`, the rest is unknown.
    pub(super) fn closure(&mut self, closure: &'a syn::ExprClosure, given: &[Value]) -> Value {
        let around = self.frame.surroundings;
        let returns = self.frame.returns.take();
        self.frame.surroundings.closure = true;
        self.frame.surroundings.repeated = false;
        self.frame.surroundings.asynchronous |= closure.asyncness.is_some();
        let value = self.branch(|lower| {
            for (index, pattern) in closure.inputs.iter().enumerate() {
                let value = given.get(index).cloned().unwrap_or_else(|| Value::unknown(Span::default()));
                lower.bind(pattern, value);
            }
            lower.expression(&closure.body)
        });
        self.frame.surroundings = around;
        let early = std::mem::replace(&mut self.frame.returns, returns);
        early.map_or(value.clone(), |early| early.join(&value))
    }

    pub(super) fn conditional(&mut self, branch: &'a syn::ExprIf) -> Value {
        let locals = self.frame.locals.len();
        self.frame.depth += 1;
        self.expression(&branch.cond);
        let before = self.narrow(&branch.cond, true);
        let then = self.block(&branch.then_branch);
        self.frame.depth -= 1;
        self.restore(before);
        self.frame.locals.truncate(locals);
        let then_ends = ends(&branch.then_branch);
        let Some((_, otherwise)) = &branch.else_branch else {
            if then_ends {
                self.narrow(&branch.cond, false);
            }
            return then;
        };
        let before = self.narrow(&branch.cond, false);
        let value = self.branch(|lower| lower.expression(otherwise));
        if !then_ends {
            self.restore(before);
        }
        if let Expr::Block(block) = &**otherwise
            && ends(&block.block)
        {
            self.narrow(&branch.cond, true);
            return then;
        }
        if then_ends { value } else { self.either(then, &value) }
    }

    /// One of two values, by the branch that is taken.
    fn either(&mut self, one: Value, other: &Value) -> Value {
        if let (Some(first), Some(second)) = (one.call, other.call)
            && first != second
        {
            self.facts.alternatives.push((first, second));
        }
        one.join(other)
    }

    pub(super) fn choice(&mut self, choice: &'a syn::ExprMatch) -> Value {
        let over = self.expression(&choice.expr);
        let mut result: Option<Value> = None;
        for arm in &choice.arms {
            let mut ended = false;
            let value = self.branch(|lower| {
                let mut matched = over.clone();
                lower.narrow_to_pattern(&mut matched, &arm.pat);
                let before = lower.rebind(&choice.expr, &matched);
                lower.bind(&arm.pat, matched);
                if let Pat::Guard(guard) = &arm.pat {
                    lower.expression(&guard.guard);
                    lower.narrow(&guard.guard, true);
                }
                let value = lower.expression(&arm.body);
                ended = diverges(&arm.body);
                lower.restore(before);
                value
            });
            if !ended {
                result = Some(match result {
                    Some(before) => self.either(before, &value),
                    None => value,
                });
            }
        }
        result.unwrap_or_else(|| Value::unknown(over.span))
    }

    /// Puts back what [`Self::narrow`] replaced, unless it was assigned to since.
    pub(super) fn restore(&mut self, before: Vec<(usize, Interval, bool)>) {
        for (index, bounds, validated) in before {
            if let Some(Local { value, .. }) = self.frame.locals.get_mut(index) {
                value.bounds = bounds;
                value.validated = validated;
            }
        }
    }
}

/// Whether the block always leaves what is around it.
pub(super) fn ends(block: &Block) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(last, _)) => diverges(last),
        Some(Stmt::Macro(last)) => is_panic(&last.mac),
        _ => false,
    }
}

/// Whether the expression never gives a value.
pub(super) fn diverges(expression: &Expr) -> bool {
    match expression {
        Expr::Return(_) | Expr::Break(_) | Expr::Continue(_) => true,
        Expr::Macro(call) => is_panic(&call.mac),
        Expr::Block(block) => ends(&block.block),
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "exit" || last.ident == "abort"))
        }
        _ => false,
    }
}

fn is_panic(call: &syn::Macro) -> bool {
    call.path.segments.last().is_some_and(|last| {
        ["panic", "unreachable", "todo", "unimplemented", "bail", "compile_error"].iter().any(|name| last.ident == name)
    })
}
