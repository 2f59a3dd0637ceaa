//! Constants and statics of a file, keyed by name and enclosing module or type, because two modules may use the same
//! name.

use std::collections::HashMap;

use syn::{Expr, Type};

use super::lower::{Frame, Lower};
use crate::resolve::{is_within, qualifier_and_name};
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Piece, Value};

/// All constants of a file.
#[derive(Default)]
pub(super) struct Constants<'a> {
    all: Vec<Constant<'a>>,
    by_name: HashMap<String, Vec<usize>>,
}

struct Constant<'a> {
    name: String,
    /// The enclosing modules and type.
    within: String,
    expression: &'a Expr,
    declared: &'a Type,
    /// Whether it is test code.
    test: bool,
    value: State,
}

#[derive(Clone)]
enum State {
    NotYet,
    /// It is being evaluated; a constant that depends on itself stays unknown.
    Now,
    Known(Box<Value>),
}

impl<'a> Constants<'a> {
    pub(super) fn define(
        &mut self,
        name: String,
        within: String,
        expression: &'a Expr,
        declared: &'a Type,
        test: bool,
    ) {
        self.by_name.entry(name.clone()).or_default().push(self.all.len());
        self.all.push(Constant { name, within, expression, declared, test, value: State::NotYet });
    }

    /// Returns the constant that `path` names for code inside `here`.
    fn find(&self, path: &str, here: &str) -> Option<usize> {
        let (qualifier, name) = qualifier_and_name(path);
        let named = self.by_name.get(name)?;
        if let [only] = named[..] {
            return Some(only);
        }
        let within = |index: &usize| self.all[*index].within.as_str();
        let by_path = qualifier.and_then(|holder| {
            let holder = if holder == "Self" { here.rsplit("::").nth(1)? } else { holder };
            named.iter().copied().find(|index| within(index).rsplit("::").next() == Some(holder))
        });
        let around = || {
            let enclosing = named.iter().copied().filter(|index| is_within(here, within(index)));
            enclosing.max_by_key(|index| within(index).len())
        };
        by_path.or_else(around)
    }

    /// Returns the values, keyed by enclosing modules and type and by name.
    pub(super) fn told(&self) -> impl Iterator<Item = (String, &Value)> {
        let named = |(name, all): (&'_ String, &'_ Vec<usize>)| (name.clone(), all.clone());
        let all = self
            .by_name
            .iter()
            .map(named)
            .flat_map(|(name, all)| all.into_iter().map(move |index| (name.clone(), index)));
        let all = all.map(|(name, index)| (name, &self.all[index]));
        all.filter_map(|(name, constant)| {
            let State::Known(value) = &constant.value else { return None };
            let around = if constant.within.is_empty() { String::new() } else { format!("{}::", constant.within) };
            Some((format!("{around}{name}"), &**value))
        })
    }
}

impl Lower<'_> {
    /// Evaluates all constants in file order.
    pub(super) fn evaluate_constants(&mut self) {
        for index in 0..self.constants.all.len() {
            self.evaluated(index);
        }
    }

    /// Returns the value of the constant that `path` names.
    pub(super) fn constant(&mut self, path: &str, place: Span) -> Option<Value> {
        let (_, name) = qualifier_and_name(path);
        let found = self.targets(path);
        let elsewhere = found.iter().find(|definition| !self.is_here(definition));
        if let Some(definition) = elsewhere {
            return self.constant_elsewhere(definition).map(|value| Value::clone(&value).relocated(place));
        }
        if let Some(definition) = found.first() {
            let (around, name) = definition.item.rsplit_once("::").unwrap_or(("", &definition.item));
            let named = self.constants.by_name.get(name).into_iter().flatten().copied();
            let twins: Vec<usize> = named.filter(|index| self.constants.all[*index].within == around).collect();
            let values: Vec<Value> = twins.into_iter().filter_map(|index| self.evaluated(index)).collect();
            let (first, rest) = values.split_first()?;
            return Some(rest.iter().fold(first.clone(), Value::join));
        }
        if self.constants.by_name.contains_key(name) {
            let index = self.constants.find(path, &self.frame.within)?;
            return self.evaluated(index);
        }
        None
    }

    /// Forgets the exact number of a static whose type lets it change, and every number of one that the file stores to.
    pub(super) fn may_change(&self, name: &str, value: &mut Value, declared: &Type) {
        if let Some(begin) = value.exact().filter(|_| changes(declared)) {
            let is_stored = self.stored.contains(name);
            value.pieces = vec![if is_stored { Piece::Hole } else { Piece::Changing(begin.to_string()) }];
            value.bounds = self.bounds_of(declared).unwrap_or(Interval::ALL);
        }
    }

    fn evaluated(&mut self, index: usize) -> Option<Value> {
        let constant = &mut self.constants.all[index];
        match std::mem::replace(&mut constant.value, State::Now) {
            State::Now => return None,
            State::Known(value) => {
                constant.value = State::Known(value.clone());
                return Some(*value);
            }
            State::NotYet => {}
        }
        let (expression, declared) = (constant.expression, constant.declared);
        let within = format!("{}::", constant.within);
        let own = Frame { function: usize::from(constant.test), within, ..Frame::default() };
        let outer = std::mem::replace(&mut self.frame, own);
        let mut value = self.expression(expression);
        self.narrow_to_type(&mut value, declared);
        value.ty = self.type_of(declared).or(value.ty);
        let name = self.constants.all[index].name.clone();
        self.may_change(&name, &mut value, declared);
        self.frame = outer;
        self.constants.all[index].value = State::Known(Box::new(value.clone()));
        Some(value)
    }
}

/// Whether a static of this type changes later, even behind `LazyLock`.
fn changes(declared: &Type) -> bool {
    let Type::Path(path) = declared else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let inside = || match &last.arguments {
        syn::PathArguments::AngleBracketed(generics) => {
            generics.args.iter().any(|inner| matches!(inner, syn::GenericArgument::Type(inner) if changes(inner)))
        }
        _ => false,
    };
    tables::CHANGING.iter().any(|name| last.ident == name) || inside()
}
