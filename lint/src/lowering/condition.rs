//! Conditions whose truth cannot change: all branches on one of them go the same way.

use syn::{BinOp, Expr, ExprBinary, Lit, Member, UnOp};

use super::lower::{Local, Lower, TypeShown};
use crate::ir::{Test, Why};

/// A condition in its positive form.
struct Fixed {
    /// The condition, with a number behind each variable.
    text: String,
    /// Whether the expression is the negation of the text.
    is_negated: bool,
    /// The number of loops around the declaration of the innermost variable.
    loops: usize,
}

/// The truth of the parts of a condition on one way through them, for example that the first holds and the second fails.
type Way = Vec<Test>;

/// The ways on which a condition holds, and those on which it fails.
pub(super) struct Ways {
    pub(super) holds: Vec<Way>,
    pub(super) fails: Vec<Way>,
}

/// The maximum number of ways through a condition; beyond it, nothing is known.
const MAX_WAYS: usize = 8;

/// The maximum number of parts that are known on a way.
const MAX_PARTS: usize = 16;

impl Lower<'_> {
    /// Continues in a block to which only these ways lead.
    pub(super) fn assume(&mut self, ways: Vec<Way>) {
        let from = self.frame.flow.here();
        let is_one = ways.len() == 1;
        let mut ends = Vec::new();
        for way in ways {
            if !is_one {
                self.follow(from, Why::Next, None);
            }
            for when in way {
                self.frame.flow.assume(&mut self.facts.bodies, when);
            }
            ends.push((self.frame.flow.here(), Why::Next));
        }
        if !is_one {
            self.meet(&ends);
        }
    }

    /// Returns the ways through a condition, which the current block tests.
    pub(super) fn ways(&mut self, condition: &Expr) -> Ways {
        match condition {
            Expr::Paren(inner) => self.ways(&inner.expr),
            Expr::Group(inner) => self.ways(&inner.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => {
                let Ways { holds, fails } = self.ways(&unary.expr);
                Ways { holds: fails, fails: holds }
            }
            Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
                let (left, right) = (self.ways(&binary.left), self.ways(&binary.right));
                Ways {
                    fails: either(left.fails, both(&left.holds, &right.fails)),
                    holds: both(&left.holds, &right.holds),
                }
            }
            Expr::Binary(binary) if matches!(binary.op, BinOp::Or(_)) => {
                let (left, right) = (self.ways(&binary.left), self.ways(&binary.right));
                Ways {
                    holds: either(left.holds, both(&left.fails, &right.holds)),
                    fails: both(&left.fails, &right.fails),
                }
            }
            other => match self.fixed(other) {
                Some(Fixed { text, is_negated, loops }) => {
                    let condition = self.frame.flow.condition(&mut self.facts.bodies, text, loops);
                    let way = |holds: bool| vec![vec![Test { condition, holds: holds != is_negated }]];
                    Ways { holds: way(true), fails: way(false) }
                }
                None => Ways { holds: vec![Vec::new()], fails: vec![Vec::new()] },
            },
        }
    }

    /// Returns a condition without parts, if nothing changes it.
    fn fixed(&mut self, condition: &Expr) -> Option<Fixed> {
        match condition {
            Expr::Binary(binary) => self.fixed_comparison(binary),
            Expr::MethodCall(call) if call.args.is_empty() => {
                let (method, is_negated) = match call.method.to_string().as_str() {
                    "is_some" => ("is_some", false),
                    "is_none" => ("is_some", true),
                    "is_ok" => ("is_ok", false),
                    "is_err" => ("is_ok", true),
                    _ => return None,
                };
                let is_optional = self.local_of(&call.receiver)?.written == TypeShown::Optional;
                let (place, loops) = self.fixed_place(&call.receiver).filter(|_| is_optional)?;
                Some(Fixed { text: format!("{place}.{method}()"), is_negated, loops })
            }
            Expr::Macro(call) if call.mac.path.is_ident("cfg") => {
                Some(Fixed { text: format!("cfg!({})", call.mac.tokens), is_negated: false, loops: 0 })
            }
            other => {
                let (text, loops) = self.fixed_place(other)?;
                Some(Fixed { text, is_negated: false, loops })
            }
        }
    }

    fn fixed_comparison(&mut self, binary: &ExprBinary) -> Option<Fixed> {
        let (operator, is_negated) = match binary.op {
            BinOp::Eq(_) => ("==", false),
            BinOp::Ne(_) => ("==", true),
            BinOp::Lt(_) => ("<", false),
            BinOp::Ge(_) => ("<", true),
            BinOp::Gt(_) => (">", false),
            BinOp::Le(_) => (">", true),
            _ => return None,
        };
        let (left, right) = (self.fixed_operand(&binary.left)?, self.fixed_operand(&binary.right)?);
        let text = format!("{} {operator} {}", left.0, right.0);
        Some(Fixed { text, is_negated, loops: left.1.max(right.1) })
    }

    /// Returns the text of a literal, a constant, or a place that nothing changes, and the loops around its declaration.
    fn fixed_operand(&mut self, operand: &Expr) -> Option<(String, usize)> {
        match operand {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some((format!("{:?}", text.value()), 0)),
                Lit::Int(number) => Some((number.base10_digits().to_owned(), 0)),
                Lit::Bool(truth) => Some((truth.value.to_string(), 0)),
                _ => None,
            },
            Expr::Reference(inner) if inner.mutability.is_none() => self.fixed_operand(&inner.expr),
            other => self.fixed_place(other),
        }
    }

    /// Returns the variable that an expression names.
    pub(super) fn local_of(&self, expression: &Expr) -> Option<&Local> {
        let Expr::Path(path) = expression else { return None };
        let name = path.path.get_ident()?;
        self.frame.locals.iter().rev().find(|local| name == &local.name)
    }

    /// Returns the text of a constant, or of a variable that nothing changes or a field of it.
    fn fixed_place(&mut self, place: &Expr) -> Option<(String, usize)> {
        match place {
            Expr::Field(field) => {
                let (base, loops) = self.fixed_place(&field.base)?;
                if self.local_of(&field.base).is_some_and(|local| local.written == TypeShown::Unknown) {
                    return None;
                }
                let member = match &field.member {
                    Member::Named(name) => name.to_string(),
                    Member::Unnamed(index) => index.index.to_string(),
                };
                Some((format!("{base}.{member}"), loops))
            }
            Expr::Path(path) => {
                let is_it = |name: &syn::Ident| self.frame.locals.iter().rposition(|local| name == &local.name);
                let Some(at) = path.path.get_ident().and_then(is_it) else {
                    let path = self.resolve(&path.path);
                    let last = path.rsplit("::").next().unwrap_or(&path);
                    let is_constant = last.starts_with(|first: char| first.is_uppercase());
                    return is_constant.then_some((path, 0));
                };
                let loops = self.frame.loops.iter().filter(|around| around.locals <= at).count();
                let local = &mut self.frame.locals[at];
                if !local.is_fixed {
                    return None;
                }
                if local.number == 0 {
                    self.frame.numbered += 1;
                    local.number = self.frame.numbered;
                }
                Some((format!("{}#{}", local.name, local.number), loops))
            }
            _ => None,
        }
    }
}

/// Returns the ways through one alternative or the other.
fn either(mut one: Vec<Way>, other: Vec<Way>) -> Vec<Way> {
    one.extend(other);
    if one.len() > MAX_WAYS || one.iter().any(Vec::is_empty) { vec![Vec::new()] } else { one }
}

/// Returns the ways that go through one of each.
fn both(one: &[Way], other: &[Way]) -> Vec<Way> {
    if one.len() * other.len() > MAX_WAYS {
        return vec![Vec::new()];
    }
    let ways = one.iter().flat_map(|first| other.iter().map(move |second| (first, second)));
    ways.map(|(first, second)| first.iter().chain(second).take(MAX_PARTS).copied().collect()).collect()
}
