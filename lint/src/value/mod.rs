//! What the analysis knows about a value: its text with holes, the items of a list, its bounds, and where it came from.

mod interval;

pub(crate) use interval::Interval;

use crate::facts::CallId;
use crate::span::Span;

/// The kind of place that a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// An environment variable.
    Environment,
    /// The program's arguments.
    Argument,
    /// A file or standard input.
    File,
    /// A random generator, a uuid included.
    Random,
    /// The id of a process or thread.
    Pid,
    /// A clock.
    Time,
}

/// One place that a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its kind.
    pub origin: Origin,
    /// The variable's name where it is constant.
    pub name: Option<String>,
    /// The expression that read it; in another file, the call that led there.
    pub span: Span,
}

/// A parameter of the function around, or a part of one. A method's first parameter is `self`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parameter {
    /// Its place.
    pub index: usize,
    /// Names of fields, one in the other; empty for all of it.
    pub fields: Vec<String>,
}

impl Parameter {
    /// The field called `name` of it; what is deeper than a reader looks is taken as the whole around.
    fn field(&self, name: &str) -> Self {
        let mut inner = self.clone();
        if inner.fields.len() < MAX_FIELDS {
            inner.fields.push(name.to_owned());
        }
        inner
    }

    /// What a call gives for it.
    pub(crate) fn given(&self, arguments: &[Value], call: Span) -> Option<Value> {
        let argument = arguments.get(self.index)?.clone();
        let part = |object: Value, name: &String| {
            let mut part = object.part(name, call);
            // Of an object that something else has made of a text of the environment, not every part is that text.
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
    /// What is given for a parameter.
    Parameter(Parameter),
    /// Anything.
    Hole,
}

/// An abstract value.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by one rule")]
pub(crate) struct Value {
    /// The expression that gave it.
    pub span: Span,
    /// As text; one hole if it is not known to be text.
    pub pieces: Vec<Piece>,
    /// The items of an array, slice, tuple or `vec!`, if it is one.
    pub items: Option<Vec<Value>>,
    /// The named fields of a struct literal.
    pub fields: Vec<(String, Value)>,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// The parameters that it was made of.
    pub parameters: Vec<Parameter>,
    /// The known texts of which it is one, as after a branch or out of a table.
    pub choices: Vec<Value>,
    /// Where the host of a socket address stands, which may be far from its port.
    pub host: Option<Span>,
    /// As number.
    pub bounds: Interval,
    /// Parameters that it is not greater than: their callers know how great that is.
    pub caps: Vec<Parameter>,
    /// It was shown to be one of a few values, or passed a check that the analysis does not model.
    pub validated: bool,
    /// The call that made it, whose later method calls belong to the same object.
    pub call: Option<CallId>,
    /// The resolved path that named it, `std::net::Ipv4Addr::UNSPECIFIED`.
    pub path: Option<String>,
    /// Seconds if it is a duration: `bounds` are seconds then.
    pub duration: bool,
    /// A list made by splitting a text on white space, or an item of one, and where.
    pub split: Option<Span>,
    /// It is a part of what its call made, or was asked of it.
    pub part: bool,
    /// It was turned into another type than text.
    pub parsed: bool,
    /// A cast to a type that cannot hold all of it, and where.
    pub cut: Option<Span>,
    /// It is an error or nothing at all: whoever goes on with a value has another one.
    pub absent: bool,
    /// It stands for all further items of a command line, not for one.
    pub spread: bool,
    /// Name of its type where a signature or an annotation says it.
    pub declared: Option<&'static str>,
}

impl Value {
    /// Nothing known.
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
            bounds: Interval::ALL,
            caps: Vec::new(),
            validated: false,
            call: None,
            path: None,
            duration: false,
            split: None,
            parsed: false,
            cut: None,
            part: false,
            absent: false,
            spread: false,
            declared: None,
        }
    }

