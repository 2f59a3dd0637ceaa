//! Closed intervals of numbers: the known bounds of a value.

/// `low..=high`; an unknown bound is infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    /// The lowest possible value.
    pub low: f64,
    /// The highest possible value.
    pub high: f64,
}

impl Interval {
    /// Every number.
    pub(crate) const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// One number.
    pub(crate) fn exactly(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Returns the range of the primitive type `name`; `None` for other types.
    pub(crate) fn of_type(name: &str) -> Option<Self> {
        let unsigned = |bits: i32| Self { low: 0.0, high: 2f64.powi(bits) - 1.0 };
        let signed = |bits: i32| Self { low: -2f64.powi(bits - 1), high: 2f64.powi(bits - 1) - 1.0 };
        Some(match name {
            "u8" => unsigned(8),
            "u16" => unsigned(16),
            "u32" => unsigned(32),
            "u64" | "usize" => unsigned(64),
            "u128" => unsigned(128),
            "i8" => signed(8),
            "i16" => signed(16),
            "i32" => signed(32),
            "i64" | "isize" => signed(64),
            "i128" => signed(128),
            "f32" | "f64" => Self::ALL,
            "NonZeroU8" => Self { low: 1.0, ..unsigned(8) },
            "NonZeroU16" => Self { low: 1.0, ..unsigned(16) },
            "NonZeroU32" => Self { low: 1.0, ..unsigned(32) },
            "NonZeroU64" | "NonZeroUsize" => Self { low: 1.0, ..unsigned(64) },
            _ => return None,
        })
    }

    /// Returns the intersection; for disjoint intervals, the lower bound of the upper one.
    #[must_use]
    pub(crate) fn meet(self, other: Self) -> Self {
        let low = self.low.max(other.low);
        Self { low, high: self.high.min(other.high).max(low) }
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub(crate) fn join(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Removes `taken`; has an effect only if `taken` covers one of the ends.
    #[must_use]
    pub(crate) fn without(self, taken: Self) -> Self {
        match (taken.low <= self.low, taken.high >= self.high) {
            (true, false) => Self { low: taken.high, ..self },
            (false, true) => Self { high: taken.low, ..self },
            _ => self,
        }
    }

    /// Applies a non-decreasing function to both bounds.
    #[must_use]
    pub(crate) fn map(self, apply: impl Fn(f64) -> f64) -> Self {
        Self { low: apply(self.low), high: apply(self.high) }
    }

    /// Returns the result of `left operator right`; all numbers for operators that are not modelled.
    pub(crate) fn binary(operator: char, left: Self, right: Self) -> Self {
        let corners = |apply: fn(f64, f64) -> f64| {
            let all = [
                apply(left.low, right.low),
                apply(left.low, right.high),
                apply(left.high, right.low),
                apply(left.high, right.high),
            ];
            if all.iter().any(|corner| corner.is_nan()) {
                return Self::ALL;
            }
            Self {
                low: all.iter().copied().fold(f64::INFINITY, f64::min),
                high: all.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            }
        };
        match operator {
            '+' => Self { low: left.low + right.low, high: left.high + right.high },
            '-' => Self { low: left.low - right.high, high: left.high - right.low },
            '*' => corners(|a, b| if a == 0.0 || b == 0.0 { 0.0 } else { a * b }),
            '/' if right.low > 0.0 || right.high < 0.0 => corners(|a, b| a / b),
            '%' if right.high.is_finite() && right.low >= 0.0 => {
                Self { low: if left.low < 0.0 { -right.high } else { 0.0 }, high: right.high.min(left.high.max(0.0)) }
            }
            // Only for counts: a base below one would reverse the order.
            '^' if left.low >= 1.0 && right.low >= 0.0 => {
                Self { low: left.low.powf(right.low), high: left.high.powf(right.high) }
            }
            // Higher bits may be lost. A wider shift panics, or is cut to the width.
            '<' if left.low >= 0.0 && right.low >= 0.0 && right.high < 128.0 => {
                let high = left.high * right.high.exp2();
                Self { low: if left.low >= left.high && right.low >= right.high { high } else { 0.0 }, high }
            }
            '>' if left.low >= 0.0 && right.low >= 0.0 && right.high < 128.0 => {
                Self { low: (left.low / right.high.exp2()).floor(), high: (left.high / right.low.exp2()).floor() }
            }
            _ => Self::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_follow_the_type_and_the_operators() {
        assert_eq!(Interval::of_type("u8").map(|interval| interval.high), Some(255.0));
        let tens = Interval { low: 0.0, high: 10.0 };
        assert_eq!(Interval::binary('*', tens, Interval::exactly(3.0)), Interval { low: 0.0, high: 30.0 });
        assert_eq!(Interval::binary('%', Interval::ALL, Interval::exactly(7.0)), Interval { low: -7.0, high: 7.0 });
        assert_eq!(Interval::binary('/', tens, tens), Interval::ALL, "a divisor may be zero");
        assert_eq!(Interval::binary('^', Interval::exactly(2.0), tens), Interval { low: 1.0, high: 1024.0 });
        assert_eq!(
            Interval::binary('<', Interval::exactly(1.0), Interval::exactly(20.0)),
            Interval::exactly(1_048_576.0)
        );
        assert_eq!(Interval::binary('<', tens, Interval { low: 0.0, high: 2.0 }), Interval { low: 0.0, high: 40.0 });
        assert_eq!(Interval::binary('<', tens, Interval::ALL), Interval::ALL, "a shift of unknown width");
        assert_eq!(Interval::binary('>', tens, Interval::exactly(1.0)), Interval { low: 0.0, high: 5.0 });
        let high = Interval { low: 7.0, high: f64::INFINITY };
        assert_eq!(tens.without(high), Interval { low: 0.0, high: 7.0 });
        assert_eq!(tens.without(Interval::exactly(5.0)), tens, "a hole in the middle is none");
        assert_eq!(Interval::ALL.meet(tens), tens);
        assert_eq!(tens.join(Interval::exactly(99.0)), Interval { low: 0.0, high: 99.0 });
    }
}
