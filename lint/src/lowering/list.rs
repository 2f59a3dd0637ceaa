//! Lists: splitting texts, and taking items out of lists.

use syn::Expr;

use crate::span::Span;
use crate::value::{Piece, Value};

/// Returns the result of a method that splits a text, takes items out of a list, or joins lists.
pub(super) fn taken_apart(
    call: &syn::ExprMethodCall,
    name: &str,
    receiver: &Value,
    arguments: &[Value],
    span: Span,
) -> Option<Value> {
    let first = arguments.first();
    let mut value = receiver.clone();
    match name {
        "split_whitespace" | "split_ascii_whitespace" | "split" if receiver.constant().is_some() => {
            let by = first.and_then(Value::constant);
            return Some(split_constant(&receiver.constant()?, by.as_deref(), span));
        }
        "split_whitespace" | "split_ascii_whitespace" => return Some(split_of(receiver, span)),
        "split" | "splitn" | "rsplit" | "split_terminator" | "split_inclusive"
            if call.args.last().zip(arguments.last()).is_some_and(|(by, value)| is_white_space(by, value)) =>
        {
            return Some(split_of(receiver, span));
        }
        "next" | "nth" | "first" | "last" | "get" if receiver.split.is_some() || receiver.items.is_some() => {
            value = item_of(receiver, name, first).unwrap_or(value);
        }
        // The item of `to_socket_addrs` on one address is that address.
        "next" if receiver.constant().is_some() || resolves(&call.receiver) => {}
        "split_once" | "rsplit_once" if first.and_then(Value::constant).is_some_and(|by| by == " ") => {
            let part = split_of(receiver, span);
            value = Value { items: Some(vec![part.clone(), part]), split: None, ..value };
        }
        "chain" if receiver.items.is_some() && first.is_some() => {
            let more = match &first?.items {
                Some(items) => items.clone(),
                None => vec![Value { spread: true, ..first?.clone() }],
            };
            let items = receiver.items.iter().flatten().cloned().chain(more).collect();
            value = Value { call: receiver.call, ..Value::list(span, items) };
        }
        "choose" | "step_by" | "skip" if !receiver.fields.is_empty() => {}
        "find" | "max_by_key" | "min_by_key" | "choose" if receiver.items.is_some() => value = element(receiver),
        // A random number from a range stays within the bounds of the range.
        "random_range" | "gen_range" if first.is_some_and(|range| !range.fields.is_empty()) => {
            value = Value { pieces: vec![Piece::Hole], ..first?.clone() };
            value.taint_from(receiver);
        }
        "split_first" if receiver.split.is_some() || receiver.items.is_some() => {
            let first = item_of(receiver, "first", None).unwrap_or_else(|| receiver.clone());
            let rest = match &receiver.items {
                Some(items) => Value::list(span, items.iter().skip(1).cloned().collect()),
                None => receiver.clone(),
            };
            value = Value { items: Some(vec![first, rest]), split: None, ..value };
        }
        _ => return None,
    }
    Some(value)
}

/// Whether the expression is a call of `to_socket_addrs`, possibly unwrapped.
fn resolves(expression: &Expr) -> bool {
    match expression {
        Expr::Try(inner) => resolves(&inner.expr),
        Expr::MethodCall(call) if call.method == "unwrap" || call.method == "expect" => resolves(&call.receiver),
        Expr::MethodCall(call) => call.method == "to_socket_addrs",
        _ => false,
    }
}

/// Splits a known text.
pub(super) fn split_constant(text: &str, by: Option<&str>, span: Span) -> Value {
    let item = |word: &str| Value::text(span, word);
    let items = match by {
        Some(by) if !by.is_empty() => text.split(by).map(item).collect(),
        _ => text.split_whitespace().map(item).collect(),
    };
    Value::list(span, items)
}

/// Whether `by`, whose value is `value`, splits a text at white space: `' '`, `char::is_whitespace`, a closure that
/// calls it, or a list of characters with a blank.
pub(super) fn is_white_space(by: &Expr, value: &Value) -> bool {
    let is_blank = |value: &Value| value.constant().is_some_and(|text| text == " " || text == "\t");
    let asks = |name: &syn::Ident| name == "is_whitespace" || name == "is_ascii_whitespace";
    match by {
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| asks(&last.ident)) || is_blank(value),
        Expr::Closure(closure) => matches!(&*closure.body, Expr::MethodCall(call) if asks(&call.method)),
        _ => is_blank(value) || value.items.iter().flatten().any(is_blank),
    }
}

/// Splits an unknown text at white space.
pub(super) fn split_of(text: &Value, span: Span) -> Value {
    Value { split: Some(span), pieces: vec![Piece::Hole], items: None, span, ..text.clone() }
}

/// Returns the result of `next`, `nth`, `first`, `last` or `get` on a list.
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

/// Returns the argument of a `map` closure: an item of the list, or the value itself.
pub(super) fn element(value: &Value) -> Value {
    match value.items.as_deref() {
        Some([first, rest @ ..]) => rest.iter().fold(first.clone(), Value::join),
        _ => Value { ty: value.item_type().or_else(|| value.ty.clone()), ..value.clone() },
    }
}

/// Returns the path that results from collecting `parts`.
pub(super) fn path_of_parts(parts: &Value, span: Span) -> Value {
    let mut path = Value { pieces: Vec::new(), ..Value::unknown(parts.span) };
    for (index, part) in parts.items.iter().flatten().enumerate() {
        // An absolute part replaces what was before it.
        if part.prefix().starts_with('/') {
            path.pieces.clear();
        } else if index > 0 {
            path.append(&Value::text(span, "/"));
        }
        path.append(part);
    }
    if path.pieces.is_empty() { parts.clone() } else { path }
}