    /// A known text.
    pub(crate) fn text(span: Span, text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into())], ..Self::unknown(span) }
    }

    /// A known number.
    pub(crate) fn number(span: Span, number: f64) -> Self {
        Self { pieces: vec![Piece::Text(number.to_string())], bounds: Interval::exactly(number), ..Self::unknown(span) }
    }

    /// The parameter of that index.
    pub(crate) fn parameter(span: Span, index: usize) -> Self {
        let parameter = Parameter { index, fields: Vec::new() };
        Self { pieces: vec![Piece::Parameter(parameter.clone())], parameters: vec![parameter], ..Self::unknown(span) }
    }

    /// A list of known length.
    pub(crate) fn list(span: Span, items: Vec<Self>) -> Self {
        let mut value = Self::unknown(span);
        for item in &items {
            value.taint_from(item);
        }
        value.items = Some(items);
        value
    }

    /// The whole text if every part is known.
    pub(crate) fn constant(&self) -> Option<String> {
        self.items.is_none().then_some(())?;
        self.pieces
            .iter()
            .map(|piece| if let Piece::Text(text) = piece { Some(text.as_str()) } else { None })
            .collect::<Option<String>>()
    }

    /// The part with that name, or at that place of a tuple, if it is known.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        let named = self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        named.or_else(|| self.items.as_ref()?.get(name.parse::<usize>().ok()?))
    }

    /// The same, or what is known of a part that is not: that it is one.
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

    /// The values that it can be: its choices, or itself.
    pub(crate) fn readings(&self) -> std::slice::Iter<'_, Self> {
        if self.choices.is_empty() { std::slice::from_ref(self).iter() } else { self.choices.iter() }
    }

    /// The number if it is exactly known.
    pub(crate) fn exact(&self) -> Option<f64> {
        (self.bounds == Interval::exactly(self.bounds.low) && self.bounds.low.is_finite()).then_some(self.bounds.low)
    }

    /// The known characters before the first hole.
    pub(crate) fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) if self.items.is_none() => text,
            _ => "",
        }
    }

    /// The text with `{}` for every hole.
    pub(crate) fn shown(&self) -> String {
        let piece = |piece: &Piece| if let Piece::Text(text) = piece { text.clone() } else { "{}".to_owned() };
        self.pieces.iter().map(piece).collect()
    }

    /// Whether anything that a rule could ask for is known: where it came from, or a parameter it was made of.
    pub(crate) fn interests(&self) -> bool {
        !self.sources.is_empty() || !self.parameters.is_empty()
    }

    /// Whether anything is known of it besides the parameters that it was made of.
    pub(crate) fn is_known(&self) -> bool {
        let has_text = self.pieces.iter().any(|piece| matches!(piece, Piece::Text(_)));
        let has_parts = self.items.is_some() || !self.fields.is_empty() || !self.choices.is_empty();
        has_text || has_parts || !self.sources.is_empty()
    }

    /// Notes that it is not greater than `limit`, if that is a parameter.
    pub(crate) fn cap(&mut self, limit: &Self) {
        if let [Piece::Parameter(parameter)] = limit.pieces.as_slice() {
            self.caps.push(parameter.clone());
            self.taint_from(&Self { parameters: limit.parameters.clone(), ..Self::unknown(limit.span) });
        }
    }

    /// Whether it came from a place of that kind.
    pub(crate) fn source(&self, origin: Origin) -> Option<&Source> {
        self.sources.iter().find(|source| source.origin == origin)
    }

    /// Adds where `other` came from.
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
        self.choices.iter_mut().for_each(|choice| choice.append(other));
        for piece in &other.pieces {
            let room = self.pieces.len() < MAX_PIECES;
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) if text.len() < MAX_TEXT => text.push_str(more),
                (Some(Piece::Hole), _) if !room => {}
                (Some(Piece::Hole), Piece::Hole) => {}
                _ if room => self.pieces.push(piece.clone()),
                _ => self.pieces.push(Piece::Hole),
            }
        }
    }

    /// Either of two values, as after a branch.
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
            // What was pushed to the words of a text in one branch may be there.
            (items, others) => items.filter(|_| others.is_some() || other.split.is_some()),
        };
        self.call = self.call.or(other.call);
        self.split = self.split.or(other.split);
        self.parsed |= other.parsed;
        self.cut = self.cut.or(other.cut);
        self.declared = self.declared.or(other.declared);
        self
    }

    /// An item of a list, whichever it is; of known texts it is the first, which stands for its likes.
    pub(crate) fn any_of(items: &[Self], list: Span) -> Self {
        let Some((first, rest)) = items.split_first() else { return Self::unknown(list) };
        let joined = rest.iter().fold(first.clone(), Self::join);
        let texts = items.iter().all(|item| item.constant().is_some());
        if texts { Self { pieces: first.pieces.clone(), ..joined } } else { joined }
    }

    /// The same value with the parameters replaced by a caller's arguments, seen at `call`.
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
        if let [Piece::Parameter(parameter)] = self.pieces.as_slice()
            && let Some(argument) = parameter.given(arguments, call)
        {
            value.span = argument.span;
            value.host = argument.host;
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
            value.bounds = self.bounds.meet(argument.bounds);
        } else {
            value.bounds = self.bounds;
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
        value.spread = self.spread;
        value.split = value.split.or(self.split.map(|_| call));
        value
    }

    /// The same value as another file sees it: every place is the one that led there.
    #[must_use]
    pub(crate) fn relocated(mut self, place: Span) -> Self {
        self.span = place;
        self.host = None;
        for source in &mut self.sources {
            source.span = place;
        }
        self.split = self.split.map(|_| place);
        self.cut = self.cut.map(|_| place);
        self.call = None;
        self.items = self.items.map(|items| items.into_iter().map(|item| item.relocated(place)).collect());
        self.choices = self.choices.into_iter().map(|choice| choice.relocated(place)).collect();
        self.fields = self.fields.into_iter().map(|(name, value)| (name, value.relocated(place))).collect();
        self
    }
}

/// Fields in fields are followed so far.
const MAX_FIELDS: usize = 3;
/// A reader of a report can follow as many.
const MAX_CHOICES: usize = 8;
/// More sources than this tell a reader nothing.
const MAX_SOURCES: usize = 8;
/// A text of several pieces does not grow beyond this.
const MAX_TEXT: usize = 16 * 1024;
/// Longer texts are cut, so that loops in generated code stay bounded.
const MAX_PIECES: usize = 64;
