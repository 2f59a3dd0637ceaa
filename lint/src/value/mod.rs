//! Abstract values: text with holes, list items, bounds, and origins.

mod counter;
mod interval;
mod ty;
mod written;

pub(crate) use interval::Interval;
pub(crate) use ty::{Type, TypeName};

use std::sync::Arc;

use crate::id::{BodyId, CallId, Object};
pub(crate) use crate::kind::Origin;
use crate::span::Span;

/// One source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The kind of source.
    pub origin: Origin,
    /// The name of the environment variable, if it is constant.
    pub name: Option<String>,
    /// The expression that reads the source; if it is in another file, the call that leads there.
    pub span: Span,
}

/// A parameter of the enclosing function, or a part of one. A method's first parameter is `self`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parameter {
    /// The parameter's index.
    pub index: usize,
    /// The path of field names; empty for the whole parameter.
    pub fields: Vec<String>,
}

impl Parameter {
    /// Returns the field called `name`; below [`MAX_FIELDS`] levels it returns the enclosing part.
    fn field(&self, name: &str) -> Self {
        let mut inner = self.clone();
        if inner.fields.len() < MAX_FIELDS {
            inner.fields.push(name.to_owned());
        }
        inner
    }

    /// Returns the value that a call passes for it.
    pub(crate) fn given(&self, arguments: &[Value], call: Span) -> Option<Value> {
        let argument = arguments.get(self.index)?.clone();
        let part = |object: Value, name: &String| {
            let mut part = object.part(name, call);
            // If another function built the object from an environment variable, not every part comes from the
            // variable.
            if object.field(name).is_none() {
                part.sources.retain(|source| object.span.covers(source.span));
            }
            part
        };
        Some(self.fields.iter().fold(argument, part))
    }
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// Known characters.
    Text(String),
    /// The value of a parameter.
    Parameter(Parameter),
    /// Unknown text.
    Hole,
    /// Unknown text, quoted for a shell.
    Quoted,
    /// The text of an unknown number or address, without syntax of a shell.
    Plain,
    /// The text of a static that changes, and that starts with this number in every run.
    Changing(String),
    /// The text of a number that such a static has counted; every run counts from this one.
    Counted(String),
}

/// An abstract value.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by one rule")]
pub(crate) struct Value {
    /// The expression that produced it.
    pub span: Span,
    /// The value as text; a single hole if it is not known to be text.
    pub pieces: Vec<Piece>,
    /// The items, if the value is an array, slice, tuple or `vec!`.
    pub items: Option<Vec<Value>>,
    /// The named fields of a struct literal.
    pub fields: Vec<(String, Value)>,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// The parameters that it depends on.
    pub parameters: Vec<Parameter>,
    /// The known alternatives, for example after a branch or from a table.
    pub choices: Vec<Value>,
    /// The location of the host in a socket address, which may be far from the port.
    pub host: Option<Span>,
    /// The location of the port in a socket address, if another expression than the address writes it.
    pub port: Option<Span>,
    /// The place of a value in this file with which the text begins, and the length of that beginning in bytes, if another
    /// expression composed the text.
    pub base: Option<(Span, usize)>,
    /// The value as a number.
    pub bounds: Interval,
    /// Parameters that are upper bounds of the value; the callers know them.
    pub caps: Vec<Parameter>,
    /// It was compared with a fixed set of values, or passed a check that the analysis does not model.
    pub validated: bool,
    /// The call that created it; later method calls on it belong to the same object.
    pub call: Option<CallId>,
    /// The body of the closure or async block, if the value is one.
    pub body: Option<BodyId>,
    /// The resolved path of the constant or item, for example `std::net::Ipv4Addr::UNSPECIFIED`.
    pub path: Option<String>,
    /// Whether it is a duration; `bounds` are then in seconds.
    pub duration: bool,
    /// The location of a split at white space, if the value is its result or an item of the result.
    pub split: Option<Span>,
    /// It is a part of its call's result, or derived from it.
    pub part: bool,
    /// It was converted from text to another type.
    pub parsed: bool,
    /// The location of a cast to a type that cannot hold every value.
    pub cut: Option<Span>,
    /// It is `None` or an error; code that continues with a value has a different one.
    pub absent: bool,
    /// The value instead, if the parameter that it is turns out to be `None`: `program.unwrap_or("nft")`.
    pub otherwise: Option<Arc<Value>>,
    /// It represents all remaining items of a command line, not one.
    pub spread: bool,
    /// The name of its type, from a signature or an annotation.
    pub declared: Option<&'static str>,
    /// Its type, from constructors, signatures, annotations and fields.
    pub ty: Option<Arc<Type>>,
}

