//! Operators with two operands: numbers, joined texts, flags, and conditions that may skip their second operand.

use syn::{BinOp, Expr};

use crate::ir::Why;
use crate::lowering::lower::Lower;
use crate::value::{Interval, Origin, Value};

impl<'a> Lower<'a> {
    /// Evaluates both operands, and the operator.
    pub(super) fn binary(&mut self, binary: &'a syn::ExprBinary, expression: &'a Expr) -> Value {
        let left = self.expression(&binary.left);
        let from = self.frame.flow.here();
        let may_skip = matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
        if may_skip {
            self.follow(from, Why::Arm, None);
        }
        let right = self.expression(&binary.right);
        if may_skip {
            let end = self.frame.flow.here();
            self.meet(&[(end, Why::Next), (from, Why::Arm)]);
        }
        let operator = match binary.op {
            BinOp::Add(_) | BinOp::AddAssign(_) => '+',
            BinOp::Sub(_) | BinOp::SubAssign(_) => '-',
            BinOp::Mul(_) | BinOp::MulAssign(_) => '*',
            BinOp::Div(_) | BinOp::DivAssign(_) => '/',
            BinOp::Rem(_) | BinOp::RemAssign(_) => '%',
            BinOp::BitOr(_) => {
                // A combination of flags keeps the names of the flags.
                let names: Vec<&str> = left.path.iter().chain(&right.path).map(String::as_str).collect();
                let path = (!names.is_empty()).then(|| names.join("|"));
                let mut value = Value { path, ..Value::unknown(self.extent(expression)) };
                value.taint_from(&left);
                value.taint_from(&right);
                return value;
            }
            BinOp::Shl(_) | BinOp::Shr(_) => {
                let direction = if matches!(binary.op, BinOp::Shl(_)) { '<' } else { '>' };
                let bounds = Interval::binary(direction, left.bounds, right.bounds);
                let mut value = Value { bounds, ..Value::unknown(self.extent(expression)) };
                value.taint_from(&left);
                value.taint_from(&right);
                return match value.exact() {
                    Some(number) if !value.interests() => Value::number(value.span, number),
                    _ => value,
                };
            }
            BinOp::BitAnd(_) | BinOp::BitXor(_) => {
                let mut value = Value::unknown(self.extent(expression));
                value.taint_from(&left);
                value.taint_from(&right);
                if let (BinOp::BitAnd(_), Some(mask)) = (binary.op, right.exact()) {
                    value.bounds = Interval { low: 0.0, high: mask };
                }
                return value;
            }
            _ => return Value::unknown(self.extent(expression)),
        };
        let mut value = Value::unknown(self.extent(expression));
        let counted = sum_of_counter(operator, &left, &right);
        if operator == '+' && counted.is_none() && left.exact().is_none() && !left.duration {
            value.pieces.clear();
            value.append(&left);
            value.append(&right);
        } else {
            value.taint_from(&left);
            value.taint_from(&right);
        }
        value.bounds = Interval::binary(operator, left.bounds, right.bounds);
        if let Some(first) = counted {
            value = value.counted(first);
        }
        value.duration = left.duration || right.duration;
        value.call = left.call.or(right.call);
        if operator == '+' && right.duration && left.source(Origin::Time).is_some() {
            let span = value.span;
            self.waits(&right, span, "a deadline".to_owned(), None);
        }
        if matches!(
            binary.op,
            BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::MulAssign(_) | BinOp::DivAssign(_) | BinOp::RemAssign(_)
        ) {
            if self.frame.surroundings.is_repeated() && left.sources.is_empty() && right.sources.is_empty() {
                value.bounds = Interval::ALL;
            }
            self.assign(&binary.left, value.clone());
        }
        value
    }
}

/// Returns the first result of an operation on the numbers of a counter: `13_000 + NEXT.fetch_add(1, Relaxed)`.
fn sum_of_counter(operator: char, left: &Value, right: &Value) -> Option<f64> {
    let number = |value: &Value| value.counter().or(value.exact());
    let (first, second) = (number(left)?, number(right)?);
    left.counter().or(right.counter())?;
    match operator {
        '+' => Some(first + second),
        '-' => Some(first - second),
        '*' => Some(first * second),
        '%' if second != 0.0 => Some(first % second),
        _ => None,
    }
}
