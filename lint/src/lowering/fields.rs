//! Struct fields: the facts from their declarations, and the values of fields.
//!
//! Fields are keyed by name alone. If two structs have a field of the same name, only facts that both declare are kept.

use std::sync::Arc;

use proc_macro2::TokenTree;
use syn::{Attribute, Fields};

use super::lower::Lower;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Piece, Source, Type, Value};

/// The facts from the type of a field.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// The name of the type, if a rule checks it.
    pub(super) declared: Option<&'static str>,
    /// The range, for a number.
    pub(super) bounds: Option<Interval>,
    /// The environment variable that a command-line parser may read the field from.
    pub(super) source: Option<Source>,
    /// Whether the parser checks a range.
    pub(super) validated: bool,
}

impl Lower<'_> {
    /// Records the facts of field types; for two structs with a field of the same name, only the common ones.
    pub(super) fn remember_fields(&mut self, fields: &Fields) {
        for field in fields {
            let Some(name) = &field.ident else { continue };
            let (source, validated) = self.setting(field);
            self.reads |= source.is_some();
            let declared = self.declared(&field.ty);
            let own = Field { declared, bounds: self.bounds_of(&field.ty), source, validated };
            let known = self.fields.entry(name.to_string()).or_insert_with(|| own.clone());
            known.source = known.source.take().filter(|_| own.source.is_some());
            known.declared = known.declared.filter(|declared| Some(*declared) == own.declared);
            known.bounds = known.bounds.zip(own.bounds).map(|(one, other)| one.join(other));
        }
    }

    /// Returns the environment variable from `#[arg(env = "NAME")]`, and whether the attribute checks a range.
    fn setting(&self, field: &syn::Field) -> (Option<Source>, bool) {
        let is_parser =
            |attribute: &&Attribute| tables::SETTING_ATTRIBUTES.iter().any(|known| attribute.path().is_ident(known));
        let lists = field.attrs.iter().filter(is_parser).filter_map(|attribute| attribute.meta.require_list().ok());
        let (mut source, mut validated) = (None, false);
        for list in lists {
            let tokens: Vec<_> = list.tokens.clone().into_iter().collect();
            for (at, token) in tokens.iter().enumerate() {
                let TokenTree::Ident(word) = token else { continue };
                validated |= word == "range";
                if word == "env" {
                    let name = match tokens.get(at + 2) {
                        Some(TokenTree::Literal(name)) => Some(name.to_string().trim_matches('"').to_owned()),
                        _ => field.ident.as_ref().map(|name| name.to_string().to_uppercase()),
                    };
                    source = Some(Source { origin: Origin::Environment, name, span: self.span(word.span()) });
                }
            }
        }
        (source, validated)
    }

    /// Returns the origin of the result of a function.
    pub(super) fn origin(&self, path: &str, name: &str, arguments: &[Value]) -> Option<Origin> {
        let parses = arguments.is_empty() && path.contains("::") && tables::PARSING_ARGUMENTS.contains(&name);
        let known = tables::source(path, name).or_else(|| self.extra.source(path, name));
        known.or(parses.then_some(Origin::Option))
    }

    /// Returns the facts from the declaration of the field called `name`.
    pub(super) fn field(&self, name: &str) -> Field {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// Returns the field of `base` with that name, or the tuple item with that index.
    pub(super) fn field_of(&self, base: &Value, name: &str, span: Span) -> Value {
        base.field(name).cloned().unwrap_or_else(|| {
            let of_type = self.field(name);
            let declared = match (base.declared, name) {
                (Some("Child"), "stdout") => Some("ChildStdout"),
                (Some("Child"), "stderr") => Some("ChildStderr"),
                _ => of_type.declared,
            };
            let mut part = base.part(name, span);
            if self.frame.counters.iter().any(|counter| counter == name) {
                part.pieces = vec![Piece::Hole];
            }
            part.sources.extend(of_type.source);
            let (bounds, validated) = (of_type.bounds.unwrap_or(part.bounds), of_type.validated);
            let ty = base.ty.as_ref().and_then(|ty| self.field_type(ty, name));
            let ty = ty.or_else(|| {
                tables::field_of_known(base.ty.as_ref()?.foreign_name()?, name)
                    .map(|known| Arc::new(Type::foreign(known)))
            });
            Value { bounds, validated, declared, ty, ..part }
        })
    }
}