impl Value {
    /// Creates a value about which nothing is known.
    pub(crate) fn unknown(span: Span) -> Self {
        Self {
            span,
            pieces: vec![Piece::Hole],
            items: None,
            fields: Vec::new(),
            sources: Vec::new(),
            parameters: Vec::new(),
            choices: Vec::new(),
            host: None,
            port: None,
            base: None,
            bounds: Interval::ALL,
            caps: Vec::new(),
            validated: false,
            call: None,
            body: None,
            path: None,
            duration: false,
            split: None,
            parsed: false,
            cut: None,
            part: false,
            absent: false,
            otherwise: None,
            spread: false,
            declared: None,
            ty: None,
        }
    }

    /// Creates a known text.
    pub(crate) fn text(span: Span, text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], ..Self::unknown(span) }
    }

    /// Creates a known number.
    pub(crate) fn number(span: Span, number: f64) -> Self {
        Self { pieces: vec![Piece::Text(number.to_string())], bounds: Interval::exactly(number), ..Self::unknown(span) }
    }

    /// Creates the value of the parameter of that index.
    pub(crate) fn parameter(span: Span, index: usize) -> Self {
        let parameter = Parameter { index, fields: Vec::new() };
        Self { pieces: vec![Piece::Parameter(parameter.clone())], parameters: vec![parameter], ..Self::unknown(span) }
    }

    /// Creates a list of known length.
    pub(crate) fn list(span: Span, items: Vec<Self>) -> Self {
        let mut value = Self::unknown(span);
        for item in &items {
            value.taint_from(item);
        }
        value.items = Some(items);
        value
    }

    /// Returns the whole text if every piece is known.
    pub(crate) fn constant(&self) -> Option<String> {
        self.items.is_none().then_some(())?;
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) | Piece::Changing(text) | Piece::Counted(text) => Some(text.as_str()),
                _ => None,
            })
            .collect::<Option<String>>()
    }

    /// Whether the value, given to a function that sets a limit of time, says that there is none.
    pub(crate) fn is_no_limit(&self) -> bool {
        self.absent || self.constant().as_deref() == Some("false")
    }

    /// Returns the field with that name, or the tuple item with that index, if known.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let named = self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        named.or_else(|| self.items.as_ref()?.get(name.parse::<usize>().ok()?))
    }

    /// Returns the field, or an unknown part that keeps the origin of the whole.
    pub(crate) fn part(&self, name: &str, span: Span) -> Self {
        if let Some(known) = self.field(name) {
            return known.clone();
        }
        let mut part = Self { sources: self.sources.clone(), call: self.call, part: true, ..Self::unknown(span) };
        part.parameters = self.parameters.iter().map(|parameter| parameter.field(name)).collect();
        if let [Piece::Parameter(parameter)] = self.pieces.as_slice() {
            part.pieces = vec![Piece::Parameter(parameter.field(name))];
        }
        part
    }

    /// Returns the alternatives of the value: its choices, or the value itself.
    pub(crate) fn readings(&self) -> std::slice::Iter<'_, Self> {
        if self.choices.is_empty() { std::slice::from_ref(self).iter() } else { self.choices.iter() }
    }

    /// Whether its type comes from another crate and has one of these names or whole paths.
    pub(crate) fn is_of(&self, types: &[&str]) -> bool {
        let known = self.ty.as_ref().and_then(|ty| Some((ty.foreign_path()?, ty.foreign_name()?)));
        known.is_some_and(|(path, name)| types.contains(&name) || types.contains(&path))
    }

    /// Returns the type of its items, if it is a list.
    pub(crate) fn item_type(&self) -> Option<Arc<Type>> {
        let ty = self.ty.as_ref()?;
        ty.foreign_name().filter(|name| LISTS.contains(name))?;
        ty.arguments.first().cloned().map(Arc::new)
    }

    /// Returns the number if it is known exactly.
    pub(crate) fn exact(&self) -> Option<f64> {
        (self.bounds == Interval::exactly(self.bounds.low) && self.bounds.low.is_finite()).then_some(self.bounds.low)
    }

    /// Returns the known characters before the first hole.
    pub(crate) fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) if self.items.is_none() => text,
            _ => "",
        }
    }

    /// Returns the text with `{}` for every hole.
    pub(crate) fn shown(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Changing(text) | Piece::Counted(text) => text.clone(),
            _ => "{}".to_owned(),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// Returns the object that steps act on; a part of a call's result is not an object.
    pub(crate) fn object(&self) -> Option<Object> {
        let parameter = || match self.pieces.as_slice() {
            [Piece::Parameter(parameter)] => Some(Object::Parameter(parameter.index)),
            _ => None,
        };
        self.call.filter(|_| !self.part).map(Object::Call).or_else(parameter)
    }

    /// Whether it is a number or an address: its text has no syntax of a shell.
    fn is_plain(&self) -> bool {
        self.bounds.low.is_finite() && self.bounds.high.is_finite()
            || self.is_of(&["Ipv4Addr", "Ipv6Addr", "IpAddr", "SocketAddr", "SocketAddrV4", "SocketAddrV6", "Uuid"])
    }

    /// Whether it has a source or depends on a parameter; rules need one of them.
    pub(crate) fn interests(&self) -> bool {
        !self.sources.is_empty() || !self.parameters.is_empty()
    }

    /// Whether anything besides its parameters is known.
    pub(crate) fn is_known(&self) -> bool {
        let has_text = self.pieces.iter().any(|piece| matches!(piece, Piece::Text(_)));
        let has_parts = self.items.is_some() || !self.fields.is_empty() || !self.choices.is_empty();
        has_text || has_parts || !self.sources.is_empty()
    }

    /// Records `limit` as an upper bound, if it is a parameter.
    pub(crate) fn cap(&mut self, limit: &Self) {
        if let [Piece::Parameter(parameter)] = limit.pieces.as_slice() {
            self.caps.push(parameter.clone());
            self.taint_from(&Self { parameters: limit.parameters.clone(), ..Self::unknown(limit.span) });
        }
    }

    /// Returns its first source of that kind.
    pub(crate) fn source(&self, origin: Origin) -> Option<&Source> {
        self.sources.iter().find(|source| source.origin == origin)
    }

    /// Adds the sources and parameters of `other`.
    pub(crate) fn taint_from(&mut self, other: &Self) {
        for source in &other.sources {
            if !self.sources.contains(source) && self.sources.len() < MAX_SOURCES {
                self.sources.push(source.clone());
            }
        }
        for parameter in &other.parameters {
            if !self.parameters.contains(parameter) {
                self.parameters.push(parameter.clone());
            }
        }
    }

    /// Appends the text of `other`, as `format!` and `push_str` do.
    pub(crate) fn append(&mut self, other: &Self) {
        self.taint_from(other);
        if self.pieces.is_empty() {
            self.base = other.beginning();
            self.port = other.port;
        } else if let Some(port) = self.port_in(other) {
            self.port = Some(port);
        }
        if other.choices.is_empty() {
            self.choices.iter_mut().for_each(|choice| choice.append(other));
        } else {
            let each = |before: &Self| {
                let appended = |choice: &Self| {
                    let mut one = Self { choices: Vec::new(), ..before.clone() };
                    one.append(choice);
                    one
                };
                other.choices.iter().map(appended).collect::<Vec<_>>()
            };
            let count = self.choices.len().max(1) * other.choices.len();
            self.choices = if count > MAX_CHOICES { Vec::new() } else { self.readings().flat_map(each).collect() };
        }
        for piece in &other.pieces {
            let room = self.pieces.len() < MAX_PIECES;
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) if text.len() < MAX_TEXT => text.push_str(more),
                (Some(Piece::Hole), _) if !room => {}
                (Some(Piece::Hole), Piece::Hole) => {}
                _ if room && *piece == Piece::Hole && other.is_plain() => self.pieces.push(Piece::Plain),
                _ if room => self.pieces.push(piece.clone()),
                _ => self.pieces.push(Piece::Hole),
            }
        }
    }

    /// Joins two values after a branch: the result covers both.
    #[must_use]
    pub(crate) fn join(mut self, other: &Self) -> Self {
        if self.absent || other.absent {
            return if self.absent { other.clone() } else { self };
        }
        self.taint_from(other);
        self.bounds = self.bounds.join(other.bounds);
        self.caps.retain(|cap| other.caps.contains(cap) || other.bounds.high.is_finite() && other.sources.is_empty());
        self.validated &= other.validated;
        self.duration |= other.duration;
        if self.pieces != other.pieces {
            let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
            let known = |value: &Self| value.pieces.iter().any(is_text) || !value.choices.is_empty();
            if known(&self) && known(other) {
                self.choices = self.readings().chain(other.readings()).take(MAX_CHOICES).cloned().collect();
            }
            self.pieces = vec![Piece::Hole];
        }
        self.items = match (self.items.take(), &other.items) {
            (Some(items), Some(others)) if items.len() == others.len() => {
                Some(items.into_iter().zip(others).map(|(item, other)| item.join(other)).collect())
            }
            // Keep the items that one branch pushed to the words of a text.
            (items, others) => items.filter(|_| others.is_some() || other.split.is_some()),
        };
        self.call = self.call.or(other.call);
        self.split = self.split.or(other.split);
        self.parsed |= other.parsed;
        self.cut = self.cut.or(other.cut);
        self.declared = self.declared.or(other.declared);
        self.ty = self.ty.filter(|ty| other.ty.is_none() || other.ty.as_ref() == Some(ty)).or_else(|| other.ty.clone());
        self
    }

    /// Joins the items of a list; if all are known texts, the first one represents them.
    pub(crate) fn any_of(items: &[Self], list: Span) -> Self {
        let Some((first, rest)) = items.split_first() else { return Self::unknown(list) };
        let joined = rest.iter().fold(first.clone(), Self::join);
        let texts = items.iter().all(|item| item.constant().is_some());
        if texts { Self { pieces: first.pieces.clone(), ..joined } } else { joined }
    }

    /// Replaces the parameters by a caller's arguments; the result has the span `call`.
    #[must_use]
    pub(crate) fn instantiate(&self, arguments: &[Self], call: Span) -> Self {
        let mut value = Self::unknown(call);
        value.pieces.clear();
        for piece in &self.pieces {
            match piece {
                Piece::Parameter(parameter) => {
                    value.append(&parameter.given(arguments, call).unwrap_or_else(|| Self::unknown(call)));
                }
                known => value.append(&Self { pieces: vec![known.clone()], ..Self::unknown(call) }),
            }
        }
        if !matches!(self.pieces.first(), Some(Piece::Parameter(_))) {
            value.base = self.beginning();
        }
        if let [Piece::Parameter(parameter)] = self.pieces.as_slice()
            && let Some(argument) = parameter.given(arguments, call)
        {
            let otherwise = self.otherwise.as_ref().map(|value| value.instantiate(arguments, call));
            if let Some(otherwise) = otherwise.as_ref().filter(|_| argument.absent) {
                return otherwise.clone();
            }
            value.otherwise = argument.otherwise.or(otherwise.map(Arc::new));
            value.absent = argument.absent;
            value.span = argument.span;
            value.host = argument.host;
            value.port = argument.port;
            value.base = argument.base;
            value.choices = argument.choices;
            value.items = argument.items;
            value.fields = argument.fields;
            value.path = argument.path;
            value.split = argument.split;
            value.parsed = argument.parsed;
            value.cut = self.cut.map(|_| call).or(argument.cut);
            value.call = argument.call;
            value.duration = argument.duration;
            value.declared = argument.declared;
            value.ty = argument.ty;
            value.bounds = self.bounds.meet(argument.bounds);
        } else {
            value.bounds = self.bounds;
            value.port = value.port.filter(|place| *place != call).or(self.port);
            // The function adds a path or a port to an address of its caller, who writes the host.
            if let Some(Piece::Parameter(parameter)) = self.pieces.first()
                && let Some(argument) = parameter.given(arguments, call).filter(Self::is_an_address)
            {
                value.span = argument.span;
            }
        }
        for parameter in &self.parameters {
            if let Some(argument) = parameter.given(arguments, call) {
                value.taint_from(&argument);
            }
        }
        value.taint_from(&Self { sources: self.sources.clone(), ..Self::unknown(call) });
        for (name, field) in &self.fields {
            value.fields.retain(|(known, _)| known != name);
            value.fields.push((name.clone(), field.instantiate(arguments, call)));
        }
        if let Some(items) = &self.items {
            value.items = Some(items.iter().map(|item| item.instantiate(arguments, call)).collect());
        }
        if value.choices.is_empty() {
            value.choices = self.choices.iter().map(|choice| choice.instantiate(arguments, call)).collect();
        }
        value.validated = self.validated;
        for cap in &self.caps {
            let Some(given) = cap.given(arguments, call) else { continue };
            value.bounds.high = value.bounds.high.min(given.bounds.high).max(value.bounds.low);
            value.cap(&given);
        }
        value.duration |= self.duration;
        value.declared = self.declared.or(value.declared);
        value.ty = value.ty.or_else(|| self.ty.clone());
        value.spread = self.spread;
        value.split = value.split.or(self.split.map(|_| call));
        value
    }

    /// Replaces every span by `place`, because the spans of one file mean nothing in another.
    #[must_use]
    pub(crate) fn relocated(mut self, place: Span) -> Self {
        self.span = place;
        self.host = None;
        self.port = None;
        self.base = None;
        for source in &mut self.sources {
            source.span = place;
        }
        self.split = self.split.map(|_| place);
        self.cut = self.cut.map(|_| place);
        self.call = None;
        self.body = None;
        self.otherwise = self.otherwise.map(|value| Arc::new(Self::clone(&value).relocated(place)));
        self.items = self.items.map(|items| items.into_iter().map(|item| item.relocated(place)).collect());
        self.choices = self.choices.into_iter().map(|choice| choice.relocated(place)).collect();
        self.fields = self.fields.into_iter().map(|(name, value)| (name, value.relocated(place))).collect();
        self
    }
}

/// Types whose first type argument is the type of their items.
const LISTS: &[&str] =
    &["[]", "Vec", "VecDeque", "HashSet", "BTreeSet", "BinaryHeap", "LinkedList", "Iter", "IntoIter", "Iterator"];
/// The maximum depth of nested fields.
const MAX_FIELDS: usize = 3;
/// The maximum number of choices; a report cannot show more in a readable way.
const MAX_CHOICES: usize = 16;
/// The maximum number of sources; more do not help the reader of a report.
const MAX_SOURCES: usize = 8;
/// The maximum length of a text with several pieces.
const MAX_TEXT: usize = 16 * 1024;
/// The maximum number of pieces; bounds texts that generated code builds in loops.
const MAX_PIECES: usize = 64;
