//! What a condition tells about the variables in it.

use syn::{BinOp, Expr, Pat, RangeLimits, UnOp};

use super::lower::Lower;
use crate::value::{Interval, Value};

impl<'a> Lower<'a> {
    /// Narrows the variables of `condition`, given that it holds (or that it does not); gives what they were.
    pub(super) fn narrow(&mut self, condition: &'a Expr, holds: bool) -> Vec<(usize, Interval, bool)> {
        let mut before = Vec::new();
        self.narrow_by(condition, holds, &mut before);
        before.reverse();
        before
    }

    pub(super) fn narrow_by(&mut self, condition: &'a Expr, holds: bool, before: &mut Vec<(usize, Interval, bool)>) {
        match condition {
            Expr::Paren(inner) => self.narrow_by(&inner.expr, holds, before),
            Expr::Group(inner) => self.narrow_by(&inner.expr, holds, before),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => self.narrow_by(&unary.expr, !holds, before),
            Expr::Binary(binary) => match binary.op {
                BinOp::And(_) if holds => {
                    self.narrow_by(&binary.left, true, before);
                    self.narrow_by(&binary.right, true, before);
                }
                BinOp::Or(_) if !holds => {
                    self.narrow_by(&binary.left, false, before);
                    self.narrow_by(&binary.right, false, before);
                }
                _ => self.compare(binary, holds, before),
            },
            Expr::Let(test) if holds => {
                if let Some(index) = self.local_of(&test.expr) {
                    let mut matched = self.frame.locals[index].value.clone();
                    self.narrow_to_pattern(&mut matched, &test.pat);
                    let (bounds, validated) = (matched.bounds, matched.validated);
                    self.set(index, |value| (value.bounds, value.validated) = (bounds, validated), before);
                }
            }
            Expr::Macro(call) if holds => self.narrow_to_matches(&call.mac, before),
            Expr::Call(call) if holds => {
                if let (Expr::Path(function), Some(argument)) = (&*call.func, call.args.first()) {
                    let path = self.uses.resolve(&function.path);
                    if let Some(index) = self.local_of(argument).filter(|_| self.extra.is_check(&path, "")) {
                        self.set(index, |value| value.validated = true, before);
                    }
                }
            }
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                if name == "contains"
                    && let Some(argument) = call.args.first()
                    && let Some(index) = self.local_of(argument)
                {
                    let span = self.extent(&call.receiver);
                    let mut receiver = &*call.receiver;
                    while let Expr::Paren(inner) = receiver {
                        receiver = &inner.expr;
                    }
                    if let Expr::Range(range) = receiver {
                        let mut bounds = Interval::ALL;
                        if let Some(start) = &range.start {
                            bounds.low = self.peek(start).bounds.low;
                        }
                        if let Some(end) = &range.end {
                            bounds.high = self.peek(end).bounds.high;
                        }
                        if holds {
                            self.set(index, |value| value.bounds = value.bounds.meet(bounds), before);
                        }
                    } else if holds && span.end > span.start {
                        self.set(index, |value| value.validated = true, before);
                    }
                } else if name == "starts_with"
                    && let (Some(argument), Some(index)) = (call.args.first(), self.local_of(&call.receiver))
                {
                    // No leading dash, or a path from the root: never an option.
                    let safe = match self.peek(argument).constant().as_deref() {
                        Some("-") => !holds,
                        Some("/" | "./") => holds,
                        _ => false,
                    };
                    if safe {
                        self.set(index, |value| value.validated = true, before);
                    }
                } else if holds
                    && let Some(index) = self.local_of(&call.receiver)
                    && matches!(name.as_str(), "all" | "is_ascii_alphanumeric" | "is_match" | "is_absolute")
                {
                    self.set(index, |value| value.validated = true, before);
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, binary: &'a syn::ExprBinary, holds: bool, before: &mut Vec<(usize, Interval, bool)>) {
        // The operator as it reads with the variable on the left: -1 less, 1 greater, 0 equal.
        let direction = match binary.op {
            BinOp::Lt(_) | BinOp::Le(_) => -1,
            BinOp::Gt(_) | BinOp::Ge(_) => 1,
            BinOp::Eq(_) => 0,
            BinOp::Ne(_) if !holds => 0,
            _ => return,
        };
        let equal = direction == 0;
        if equal && !holds && matches!(binary.op, BinOp::Eq(_)) {
            return;
        }
        let strict = matches!(binary.op, BinOp::Lt(_) | BinOp::Gt(_)) == holds;
        for (variable, other, sign) in [(&binary.left, &binary.right, 1), (&binary.right, &binary.left, -1)] {
            let Some(index) = self.local_of(variable) else { continue };
            let limit = self.peek(other).bounds;
            let direction = direction * sign * if holds { 1 } else { -1 };
            self.set(
                index,
                |value| {
                    // Between whole numbers, `<` leaves the limit itself out; of a fraction nothing is left out.
                    let whole = value.bounds.high.fract() == 0.0 && limit.low.fract() == 0.0;
                    let step = if strict && whole { 1.0 } else { 0.0 };
                    value.bounds = match direction {
                        _ if equal => value.bounds.meet(limit),
                        d if d < 0 => value.bounds.meet(Interval { low: f64::NEG_INFINITY, high: limit.high - step }),
                        _ => value.bounds.meet(Interval { low: limit.low + step, high: f64::INFINITY }),
                    };
                },
                before,
            );
        }
    }

    /// Narrows `value` to what matches `pattern`.
    pub(super) fn narrow_to_pattern(&mut self, value: &mut Value, pattern: &'a Pat) {
        match pattern {
            Pat::Lit(literal) => {
                let known = self.literal(&literal.lit);
                value.bounds = value.bounds.meet(known.bounds);
                value.validated = true;
            }
            Pat::Range(range) => {
                let mut bounds = Interval::ALL;
                if let Some(start) = &range.start {
                    bounds.low = self.peek(start).bounds.low;
                }
                if let Some(end) = &range.end {
                    bounds.high = self.peek(end).bounds.high;
                    if matches!(range.limits, RangeLimits::HalfOpen(_)) && bounds.high.fract() == 0.0 {
                        bounds.high -= 1.0;
                    }
                }
                value.bounds = value.bounds.meet(bounds);
            }
            Pat::Ident(name) => {
                if let Some((_, inner)) = &name.subpat {
                    self.narrow_to_pattern(value, inner);
                }
            }
            Pat::TupleStruct(inner) if inner.elems.len() == 1 => self.narrow_to_pattern(value, &inner.elems[0]),
            Pat::Guard(inner) => self.narrow_to_pattern(value, &inner.pat),
            Pat::Paren(inner) => self.narrow_to_pattern(value, &inner.pat),
            Pat::Or(choice) => {
                let mut joined: Option<Value> = None;
                for case in &choice.cases {
                    let mut one = value.clone();
                    self.narrow_to_pattern(&mut one, case);
                    joined = Some(joined.map_or(one.clone(), |before| before.join(&one)));
                }
                if let Some(joined) = joined {
                    *value = joined;
                }
            }
            _ => {}
        }
    }

    /// `.filter(|x| condition)`: what passes it.
    pub(super) fn filtered(&mut self, closure: &'a syn::ExprClosure, value: Value) -> Value {
        let locals = self.frame.locals.len();
        if let Some(pattern) = closure.inputs.first() {
            self.bind(pattern, value.clone());
        }
        self.narrow(&closure.body, true);
        let result = self.frame.locals.get(locals).map_or(value, |local| local.value.clone());
        self.frame.locals.truncate(locals);
        result
    }

    /// Gives the variable that `expression` is a narrower value; for `match variable { … }`.
    pub(super) fn rebind(&mut self, expression: &Expr, value: &Value) -> Vec<(usize, Interval, bool)> {
        let mut before = Vec::new();
        if let Some(index) = self.local_of(expression) {
            let (bounds, validated) = (value.bounds, value.validated);
            self.set(index, |local| (local.bounds, local.validated) = (bounds, validated), &mut before);
        }
        before
    }

    fn set(&mut self, index: usize, change: impl FnOnce(&mut Value), before: &mut Vec<(usize, Interval, bool)>) {
        let value = &mut self.frame.locals[index].value;
        before.push((index, value.bounds, value.validated));
        change(value);
    }

    fn local_of(&self, expression: &Expr) -> Option<usize> {
        match expression {
            Expr::Path(path) => {
                let name = path.path.get_ident()?;
                self.frame.locals.iter().rposition(|local| name == &local.name)
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => self.local_of(&unary.expr),
            Expr::Reference(inner) => self.local_of(&inner.expr),
            Expr::Paren(inner) => self.local_of(&inner.expr),
            Expr::Cast(cast) => self.local_of(&cast.expr),
            Expr::MethodCall(call) if call.args.is_empty() && SAME.iter().any(|name| call.method == name) => {
                self.local_of(&call.receiver)
            }
            _ => None,
        }
    }

    /// The value of an expression that was or will be walked anyway: nothing is recorded twice.
    pub(super) fn peek(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::Lit(literal) => self.literal(&literal.lit),
            Expr::Path(_) | Expr::Paren(_) | Expr::Cast(_) | Expr::Unary(_) | Expr::Binary(_) => {
                self.expression(expression)
            }
            _ => Value::unknown(crate::span::Span::default()),
        }
    }
}

/// Methods without arguments of which a check says as much about their receiver.
const SAME: &[&str] = &["as_str", "as_ref", "as_bytes", "as_path", "as_os_str", "chars", "bytes", "clone", "get"];
