//! What a call does beyond its own result: the sinks that the tables know, and those of the functions it calls.

use super::address;
use super::lower::{ARGV, Home, Lower};
use super::summary::Summary;
use super::{CallId, Sink, SinkKind};
use crate::span::Span;
use crate::tables;
use crate::value::{Parameter, Value};

impl Lower<'_> {
    /// A call of a function of the workspace: its result and its sinks, with the arguments put in.
    pub(super) fn applied(
        &mut self,
        path: &str,
        name: &str,
        arguments: &[Value],
        span: Span,
        name_span: Span,
    ) -> Option<Value> {
        if tables::is_command(path) || tables::is_source(path, name) || self.extra.source(path, name).is_some() {
            return None;
        }
        let (summary, home) = self.summary(&self.key_of(path)?)?;
        let recorded = self.record(path.to_owned(), name.to_owned(), None, arguments.to_vec(), span, name_span);
        let returns = self.apply(&summary, home, name, arguments, span);
        Some(match returns {
            Some(returns) => {
                self.prepared(&recorded, &returns);
                Value { call: returns.call.or(recorded.call), ..returns }
            }
            None => recorded,
        })
    }

    /// Notes that the call `recorded` gives a command, if it does.
    pub(super) fn prepared(&mut self, recorded: &Value, returns: &Value) {
        let argv = returns.field(ARGV).and_then(|argv| argv.items.clone());
        if let (Some(call), Some(argv)) = (recorded.call, argv) {
            self.facts.prepared.insert(call, argv.into_iter().flat_map(spread_out).collect());
        }
    }

    /// Puts the arguments into what a function does, and gives what it returns.
    pub(super) fn apply(
        &mut self,
        summary: &Summary,
        home: Home,
        name: &str,
        arguments: &[Value],
        span: Span,
    ) -> Option<Value> {
        let at_home = |value: &Value| match home {
            Home::ThisFile => value.clone(),
            Home::OtherFile => value.clone().relocated(span),
        };
        let part_of_caller = |value: &Value| put_in(&at_home(value), arguments, span);
        // What goes to a mock goes nowhere.
        let to_mock = arguments.iter().filter_map(|argument| argument.call).any(|call| {
            let maker = &self.facts.calls[self.facts.calls[call].root];
            maker.path.split("::").any(|segment| segment.starts_with("Mock"))
        });
        for sink in summary.sinks.iter().filter(|sink| !(to_mock && sink.kind.is_of_socket())) {
            let parameters = || sink.values.iter().flat_map(|value| &value.parameters);
            let of_object = summary.is_method && parameters().all(|parameter| parameter.index == 0);
            // A command line of which only the object decides a part is reported in its method.
            if of_object && sink.kind.is_command_line() {
                continue;
            }
            let is_known =
                |parameter: &Parameter| parameter.given(arguments, span).is_some_and(|given| given.is_known());
            self.facts.sinks.push(Sink {
                values: sink.values.iter().map(part_of_caller).flat_map(spread_out).collect(),
                span,
                through: Some(name.to_owned()),
                function: self.frame.function,
                call: None,
                told_on: of_object && !parameters().any(is_known),
                ..sink.clone()
            });
        }
        summary.returns.as_ref().map(|value| at_home(value).instantiate(arguments, span))
    }

    /// The key of the function that `path` names, if it can be one of the workspace.
    pub(super) fn key_of(&self, path: &str) -> Option<String> {
        let mut segments = path.rsplit("::");
        let name = segments.next()?;
        let first = path.split("::").next()?;
        if tables::FOREIGN.contains(&first) && first != name {
            return None;
        }
        match segments.next() {
            Some("Self") => {
                let holder = self.frame.within.rsplit("::").nth(1)?;
                Some(format!("{holder}::{name}"))
            }
            Some(holder) if holder.starts_with(|first: char| first.is_uppercase()) => Some(format!("{holder}::{name}")),
            _ => Some(name.to_owned()),
        }
    }

    /// Adds the sinks that the tables know for a call.
    pub(super) fn known_sinks(
        &mut self,
        id: CallId,
        path: &str,
        name: &str,
        receiver: Option<&Value>,
        arguments: &[Value],
        span: Span,
    ) {
        let by = || if path.is_empty() { name.to_owned() } else { path.to_owned() };
        for known in tables::sinks_of(path, name) {
            if known.kind == SinkKind::Configure && self.describes_a_packet(receiver) {
                continue;
            }
            if let Some(value) = arguments.get(known.argument) {
                self.port_of(value, span, &by());
                self.sink(known.kind, address::flattened(value), span, by(), Some(id));
            }
        }
        // `handle.address().add(index, address, length)` of rtnetlink.
        let of_netlink = |receiver: &Value| {
            receiver.call.is_some_and(|call| tables::NETLINK_HANDLES.contains(&self.facts.calls[call].name.as_str()))
        };
        if let ("add", Some(address)) = (name, arguments.get(1).filter(|_| receiver.is_some_and(of_netlink))) {
            self.sink(SinkKind::Configure, address::flattened(address), span, by(), Some(id));
        }
        let extra: Vec<(usize, SinkKind)> = self.extra.sinks(path, name).collect();
        for (argument, kind) in extra {
            if let Some(value) = arguments.get(argument) {
                self.sink(kind, address::flattened(value), span, by(), Some(id));
            }
        }
        // Of `timeout(LIMIT, future)` the limit is known; a text that was not read as a number is none.
        let may_be_number = |value: &&Value| value.interests() && (value.parsed || value.sources.is_empty());
        if tables::WAITING_WORDS.iter().any(|word| name.contains(word))
            && !arguments.iter().any(|value| value.duration)
            && let Some(value) = arguments.iter().find(may_be_number)
        {
            self.sink(SinkKind::Duration, value.clone(), span, by(), Some(id));
        }
    }

    /// Whether the addresses of a builder go into a packet that the test looks at, and not to a device.
    fn describes_a_packet(&self, receiver: Option<&Value>) -> bool {
        let maker =
            receiver.and_then(|receiver| receiver.call).map(|call| &self.facts.calls[self.facts.calls[call].root].path);
        maker.is_some_and(|path| path.contains("Packet") || path.contains("Header"))
    }

    /// Adds a sink for the port of `(host, port)`, if somebody else chose it.
    pub(super) fn port_of(&mut self, address: &Value, span: Span, by: &str) {
        if let Some([_, port]) = address.items.as_deref()
            && port.interests()
        {
            self.sink(SinkKind::Port, port.clone(), span, by.to_owned(), None);
        }
    }

    /// Adds a sink of one value.
    pub(super) fn sink(&mut self, kind: SinkKind, value: Value, span: Span, by: String, call: Option<CallId>) {
        let function = self.frame.function;
        self.facts.sinks.push(Sink {
            kind,
            values: vec![value],
            span,
            by,
            through: None,
            function,
            call,
            open: false,
            told_on: false,
        });
    }
}

/// What a value of a function is where that is called.
pub(super) fn put_in(value: &Value, arguments: &[Value], span: Span) -> Value {
    // What the function reads itself, and what no caller has a part in, is reported there.
    let own = value.parameters.is_empty();
    // How great what it reads can be is for the caller to say where a parameter limits it.
    let sources = if value.caps.is_empty() { Vec::new() } else { value.sources.clone() };
    let mut put_in = Value { sources, ..value.clone() }.instantiate(arguments, span);
    own_host(value, &mut put_in, span);
    for (choice, put_in) in value.choices.iter().zip(&mut put_in.choices) {
        own_host(choice, put_in, span);
    }
    if own { Value { split: None, ..put_in } } else { put_in }
}

/// A host that the function has written is there to be changed, not at the call that gives the port.
fn own_host(value: &Value, put_in: &mut Value, span: Span) {
    if address::is_whole_host(value.prefix()) && value.constant().is_none() {
        put_in.host = Some(span);
    }
}

/// A list that stands for all further items of a command line, once it is known.
pub(super) fn spread_out(mut value: Value) -> Vec<Value> {
    match &mut value.items {
        Some(items) if value.spread => std::mem::take(items),
        _ => vec![value],
    }
}
