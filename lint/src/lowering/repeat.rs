//! Loops that wait: the conditions that end them, and whether a clock or a count bounds them.

use std::collections::{HashMap, HashSet};

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Pat};

use super::decisive::{Asked, Parts, Stops, arguments, name_of};
use super::lower::Lower;
use super::wrapping::Race;
use super::{CallId, Repeat};
use crate::span::Span;
use crate::tables;

impl Lower<'_> {
    /// Records a `loop` or a `while` whose body and condition made the calls since `first`. A loop that a clock or a
    /// count bounds is not recorded, nor is one that does not end.
    pub(super) fn repeats(&mut self, keyword: Span, repeat: &Expr, first: CallId) {
        let mut ends = Ends::default();
        match repeat {
            Expr::Loop(repeat) => ends.visit_block(&repeat.body),
            Expr::While(repeat) => {
                if !is_drained(&repeat.cond) {
                    ends.asked.push(&repeat.cond);
                }
                ends.deciding.extend(&Parts::of(&repeat.cond));
                ends.visit_expr(&repeat.cond);
                ends.visit_block(&repeat.body);
            }
            _ => return,
        }
        let (by_clock, by_count) = self.bounds_of_loop(&mut ends, first);
        let function = self.frame.function;
        self.facts.functions[function].bounds_loops |= by_clock;
        let mut conditions: Vec<Span> = ends.asked.iter().map(|condition| self.extent(condition)).collect();
        // A variable shows what the loop has asked for its value.
        let tested: HashSet<String> = ends.asked.iter().flat_map(|condition| Parts::of(condition).names).collect();
        let assigned = ends.assigned.iter().filter(|(name, _)| tested.contains(name));
        conditions.extend(assigned.map(|(_, value)| self.extent(value)));
        if !by_clock && !by_count && !conditions.is_empty() {
            let calls = first..self.facts.calls.len();
            self.facts.repeats.push(Repeat { span: keyword, function, calls, conditions });
        }
    }

    /// Whether a clock and whether a count ends the loop: a condition that leaves it depends on one, or a function of the run
    /// that looks at a clock may panic.
    fn bounds_of_loop(&self, ends: &mut Ends<'_>, first: CallId) -> (bool, bool) {
        let function = self.frame.function;
        let inside = || self.facts.calls[first..].iter().filter(|call| call.function == function);
        // A call that was evaluated twice counts as it was at first.
        let mut by_name = HashMap::new();
        for call in inside() {
            by_name.entry(call.name_span).or_insert(call);
        }
        let called = |asked: &Asked| by_name.get(&self.span(asked.span)).copied();
        let may_panic =
            |asked: &Asked| called(asked).and_then(|call| call.effects.as_ref()).is_some_and(|it| it.panics);
        for (branch, calls) in std::mem::take(&mut ends.perhaps) {
            if calls.iter().any(may_panic) {
                ends.decides(branch);
            }
        }
        ends.follow_variables();
        let is_clock = |asked: &Asked| match called(asked) {
            Some(call) if call.effects.is_some() => call.effects.as_ref().is_some_and(|effects| effects.clock),
            Some(call) if call.is_limit() => true,
            None if tables::is_limit(&asked.name) => true,
            _ => tables::READING_CLOCKS.contains(&asked.name.as_str()),
        };
        // A timer that runs since before the loop.
        let is_timer = |name: &String| {
            let local = self.frame.locals.iter().rev().find(|local| local.name == *name);
            let maker = local.and_then(|local| local.value.call).filter(|made| *made < first);
            maker.is_some_and(|made| {
                tables::SLEEPING.iter().any(|known| tables::ends_with(&self.facts.calls[made].path, known))
            })
        };
        let checks = |call: &super::Call| call.effects.as_ref().is_some_and(|effects| effects.clock && effects.panics);
        let deciding = &ends.deciding;
        let by_clock =
            deciding.calls.iter().any(is_clock) || deciding.names.iter().any(is_timer) || inside().any(checks);
        let by_count = deciding.calls.iter().any(|asked| tables::COUNTING.contains(&asked.name.as_str()))
            || deciding.compared.iter().any(|name| ends.stepped.contains(name));
        (by_clock, by_count)
    }
}

/// Whether the body of a loop neither calls or awaits anything nor leaves the loop.
pub(super) fn does_nothing(body: &syn::Block) -> bool {
    let mut deeds = Deeds(false);
    deeds.visit_block(body);
    !deeds.0
}

/// Looks for anything that a loop may do for others, or that may end it.
struct Deeds(bool);

