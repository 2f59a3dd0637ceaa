//! The effects of a call besides its result: sinks from the built-in tables, and sinks of the called functions.

use std::sync::Arc;

use super::address;
use super::expression::written;
use super::lower::{ARGV, Home, Lower};
use super::summary::Summary;
use super::{CallId, Sink, SinkKind};
use crate::ir::Effects;
use crate::span::Span;
use crate::tables;
use crate::value::{Origin, Parameter, Piece, Value};

impl Lower<'_> {
    /// Applies a call of a function of the run: returns its result and records its sinks, with the arguments
    /// substituted. `None` if no file defines the function.
    pub(super) fn applied(
        &mut self,
        function: &syn::Path,
        (path, name): (&str, &str),
        arguments: &[Value],
        span: Span,
        name_span: Span,
    ) -> Option<Value> {
        // A tuple struct or an enum variant is not a function.
        if self.extra.source(path, name).is_some() || name.starts_with(|first: char| first.is_uppercase()) {
            return None;
        }
        let targets = self.targets(&written(function));
        if targets.is_empty() {
            if tables::is_command(path)
                || tables::is_source(path, name)
                || tables::sinks_of(path, name).next().is_some()
            {
                self.unresolved.take_for_known(&written(function));
            }
            return None;
        }
        let all = self.summaries(&targets);
        let recorded = self.record_own(path.to_owned(), name.to_owned(), None, arguments.to_vec(), span, name_span);
        self.leads_here(&recorded, &targets);
        Some(self.applied_all(&all, recorded, name, arguments, span))
    }

    /// Returns the default value of a type of the run, if the run implements it.
    pub(super) fn default_of(&mut self, ty: &syn::Path, span: Span) -> Option<Value> {
        self.result_at(&format!("{}::default", written(ty)), span)
    }

    /// Evaluates `Default::default()` where the type is written elsewhere: at a variable, or as the type of a result.
    pub(super) fn made_default(&mut self, expression: &syn::Expr, ty: &syn::Type) -> Option<Value> {
        let syn::Type::Path(ty) = ty else { return None };
        if !super::expression::is_default(expression) {
            return None;
        }
        let path = format!("{}::default", written(&ty.path));
        let targets = self.targets(&path);
        let all = self.summaries(&targets);
        if all.is_empty() {
            return None;
        }
        let (span, resolved) = (self.extent(expression), format!("{}::default", self.resolve(&ty.path)));
        let recorded = self.record_own(resolved, "default".to_owned(), None, Vec::new(), span, span);
        self.leads_here(&recorded, &targets);
        Some(self.applied_all(&all, recorded, "default", &[], span))
    }

    /// Returns the result of a function of the run that code passes by its name: `LazyLock::new(Settings::from_env)`.
    pub(super) fn result_of(&mut self, function: &syn::Expr, span: Span) -> Option<Value> {
        let syn::Expr::Path(function) = function else { return None };
        let is_variable = |name: &syn::Ident| self.frame.locals.iter().any(|local| name == local.name.as_str());
        if function.path.get_ident().is_some_and(is_variable) {
            return None;
        }
        self.result_at(&written(&function.path), span)
    }

    fn result_at(&mut self, path: &str, span: Span) -> Option<Value> {
        let targets = self.targets(path);
        let all = self.summaries(&targets);
        let (summary, home) = all.first()?;
        self.apply(summary, *home, path.rsplit("::").next().unwrap_or(path), &[], span)
    }

    /// Applies the call `recorded` of any of these functions: records the effects and returns the result.
    pub(super) fn applied_all(
        &mut self,
        all: &[(Arc<Summary>, Home)],
        recorded: Value,
        name: &str,
        arguments: &[Value],
        span: Span,
    ) -> Value {
        if let Some(call) = recorded.call {
            self.facts.calls[call].of_run = true;
        }
        self.has_effects(&recorded, all);
        let mut result: Option<Value> = None;
        for (summary, home) in all {
            if let Some(returns) = self.apply(summary, *home, name, arguments, span) {
                self.prepared(&recorded, &returns);
                let returns = Value { call: returns.call.or(recorded.call), ..returns };
                result = Some(match result {
                    Some(before) => before.join(&returns),
                    None => returns,
                });
            }
        }
        result.unwrap_or(recorded)
    }

    /// Records the command if the call `recorded` returns one.
    pub(super) fn prepared(&mut self, recorded: &Value, returns: &Value) {
        let argv = returns.field(ARGV).and_then(|argv| argv.items.clone());
        if let (Some(call), Some(argv)) = (recorded.call, argv) {
            self.facts.prepared.insert(call, argv.into_iter().flat_map(spread_out).collect());
        }
    }

    /// Records the effects of the functions that the call `recorded` may reach.
    pub(super) fn has_effects(&mut self, recorded: &Value, all: &[(Arc<Summary>, Home)]) {
        let (Some(call), Some(((first, _), rest))) = (recorded.call, all.split_first()) else { return };
        let join = |known: Arc<Effects>, (summary, _): &(Arc<Summary>, Home)| Arc::new(known.join(&summary.effects));
        self.facts.calls[call].effects = Some(rest.iter().fold(Arc::clone(&first.effects), join));
    }

    /// Substitutes the arguments into the effects of a function, and returns its result.
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
        // A function that takes any address gets `("127.0.0.1", 80)` as a whole.
        let part_of_caller = |sink: &Sink, value: &Value| {
            let value = put_in(&at_home(value), arguments, span);
            if sink.kind.is_contact() { address::flattened(&value) } else { value }
        };
        for sink in &summary.sinks {
            let parameters = || sink.values.iter().flat_map(|value| &value.parameters);
            let of_object = summary.is_method && parameters().all(|parameter| parameter.index == 0);
            // A command line that depends only on the object is reported in its method.
            if of_object && sink.kind.is_command_line() {
                continue;
            }
            let is_known =
                |parameter: &Parameter| parameter.given(arguments, span).is_some_and(|given| given.is_known());
            let is_set_up = || arguments.first().is_some_and(|object| self.is_set_up(object, span));
            let told_on = of_object && (!parameters().any(is_known) || sink.kind.is_contact() && is_set_up());
            self.facts.sinks.push(Sink {
                values: sink.values.iter().map(|value| part_of_caller(sink, value)).flat_map(spread_out).collect(),
                span,
                through: Some(name.to_owned()),
                function: self.frame.function,
                call: None,
                told_on,
                ..sink.clone()
            });
        }
        let mut returns = summary.returns.as_ref().map(|value| at_home(value).instantiate(arguments, span));
        if let Some(value) = &mut returns {
            keep_addresses(value);
        }
        returns
    }

    /// Whether a method with arguments was called on the object since the call that returned it, and before the call at
    /// `span`: a setter may have replaced the address that its constructor chose. What a builder's method returns is
    /// followed.
    fn is_set_up(&self, object: &Value, span: Span) -> bool {
        let Some(made) = object.call else { return false };
        let sets = |call: &super::Call| call.path.is_empty() && !call.arguments.is_empty() && call.span != span;
        self.facts.object(self.facts.calls[made].root).any(|(id, call)| id > made && sets(call))
    }

    /// Adds the sinks that the tables list for a call.
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
        let of_type = receiver.and_then(|receiver| receiver.ty.as_ref()?.foreign_path());
        let is_simulated = tables::is_of_simulation(path) || of_type.is_some_and(tables::is_of_simulation);
        for known in tables::sinks_of(path, name) {
            if known.kind.is_contact() && is_simulated {
                continue;
            }
            let of_run = receiver.and_then(|receiver| receiver.ty.as_ref()).is_some_and(|ty| ty.own().is_some());
            // A type of the run may have the method by a trait of another crate; there, the argument decides.
            if of_run && known.given.is_empty()
                || !known.on.is_empty() && !receiver.is_some_and(|receiver| receiver.is_of(known.on))
            {
                continue;
            }
            if !known.from.is_empty() && !receiver.is_some_and(|receiver| self.facts.comes_from(receiver, known.from)) {
                continue;
            }
            if known.kind == SinkKind::Configure && self.describes_a_packet(receiver) {
                continue;
            }
            let is_given = |value: &&Value| known.given.is_empty() || value.is_of(known.given);
            if let Some(value) = arguments.get(known.argument).filter(is_given) {
                self.port_of(value, span, &by());
                self.sink(known.kind, address::flattened(value), span, by(), Some(id));
            }
        }
        // `handle.address().add(index, address, length)` of rtnetlink.
        let of_netlink = |receiver: &Value| {
            self.facts.comes_from(receiver, tables::NETLINK)
                && receiver
                    .call
                    .is_some_and(|call| tables::NETLINK_HANDLES.contains(&self.facts.calls[call].name.as_str()))
        };
        if let ("add", Some(address)) = (name, arguments.get(1).filter(|_| receiver.is_some_and(of_netlink))) {
            self.sink(SinkKind::Configure, address::flattened(address), span, by(), Some(id));
        }
        // `handle.route().add(message)`: the addresses that the message was built with.
        let of_message = |receiver: &Value| {
            self.facts.comes_from(receiver, tables::NETLINK)
                && receiver
                    .call
                    .is_some_and(|call| tables::NETLINK_TARGETS.contains(&self.facts.calls[call].name.as_str()))
        };
        if let ("add" | "replace", [value @ Value { call: Some(message), .. }]) = (name, arguments)
            && receiver.is_some_and(of_message)
            && self.facts.comes_from(value, tables::NETLINK)
        {
            let root = self.facts.calls[*message].root;
            let told: Vec<(CallId, Value, Span, String)> = self
                .facts
                .object(root)
                .flat_map(|(at, call)| {
                    let known = tables::sinks_of("", &call.name).filter(|known| known.kind == SinkKind::Configure);
                    known.filter_map(move |known| {
                        let value = call.arguments.get(known.argument)?.clone();
                        Some((at, value, call.span, call.name.clone()))
                    })
                })
                .collect();
            for (at, value, place, by) in told {
                self.sink(SinkKind::Configure, address::flattened(&value), place, by, Some(at));
            }
        }
        let extra: Vec<(usize, SinkKind)> = self.extra.sinks(path, name).collect();
        for (argument, kind) in extra {
            if let Some(value) = arguments.get(argument) {
                self.sink(kind, address::flattened(value), span, by(), Some(id));
            }
        }
        if !tables::KEEPING.contains(&name) && !name.strip_suffix('!').is_some_and(tables::is_looking) {
            for value in arguments.iter().filter(|value| value.duration) {
                self.waits(value, span, by(), Some(id));
            }
        }
        // Only the limit of `timeout(LIMIT, future)` is known; a text that was not parsed as a number does not count.
        let may_be_number = |value: &&Value| value.interests() && (value.parsed || value.sources.is_empty());
        if tables::WAITING_WORDS.iter().any(|word| name.contains(word))
            && !arguments.iter().any(|value| value.duration)
            && let Some(value) = arguments.iter().find(may_be_number)
        {
            self.sink(SinkKind::Duration, value.clone(), span, by(), Some(id));
        }
    }

    /// Whether the addresses of a builder describe a packet that the test inspects, and not a device.
    fn describes_a_packet(&self, receiver: Option<&Value>) -> bool {
        let maker =
            receiver.and_then(|receiver| receiver.call).map(|call| &self.facts.calls[self.facts.calls[call].root].path);
        maker.is_some_and(|path| tables::DESCRIPTIONS.iter().any(|word| path.contains(word)))
    }

    /// Adds a sink for the port of `(host, port)`, if the port has a source or depends on a parameter.
    pub(super) fn port_of(&mut self, address: &Value, span: Span, by: &str) {
        if let Some([_, port]) = address.items.as_deref()
            && port.interests()
        {
            self.sink(SinkKind::Port, port.clone(), span, by.to_owned(), None);
        }
    }

    /// Adds a sink of one value.
    pub(super) fn sink(&mut self, kind: SinkKind, value: Value, span: Span, by: String, call: Option<CallId>) {
        self.sink_of_all(kind, vec![value], span, by, call);
    }

    /// Adds a sink of several values.
    pub(super) fn sink_of_all(
        &mut self,
        kind: SinkKind,
        values: Vec<Value>,
        span: Span,
        by: String,
        call: Option<CallId>,
    ) {
        let function = self.frame.function;
        self.facts.sinks.push(Sink {
            kind,
            values,
            span,
            by,
            through: None,
            function,
            call,
            open: false,
            behind: Vec::new(),
            told_on: false,
            certain: false,
            undone: None,
        });
    }
}

