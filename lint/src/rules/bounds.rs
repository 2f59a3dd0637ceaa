//! Shared parts of the rules about numbers from the environment: a sink, a bound, and the texts.

use crate::facts::Sink;
use crate::rule::Hit;
use crate::value::{Origin, Value};

/// The bound of a rule, and the texts for its message.
pub(super) struct Bound<'a> {
    /// The largest harmless value.
    pub high: f64,
    /// Formats the largest possible value.
    pub shown: &'a dyn Fn(f64) -> String,
    /// The largest harmless value as text.
    pub limit: String,
    /// The effect of the value, for example `wait`.
    pub what: &'static str,
    /// The remedy.
    pub help: &'static str,
}

/// Returns a hit at the location that reads the environment, if the value has no sufficient bound.
pub(super) fn judged(sink: &Sink, value: &Value, bound: &Bound<'_>) -> Option<Hit> {
    let source = value.source(Origin::Environment)?;
    // If a parameter limits the value, the caller that passes it is checked instead.
    if value.validated || !value.caps.is_empty() || value.bounds.high <= bound.high {
        return None;
    }
    let name = source.name.as_ref().map_or_else(|| "the environment".to_owned(), |name| format!("`{name}`"));
    let (most, limit) = ((bound.shown)(value.bounds.high), &bound.limit);
    let message = match bound.what {
        "wait" => format!("{name} may make this test wait {most}, and the limit is {limit}"),
        what => format!("{name} decides {what} and may ask for {most}, and the limit is {limit}"),
    };
    let through = sink.through.as_ref().map_or_else(String::new, |function| format!(", in `{function}`"));
    let label = format!("it is used here by `{}`{through}", sink.by);
    let mut hit = Hit::new(sink.function, source.span, message, bound.help).label(sink.span, label);
    if value.span != sink.span && value.span != source.span {
        hit = hit.label(value.span, "after having passed here");
    }
    Some(hit)
}

/// Formats a number. An `f64` cannot hold the largest 64-bit number; its neighbour is shown as that number.
pub(super) fn number(high: f64) -> String {
    const ONE_TOO_MANY: f64 = 18_446_744_073_709_551_616.0;
    match high {
        high if !high.is_finite() => "any number".to_owned(),
        high if (high - ONE_TOO_MANY).abs() < 1.0 => u64::MAX.to_string(),
        high => format!("{high}"),
    }
}
