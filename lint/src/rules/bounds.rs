//! What the rules about numbers of the environment share: a sink, a bound, and the words around them.

use crate::facts::Sink;
use crate::rule::Hit;
use crate::value::{Origin, Value};

/// The bound of a rule and how it speaks.
pub(super) struct Bound<'a> {
    /// The largest harmless value.
    pub high: f64,
    /// The largest possible value in words.
    pub shown: &'a dyn Fn(f64) -> String,
    /// What the value decides, `wait`.
    pub what: &'static str,
    /// The fix.
    pub help: &'static str,
}

/// A hit at the place where the environment is read, if what is read there is not bounded.
pub(super) fn judged(sink: &Sink, value: &Value, bound: &Bound<'_>) -> Option<Hit> {
    let source = value.source(Origin::Environment)?;
    if value.validated || value.bounds.high <= bound.high {
        return None;
    }
    let name = source.name.as_ref().map_or_else(|| "the environment".to_owned(), |name| format!("`{name}`"));
    let most = (bound.shown)(value.bounds.high);
    let message = match bound.what {
        "wait" => format!("{name} may make this test wait {most}: the value has no upper bound"),
        what => format!("{name} decides {what} and may ask for {most}: the value has no upper bound"),
    };
    let through = sink.through.as_ref().map_or_else(String::new, |function| format!(", in `{function}`"));
    let label = format!("it is used here by `{}`{through}", sink.by);
    let mut hit = Hit::new(sink.function, source.span, message, bound.help).label(sink.span, label);
    if value.span != sink.span && value.span != source.span {
        hit = hit.label(value.span, "after having passed here");
    }
    Some(hit)
}
