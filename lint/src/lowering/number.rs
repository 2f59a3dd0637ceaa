//! Numbers: operations that keep or change their bounds, and their uses as a wait, a size or a count.

use syn::{BinOp, Expr};

use super::lower::Lower;
use super::{CallId, SinkKind};
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Value};

impl<'a> Lower<'a> {
    /// Evaluates `u8::try_from(number)`, `cmp::min(a, b)` and similar functions, which keep the facts about a number.
    pub(super) fn converted(path: &str, arguments: &[Value]) -> Option<Value> {
        let (holder, name) = path.rsplit_once("::")?;
        let holder = holder.rsplit("::").next()?;
        match (holder, name, arguments) {
            (holder, "from" | "try_from" | "new", [number]) => {
                let counted = (holder == "NonZero").then_some(Interval { low: 1.0, high: f64::INFINITY });
                let bounds = Interval::of_type(holder).or(counted)?;
                Some(Value { bounds: number.bounds.meet(bounds), ..number.clone() })
            }
            (holder, "from_str" | "from_str_radix", [text, ..]) => {
                let bounds = Interval::of_type(holder)?;
                Some(Value { bounds: text.bounds.meet(bounds), parsed: true, ..text.clone() })
            }
            (holder, "min" | "max", [one, other])
                if ["cmp", "Ord", "Duration"].contains(&holder) || Interval::of_type(holder).is_some() =>
            {
                let (bounds, others) = (one.bounds, other.bounds);
                let chosen = if name == "min" { f64::min } else { f64::max };
                let bounds = Interval { low: chosen(bounds.low, others.low), high: chosen(bounds.high, others.high) };
                let mut value = Value { bounds, ..one.clone().join(other) };
                if name == "min" {
                    value.cap(one);
                    value.cap(other);
                }
                Some(value)
            }
            (holder, "clamp", [value, low, high]) if holder == "Ord" || Interval::of_type(holder).is_some() => {
                let range = Interval { low: low.bounds.low, high: high.bounds.high };
                Some(Value { bounds: value.bounds.meet(range), ..value.clone() })
            }
            _ => None,
        }
    }

    /// Evaluates methods that narrow or combine numbers and durations.
    pub(super) fn arithmetic(name: &str, receiver: &Value, arguments: &[Value]) -> Option<Value> {
        let first = arguments.first();
        let mut value = receiver.clone();
        match name {
            "min" => {
                value.bounds.high = value.bounds.high.min(first?.bounds.high);
                value.cap(first?);
            }
            "max" => {
                value.bounds.low = value.bounds.low.max(first?.bounds.low);
                value.bounds.high = value.bounds.high.max(first?.bounds.high);
            }
            "clamp" => {
                let range = Interval { low: first?.bounds.low, high: arguments.get(1)?.bounds.high };
                value.bounds = value.bounds.meet(range);
                value.cap(arguments.get(1)?);
            }
            "saturating_mul" | "wrapping_mul" | "checked_mul" | "mul_f64" | "mul_f32" => {
                value.bounds = Interval::binary('*', receiver.bounds, first?.bounds);
                value.taint_from(first?);
            }
            "saturating_add" | "wrapping_add" | "checked_add" => {
                value.bounds = Interval::binary('+', receiver.bounds, first?.bounds);
                value.taint_from(first?);
            }
            "saturating_sub" | "checked_sub" => {
                value.bounds = Interval::binary('-', receiver.bounds, first?.bounds);
                // The result of an unsigned type is never negative.
                value.bounds.low =
                    if receiver.bounds.low >= 0.0 { value.bounds.low.max(0.0) } else { value.bounds.low };
                value.taint_from(first?);
            }
            "pow" | "saturating_pow" | "checked_pow" | "powi" | "powf" => {
                value.bounds = Interval::binary('^', receiver.bounds, first?.bounds);
                value.taint_from(first?);
            }
            _ => return None,
        }
        Some(value)
    }

    /// Evaluates a constructor of `Duration`: records a sink and returns a value in seconds.
    pub(super) fn duration(&mut self, path: &str, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let name = name.rsplit("::").next().unwrap_or(name);
        let (_, scale) = tables::DURATIONS.iter().find(|(known, _)| *known == name)?;
        let holder = path.rsplit("::").nth(1)?;
        let makes_one =
            if name == "new" { holder == "Duration" } else { ["Duration", "TimeDelta", "Span"].contains(&holder) };
        if !makes_one {
            return None;
        }
        let first = arguments.first()?;
        let mut value = Value { duration: true, ..Value::unknown(span) };
        let whole = holder == "Duration" && !name.contains("_f") && name.starts_with(['f', 'n']);
        let bounds = Interval::of_type("u64").filter(|_| whole).map_or(first.bounds, |all| first.bounds.meet(all));
        value.bounds = bounds.map(|number| number * scale);
        for argument in arguments {
            value.taint_from(argument);
        }
        value.validated = first.validated;
        value.caps.clone_from(&first.caps);
        value.call = self.record(path.to_owned(), name.to_owned(), None, arguments.to_vec(), span, span).call;
        Some(value)
    }

    /// Adds a sink for a wait whose length is the value.
    pub(super) fn waits(&mut self, value: &Value, span: Span, by: String, call: Option<CallId>) {
        if value.interests() {
            self.sink(SinkKind::Duration, value.clone(), span, by, call);
        }
    }

    /// Adds a sink for a text that is parsed into a duration type: its author chooses the unit, too.
    pub(super) fn parsed_to(&mut self, value: &Value, wanted: &syn::Type, span: Span) {
        if value.parsed && value.interests() && super::types::type_name(wanted) == "Duration" {
            self.sink(SinkKind::Duration, value.clone(), span, "parse".to_owned(), None);
        }
    }

    /// Adds a sink for `while done < count`, if the count comes from a text; a deadline does not count.
    pub(super) fn round_count(&mut self, condition: &'a Expr) {
        let Expr::Binary(binary) = condition else { return };
        if !matches!(binary.op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Ne(_)) {
            return;
        }
        let span = self.extent(condition);
        for side in [&binary.left, &binary.right] {
            let value = self.peek(side);
            if value.parsed && !value.duration && value.interests() {
                self.sink(SinkKind::Size, value, span, "while".to_owned(), None);
            }
        }
    }

    /// Evaluates `(0..).take(count)`: a limit for an iterator that ends, the count for one that does not.
    pub(super) fn taken(&mut self, receiver: &Value, count: &Value, span: Span) {
        let open = receiver.fields.iter().any(|(name, _)| name == "start") && receiver.field("end").is_none();
        let made_by = receiver.call.map(|call| self.facts.calls[call].name.as_str());
        if count.interests() && (open || made_by.is_some_and(|name| tables::ENDLESS.contains(&name))) {
            self.sink(SinkKind::Size, count.clone(), span, "take".to_owned(), None);
        }
    }

    /// Adds a sink for `for _ in 0..count`, also for `(0..count).rev()`.
    pub(super) fn loop_count(&mut self, over: &Expr, range: &Value) {
        let mut over = over;
        loop {
            over = match over {
                Expr::Paren(inner) => &inner.expr,
                Expr::MethodCall(call) if tables::REORDERING.iter().any(|name| call.method == name) => &call.receiver,
                _ => break,
            };
        }
        if let Expr::Range(_) = over
            && (!range.sources.is_empty() || !range.parameters.is_empty())
        {
            self.sink(SinkKind::Size, range.clone(), range.span, "for".to_owned(), None);
        }
    }
}
