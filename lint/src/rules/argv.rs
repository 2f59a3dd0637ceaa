//! Command lines for the rules: the words of an argv, and the commands of the scripts in it.

use std::collections::HashMap;

use crate::config::Config;
use crate::facts::{CallId, FileFacts, Sink, SinkKind};
use crate::rule::Hit;
use crate::shell::{SimpleCommand, simple_commands, unwrapped};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

/// Returns the shell of an argv, and the script that it interprets; the script is `None` if the argv does not contain
/// it.
pub(super) fn script_of<'v>(argv: &'v [Value], config: &Config) -> Option<(String, Option<&'v Value>)> {
    named_script(argv, config).or_else(|| script_of_chosen_shell(argv)).or_else(|| remote_script(argv))
}

/// Returns the script after `-c`, if the shell comes from the environment, `$SHELL`.
fn script_of_chosen_shell(argv: &[Value]) -> Option<(String, Option<&Value>)> {
    let chosen = argv.first()?.sources.iter().find_map(|source| source.name.as_deref())?;
    let option = argv.iter().position(|value| value.constant().is_some_and(|word| is_command_option(&word)))?;
    (chosen == "SHELL").then(|| ("$SHELL".to_owned(), argv.get(option + 1)))
}

/// Returns the script for a shell on another machine. `ssh` joins its operands into one text, so an operand with
/// several words is always a script.
fn remote_script(argv: &[Value]) -> Option<(String, Option<&Value>)> {
    let (program, operands) = argv.split_first()?;
    let program = program.constant().filter(|program| tables::program_name(program) == "ssh")?;
    let is_line = |value: &Value| value.shown().trim().contains(char::is_whitespace);
    let is_option = |value: &Value| value.prefix().starts_with('-');
    let (at, script) = operands.iter().enumerate().skip(1).find(|(_, value)| is_line(value))?;
    (!is_option(script) && !is_option(&operands[at - 1])).then_some((program, Some(script)))
}

fn named_script<'v>(argv: &'v [Value], config: &Config) -> Option<(String, Option<&'v Value>)> {
    let constant = |index: usize| argv.get(index).and_then(Value::constant);
    let is_unix = |name: &str| tables::SHELLS.contains(&name) || config.tables.shells.iter().any(|known| known == name);
    let is_shell = |word: &str| {
        let name = tables::program_name(word);
        is_unix(name) || tables::SHELL_STARTERS.contains(&name) || tables::WINDOWS_SHELLS.contains(&name)
    };
    let first = constant(0).unwrap_or_else(|| "…".to_owned());
    // An unknown program with `sh` and `-c` among its operands runs a shell, too.
    let wrapped = first == "…" || tables::WRAPPERS.contains(&tables::program_name(&first));
    // For a wrapper, the shell is one of the operands.
    let is_starter = tables::SHELL_STARTERS.contains(&tables::program_name(&first));
    let at = if wrapped && !is_starter {
        (1..argv.len()).find(|index| constant(*index).is_some_and(|word| is_shell(&word)))?
    } else {
        0
    };
    let program = constant(at)?;
    let name = tables::program_name(&program);
    let unix = is_unix(name);
    let options = match name {
        _ if unix => &[],
        name if tables::SHELL_STARTERS.contains(&name) => tables::SHELL_STARTER_OPTIONS,
        name if tables::WINDOWS_SHELLS.contains(&name) => tables::WINDOWS_SHELL_OPTIONS,
        _ => return None,
    };
    let option = (at + 1..argv.len()).find(|index| {
        constant(*index).is_some_and(|word| options.iter().any(|option| word.eq_ignore_ascii_case(option)))
            || (unix && constant(*index).is_some_and(|word| is_command_option(&word)))
    })?;
    let shown = if at > 0 { format!("{} … {name}", tables::program_name(&first)) } else { name.to_owned() };
    let shown = shown.replace("… … ", "… ");
    Some((shown, argv.get(option + 1)))
}

