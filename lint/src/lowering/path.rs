//! Methods of paths that replace or add components.

use super::lower::Lower;
use crate::span::Span;
use crate::value::{Piece, Value};

/// Methods of a path that change it, and those that return the changed path.
const CHANGING: &[&str] = &["push", "extend", "set_file_name", "set_extension"];
const RETURNING: &[&str] = &["with_file_name", "with_extension"];

/// Whether the value is a path that is known in part.
fn is_path(value: &Value) -> bool {
    let is_absolute = value.prefix().starts_with('/') && !value.is_of(&["String"]);
    is_absolute || value.is_of(&["PathBuf", "Path"]) && value.call.is_none()
}

/// Returns the path with `part` instead of its last component.
fn renamed(path: &Value, part: &Value, span: Span) -> Option<Value> {
    let (last, text, end) = path.pieces.iter().enumerate().rev().find_map(|(at, piece)| match piece {
        Piece::Text(text) => text.rfind('/').map(|end| (at, text, end)),
        _ => None,
    })?;
    let mut pieces = path.pieces.clone();
    pieces.truncate(last);
    pieces.push(Piece::Text(text[..=end].to_owned()));
    let mut value = Value { pieces, choices: Vec::new(), span, ..path.clone() };
    value.append(part);
    Some(value)
}

/// Returns the path with another extension. An unknown extension makes the whole name unknown.
fn with_extension(path: &Value, extension: &Value, span: Span) -> Value {
    let mut value = Value { span, ..path.clone() };
    cut_extension(&mut value);
    if extension.constant().as_deref() == Some("") {
        return value;
    }
    value.append(&Value::text(extension.span, "."));
    value.append(extension);
    value
}

/// Removes the extension of the path and of its alternatives. An extension that contains unknown text stays, because that
/// text may contain another dot.
fn cut_extension(path: &mut Value) {
    path.choices.iter_mut().for_each(cut_extension);
    let is_whole = path.pieces.len() == 1;
    let Some(Piece::Text(text)) = path.pieces.last_mut() else { return };
    text.truncate(text.trim_end_matches('/').len());
    let name = text.rfind('/').map_or(0, |slash| slash + 1);
    // The dot of `.profile` starts the name.
    let may_be_first = name == 0 && !is_whole;
    if let Some(dot) = text.rfind('.').filter(|dot| *dot > name || may_be_first) {
        text.truncate(dot);
    }
}

/// Adds a component; an absolute one replaces the path.
fn add(path: &mut Value, part: &Value) {
    if part.prefix().starts_with('/') {
        let (call, ty) = (path.call, path.ty.take());
        *path = Value { call, ty, ..part.clone() };
        return;
    }
    path.append(&Value::text(part.span, "/"));
    path.append(part);
}

impl Lower<'_> {
    /// Evaluates a method that changes the path `receiver`, a variable at `place`, or returns a changed path.
    pub(super) fn path_method(
        &mut self,
        name: &str,
        place: &syn::Expr,
        (receiver, part): (&Value, &Value),
        span: Span,
    ) -> Option<Value> {
        let is_change = CHANGING.contains(&name);
        if !is_change && !RETURNING.contains(&name) || receiver.items.is_some() || !is_path(receiver) {
            return None;
        }
        let mut value = Value { span, ..receiver.clone() };
        match (name, part.items.as_deref()) {
            ("extend", Some(parts)) => parts.iter().for_each(|part| add(&mut value, part)),
            ("push", _) if receiver.is_of(&["PathBuf"]) || !part.prefix().is_empty() => add(&mut value, part),
            ("set_file_name" | "with_file_name", _) => value = renamed(receiver, part, span)?,
            ("set_extension" | "with_extension", _) => value = with_extension(receiver, part, span),
            _ => return None,
        }
        if !is_change {
            return Some(value);
        }
        self.store(part);
        self.assign(place, value);
        Some(Value::unknown(span))
    }
}
