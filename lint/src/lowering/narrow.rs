//! Conditions: narrows the variables that a condition tests.

use syn::{BinOp, Expr, Pat, RangeLimits, UnOp};

use super::lower::Lower;
use crate::span::Span;
use crate::value::{Interval, Parameter, Value};

/// A variable, or a field of one, that a condition has narrowed, with its facts from before.
pub(super) struct Narrowed {
    pub(super) local: usize,
    field: Option<String>,
    bounds: Interval,
    caps: Vec<Parameter>,
    validated: bool,
}

impl Narrowed {
    /// Restores the earlier facts.
    pub(super) fn put_back(self, value: &mut Value) {
        if let Some(value) = place_in(value, self.field.as_deref()) {
            value.bounds = self.bounds;
            value.caps = self.caps;
            value.validated = self.validated;
        }
    }

    /// Joins the current facts with the earlier ones.
    fn loosen(&self, value: &mut Value) {
        if let Some(value) = place_in(value, self.field.as_deref()) {
            value.bounds = value.bounds.join(self.bounds);
            value.caps.retain(|cap| self.caps.contains(cap));
            value.validated &= self.validated;
        }
    }
}

/// Returns the field of that name of a variable's value, or the whole value.
fn place_in<'v>(value: &'v mut Value, field: Option<&str>) -> Option<&'v mut Value> {
    match field {
        Some(field) => value.fields.iter_mut().find(|(name, _)| name == field).map(|(_, value)| value),
        None => Some(value),
    }
}

/// A variable by index, or a field of it.
type Place = (usize, Option<String>);

impl<'a> Lower<'a> {
    /// Narrows the variables of `condition`, assuming that it holds or fails; returns their earlier facts.
    pub(super) fn narrow(&mut self, condition: &'a Expr, holds: bool) -> Vec<Narrowed> {
        let mut before = Vec::new();
        self.narrow_by(condition, holds, &mut before);
        before.reverse();
        before
    }