/// Whether a word is `-c`, alone or combined with other letters, `-euxc`.
fn is_command_option(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| letters.contains('c') && letters.chars().all(|letter| letter.is_ascii_lowercase()))
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
    match sink.kind {
        SinkKind::Command => {
            let mut words: Vec<String> = sink.values.iter().map(Value::shown).collect();
            let guest = words.iter().position(|word| tables::GUESTS.contains(&tables::program_name(word)));
            if let Some(guest) = guest.filter(|guest| *guest < MAX_WRAPPERS) {
                words.truncate(guest + 1);
                return vec![SimpleCommand { words, ..SimpleCommand::default() }];
            }
            let mut commands = vec![SimpleCommand { words, ..SimpleCommand::default() }];
            if let Some((shell, Some(script))) = script_of(&sink.values, config) {
                let script = script.shown();
                // There, a backslash is a part of a path.
                let is_windows = tables::WINDOWS_SHELLS.contains(&shell.as_str());
                let script = if is_windows { script.replace('\\', "\\\\") } else { script };
                commands.extend(commands_of_script(&script, config, 0));
            }
            commands
        }
        SinkKind::ShellString => {
            sink.values.first().map(|text| commands_of_script(&text.shown(), config, 0)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The number of words in front of which a program that leads to a guest is looked for.
const MAX_WRAPPERS: usize = 3;
/// The maximum depth of scripts in scripts; deeper ones are words.
const MAX_SCRIPTS: usize = 4;

/// Returns the commands of a script, and those of the scripts that it passes to a shell: `sudo sh -c 'ip link'`. These have
/// the words in front of the shell, which say where they run: `sudo ip link`.
fn commands_of_script(script: &str, config: &Config, depth: usize) -> Vec<SimpleCommand> {
    let mut all = Vec::new();
    for command in simple_commands(script) {
        let mut names = command.words.iter().map(|word| tables::program_name(word));
        if names.next().is_some_and(|first| tables::GUESTS.contains(&first)) {
            continue;
        }
        let is_for_guest = names.take(MAX_WRAPPERS - 1).any(|name| tables::GUESTS.contains(&name));
        let inner = inner_script(&command, config).filter(|_| depth < MAX_SCRIPTS && !is_for_guest);
        all.push(command.clone());
        let Some(inner) = inner else { continue };
        let rest = unwrapped(&command.words).1;
        let before = &command.words[..command.words.len() - rest.len()];
        all.extend(commands_of_script(&inner, config, depth + 1).into_iter().map(|mut command| {
            command.words.splice(0..0, before.iter().cloned());
            command
        }));
    }
    all
}

/// Returns the script that a command of a script passes to a shell, as an argument or as its input, or that the shell
/// itself runs later.
fn inner_script(command: &SimpleCommand, config: &Config) -> Option<String> {
    let rest = unwrapped(&command.words).1;
    let (program, operands) = rest.split_first()?;
    match tables::program_name(program) {
        "eval" => return Some(operands.join(" ")),
        "trap" => return operands.first().filter(|script| script.as_str() != "-").cloned(),
        _ => {}
    }
    let values: Vec<Value> = rest.iter().map(|word| Value::text(Span::default(), word.as_str())).collect();
    if let Some((_, script)) = script_of(&values, config) {
        return script.and_then(Value::constant);
    }
    let is_shell = tables::SHELLS.contains(&tables::program_name(program));
    // With an operand, it reads that file.
    let reads_input = operands.iter().take_while(|word| *word != "-s").all(|word| word.starts_with('-'));
    command.input.clone().filter(|_| is_shell && reads_input)
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

    #[test]
    fn scripts_in_scripts_are_followed() {
        let shown = |script: &str| -> Vec<String> {
            let commands = commands_of_script(script, &Config::default(), 0);
            commands.iter().map(|command| command.words.join(" ")).collect()
        };
        assert_eq!(shown("sudo sh -c 'ip link; id'"), ["sudo sh -c ip link; id", "sudo ip link", "sudo id"]);
        assert_eq!(shown("ip netns exec {} bash -ec \"id\""), ["ip netns exec {} bash -ec id", "ip netns exec {} id"]);
        assert_eq!(shown("sudo bash -s <<EOF\nid\nEOF"), ["sudo bash -s", "sudo id"]);
        assert_eq!(
            shown("trap 'id' EXIT; eval id -u; cat <<EOF\nid\nEOF"),
            ["trap id EXIT", "id", "eval id -u", "id -u", "cat"]
        );
        assert_eq!(shown("ssh host 'id'; sudo docker exec c sh -c 'id'"), ["sudo docker exec c sh -c id"]);
        let nested = (0..=MAX_SCRIPTS).fold("id".to_owned(), |script, _| format!("eval {script}"));
        assert_eq!(shown(&nested).last().map(String::as_str), Some("eval id"));
    }
}
