//! Constants and statics of a file, each known by its name and the module or type around it: two modules may have one of
//! the same name.

use std::collections::HashMap;

use syn::{Expr, Type};

use super::lower::{Frame, Lower};
use crate::resolve::{is_within, qualifier_and_name};
use crate::span::Span;
use crate::value::Value;

/// All of a file.
#[derive(Default)]
pub(super) struct Constants<'a> {
    all: Vec<Constant<'a>>,
    by_name: HashMap<String, Vec<usize>>,
}

struct Constant<'a> {
    /// Modules and type around it.
    within: String,
    expression: &'a Expr,
    declared: &'a Type,
    /// It is test code.
    test: bool,
    value: State,
}

#[derive(Clone)]
enum State {
    NotYet,
    /// One that needs itself is not known.
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
        self.by_name.entry(name).or_default().push(self.all.len());
        self.all.push(Constant { within, expression, declared, test, value: State::NotYet });
    }

    /// The one that `path` names for code that stands within `here`.
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
        // Of those for different systems, in the same place, it is one like the others.
        let alike = || {
            let first = within(named.first()?);
            named.last().copied().filter(|_| named.iter().all(|index| within(index) == first))
        };
        by_path.or_else(around).or_else(alike)
    }

    /// The values by name; none for names that occur twice.
    pub(super) fn told(&self) -> impl Iterator<Item = (&String, Option<&Value>)> {
        self.by_name.iter().map(|(name, all)| match all[..] {
            [only] => match &self.all[only].value {
                State::Known(value) => (name, Some(&**value)),
                _ => (name, None),
            },
            _ => (name, None),
        })
    }
}

impl Lower<'_> {
    /// Evaluates all constants, in the order of the file.
    pub(super) fn evaluate_constants(&mut self) {
        for index in 0..self.constants.all.len() {
            self.evaluated(index);
        }
    }

    /// The value of the constant of this file that `path` names or, if there is none, of another one.
    pub(super) fn constant(&mut self, path: &str, place: Span) -> Option<Value> {
        let (_, name) = qualifier_and_name(path);
        if self.constants.by_name.contains_key(name) {
            let index = self.constants.find(path, &self.frame.within)?;
            return self.evaluated(index);
        }
        self.unresolved.note(name);
        self.externals.constant(name).map(|value| Value::clone(&value).relocated(place))
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
        self.frame = outer;
        self.constants.all[index].value = State::Known(Box::new(value.clone()));
        Some(value)
    }
}
