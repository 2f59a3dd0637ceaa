//! Assembles commands from their builder calls, which may be spread over several statements.

use super::lower::Lower;
use super::{CallId, Sink, SinkKind};
use crate::flow;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Adds a sink for every command that the function `function` builds, and for every text that it passes to a shell.
    ///
    /// `first` is the first call that can belong to the function.
    pub(super) fn assemble_commands(&mut self, function: usize, first: usize) {
        let mut found = Vec::new();
        for (id, call) in self.facts.calls.iter().enumerate().skip(first).filter(|(_, call)| call.function == function)
        {
            if let Some((_, index)) =
                tables::SHELL_STRINGS.iter().find(|(known, _)| tables::ends_with(&call.path, known))
                && let Some(text) = call.arguments.get(*index)
            {
                found.push(sink(SinkKind::ShellString, id, call, vec![text.clone()], false));
            } else if let Some(text) = self.remote_script(call) {
                found.push(sink(SinkKind::RemoteScript, id, call, vec![text.clone()], false));
            } else if tables::is_command(&call.path) {
                let mut values = vec![call.arguments.first().cloned().unwrap_or_else(|| Value::unknown(call.span))];
                let mut open = false;
                for given in call.arguments.iter().skip(1) {
                    // A macro takes each argument separately; a function takes a list.
                    if call.path.ends_with('!') && given.items.is_none() {
                        values.push(given.clone());
                    } else {
                        extend(&mut values, given, &mut open);
                    }
                }
                open |= self.builder_calls(id, &mut values);
                found.push(sink(SinkKind::Command, id, call, values, open));
            } else if let Some(prepared) = self.facts.prepared.get(&id) {
                let mut values = prepared.clone();
                let open = self.builder_calls(id, &mut values);
                // Without further arguments, the command is reported in the function that created it.
                if values.len() > prepared.len() {
                    let through = Some(call.name.clone());
                    found.push(Sink { through, ..sink(SinkKind::Command, id, call, values, open) });
                }
            } else {
                for list in call.arguments.iter().filter(|argument| is_argv(argument, &self.extra.shells)) {
                    let inside_command =
                        call.receiver.as_ref().and_then(|receiver| receiver.call).is_some_and(|before| {
                            tables::is_command(&self.facts.calls[self.facts.calls[before].root].path)
                        });
                    if !inside_command {
                        let in_container = tables::CONTAINER_CALLS.contains(&call.name.as_str());
                        let container = in_container.then(|| Value::text(call.span, tables::CONTAINER));
                        let values = container.into_iter().chain(list.items.iter().flatten().cloned()).collect();
                        found.push(sink(SinkKind::Command, id, call, values, false));
                    }
                }
            }
        }
        self.facts.sinks.extend(found);
    }

    /// Marks the commands that each path of the function `function` runs; `first` is the first of its sinks.
    pub(super) fn mark_certain(&mut self, function: usize, first: usize) {
        let Some(body) = self.facts.functions[function].body else { return };
        let is_certain = |sink: &Sink| {
            let is_own = sink.function == function && sink.kind.is_command_line();
            is_own && (sink.through.is_none() || sink.certain) && flow::runs_always(&self.facts, body, sink)
        };
        let marks: Vec<bool> = self.facts.sinks[first..].iter().map(is_certain).collect();
        for (sink, certain) in self.facts.sinks[first..].iter_mut().zip(marks) {
            sink.certain = certain;
        }
    }

    /// Adds the arguments from the builder calls of the command that `id` creates; returns whether further arguments
    /// are unknown.
    fn builder_calls(&self, id: CallId, values: &mut Vec<Value>) -> bool {
        let mut open = false;
        let made_in_loop = self.facts.calls[id].surroundings.is_repeated();
        for (_, method) in self.facts.object(id).skip(1) {
            match (method.name.as_str(), method.arguments.first()) {
                // An argument of a single branch may be missing, so `--` does not end the options for certain.
                ("arg", Some(given))
                    if method.surroundings.depth > self.facts.calls[id].surroundings.depth
                        && given.constant().is_some_and(|word| word == "--") => {}
                ("arg" | "raw_arg", Some(given)) => {
                    // In a loop around only this call, the value represents one argument per iteration.
                    let repeated = method.surroundings.is_repeated() && !made_in_loop;
                    values.push(Value { spread: repeated && given.split.is_some(), ..given.clone() });
                }
                ("args", Some(given)) => extend(values, given, &mut open),
                _ => {}
            }
        }
        open
    }

    /// Returns the program and arguments of a returned value, if it is a command that the function created.
    pub(super) fn argv_of(&self, value: &Value) -> Option<Value> {
        let root = self.facts.calls[value.call.filter(|_| !value.part)?].root;
        let is_it = |sink: &&Sink| sink.kind == SinkKind::Command && sink.call == Some(root);
        let sink = self.facts.sinks.iter().rev().find(is_it)?;
        Some(Value::list(sink.span, sink.values.clone()))
    }

    /// Returns the text that a method passes to a shell on another machine.
    fn remote_script<'c>(&self, call: &'c super::Call) -> Option<&'c Value> {
        let (_, maker) = tables::REMOTE_SHELLS.iter().find(|(method, _)| *method == call.name)?;
        let receiver = call.receiver.as_ref().filter(|_| call.path.is_empty())?;
        let made_by = self.facts.calls[receiver.call?].name == *maker;
        call.arguments.first().filter(|_| made_by)
    }
}

fn sink(kind: SinkKind, id: usize, call: &super::Call, values: Vec<Value>, open: bool) -> Sink {
    let by = if call.path.is_empty() { call.name.clone() } else { call.path.clone() };
    Sink {
        kind,
        values,
        span: call.span,
        by,
        through: None,
        function: call.function,
        call: Some(id),
        open,
        behind: Vec::new(),
        told_on: false,
        certain: false,
        undone: None,
    }
}

fn extend(values: &mut Vec<Value>, given: &Value, open: &mut bool) {
    if let Some(items) = &given.items {
        values.extend(items.iter().cloned());
    } else {
        values.push(Value { spread: true, ..given.clone() });
        *open = true;
    }
}

/// Whether a list argument looks like the command line of a program that interprets its operands.
fn is_argv(value: &Value, shells: &[String]) -> bool {
    let Some([program, rest @ ..]) = value.items.as_deref() else { return false };
    let Some(program) = program.constant() else { return false };
    let name = tables::program_name(&program);
    !rest.is_empty()
        && (tables::SHELLS.contains(&name)
            || shells.iter().any(|known| known == name)
            || tables::WINDOWS_SHELLS.contains(&name)
            || tables::WRAPPERS.contains(&name))
}
