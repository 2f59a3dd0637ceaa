//! The commands that a sink runs: its argv, and the scripts in it.

use super::{SimpleCommand, beginning_of, is_confined, simple_commands, unwrapped};
use crate::facts::{Sink, SinkKind};
use crate::span::Span;
use crate::tables::{self, ExtraTables};
use crate::value::Value;

/// Returns the shell of an argv, and the script that it interprets; the script is `None` if the argv does not contain
/// it.
pub(crate) fn script_of<'v>(argv: &'v [Value], extra: &ExtraTables) -> Option<(String, Option<&'v Value>)> {
    named_script(argv, extra).or_else(|| script_of_chosen_shell(argv)).or_else(|| remote_script(argv))
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

fn named_script<'v>(argv: &'v [Value], extra: &ExtraTables) -> Option<(String, Option<&'v Value>)> {
    let constant = |index: usize| argv.get(index).and_then(Value::constant);
    let is_unix = |name: &str| tables::SHELLS.contains(&name) || extra.shells.iter().any(|known| known == name);
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

/// Returns the commands that a sink runs on this machine, with their redirections: the argv itself, and the commands of
/// the script of a shell in it. Unknown parts are `{}`.
pub(crate) fn simple_commands_of(sink: &Sink, extra: &ExtraTables) -> Vec<SimpleCommand> {
    match sink.kind {
        SinkKind::Command => {
            let mut words: Vec<String> = sink.values.iter().map(Value::shown).collect();
            let guest = words.iter().position(|word| tables::GUESTS.contains(&tables::program_name(word)));
            if let Some(guest) = guest.filter(|guest| *guest < MAX_WRAPPERS) {
                words.truncate(guest + 1);
                return vec![SimpleCommand { words, ..SimpleCommand::default() }];
            }
            let mut commands = vec![SimpleCommand { words, ..SimpleCommand::default() }];
            if let Some((shell, Some(script))) = script_of(&sink.values, extra) {
                let script = script.shown();
                // There, a backslash is a part of a path.
                let is_windows = tables::WINDOWS_SHELLS.contains(&shell.as_str());
                let script = if is_windows { script.replace('\\', "\\\\") } else { script };
                commands.extend(commands_of_script(&script, extra, 0));
            }
            commands
        }
        SinkKind::ShellString => {
            sink.values.first().map(|text| commands_of_script(&text.shown(), extra, 0)).unwrap_or_default()
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
fn commands_of_script(script: &str, extra: &ExtraTables, depth: usize) -> Vec<SimpleCommand> {
    let mut all = Vec::new();
    for command in simple_commands(script) {
        let mut names = command.words.iter().map(|word| tables::program_name(word));
        if names.next().is_some_and(|first| tables::GUESTS.contains(&first)) {
            continue;
        }
        let is_for_guest = names.take(MAX_WRAPPERS - 1).any(|name| tables::GUESTS.contains(&name));
        let inner = inner_script(&command, extra).filter(|_| depth < MAX_SCRIPTS && !is_for_guest);
        all.push(command.clone());
        let Some(inner) = inner else { continue };
        let rest = unwrapped(&command.words).1;
        let before = &command.words[..command.words.len() - rest.len()];
        all.extend(commands_of_script(&inner, extra, depth + 1).into_iter().map(|mut command| {
            command.words.splice(0..0, before.iter().cloned());
            command
        }));
    }
    all
}

/// Returns the script that a command of a script passes to a shell, as an argument or as its input, or that the shell
/// itself runs later.
fn inner_script(command: &SimpleCommand, extra: &ExtraTables) -> Option<String> {
    let rest = unwrapped(&command.words).1;
    let (program, operands) = rest.split_first()?;
    match tables::program_name(program) {
        "eval" => return Some(operands.join(" ")),
        "trap" => return operands.first().filter(|script| script.as_str() != "-").cloned(),
        _ => {}
    }
    let values: Vec<Value> = rest.iter().map(|word| Value::text(Span::default(), word.as_str())).collect();
    if let Some((_, script)) = script_of(&values, extra) {
        return script.and_then(Value::constant);
    }
    let is_shell = tables::SHELLS.contains(&tables::program_name(program));
    // With an operand, it reads that file.
    let reads_input = operands.iter().take_while(|word| *word != "-s").all(|word| word.starts_with('-'));
    command.input.clone().filter(|_| is_shell && reads_input)
}

/// A command that changes the network.
pub(crate) struct NetworkChange {
    /// The command or the redirection, as a message shows it.
    pub shown: String,
    /// The word that shows the change.
    pub word: String,
    /// It writes to a setting of the network.
    pub is_write: bool,
}

/// Returns the first change of the network among the commands of a sink, outside of namespaces.
pub(crate) fn network_change(sink: &Sink, extra: &ExtraTables) -> Option<NetworkChange> {
    let commands = simple_commands_of(sink, extra);
    // The whole script of a shell that starts in a namespace runs there.
    if commands.first().is_some_and(|command| is_confined(&command.words)) {
        return None;
    }
    commands.iter().filter(|command| !is_confined(&command.words)).find_map(|command| {
        if let Some(path) = command.outputs.iter().find(|path| tables::is_network_setting(path)) {
            let shown = format!("… > {}", path.replace("{}", "…"));
            return Some(NetworkChange { shown, word: path.clone(), is_write: true });
        }
        let (program, operands) = unwrapped(&command.words).1.split_first()?;
        let program = tables::program_name(program);
        tables::changes_network(program, operands).then_some(())?;
        // A helper that runs `ip` with arguments of its caller is reported at the caller.
        let word = operands.last().map_or_else(|| program.to_owned(), Clone::clone);
        Some(NetworkChange { shown: beginning_of(program, operands), word, is_write: false })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_scripts_are_followed() {
        let shown = |script: &str| -> Vec<String> {
            let commands = commands_of_script(script, &ExtraTables::default(), 0);
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