impl<'ast> Visit<'ast> for Deeds {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.0 |= matches!(
            expression,
            Expr::Await(_)
                | Expr::Break(_)
                | Expr::Call(_)
                | Expr::ForLoop(_)
                | Expr::Index(_)
                | Expr::Macro(_)
                | Expr::MethodCall(_)
                | Expr::Return(_)
                | Expr::Try(_)
                | Expr::Yield(_)
        );
        visit::visit_expr(self, expression);
    }

    fn visit_stmt_macro(&mut self, _: &'ast syn::StmtMacro) {
        self.0 = true;
    }
}

/// Whether the loop takes items until none is left.
fn is_drained(condition: &Expr) -> bool {
    matches!(condition, Expr::Let(test) if super::expression::presence(&test.pat) == Some(true))
}

/// The conditions of `if … else if …`, or the one of another choice.
#[derive(Default)]
struct Choice {
    conditions: Vec<Parts>,
    /// The number of those that are among the deciding ones.
    deciding: usize,
}

/// A branch: all conditions of its choice up to its own decide whether it runs.
#[derive(Clone, Copy)]
struct Branch {
    /// The index of the choice.
    choice: usize,
    /// The number of the conditions.
    conditions: usize,
}

/// The conditions under which a loop ends.
#[derive(Default)]
struct Ends<'ast> {
    /// The condition of a `while`, and those of branches that leave the loop.
    asked: Vec<&'ast Expr>,
    /// The assignments of the loop.
    assigned: Vec<(String, &'ast Expr)>,
    /// The parts of conditions that leave the loop in any way: by a `break`, an error or a panic.
    deciding: Parts,
    /// The conditions of the branches, by their choice.
    choices: Vec<Choice>,
    /// Branches that leave the loop if one of these calls panics.
    perhaps: Vec<(Branch, Vec<Asked>)>,
    /// Variables that the loop sets, with the parts of their values.
    set: HashMap<String, Vec<Parts>>,
    /// Variables that a branch sets.
    set_in: HashMap<String, Vec<Branch>>,
    /// Variables and fields that each round increases or decreases.
    stepped: HashSet<String>,
    /// The number of enclosing loops within the loop.
    depth: usize,
}

impl<'ast> Ends<'ast> {
    fn leaves(&self, expression: &'ast Expr) -> bool {
        let mut leaves = Leaves { depth: self.depth, found: false };
        leaves.visit_expr(expression);
        leaves.found
    }

    fn is_left_by(&self, statement: &'ast syn::Stmt) -> bool {
        let mut leaves = Leaves { depth: self.depth, found: false };
        leaves.visit_stmt(statement);
        leaves.found
    }

    /// Notes that the conditions, each after those before it, decide about branches that stop the loop in these ways.
    fn decide(&mut self, conditions: Vec<Parts>, branches: impl IntoIterator<Item = (usize, Stops)>) {
        let choice = self.choices.len();
        self.choices.push(Choice { conditions, deciding: 0 });
        for (conditions, stops) in branches {
            let branch = Branch { choice, conditions };
            for name in stops.assigned {
                self.set_in.entry(name).or_default().push(branch);
            }
            if stops.found {
                self.decides(branch);
            } else if !stops.calls.is_empty() {
                self.perhaps.push((branch, stops.calls));
            }
        }
    }

    /// Notes that the conditions of a branch decide.
    fn decides(&mut self, Branch { choice, conditions }: Branch) {
        let choice = &mut self.choices[choice];
        for condition in choice.conditions.iter().take(conditions).skip(choice.deciding) {
            self.deciding.extend(condition);
        }
        choice.deciding = choice.deciding.max(conditions);
    }

    /// Notes that the loop ends unless the expression has a result: the operand of `?` or of `unwrap`.
    fn unwrap(&mut self, operand: &Expr) {
        let (mut operand, mut is_awaited) = (operand, false);
        for _ in 0..MAX_WRAPPERS {
            is_awaited |= matches!(operand, Expr::Await(_));
            operand = match operand {
                Expr::Await(inner) => &inner.base,
                Expr::Try(inner) => &inner.expr,
                Expr::Paren(inner) => &inner.expr,
                _ => break,
            };
        }
        let is_of_peer = |method: &Ident| tables::NEXT_ITEM.contains(&method.to_string().as_str());
        match operand {
            Expr::MethodCall(call) if !(is_awaited && is_of_peer(&call.method)) => {
                self.deciding.calls.push(Asked { name: call.method.to_string(), span: call.method.span() });
            }
            Expr::Call(call) => {
                if let Expr::Path(path) = &*call.func
                    && let Some(last) = path.path.segments.last()
                {
                    self.deciding.calls.push(Asked { name: last.ident.to_string(), span: last.ident.span() });
                }
            }
            _ => {}
        }
    }