    pub(super) fn narrow_by(&mut self, condition: &'a Expr, holds: bool, before: &mut Vec<Narrowed>) {
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
                if let Some(place) = self.place_of(&test.expr) {
                    let mut matched = self.value_at(&place);
                    self.narrow_to_pattern(&mut matched, &test.pat);
                    let (bounds, validated) = (matched.bounds, matched.validated);
                    self.set(place, |value| (value.bounds, value.validated) = (bounds, validated), before);
                }
            }
            Expr::Macro(call) if holds => self.narrow_to_matches(&call.mac, before),
            Expr::Call(call) if holds => {
                if let (Expr::Path(function), Some(argument)) = (&*call.func, call.args.first()) {
                    let path = self.resolve(&function.path);
                    if let Some(place) = self.place_of(argument).filter(|_| self.extra.is_check(&path, "")) {
                        self.set(place, |value| value.validated = true, before);
                    }
                }
            }
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                if name == "contains"
                    && let Some(argument) = call.args.first()
                    && let Some(place) = self.place_of(argument)
                {
                    let span = self.extent(&call.receiver);
                    let mut receiver = &*call.receiver;
                    while let Expr::Paren(inner) = receiver {
                        receiver = &inner.expr;
                    }
                    // Also `RANGE.contains(&n)` of a constant range. A list limits a value if its content is fixed.
                    let range = self.peek(receiver);
                    let is_range = matches!(receiver, Expr::Range(_)) || is_range(&range);
                    if holds && is_range {
                        self.set(place, |value| value.bounds = value.bounds.meet(range.bounds), before);
                    } else if holds && span.end > span.start && is_fixed(receiver, &range) {
                        self.set(place, |value| value.validated = true, before);
                    }
                } else if name == "starts_with"
                    && let (Some(argument), Some(place)) = (call.args.first(), self.place_of(&call.receiver))
                {
                    // A text without a leading dash, or an absolute path, is never an option.
                    let safe = match self.peek(argument).constant().as_deref() {
                        Some("-") => !holds,
                        Some("/" | "./") => holds,
                        _ => false,
                    };
                    if safe {
                        self.set(place, |value| value.validated = true, before);
                    }
                } else if holds
                    && let Some(place) = self.place_of(&call.receiver)
                    && matches!(name.as_str(), "all" | "is_ascii_alphanumeric" | "is_match" | "is_absolute")
                {
                    self.set(place, |value| value.validated = true, before);
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, binary: &'a syn::ExprBinary, holds: bool, before: &mut Vec<Narrowed>) {
        // The operator as if the variable were on the left: -1 less, 1 greater, 0 equal.
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
            let Some(place) = self.place_of(variable) else { continue };
            let bound = self.peek(other);
            let limit = bound.bounds;
            let direction = direction * sign * if holds { 1 } else { -1 };
            self.set(
                place,
                |value| {
                    // For whole numbers, `<` excludes the limit itself; for fractions, keep the limit.
                    let whole = value.bounds.high.fract() == 0.0 && limit.low.fract() == 0.0;
                    let step = if strict && whole { 1.0 } else { 0.0 };
                    value.bounds = match direction {
                        _ if equal => value.bounds.meet(limit),
                        d if d < 0 => value.bounds.meet(Interval { low: f64::NEG_INFINITY, high: limit.high - step }),
                        _ => value.bounds.meet(Interval { low: limit.low + step, high: f64::INFINITY }),
                    };
                    if direction <= 0 {
                        value.cap(&bound);
                    }
                },
                before,
            );
        }
    }

    /// Narrows `value` to the values that match `pattern`.
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

    /// Returns the numbers that a pattern matches in any case; empty if there are none.
    pub(super) fn taken_by(&mut self, pattern: &'a Pat) -> Interval {
        let nothing = Interval { low: f64::INFINITY, high: f64::NEG_INFINITY };
        match pattern {
            Pat::Range(_) | Pat::Lit(_) => {
                let mut all = Value::unknown(Span::default());
                self.narrow_to_pattern(&mut all, pattern);
                all.bounds
            }
            Pat::TupleStruct(inner) if inner.elems.len() == 1 => self.taken_by(&inner.elems[0]),
            Pat::Ident(name) => name.subpat.as_ref().map_or(nothing, |(_, inner)| self.taken_by(inner)),
            Pat::Paren(inner) => self.taken_by(&inner.pat),
            _ => nothing,
        }
    }

    /// Evaluates `.filter(|x| condition)`: narrows the value to those that pass.
    pub(super) fn filtered(&mut self, closure: &'a syn::ExprClosure, value: Value) -> Value {
        let locals = self.frame.locals.len();
        if let Some(pattern) = closure.inputs.first() {
            self.bind(pattern, value.clone());
        }
        let before = self.narrow(&closure.body, true);
        let result = self.frame.locals.get(locals).map_or(value, |local| local.value.clone());
        self.restore(before);
        self.frame.locals.truncate(locals);
        result
    }

    /// Narrows the variable that `expression` names to `value`, for `match variable { … }`.
    pub(super) fn rebind(&mut self, expression: &Expr, value: &Value) -> Vec<Narrowed> {
        let mut before = Vec::new();
        if let Some(place) = self.place_of(expression) {
            let (bounds, validated) = (value.bounds, value.validated);
            self.set(place, |local| (local.bounds, local.validated) = (bounds, validated), &mut before);
        }
        before
    }

    /// Keeps the narrowed facts for the rest of the branch.
    pub(super) fn settle(&mut self, narrowed: Vec<Narrowed>) {
        self.frame.settled.extend(narrowed);
    }

    /// Weakens the facts that were kept since `mark`, because their branch may not have run.
    pub(super) fn unsettle(&mut self, mark: usize) {
        for one in self.frame.settled.split_off(mark) {
            if let Some(local) = self.frame.locals.get_mut(one.local) {
                one.loosen(&mut local.value);
            }
        }
    }

    fn set(&mut self, (local, field): Place, change: impl FnOnce(&mut Value), before: &mut Vec<Narrowed>) {
        let known = self.value_at(&(local, field.clone()));
        let Value { bounds, caps, validated, .. } = known.clone();
        before.push(Narrowed { local, field: field.clone(), bounds, caps, validated });
        let value = &mut self.frame.locals[local].value;
        let Some(field) = field else { return change(value) };
        if !value.fields.iter().any(|(name, _)| *name == field) {
            value.fields.push((field.clone(), known));
        }
        if let Some((_, value)) = value.fields.iter_mut().find(|(name, _)| *name == field) {
            change(value);
        }
    }

    fn value_at(&self, (local, field): &Place) -> Value {
        let value = &self.frame.locals[*local].value;
        match field {
            Some(field) => self.field_of(value, field, value.span),
            None => value.clone(),
        }
    }

    fn place_of(&self, expression: &Expr) -> Option<Place> {
        match expression {
            Expr::Path(path) => {
                let name = path.path.get_ident()?;
                Some((self.frame.locals.iter().rposition(|local| name == &local.name)?, None))
            }
            Expr::Field(field) => match (self.place_of(&field.base)?, &field.member) {
                ((local, None), syn::Member::Named(name)) => Some((local, Some(name.to_string()))),
                _ => None,
            },
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => self.place_of(&unary.expr),
            Expr::Reference(inner) => self.place_of(&inner.expr),
            Expr::Paren(inner) => self.place_of(&inner.expr),
            Expr::Cast(cast) => self.place_of(&cast.expr),
            Expr::MethodCall(call) if call.args.is_empty() && SAME.iter().any(|name| call.method == name) => {
                self.place_of(&call.receiver)
            }
            _ => None,
        }
    }

    /// Evaluates an expression without recording anything, because the walk also evaluates it.
    pub(super) fn peek(&mut self, expression: &'a Expr) -> Value {
        self.frame.flow.hush();
        let value = self.peeked(expression);
        self.frame.flow.speak();
        value
    }

    fn peeked(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::Lit(literal) => self.literal(&literal.lit),
            Expr::Path(_)
            | Expr::Paren(_)
            | Expr::Cast(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Field(_)
            | Expr::Reference(_)
            | Expr::Range(_) => self.expression(expression),
            Expr::Call(call) if call.args.len() == 1 => self.peek_duration(call, expression),
            _ => Value::unknown(Span::default()),
        }
    }

    /// Evaluates `Duration::from_secs(60)` as a limit, without adding a sink for a wait.
    fn peek_duration(&mut self, call: &'a syn::ExprCall, expression: &'a Expr) -> Value {
        let (calls, sinks, enclosures) = (self.facts.calls.len(), self.facts.sinks.len(), self.facts.enclosures.len());
        let is_constant = matches!(call.args.first(), Some(Expr::Lit(_) | Expr::Path(_)));
        let value = if is_constant { self.call(call, expression) } else { Value::unknown(Span::default()) };
        self.facts.calls.truncate(calls);
        self.later.retain(|(call, _)| *call < calls);
        self.facts.sinks.truncate(sinks);
        self.facts.enclosures.truncate(enclosures);
        Value { call: None, ..if value.duration { value } else { Value::unknown(Span::default()) } }
    }
}

