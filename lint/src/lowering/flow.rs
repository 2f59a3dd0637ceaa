//! Evaluates code that runs conditionally, repeatedly or later: branches, loops and closures; and decides which facts
//! about variables are still valid afterwards.

use syn::visit::Visit;
use syn::{BinOp, Block, Expr, Pat, Stmt};

use super::Rounds;
use super::expression::presence;
use super::lower::{Loop, Lower};
use super::method::{has_default, or_address};
use super::narrow::Narrowed;
use crate::ir::{BodyKind, Why};
use crate::span::Span;
use crate::value::Value;

impl<'a> Lower<'a> {
    /// Widens the variables that every iteration of a loop increases or decreases, and that nothing resets.
    pub(super) fn widen(&mut self, body: &'a Block) {
        // Only numbers from outside need it.
        let matters = |value: &Value| value.interests() && (value.bounds.high.is_finite() || value.validated);
        if !self.frame.locals.iter().any(|local| matters(&local.value)) {
            return;
        }
        let mut changes = Changes::default();
        changes.visit_block(body);
        for (name, grows) in changes.steps.into_iter().filter(|(name, _)| !changes.set.contains(name)) {
            let Some(local) = self.frame.locals.iter_mut().rev().find(|local| local.name == name) else { continue };
            if matters(&local.value) {
                let bounds = &mut local.value.bounds;
                if grows {
                    bounds.high = f64::INFINITY;
                } else {
                    bounds.low = if bounds.low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
                }
                local.value.validated &= !grows;
                local.value.caps.clear();
            }
        }
    }

    /// Evaluates a loop or a labelled block; returns the joined values of its `break`s.
    pub(super) fn round(
        &mut self,
        label: Option<&syn::Label>,
        repeats: bool,
        walk: impl FnOnce(&mut Self) -> (Value, Option<(usize, Option<usize>)>),
    ) -> Value {
        let label = label.map(|label| label.name.ident.to_string());
        self.frame.flow.enter(&mut self.facts.bodies, label, repeats);
        self.frame.loops.push(Loop { given: None, locals: self.frame.locals.len() });
        let (value, ends_at) = walk(self);
        let given = self.frame.loops.pop().and_then(|ended| ended.given);
        self.frame.flow.exit(&mut self.facts.bodies, ends_at);
        match given {
            Some(given) if repeats => given,
            Some(given) => given.join(&value),
            None => value,
        }
    }

    /// Evaluates the body of a loop with that number of rounds.
    pub(super) fn repeated(&mut self, rounds: Rounds, walk: impl FnOnce(&mut Self) -> Value) -> Value {
        let around = self.frame.surroundings;
        self.frame.surroundings.rounds = around.rounds.max(rounds);
        let value = self.branch(walk);
        self.frame.surroundings = around;
        value
    }

    /// Evaluates the body of a closure with its parameters bound to `given`; other parameters are unknown.
    pub(super) fn closure(&mut self, closure: &'a syn::ExprClosure, given: &[Value]) -> Value {
        let around = self.frame.surroundings;
        self.frame.surroundings.closure = true;
        self.frame.surroundings.rounds = Rounds::One;
        self.frame.surroundings.asynchronous |= closure.asyncness.is_some();
        let span = self.extent(&closure.body);
        let value = self.own_body(BodyKind::Closure, span, |lower| {
            lower.branch(|lower| {
                for (index, pattern) in closure.inputs.iter().enumerate() {
                    let value = given.get(index).cloned().unwrap_or_else(|| Value::unknown(Span::default()));
                    lower.bind(pattern, value);
                }
                lower.expression(&closure.body)
            })
        });
        self.frame.surroundings = around;
        value
    }