    /// Adds the parts of the values of the deciding variables.
    fn follow_variables(&mut self) {
        let mut open: Vec<String> = self.deciding.names.iter().cloned().collect();
        let mut seen: HashSet<String> = open.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let mut values = self.set.remove(&name).unwrap_or_default();
            for Branch { choice, conditions } in self.set_in.remove(&name).unwrap_or_default() {
                let choice = &mut self.choices[choice];
                values.extend(choice.conditions.iter().take(conditions).skip(choice.deciding).cloned());
                choice.deciding = choice.deciding.max(conditions);
            }
            for parts in values {
                open.extend(parts.names.iter().filter(|name| seen.insert((*name).clone())).cloned());
                self.deciding.extend(&parts);
            }
        }
    }

    /// Visits code that was parsed from the tokens of a macro.
    fn visit_parsed(&mut self, expression: &Expr) {
        let mut inside = Ends { depth: self.depth, ..Ends::default() };
        inside.visit_expr(expression);
        self.deciding.extend(&inside.deciding);
        let first = self.choices.len();
        let moved = |branch: Branch| Branch { choice: first + branch.choice, ..branch };
        self.choices.append(&mut inside.choices);
        self.perhaps.extend(inside.perhaps.into_iter().map(|(branch, calls)| (moved(branch), calls)));
        for (name, values) in inside.set {
            self.set.entry(name).or_default().extend(values);
        }
        for (name, branches) in inside.set_in {
            self.set_in.entry(name).or_default().extend(branches.into_iter().map(moved));
        }
        self.stepped.extend(inside.stepped);
    }
}

/// The maximum number of `?` and `.await` behind an expression.
const MAX_WRAPPERS: usize = 4;

