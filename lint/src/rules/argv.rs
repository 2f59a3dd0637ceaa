//! Command lines for the rules: the words of an argv, and the commands of the scripts in it.

use std::collections::HashMap;

use crate::config::Config;
use crate::facts::{CallId, FileFacts, Sink};
use crate::rule::Hit;
use crate::shell::{self, SimpleCommand, unwrapped};
use crate::tables;
use crate::value::Value;

/// Returns the shell of an argv, and the script that it interprets; see [`shell::script_of`].
pub(super) fn script_of<'v>(argv: &'v [Value], config: &Config) -> Option<(String, Option<&'v Value>)> {
    shell::script_of(argv, &config.tables)
}

/// Returns the commands that a sink runs on this machine, as words with `{}` for unknown parts: the argv itself, and
/// the commands of the script of a shell in it.
///
/// The result excludes commands for a guest, a container or another machine, but includes the program that sends them.
pub(super) fn commands(sink: &Sink, config: &Config) -> Vec<Vec<String>> {
    simple_commands_of(sink, config)
        .into_iter()
        .map(|command| command.words)
        .filter(|words| !words.is_empty())
        .collect()
}

/// Returns the same commands, with their redirections.
pub(super) fn simple_commands_of(sink: &Sink, config: &Config) -> Vec<SimpleCommand> {
    shell::simple_commands_of(sink, &config.tables)
}

/// Whether this sink must report the word. A word from a called function is reported there, unless the caller passes
/// it.
pub(super) fn is_said_here(sink: &Sink, word: &str) -> bool {
    let given = |value: &Value| value.span != sink.span && value.shown().contains(word);
    sink.through.is_none() || sink.values.iter().any(given)
}

/// Returns the commands of a sink without their wrappers.
pub(super) fn inner_commands(sink: &Sink, config: &Config) -> Vec<Vec<String>> {
    commands(sink, config).iter().map(|words| unwrapped(words).1.to_vec()).filter(|words| !words.is_empty()).collect()
}

/// Calls of functions of a file, by the place of the operation in the called function.
pub(super) struct Callers<'f>(HashMap<u32, Vec<&'f Sink>>);

/// The maximum number of calls that are shown.
const SHOWN_CALLS: usize = 5;

impl<'f> Callers<'f> {
    pub(super) fn new(facts: &'f FileFacts) -> Self {
        let mut calls: HashMap<u32, Vec<&Sink>> = HashMap::new();
        for sink in &facts.sinks {
            for place in sink.behind.iter().filter(|place| place.file == facts.file) {
                calls.entry(place.span.start).or_default().push(sink);
            }
        }
        Self(calls)
    }

    /// Adds the calls that lead to the sink as labels of the hit, each with the text of `about`, if there is one.
    pub(super) fn labelled(&self, mut hit: Hit, sink: &Sink, about: impl Fn(&Sink) -> Option<String>) -> Hit {
        let mut shown = Vec::new();
        for call in self.0.get(&sink.span.start).into_iter().flatten() {
            if shown.len() < SHOWN_CALLS
                && !shown.contains(&call.span)
                && let Some(message) = about(call)
            {
                shown.push(call.span);
                hit = hit.label(call.span, message);
            }
        }
        hit.behind(&sink.behind)
    }
}

/// Whether every program that the command starts is one of `tools`.
pub(super) fn is_one_of(facts: &FileFacts, command: CallId, config: &Config, tools: &[&str]) -> bool {
    let Some(sink) = facts.sinks.iter().find(|sink| sink.call == Some(command)) else { return false };
    let commands = commands(sink, config);
    let script = script_of(&sink.values, config).is_some();
    let mut programs = commands.iter().skip(usize::from(script)).filter_map(|words| words.first()).peekable();
    programs.peek().is_some() && programs.all(|program| tools.contains(&tables::program_name(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn wrappers_come_off_one_by_one() {
        let rest = |text: &str| unwrapped(&words(text)).1.join(" ");
        assert_eq!(rest("sudo -n ip netns exec {} pkill -f x"), "pkill -f x");
        assert_eq!(rest("env A=1 timeout -k 1 5 killall x"), "killall x");
        assert_eq!(rest("timeout 5 killall x"), "killall x");
        assert_eq!(rest("ip link add x"), "ip link add x");
        assert_eq!(rest("sudo"), "");
    }
}