    pub(super) fn conditional(&mut self, branch: &'a syn::ExprIf) -> Value {
        let locals = self.frame.locals.len();
        self.frame.depth += 1;
        self.frame.tested = None;
        self.expression(&branch.cond);
        let tested = self.frame.tested.take();
        let from = self.frame.flow.here();
        let lacks = |holds: bool| tested.filter(|(_, has)| *has != holds).map(|(call, _)| call);
        let ways = self.ways(&branch.cond);
        self.follow(from, Why::Arm, lacks(true));
        self.assume(ways.holds);
        // Include the variables about which only the other branch knows more.
        let otherwise = self.narrow(&branch.cond, false);
        let concerned: Vec<usize> = otherwise.iter().map(|one| one.local).collect();
        self.restore(otherwise);
        let narrowed = self.narrow(&branch.cond, true);
        let (then, after_then) = self.narrowed_branch(narrowed, &concerned, |lower| lower.block(&branch.then_branch));
        self.frame.depth -= 1;
        self.frame.locals.truncate(locals);
        let then_end = self.frame.flow.here();
        self.follow(from, Why::Arm, lacks(false));
        self.assume(ways.fails);
        let then_ends = ends(&branch.then_branch);
        let concerned: Vec<usize> = after_then.iter().map(|(index, _)| *index).collect();
        let narrowed = self.narrow(&branch.cond, false);
        let Some((_, otherwise)) = &branch.else_branch else {
            let end = self.frame.flow.here();
            self.meet(&[(then_end, Why::Next), (end, Why::Next)]);
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
        let end = self.frame.flow.here();
        self.meet(&[(then_end, Why::Next), (end, Why::Next)]);
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

    /// Walks a branch in which the condition has narrowed variables, restores the variables, and returns their values
    /// at the end of the branch.
    ///
    /// During the walk, these variables and the `concerned` ones count as local to the branch: an assignment replaces
    /// their value, because the branch was taken.
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

    /// Sets variables to their values after a branch that was certainly taken.
    fn replace(&mut self, after: Vec<(usize, Value)>) {
        for (index, value) in after {
            if let Some(local) = self.frame.locals.get_mut(index) {
                local.value = value;
            }
        }
    }

    /// Returns the values of variables after a branch that may have been taken.
    fn joined(&self, after: Vec<(usize, Value)>) -> Vec<(usize, Value)> {
        let join = |(index, value): (usize, Value)| Some((index, value.join(&self.frame.locals.get(index)?.value)));
        after.into_iter().filter_map(join).collect()
    }

    /// Joins the results of two branches.
    fn either(&mut self, one: Value, other: &Value) -> Value {
        if let (Some(first), Some(second)) = (one.call, other.call)
            && first != second
        {
            self.facts.alternatives.push((first, second));
        }
        // `match env::var(…)`, with the default in either arm.
        if has_default(other, &one) { or_address(other.clone(), &one) } else { or_address(one, other) }
    }

    pub(super) fn choice(&mut self, choice: &'a syn::ExprMatch) -> Value {
        let over = self.expression(&choice.expr);
        let mut result: Option<Value> = None;
        // Numbers that the earlier arms do not match, and the earlier guards, which are false here.
        let mut left = over.bounds;
        let mut refused: Vec<(&'a Pat, &'a Expr)> = Vec::new();
        let from = self.frame.flow.here();
        let mut arms = Vec::new();
        let mut is_taken = false;
        for arm in &choice.arms {
            let mut ended = false;
            let (pattern, guard) = match &arm.pat {
                Pat::Guard(inner) => (&*inner.pat, Some(&*inner.guard)),
                plain => (plain, None),
            };
            let lacks = presence(pattern) == Some(false) || is_taken && matches!(pattern, Pat::Wild(_));
            self.follow(from, Why::Arm, over.call.filter(|_| lacks));
            is_taken |= guard.is_none() && takes_present(pattern);
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
            arms.push((self.frame.flow.here(), Why::Next));
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
        if !arms.is_empty() {
            self.meet(&arms);
        }
        result.unwrap_or_else(|| Value::unknown(over.span))
    }

    /// Restores the values that [`Self::narrow`] replaced, except those assigned since.
    pub(super) fn restore(&mut self, before: Vec<Narrowed>) {
        for one in before {
            if let Some(local) = self.frame.locals.get_mut(one.local) {
                one.put_back(&mut local.value);
            }
        }
    }
}

/// The changes that a body makes to variables.
#[derive(Default)]
struct Changes {
    /// Changes by `+=`, `*=` and similar, and whether the variable increases.
    steps: Vec<(String, bool)>,
    /// Variables set by `=`.
    set: Vec<String>,
    /// Fields that are incremented or decremented.
    counters: Vec<String>,
}

/// Returns the names of the fields that a method increments or decrements.
pub(super) fn counters_in(block: &Block) -> Vec<String> {
    let mut changes = Changes::default();
    changes.visit_block(block);
    changes.counters
}

impl<'ast> Visit<'ast> for Changes {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let grows = match binary.op {
            BinOp::AddAssign(_) | BinOp::MulAssign(_) | BinOp::ShlAssign(_) => Some(true),
            BinOp::SubAssign(_) | BinOp::DivAssign(_) | BinOp::ShrAssign(_) => Some(false),
            _ => None,
        };
        self.steps.extend(variable(&binary.left).zip(grows));
        if let (Some(_), Expr::Field(syn::ExprField { member: syn::Member::Named(name), .. })) = (grows, &*binary.left)
        {
            self.counters.push(name.to_string());
        }
        syn::visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        let Some(name) = variable(&assign.left) else { return syn::visit::visit_expr_assign(self, assign) };
        // `n = n * 2` is `n *= 2`.
        let of_itself = match &*assign.right {
            Expr::Binary(binary) if variable(&binary.left).as_ref() == Some(&name) => match binary.op {
                BinOp::Add(_) | BinOp::Mul(_) => Some(true),
                BinOp::Sub(_) | BinOp::Div(_) => Some(false),
                _ => None,
            },
            Expr::MethodCall(call) if variable(&call.receiver).as_ref() == Some(&name) => {
                let grows = ["saturating_mul", "saturating_add", "wrapping_mul", "wrapping_add", "saturating_pow"];
                grows.iter().any(|grows| call.method == grows).then_some(true)
            }
            _ => None,
        };
        match of_itself {
            Some(grows) => self.steps.push((name, grows)),
            None => self.set.push(name),
        }
        syn::visit::visit_expr_assign(self, assign);
    }
}

/// Returns the name of a variable, with or without a leading `*`.
fn variable(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Unary(inner) => variable(&inner.expr),
        Expr::Paren(inner) => variable(&inner.expr),
        _ => None,
    }
}

/// Whether a pattern matches every present value: `Ok(child)`, `Ok(Some(_))`.
fn takes_present(pattern: &Pat) -> bool {
    let takes_all = |inner: &Pat| match inner {
        Pat::Wild(_) | Pat::Rest(_) => true,
        Pat::Ident(name) => name.subpat.is_none() && presence(inner).is_none(),
        _ => takes_present(inner),
    };
    matches!(pattern, Pat::TupleStruct(one) if presence(pattern) == Some(true) && one.elems.iter().all(takes_all))
}

/// Whether two patterns bind the same names to the same parts, so that a guard of one applies to the other.
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

/// Whether control never reaches the end of the block.
pub(super) fn ends(block: &Block) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(last, _)) => diverges(last),
        Some(Stmt::Macro(last)) => is_panic(&last.mac),
        _ => false,
    }
}

