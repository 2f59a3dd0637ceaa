//! Lists: texts taken apart, and what is taken out of a list.

use syn::Expr;

use crate::span::Span;
use crate::value::{Piece, Value};

/// A known text taken apart.
pub(super) fn split_constant(text: &str, by: Option<&str>, span: Span) -> Value {
    let item = |word: &str| Value::text(span, word);
    let items = match by {
        Some(by) if !by.is_empty() => text.split(by).map(item).collect(),
        _ => text.split_whitespace().map(item).collect(),
    };
    Value::list(span, items)
}

/// Whether `by`, whose value is `value`, takes a text apart at white space: `' '`, `char::is_whitespace`, a closure that
/// asks for that, a list of characters with a blank.
pub(super) fn is_white_space(by: &Expr, value: &Value) -> bool {
    let is_blank = |value: &Value| value.constant().is_some_and(|text| text == " " || text == "\t");
    let asks = |name: &syn::Ident| name == "is_whitespace" || name == "is_ascii_whitespace";
    match by {
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| asks(&last.ident)) || is_blank(value),
        Expr::Closure(closure) => matches!(&*closure.body, Expr::MethodCall(call) if asks(&call.method)),
        _ => is_blank(value) || value.items.iter().flatten().any(is_blank),
    }
}

/// A text taken apart at white space.
pub(super) fn split_of(text: &Value, span: Span) -> Value {
    Value { split: Some(span), pieces: vec![Piece::Hole], items: None, span, ..text.clone() }
}

/// What `next`, `nth`, `first`, `last` and `get` give of a list.
pub(super) fn item_of(list: &Value, method: &str, argument: Option<&Value>) -> Option<Value> {
    let items = list.items.as_ref()?;
    let known = match method {
        "nth" | "get" => {
            let at = argument.and_then(Value::exact)?.to_string();
            items.get(at.parse::<usize>().ok()?)
        }
        "last" => items.last(),
        _ => items.first(),
    };
    Some(known.cloned().unwrap_or_else(|| element(list)))
}

/// What a closure of `map` gets: an item of a list, or the value itself.
pub(super) fn element(value: &Value) -> Value {
    match value.items.as_deref() {
        Some([first, rest @ ..]) => rest.iter().fold(first.clone(), Value::join),
        _ => value.clone(),
    }
}