/// Substitutes the arguments of a call into a value of the called function.
pub(super) fn put_in(value: &Value, arguments: &[Value], span: Span) -> Value {
    // A value without parameters does not depend on the caller; the called function reports it.
    let own = value.parameters.is_empty();
    // Keep the sources if a parameter limits the value: the caller then decides how large it can be.
    let sources = if value.caps.is_empty() { Vec::new() } else { value.sources.clone() };
    let mut put_in = Value { sources, ..value.clone() }.instantiate(arguments, span);
    keep_addresses(&mut put_in);
    own_host(value, &mut put_in, span);
    for (choice, put_in) in value.choices.iter().zip(&mut put_in.choices) {
        own_host(choice, put_in, span);
    }
    if own { Value { split: None, ..put_in } } else { put_in }
}

/// Forgets the default of an environment variable that the caller chose, if it is not an address.
fn keep_addresses(value: &mut Value) {
    if value.source(Origin::Environment).is_some() && matches!(value.pieces.as_slice(), [Piece::Hole]) {
        value.choices.retain(|choice| choice.constant().is_none() || choice.is_an_address());
    }
    for part in value.items.iter_mut().flatten().chain(value.fields.iter_mut().map(|(_, part)| part)) {
        keep_addresses(part);
    }
}

/// Marks a host that the function itself wrote with the span of the call: the called function reports it, not the call
/// that passes the port.
fn own_host(value: &Value, put_in: &mut Value, span: Span) {
    if address::is_whole_host(value.prefix()) && value.constant().is_none() {
        put_in.host = Some(span);
    }
}

/// Expands a list of all remaining items of a command line, once the list is known.
pub(super) fn spread_out(mut value: Value) -> Vec<Value> {
    match &mut value.items {
        Some(items) if value.spread => std::mem::take(items),
        _ => vec![value],
    }
}