/// Whether a value is a range.
fn is_range(value: &Value) -> bool {
    value.fields.iter().any(|(name, _)| name == "start" || name == "end")
}

/// Whether the content of a list or a text is fixed: it is constant, or a constant with unknown content.
fn is_fixed(written: &Expr, value: &Value) -> bool {
    let known = |value: &Value| value.readings().all(|value| value.constant().is_some());
    let is_listed = value.items.as_ref().is_some_and(|items| items.iter().all(known)) || known(value);
    !value.interests() && (is_listed || is_written_out(written))
}

/// Whether an expression is a literal, a constant, a variant, or a list of such.
fn is_written_out(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(_) => true,
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident.to_string().starts_with(|first: char| first.is_uppercase())),
        Expr::Array(array) => array.elems.iter().all(is_written_out),
        Expr::Reference(inner) => is_written_out(&inner.expr),
        Expr::Paren(inner) => is_written_out(&inner.expr),
        Expr::MethodCall(call) => call.args.is_empty() && is_written_out(&call.receiver),
        _ => false,
    }
}

/// Methods without arguments whose result shows as much about their receiver when it is checked.
const SAME: &[&str] = &["as_str", "as_ref", "as_bytes", "as_path", "as_os_str", "chars", "bytes", "clone", "get"];
