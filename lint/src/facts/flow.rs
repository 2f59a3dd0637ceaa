//! What runs under a condition, more than once or later: branches, loops and closures, and what of the values before is
//! still known after them.

use syn::{Block, Expr, Pat, Stmt};

use super::lower::Lower;
use super::narrow::Narrowed;
use crate::span::Span;
use crate::value::Value;

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
        // Also of what only the other branch knows more of.
        let otherwise = self.narrow(&branch.cond, false);
        let concerned: Vec<usize> = otherwise.iter().map(|one| one.local).collect();
        self.restore(otherwise);
        let narrowed = self.narrow(&branch.cond, true);
        let (then, after_then) = self.narrowed_branch(narrowed, &concerned, |lower| lower.block(&branch.then_branch));
        self.frame.depth -= 1;
        self.frame.locals.truncate(locals);
        let then_ends = ends(&branch.then_branch);
        let concerned: Vec<usize> = after_then.iter().map(|(index, _)| *index).collect();
        let narrowed = self.narrow(&branch.cond, false);
        let Some((_, otherwise)) = &branch.else_branch else {
            if then_ends {
                self.settle(narrowed);
            } else {
                let joined = self.joined(after_then);
                self.restore(narrowed);
                self.replace(joined);
            }
            return then;
        };
        self.frame.depth += 1;
        let (value, after_else) = self.narrowed_branch(narrowed, &concerned, |lower| lower.expression(otherwise));
        self.frame.depth -= 1;
        self.frame.locals.truncate(locals);
        let else_ends = matches!(&**otherwise, Expr::Block(block) if ends(&block.block));
        if !then_ends && !else_ends {
            self.replace(after_else);
            let joined = self.joined(after_then);
            self.replace(joined);
            return self.either(then, &value);
        }
        let narrowed = self.narrow(&branch.cond, else_ends);
        self.settle(narrowed);
        self.replace(if else_ends { after_then } else { after_else });
        if else_ends { then } else { value }
    }

    /// Walks a branch in which the condition has narrowed variables, puts these back as they were before, and gives what
    /// they are at the branch's end.
    ///
    /// In it they, and those `concerned` besides, count as its own: what is assigned to them replaces what they were, as the branch was taken.
    fn narrowed_branch(
        &mut self,
        narrowed: Vec<Narrowed>,
        concerned: &[usize],
        walk: impl FnOnce(&mut Self) -> Value,
    ) -> (Value, Vec<(usize, Value)>) {
        let mut outside: Vec<(usize, Value, usize)> = Vec::new();
        for one in narrowed {
            let Some(local) = self.frame.locals.get(one.local) else { continue };
            let at = outside.iter().position(|(index, ..)| *index == one.local).unwrap_or_else(|| {
                outside.push((one.local, local.value.clone(), local.depth));
                outside.len() - 1
            });
            one.put_back(&mut outside[at].1);
        }
        for index in concerned {
            if let Some(local) =
                self.frame.locals.get(*index).filter(|_| !outside.iter().any(|(known, ..)| known == index))
            {
                outside.push((*index, local.value.clone(), local.depth));
            }
        }
        for (index, ..) in &outside {
            self.frame.locals[*index].depth = self.frame.depth;
        }
        let settled = self.frame.settled.len();
        let value = walk(self);
        self.unsettle(settled);
        let inside = outside.into_iter().filter_map(|(index, value, depth)| {
            let local = self.frame.locals.get_mut(index)?;
            local.depth = depth;
            Some((index, std::mem::replace(&mut local.value, value)))
        });
        let inside = inside.collect();
        (value, inside)
    }

    /// Gives variables the values that they have after the branch that was taken.
    fn replace(&mut self, after: Vec<(usize, Value)>) {
        for (index, value) in after {
            if let Some(local) = self.frame.locals.get_mut(index) {
                local.value = value;
            }
        }
    }

    /// What variables are after a branch that may have been taken.
    fn joined(&self, after: Vec<(usize, Value)>) -> Vec<(usize, Value)> {
        let join = |(index, value): (usize, Value)| Some((index, value.join(&self.frame.locals.get(index)?.value)));
        after.into_iter().filter_map(join).collect()
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
        // What the arms before have left, and their guards, which have not held.
        let mut left = over.bounds;
        let mut refused: Vec<(&'a Pat, &'a Expr)> = Vec::new();
        for arm in &choice.arms {
            let mut ended = false;
            let (pattern, guard) = match &arm.pat {
                Pat::Guard(inner) => (&*inner.pat, Some(&*inner.guard)),
                plain => (plain, None),
            };
            let value = self.branch(|lower| {
                let mut matched = Value { bounds: left, ..over.clone() };
                lower.narrow_to_pattern(&mut matched, pattern);
                let mut before = lower.rebind(&choice.expr, &matched);
                lower.bind(pattern, matched);
                for (_, guard) in refused.iter().filter(|(other, _)| binds_alike(other, pattern)) {
                    before.splice(0..0, lower.narrow(guard, false));
                }
                if let Some(guard) = guard {
                    lower.expression(guard);
                    before.splice(0..0, lower.narrow(guard, true));
                }
                let value = lower.expression(&arm.body);
                ended = diverges(&arm.body);
                lower.restore(before);
                value
            });
            match guard {
                Some(guard) => refused.push((pattern, guard)),
                None => left = left.without(self.taken_by(pattern)),
            }
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
    pub(super) fn restore(&mut self, before: Vec<Narrowed>) {
        for one in before {
            if let Some(local) = self.frame.locals.get_mut(one.local) {
                one.put_back(&mut local.value);
            }
        }
    }
}

/// Whether two patterns give the same name to the same part: what a guard says of the one is said of the other.
fn binds_alike(one: &Pat, other: &Pat) -> bool {
    match (one, other) {
        (Pat::Ident(one), Pat::Ident(other)) => one.ident == other.ident,
        (Pat::TupleStruct(one), Pat::TupleStruct(other)) => {
            let last = |path: &syn::Path| path.segments.last().map(|segment| segment.ident.clone());
            let alike = one.elems.len() == 1 && other.elems.len() == 1 && last(&one.path) == last(&other.path);
            alike && binds_alike(&one.elems[0], &other.elems[0])
        }
        (Pat::Reference(one), other) => binds_alike(&one.pat, other),
        (Pat::Paren(one), other) => binds_alike(&one.pat, other),
        (one, Pat::Reference(other)) => binds_alike(one, &other.pat),
        (one, Pat::Paren(other)) => binds_alike(one, &other.pat),
        _ => false,
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
