//! Loops that wait: the conditions that end them, and whether a clock or a count bounds them.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{BinOp, Expr};

use super::lower::Lower;
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
                    ends.conditions.push(self.extent(&repeat.cond));
                }
                ends.visit_expr(&repeat.cond);
                ends.visit_block(&repeat.body);
            }
            _ => return,
        }
        let is_counted = ends.compared.iter().any(|name| ends.changed.contains(name));
        let mut conditions = ends.conditions;
        conditions.extend(ends.asked.into_iter().map(|condition| self.extent(condition)));
        if !ends.bounded && !is_counted && !conditions.is_empty() {
            let (function, calls) = (self.frame.function, first..self.facts.calls.len());
            self.facts.repeats.push(Repeat { span: keyword, function, calls, conditions });
        }
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

/// The conditions under which a loop ends.
#[derive(Default)]
struct Ends<'ast> {
    /// The condition of a `while`.
    conditions: Vec<Span>,
    /// Conditions of branches that leave the loop.
    asked: Vec<&'ast Expr>,
    /// It looks at a clock, or takes the next item of a list of pauses.
    bounded: bool,
    /// Variables and fields that the loop changes.
    changed: HashSet<String>,
    /// Variables and fields that the loop compares.
    compared: HashSet<String>,
    /// The number of enclosing loops within the loop.
    depth: usize,
}

impl<'ast> Ends<'ast> {
    fn leaves(&self, expression: &'ast Expr) -> bool {
        let mut leaves = Leaves { depth: self.depth, found: false };
        leaves.visit_expr(expression);
        leaves.found
    }

    /// Notes the words of a macro: an assertion in it may bound the loop.
    fn words(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    self.bounded |= tables::BOUNDING.contains(&word.as_str()) || tables::is_limit(&word);
                    self.compared.insert(word);
                }
                TokenTree::Group(group) => self.words(group.stream()),
                _ => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Ends<'ast> {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        match binary.op {
            BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_) => {
                self.changed.extend(name_of(&binary.left));
            }
            BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_) => {
                let mut names = Names(&mut self.compared);
                names.visit_expr_binary(binary);
            }
            _ => {}
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.changed.extend(name_of(&assign.left));
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
        {
            let name = last.ident.to_string();
            self.bounded |= tables::BOUNDING.contains(&name.as_str()) || tables::is_limit(&name);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        self.bounded |= tables::BOUNDING.contains(&name.as_str()) || tables::is_limit(&name);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // The text of a log line bounds nothing.
        let is_printing = |name: &syn::PathSegment| tables::PRINTING.contains(&name.ident.to_string().as_str());
        if !call.path.segments.last().is_some_and(is_printing) {
            self.words(call.tokens.clone());
        }
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        let leaves_here = branch.then_branch.stmts.iter().any(|statement| {
            let mut leaves = Leaves { depth: self.depth, found: false };
            leaves.visit_stmt(statement);
            leaves.found
        });
        if leaves_here || branch.else_branch.as_ref().is_some_and(|(_, otherwise)| self.leaves(otherwise)) {
            self.asked.push(&branch.cond);
        }
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        if choice.arms.iter().any(|arm| self.leaves(&arm.body)) {
            self.asked.push(&choice.expr);
        }
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

/// Collects the variables and fields of an expression.
struct Names<'n>(&'n mut HashSet<String>);

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.0.extend(name_of(expression));
        visit::visit_expr(self, expression);
    }
}

/// Returns the name of a variable or field.
fn name_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.to_string()),
            syn::Member::Unnamed(_) => None,
        },
        Expr::Unary(inner) => name_of(&inner.expr),
        Expr::Paren(inner) => name_of(&inner.expr),
        _ => None,
    }
}
