//! Macros that take a command line as text or tokens: `cmd!` of xshell, `run_cmd!` and related macros of cmd_lib. They
//! run an argv and do not start a shell.

use super::SinkKind;
use super::lower::Lower;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Returns the argv of `cmd!(sh, "program {argument}")`, if the macro is xshell's.
    pub(super) fn templated_command(&mut self, path: &str, arguments: &[Value], span: Span) -> Option<Vec<Value>> {
        let [_, template, ..] = arguments else { return None };
        // `use xshell::*` leaves the bare name; the `cmd!` of duct takes the program, a text, as its first argument.
        let known =
            tables::ends_with(path, tables::COMMAND_OF_TEXT) || (path == "cmd!" && arguments[0].constant().is_none());
        let text = template.constant().filter(|_| known)?;
        let words = words(&text).into_iter().flatten();
        Some(words.map(|word| self.word(&word, span)).collect())
    }

    /// Adds a sink for every command of `run_cmd!(…)`, if the macro comes from cmd_lib.
    pub(super) fn tokens_command(&mut self, call: &syn::Macro, span: Span) {
        let path = format!("{}!", self.resolve(&call.path));
        if !tables::TOKEN_COMMANDS.iter().any(|known| tables::ends_with(&path, known)) {
            return;
        }
        let Some(text) = call.delimiter.span().join().source_text() else { return };
        let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
        for command in words(&braced(&without_raw_texts(inner))) {
            let values: Vec<Value> = command.iter().map(|word| self.word(word, span)).collect();
            self.sink_of_all(SinkKind::Command, values, span, path.clone(), None);
        }
    }

    /// Evaluates a word in which `{name}` is a placeholder for a value, and `{name...}` for a list.
    fn word(&mut self, word: &str, span: Span) -> Value {
        let spread = word.ends_with("...}");
        let plain = word.replace("...}", "}");
        let mut value = self.formatted("format", span, &[Value::text(span, plain)]);
        value.spread = spread;
        value
    }
}

/// Rewrites `r"text"` and `r#"text"#` as texts without placeholders, by doubling `$`.
fn without_raw_texts(tokens: &str) -> String {
    let mut text = String::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some(at) = rest.find("r\"").into_iter().chain(rest.find("r#\"")).min() {
        let is_word = rest[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let (open, close) = if rest[at..].starts_with("r#") { (3, "\"#") } else { (2, "\"") };
        let Some(length) = rest[at + open..].find(close).filter(|_| !is_word) else {
            text.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        let inside = &rest[at + open..at + open + length];
        text.extend([&rest[..at], "'", &inside.replace('$', "$$"), "'"]);
        rest = &rest[at + open + length + close.len()..];
    }
    text.push_str(rest);
    text
}

/// Rewrites `$name`, `${name}` and `$[name]` as `{name}`; doubles all other braces, as templates require.
fn braced(tokens: &str) -> String {
    let mut text = String::with_capacity(tokens.len());
    let mut rest = tokens;
    while let Some(at) = rest.find(['$', '{', '}']) {
        text.push_str(&rest[..at]);
        let (mark, after) = rest[at..].split_at(1);
        rest = after;
        if mark != "$" {
            text.push_str(if mark == "{" { "{{" } else { "}}" });
            continue;
        }
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let opened = rest.starts_with(['{', '[']);
        rest = if opened { &rest[1..] } else { rest };
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let dots = if opened && rest[name..].starts_with(']') { "..." } else { "" };
        text.push('{');
        text.push_str(&rest[..name]);
        text.push_str(dots);
        text.push('}');
        rest = &rest[name..];
        rest = if opened { rest.strip_prefix(['}', ']']).unwrap_or(rest) } else { rest };
    }
    text.push_str(rest);
    text
}

/// Returns the words of each command, without quotes. A command ends at `;`, `|`, `&` and at the end of a line.
fn words(text: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match character {
            _ if quote == Some(character) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            ';' | '|' | '&' | '\n' if quote.is_none() => {
                commands.last_mut().into_iter().for_each(|command| command.extend(word.take()));
                commands.push(Vec::new());
            }
            space if quote.is_none() && space.is_whitespace() => {
                commands.last_mut().into_iter().for_each(|command| command.extend(word.take()));
            }
            _ => word.get_or_insert_default().push(character),
        }
    }
    commands.last_mut().into_iter().for_each(|command| command.extend(word.take()));
    commands.retain(|command| !command.is_empty());
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_a_template() {
        assert_eq!(braced("bash -c $x; echo ${y}z $[all] {}"), "bash -c {x}; echo {y}z {all...} {{}}");
    }

    #[test]
    fn nothing_is_put_into_raw_texts() {
        assert_eq!(braced(&without_raw_texts(r#"bash -c r"echo $RANDOM" $x"#)), "bash -c 'echo $RANDOM' {x}");
        assert_eq!(without_raw_texts("tr \"a\""), "tr \"a\"");
    }

    #[test]
    fn words_end_at_white_space_and_commands_at_operators() {
        assert_eq!(words("ip link \"a b\" | cat;\n"), [vec!["ip", "link", "a b"], vec!["cat"]]);
        assert_eq!(words("sh -c ''"), [["sh", "-c", ""]]);
    }
}
