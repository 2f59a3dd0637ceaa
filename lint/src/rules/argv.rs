//! Command lines as the rules read them: words of an argv, and the simple commands of a shell's text.

use crate::config::Config;
use crate::facts::{CallId, FileFacts, Sink, SinkKind};
use crate::tables;
use crate::value::Value;

/// The shell of an argv, and the text that it interprets, `None` if that is not in the list.
pub(super) fn script_of<'v>(argv: &'v [Value], config: &Config) -> Option<(String, Option<&'v Value>)> {
    named_script(argv, config).or_else(|| script_of_chosen_shell(argv)).or_else(|| remote_script(argv))
}

/// The text behind `-c` of the shell that the environment names, `$SHELL`.
fn script_of_chosen_shell(argv: &[Value]) -> Option<(String, Option<&Value>)> {
    let chosen = argv.first()?.sources.iter().find_map(|source| source.name.as_deref())?;
    let option = argv.iter().position(|value| value.constant().is_some_and(|word| is_command_option(&word)))?;
    (chosen == "SHELL").then(|| ("$SHELL".to_owned(), argv.get(option + 1)))
}

/// What a shell on another machine gets: `ssh` hands on its operands as one text, so one that is a line of words is a
/// script, whatever it was meant to be.
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
    // Whatever a program that is not known does, with `sh` and `-c` among its operands it runs a shell.
    let wrapped = first == "…" || tables::WRAPPERS.contains(&tables::program_name(&first));
    // The shell is somewhere among the operands of the wrapper.
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

/// `-c` alone or among other letters, `-euxc`.
fn is_command_option(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| letters.contains('c') && letters.chars().all(|letter| letter.is_ascii_lowercase()))
}

/// The commands that a sink runs on this machine, each as words with `{}` for what is not known: the argv itself,
/// and those of the text that a shell in it interprets.
///
/// What is sent to a guest, a container or another machine is left out, but the program that sends it is not.
pub(super) fn commands(sink: &Sink, config: &Config) -> Vec<Vec<String>> {
    match sink.kind {
        SinkKind::Command => {
            let mut words: Vec<String> = sink.values.iter().map(Value::shown).collect();
            let guest = words.iter().position(|word| tables::GUESTS.contains(&tables::program_name(word)));
            if let Some(guest) = guest.filter(|guest| *guest < 3) {
                words.truncate(guest + 1);
                return vec![words];
            }
            let script = script_of(&sink.values, config).and_then(|(_, script)| script).map(Value::shown);
            let mut commands = vec![words];
            commands.extend(script.iter().flat_map(|script| simple_commands(script)));
            commands
        }
        SinkKind::ShellString => sink.values.first().map(|text| simple_commands(&text.shown())).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A shell's text taken apart at the operators between commands; quotes are dropped, not understood.
pub(super) fn simple_commands(script: &str) -> Vec<Vec<String>> {
    script
        .split([';', '|', '&', '\n', '(', ')', '`'])
        .map(|command| {
            command
                .split_whitespace()
                .map(|word| word.trim_matches(['"', '\'', '$']).to_owned())
                .filter(|word| !word.is_empty())
                .collect::<Vec<String>>()
        })
        .filter(|words| !words.is_empty())
        .map(|words| {
            let assignments = words.iter().take_while(|word| is_assignment(word)).count();
            words[assignments.min(words.len() - 1)..].to_vec()
        })
        .filter(|words| words.first().is_none_or(|first| !tables::GUESTS.contains(&tables::program_name(first))))
        .collect()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}

/// The command behind `sudo`, `env`, `timeout` and the like, and the wrappers that were taken off.
pub(super) fn unwrapped(words: &[String]) -> (Vec<&str>, &[String]) {
    let mut wrappers = Vec::new();
    let mut rest = words;
    // A helper that is not known, and what it enters.
    if let [helper, ip, netns, exec, ..] = words
        && helper == "{}"
        && tables::program_name(ip) == "ip"
        && netns == "netns"
        && exec == "exec"
    {
        rest = &words[1..];
    }
    while let Some(first) = rest.first() {
        let name = tables::program_name(first);
        if !tables::WRAPPERS.contains(&name) || tables::GUESTS.contains(&name) {
            break;
        }
        let operands = match name {
            "ip" if rest.get(1).is_some_and(|word| word == "netns")
                && rest.get(2).is_some_and(|word| word == "exec") =>
            {
                3
            }
            "ip" => break,
            "timeout" | "chroot" | "runuser" => 1,
            _ => 0,
        };
        wrappers.push(name);
        let after = &rest[1..];
        let mut options = 0;
        while let Some(word) = after.get(options).filter(|word| word.starts_with('-') || is_assignment(word)) {
            let has_value = tables::VALUE_OPTIONS.iter().any(|(wrapper, option)| *wrapper == name && option == word);
            options += if has_value { 2 } else { 1 };
        }
        let skipped = if name == "ip" { operands } else { options + operands };
        rest = after.get(skipped..).unwrap_or_default();
    }
    (wrappers, rest)
}

/// Whether a word of a command stands where the sink is: not in a function that is called there, which has its own
/// finding, unless the caller gives it the word.
pub(super) fn is_said_here(sink: &Sink, word: &str) -> bool {
    let given = |value: &Value| value.span != sink.span && value.shown().contains(word);
    sink.through.is_none() || sink.values.iter().any(given)
}

/// The commands of a sink with the wrappers taken off.
pub(super) fn inner_commands(sink: &Sink, config: &Config) -> Vec<Vec<String>> {
    commands(sink, config).iter().map(|words| unwrapped(words).1.to_vec()).filter(|words| !words.is_empty()).collect()
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
    fn scripts_come_apart_at_their_operators() {
        assert_eq!(
            simple_commands("A=1 sudo ip link add x; kill $(pidof y) && ssh host 'sudo z'"),
            [words("sudo ip link add x"), words("kill"), words("pidof y")]
        );
    }
}