impl<'ast> Visit<'ast> for Ends<'ast> {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if let BinOp::AddAssign(_)
        | BinOp::SubAssign(_)
        | BinOp::MulAssign(_)
        | BinOp::DivAssign(_)
        | BinOp::ShlAssign(_)
        | BinOp::ShrAssign(_) = binary.op
        {
            self.stepped.extend(name_of(&binary.left));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        if let Some(name) = name_of(&assign.left) {
            let parts = Parts::of(&assign.right);
            self.assigned.push((name.clone(), &assign.right));
            // `tries = tries + 1`
            if parts.names.contains(&name) {
                self.stepped.insert(name.clone());
            }
            self.set.entry(name).or_default().push(parts);
        }
        visit::visit_expr_assign(self, assign);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            let parts = Parts::of(&init.expr);
            if let Some((_, otherwise)) = &init.diverge {
                let mut stops = Stops::default();
                stops.visit_expr(otherwise);
                self.decide(vec![parts.clone()], [(1, stops)]);
            }
            let mut names = Bound::default();
            names.visit_pat(&local.pat);
            for name in names.0 {
                self.set.entry(name).or_default().push(parts.clone());
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_try(&mut self, attempt: &'ast syn::ExprTry) {
        self.unwrap(&attempt.expr);
        visit::visit_expr_try(self, attempt);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if tables::UNWRAPPING.contains(&call.method.to_string().as_str()) {
            self.unwrap(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        // The text of a log line bounds nothing, and quoted code does not run.
        if tables::PRINTING.contains(&name.as_str()) || tables::QUOTING.contains(&name.as_str()) {
            return;
        }
        if tables::SELECTS.contains(&name.as_str()) {
            for arm in Race::parse(call.tokens.clone()).into_iter().flat_map(|race| race.0) {
                let mut stops = Stops::default();
                stops.visit_expr(&arm.body);
                if let Some((_, future)) = &arm.waits {
                    self.decide(vec![Parts::of(future)], [(1, stops)]);
                }
                self.visit_parsed(&arm.body);
            }
            return;
        }
        for argument in arguments(call.tokens.clone()) {
            if tables::is_asserting(&name) {
                self.deciding.extend(&Parts::of(&argument));
            }
            self.visit_parsed(&argument);
        }
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        let mut links = vec![branch];
        let mut otherwise = branch.else_branch.as_ref().map(|(_, otherwise)| &**otherwise);
        while let Some(Expr::If(next)) = otherwise {
            links.push(next);
            otherwise = next.else_branch.as_ref().map(|(_, otherwise)| &**otherwise);
        }
        // A condition also decides about the branches after it.
        let mut leaves = otherwise.is_some_and(|otherwise| self.leaves(otherwise));
        let mut leaving = Vec::new();
        for link in links.iter().rev() {
            leaves = leaves || link.then_branch.stmts.iter().any(|statement| self.is_left_by(statement));
            leaving.extend(leaves.then_some(&*link.cond));
        }
        self.asked.extend(leaving.into_iter().rev());
        let stops = links.iter().zip(1..).map(|(link, conditions)| {
            let mut stops = Stops::default();
            stops.visit_block(&link.then_branch);
            (conditions, stops)
        });
        let at_last = otherwise.map(|otherwise| {
            let mut stops = Stops::default();
            stops.visit_expr(otherwise);
            (links.len(), stops)
        });
        let branches: Vec<_> = stops.chain(at_last).collect();
        self.decide(links.iter().map(|link| Parts::of(&link.cond)).collect(), branches);
        for link in links {
            self.visit_expr(&link.cond);
            self.visit_block(&link.then_branch);
        }
        if let Some(otherwise) = otherwise {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        if choice.arms.iter().any(|arm| self.leaves(&arm.body)) {
            self.asked.push(&choice.expr);
        }
        let (mut stops, mut tests) = (Stops::default(), Parts::of(&choice.expr));
        for arm in &choice.arms {
            stops.visit_expr(&arm.body);
            if let Pat::Guard(inner) = &arm.pat {
                tests.extend(&Parts::of(&inner.guard));
            }
        }
        self.decide(vec![tests], [(1, stops)]);
        visit::visit_expr_match(self, choice);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if let Some(deeper) = depth_of(expression) {
            self.depth += deeper;
            visit::visit_expr(self, expression);
            self.depth -= deeper;
        }
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Returns how many loops this expression opens; `None` if its body does not run here.
fn depth_of(expression: &Expr) -> Option<usize> {
    match expression {
        Expr::Closure(_) | Expr::Async(_) => None,
        Expr::Loop(_) | Expr::While(_) | Expr::ForLoop(_) => Some(1),
        _ => Some(0),
    }
}

/// Looks for a `break` of the loop, or a `return`.
struct Leaves {
    depth: usize,
    found: bool,
}

impl<'ast> Visit<'ast> for Leaves {
    fn visit_expr_break(&mut self, end: &'ast syn::ExprBreak) {
        self.found |= self.depth == 0 || end.label.is_some();
    }

    fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
        self.found = true;
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if let Some(deeper) = depth_of(expression) {
            self.depth += deeper;
            visit::visit_expr(self, expression);
            self.depth -= deeper;
        }
    }
}

/// Collects the variables that a pattern binds.
#[derive(Default)]
struct Bound(Vec<String>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, name: &'ast syn::PatIdent) {
        self.0.push(name.ident.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_of_a_long_chain_is_read_once() {
        const LINKS: usize = 200;
        let mut links: Vec<String> = (0..LINKS).map(|at| format!("if a{at}() {{ b{at} = 1; c{at}(); }}")).collect();
        links.push("{ break; }".to_owned());
        let chain: Expr = syn::parse_str(&links.join(" else ")).expect("it parses");
        let mut ends = Ends::default();
        ends.visit_expr(&chain);
        assert_eq!(ends.asked.len(), LINKS, "the end of the chain depends on all conditions");
        let branches: usize = ends.set_in.values().map(Vec::len).sum();
        let conditions: usize = ends.choices.iter().map(|choice| choice.conditions.len()).sum();
        assert_eq!((branches, conditions, ends.perhaps.len()), (LINKS, LINKS, LINKS));
        assert_eq!(ends.deciding.calls.len(), LINKS);
        assert_eq!(ends.assigned.len(), LINKS);
    }

    #[test]
    fn a_condition_decides_about_its_branch_and_those_after_it() {
        let chain: Expr =
            syn::parse_str("if a() { x = 1; } else if b() { break; } else if c() { y = 2; }").expect("it parses");
        let mut ends = Ends::default();
        ends.visit_expr(&chain);
        let names = |ends: &Ends<'_>| ends.deciding.calls.iter().map(|asked| asked.name.clone()).collect::<Vec<_>>();
        assert_eq!((names(&ends), ends.asked.len()), (vec!["a".to_owned(), "b".to_owned()], 2));
        ends.deciding.names.insert("y".to_owned());
        ends.follow_variables();
        assert_eq!(names(&ends), ["a", "b", "c"]);
    }
}
