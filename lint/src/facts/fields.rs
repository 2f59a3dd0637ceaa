//! Fields of structs: what their declarations tell, and the part of a value that one is.
//!
//! They are known by their name alone. Of two structs with a field of one name, what both say counts.

use proc_macro2::TokenTree;
use syn::{Attribute, Fields};

use super::lower::Lower;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Source, Value};

/// What the type of a field tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    /// Its name, if a rule asks for it.
    pub(super) declared: Option<&'static str>,
    /// What a number can be.
    pub(super) bounds: Option<Interval>,
    /// The variable of the environment that a parser of command lines may take it from.
    pub(super) source: Option<Source>,
    /// That parser checks a range.
    pub(super) validated: bool,
}

impl Lower<'_> {
    /// Remembers what the types of fields tell; of two structs with a field of one name only what both say.
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

    /// The variable of the environment that `#[arg(env = "NAME")]` names, and whether a range is checked there.
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

    /// What the declaration of the field called `name` tells.
    pub(super) fn field(&self, name: &str) -> Field {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// The part of `base` with that name, or at that place of a tuple.
    pub(super) fn field_of(&self, base: &Value, name: &str, span: Span) -> Value {
        base.field(name).cloned().unwrap_or_else(|| {
            let of_type = self.field(name);
            let declared = match (base.declared, name) {
                (Some("Child"), "stdout") => Some("ChildStdout"),
                (Some("Child"), "stderr") => Some("ChildStderr"),
                _ => of_type.declared,
            };
            let mut part = base.part(name, span);
            part.sources.extend(of_type.source);
            let (bounds, validated) = (of_type.bounds.unwrap_or(part.bounds), of_type.validated);
            Value { bounds, validated, declared, ..part }
        })
    }
}