/// Whether the expression never produces a value.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::facts::FileFacts;
    use crate::ir::{Step, Why};
    use crate::lowering::{World, lower};
    use crate::tables::ExtraTables;

    fn facts(code: &str) -> FileFacts {
        let file = syn::parse_file(code).expect("it parses");
        lower(&file, 0, 0, &World::default(), &ExtraTables::default()).facts
    }

    /// Returns the exits of the function `f`, each with the names of the calls on one path to it.
    fn ways(code: &str) -> BTreeSet<(String, &'static str)> {
        let facts = facts(code);
        let function = facts.functions.iter().position(|function| function.name == "f").expect("there is `f`");
        let body = &facts.bodies[facts.functions[function].body.expect("it has a body")];
        let mut found = BTreeSet::new();
        let mut ways = vec![(0, String::new(), BTreeSet::new())];
        while let Some((block, mut calls, mut seen)) = ways.pop() {
            if !seen.insert(block) {
                continue;
            }
            for step in &body.blocks[block].steps {
                if let Step::Call(call) = step {
                    calls.push_str(&facts.calls[*call].name);
                    calls.push(' ');
                }
            }
            for edge in &body.blocks[block].edges {
                let why = match edge.why {
                    Why::Return => "return",
                    Why::Try(_) => "try",
                    Why::Panic(_) => "panic",
                    _ => "",
                };
                match edge.to {
                    Some(next) => ways.push((next, calls.clone(), seen.clone())),
                    None => drop(found.insert((calls.trim().to_owned(), why))),
                }
            }
        }
        found
    }

    fn told(ways: &[(&str, &'static str)]) -> BTreeSet<(String, &'static str)> {
        ways.iter().map(|(calls, why)| ((*calls).to_owned(), *why)).collect()
    }

    #[test]
    fn every_way_out_of_a_function_is_an_edge() {
        let code = "fn f() -> R { a(); if b() { return c(); } d()?; e().unwrap(); g() }";
        let expected = [("a b c", "return"), ("a b d", "try"), ("a b d e", "panic"), ("a b d e g", "return")];
        assert_eq!(ways(code), told(&expected));
    }

    #[test]
    fn loops_end_by_break_or_by_their_condition() {
        assert_eq!(
            ways("fn f() { let x = loop { if a() { break b(); } c(); }; d(); }"),
            told(&[("a b d", "return"), ("a c", "")]).into_iter().filter(|(_, why)| !why.is_empty()).collect()
        );
        assert_eq!(ways("fn f() { for x in a() { b(); } c(); }"), told(&[("a c", "return")]));
        assert_eq!(
            ways("fn f() { while a() { if b() { continue; } return; } c(); }"),
            told(&[("a b", "return"), ("a c", "return")])
        );
    }

    #[test]
    fn what_a_closure_does_leaves_the_function_alone() {
        let code = "fn f() { let g = || -> R { a()?; Ok(()) }; g(); b(); }";
        assert_eq!(ways(code), told(&[("b", "return")]));
    }
}
