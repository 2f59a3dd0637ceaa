//! Shell text: splits a script into its simple commands, as a POSIX shell reads it.
//!
//! Follows quotes, escapes, comments, here-documents, substitutions and compound commands (POSIX.1-2024, "Shell Command
//! Language"), and from bash `[[ … ]]`, `((…))`, arrays, `<(…)`, `<<<` and `&>`. It expands nothing and reports no
//! errors: the texts of tests have placeholders, `{}`, and a wrong text leads to some commands, never to a panic.
//! ARCHITECTURE.md has the reason why this is not the parser of another crate.

mod script;
mod word;
mod wrapped;

pub(crate) use script::{network_change, script_of, simple_commands_of};
pub(crate) use wrapped::{beginning_of, is_confined, unwrapped};

use word::Word;

/// The maximum depth of subshells and substitutions; deeper text is skipped.
const MAX_DEPTH: usize = 32;

/// Words after which a command begins.
const OPENERS: &[&str] = &["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"];
/// Words that end a compound command.
const CLOSERS: &[&str] = &["fi", "done", "esac", "}"];
/// Words before a name that is not a program.
const HEADERS: &[&str] = &["for", "select", "function"];

/// One program with its arguments, or a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SimpleCommand {
    /// The words without quotes, redirections and leading assignments. A word that is only a substitution is left out;
    /// within a longer word, `{}` replaces it. A word that is only a variable loses its `$`.
    pub words: Vec<String>,
    /// The files that its output redirections create.
    pub outputs: Vec<String>,
    /// The text of its here-document or here-string.
    pub input: Option<String>,
}

/// Returns the commands of a script in the order of the text; the commands of a substitution follow the command that
/// contains it.
pub(crate) fn simple_commands(script: &str) -> Vec<SimpleCommand> {
    let mut parser = Parser { text: script.chars().collect(), ..Parser::default() };
    parser.list(None);
    parser.found.retain(|command| !command.words.is_empty() || !command.outputs.is_empty());
    parser.found
}

/// Whether a word is an assignment to a variable, `A=1`.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty() && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}

#[derive(Default)]
struct Parser {
    text: Vec<char>,
    at: usize,
    depth: usize,
    found: Vec<SimpleCommand>,
    /// Here-documents whose text begins after the current line.
    awaited: Vec<HereDocument>,
}

struct HereDocument {
    delimiter: String,
    /// `<<-`: tabs at the start of its lines do not count.
    is_indented: bool,
    /// The delimiter has no quotes, so that substitutions run.
    is_expanded: bool,
    /// The index in [`Parser::found`] of the command that reads it.
    reader: usize,
}

/// The state of one list of commands.
#[derive(Default)]
struct List {
    command: SimpleCommand,
    /// The index in [`Parser::found`] that the command gets.
    index: Option<usize>,
    /// The words are the header of a loop or function.
    is_header: bool,
    /// The number of enclosing `case`.
    cases: usize,
    /// Inside a `case`, before the `)` of a pattern.
    is_pattern: bool,
    /// The last word was `time`, which takes an option of its own.
    is_timed: bool,
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    /// Consumes `text` if it is next.
    fn takes(&mut self, text: &str) -> bool {
        let is_next = text.chars().enumerate().all(|(ahead, character)| self.peek(ahead) == Some(character));
        if is_next {
            self.at += text.chars().count();
        }
        is_next
    }

    fn skip_blanks(&mut self) {
        while let Some(next) = self.peek(0) {
            match next {
                '\\' if self.peek(1) == Some('\n') => self.at += 2,
                '\n' => break,
                blank if blank.is_whitespace() => self.at += 1,
                _ => break,
            }
        }
    }

    /// Reads commands up to `end`, which it consumes, or to the end of the text.
    fn list(&mut self, end: Option<char>) {
        self.depth += 1;
        let mut list = List::default();
        loop {
            self.skip_blanks();
            let Some(next) = self.peek(0) else { break };
            match next {
                ')' if end == Some(')') && !list.is_pattern && list.cases == 0 => {
                    self.at += 1;
                    break;
                }
                ')' => {
                    self.at += 1;
                    // A pattern of `case` is not a command.
                    if list.is_pattern {
                        list = List { cases: list.cases, ..List::default() };
                    }
                    self.ends(&mut list);
                }
                '#' => {
                    while self.peek(0).is_some_and(|next| next != '\n') {
                        self.at += 1;
                    }
                }
                '\n' => {
                    self.at += 1;
                    self.ends(&mut list);
                    self.here_documents();
                }
                ';' => {
                    self.at += 1;
                    self.ends(&mut list);
                    if self.takes(";") || self.takes("&") {
                        self.takes("&");
                        list.is_pattern = list.cases > 0;
                    }
                }
                '&' if self.peek(1) == Some('>') => {
                    self.at += 1;
                    self.redirection(&mut list);
                }
                '&' | '|' => {
                    self.at += 1;
                    self.ends(&mut list);
                }
                '(' => self.parenthesis(&mut list),
                '<' | '>' if self.peek(1) == Some('(') => {
                    self.at += 2;
                    self.substitution(&mut list, ')');
                }
                '<' | '>' => self.redirection(&mut list),
                _ => {
                    let word = self.word(&mut list);
                    self.take_word(&mut list, &word);
                }
            }
        }
        self.ends(&mut list);
        self.depth -= 1;
    }

    /// Ends a command and adds it, unless it is empty.
    fn ends(&mut self, list: &mut List) {
        let command = std::mem::take(&mut list.command);
        let index = list.index.take();
        let is_dropped = std::mem::take(&mut list.is_header) || list.is_pattern;
        let command = if is_dropped { SimpleCommand::default() } else { command };
        match index {
            Some(index) => {
                self.found[index] = SimpleCommand { input: self.found[index].input.take().or(command.input), ..command }
            }
            None if command.words.is_empty() && command.outputs.is_empty() => {}
            None => self.found.push(command),
        }
    }

    /// Returns the index of the current command, whose substitutions follow it.
    fn index(&mut self, list: &mut List) -> usize {
        *list.index.get_or_insert_with(|| {
            self.found.push(SimpleCommand::default());
            self.found.len() - 1
        })
    }

    /// Adds a word to the command, or changes the state if it is a reserved word.
    fn take_word(&mut self, list: &mut List, word: &Word) {
        let is_first = list.command.words.is_empty() && !list.is_header;
        let plain = if word.is_quoted || word.has_substitution { "" } else { word.text.as_str() };
        let is_timed = std::mem::replace(&mut list.is_timed, is_first && plain == "time");
        if list.cases > 0 && (is_first || list.is_pattern) && plain == "esac" {
            list.cases -= 1;
            list.is_pattern = false;
            return;
        }
        if list.is_pattern {
            return;
        }
        let is_case = list.command.words.first().is_some_and(|first| first == "case");
        if is_case && plain == "in" {
            list.command.words.clear();
            list.cases += 1;
            list.is_pattern = true;
        } else if list.is_header && ["do", "{"].contains(&plain) {
            self.ends(list);
        } else if is_first && HEADERS.contains(&plain) {
            list.is_header = true;
        } else if is_first && (OPENERS.contains(&plain) || CLOSERS.contains(&plain)) {
            // The command follows, or only redirections.
        } else if is_timed && ["-p", "--"].contains(&plain) {
            list.is_timed = true;
        } else if is_first && plain == "[[" {
            list.command.words.push(plain.to_owned());
            self.test(list);
        } else if is_first && is_assignment(&word.text) {
            // Its words begin after the assignments.
        } else {
            list.command.words.extend(word.known());
        }
    }

    /// Reads the rest of `[[ … ]]`. Its operators, such as `&&`, `<` and `(`, are not those of commands, and a line break is
    /// a blank.
    fn test(&mut self, list: &mut List) {
        while let Some(next) = self.peek(0) {
            match next {
                ';' | '&' | '|' | '(' | ')' | '<' | '>' => self.at += 1,
                blank if blank.is_whitespace() => self.at += 1,
                _ => {
                    let word = self.word(list);
                    let is_end = !word.is_quoted && word.text == "]]";
                    list.command.words.extend(word.known());
                    if is_end {
                        return;
                    }
                }
            }
        }
    }

    /// Reads a `(`: a subshell, the parentheses of a function, or an arithmetic command.
    fn parenthesis(&mut self, list: &mut List) {
        if list.is_pattern {
            self.at += 1;
            return;
        }
        if (list.command.words.is_empty() || list.is_header) && self.takes("((") {
            self.skip_parentheses(2);
            return;
        }
        self.at += 1;
        self.skip_blanks();
        if !list.command.words.is_empty() && self.takes(")") {
            // `name()`: the body follows.
            list.command.words.clear();
            return;
        }
        self.ends(list);
        self.nested(')');
    }

    /// Reads a list in parentheses, or skips it below [`MAX_DEPTH`].
    fn nested(&mut self, end: char) {
        if self.depth < MAX_DEPTH {
            self.list(Some(end));
        } else {
            self.skip_parentheses(1);
        }
    }

    /// Reads the commands of a substitution, which follow the current command.
    fn substitution(&mut self, list: &mut List, end: char) {
        self.index(list);
        self.nested(end);
    }

    /// Skips to behind the parenthesis that closes the last of the `open` ones.
    fn skip_parentheses(&mut self, mut open: usize) {
        while open > 0
            && let Some(next) = self.peek(0)
        {
            self.at += 1;
            match next {
                '(' => open += 1,
                ')' => open -= 1,
                _ => {}
            }
        }
    }

    /// Reads a redirection with its target.
    fn redirection(&mut self, list: &mut List) {
        if self.takes("<<<") {
            self.skip_blanks();
            list.command.input = Some(self.word(list).text);
            return;
        }
        if self.takes("<<") {
            let is_indented = self.takes("-");
            self.skip_blanks();
            let delimiter = self.word(list);
            let reader = self.index(list);
            let is_expanded = !delimiter.is_quoted;
            self.awaited.push(HereDocument { delimiter: delimiter.text, is_indented, is_expanded, reader });
            return;
        }
        let is_output = self.peek(0) == Some('>') || self.peek(1) == Some('>');
        self.at += 1;
        while self.peek(0).is_some_and(|next| matches!(next, '>' | '|')) {
            self.at += 1;
        }
        // `2>&1` and `>&-`: a descriptor; a file in bash's `>& file`.
        let is_copy = self.takes("&");
        self.skip_blanks();
        let target = self.word(list).text;
        let is_descriptor = is_copy && target.chars().all(|character| character.is_ascii_digit() || character == '-');
        if is_output && !is_descriptor && !target.is_empty() {
            list.command.outputs.push(target);
        }
    }

    /// Reads the texts of the here-documents that were announced on the last line.
    fn here_documents(&mut self) {
        for document in std::mem::take(&mut self.awaited) {
            let start = self.at;
            let (mut body, mut end) = (String::new(), self.text.len());
            while self.at < self.text.len() {
                let line_start = self.at;
                let line: String = self.text[line_start..].iter().take_while(|next| **next != '\n').collect();
                self.at = (line_start + line.chars().count() + 1).min(self.text.len());
                let line = if document.is_indented { line.trim_start_matches('\t') } else { &line };
                if line == document.delimiter {
                    end = line_start;
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let after = self.at;
            if document.is_expanded {
                self.at = start;
                let mut list = List { index: Some(document.reader), ..List::default() };
                let mut word = Word::default();
                while self.at < end {
                    self.expansion(&mut list, &mut word, true);
                }
                self.at = after.max(self.at);
            }
            self.found[document.reader].input = Some(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(script: &str) -> Vec<String> {
        simple_commands(script).iter().map(|command| command.words.join("+")).collect()
    }

    #[test]
    fn operators_part_commands_and_quotes_hide_them() {
        assert_eq!(shown("a b; c | d && e || f & g\nh"), ["a+b", "c", "d", "e", "f", "g", "h"]);
        for quoted in ["'b; c'", "\"b; c\"", "b\\;\\ c", "$'b; c'", "$\"b; c\"", "b';'\" c\""] {
            assert_eq!(shown(&format!("a {quoted}")), ["a+b; c"], "{quoted}");
        }
        for quoted in ["'b | c (d'", "\"b | c (d\"", "\"it's | \\\" (\""] {
            assert_eq!(simple_commands(&format!("a {quoted}"))[0].words.len(), 2, "{quoted}");
        }
        assert_eq!(shown("a 'b'\"c\"d ''"), ["a+bcd"]);
        assert_eq!(shown("a b\\\nc \\\n d"), ["a+bc+d"]);
    }

    #[test]
    fn comments_are_not_commands() {
        assert_eq!(shown("# a; b\nc # d; e\nf#g '#h' ${#i}"), ["c", "f#g+#h+{#i}"]);
    }

    #[test]
    fn substitutions_follow_their_command() {
        assert_eq!(shown("kill $(pidof y) && ssh host 'z'"), ["kill", "pidof+y", "ssh+host+z"]);
        assert_eq!(shown("a \"$(b \"$(c)\")\" x`d`y; e"), ["a+x{}y", "b", "c", "d", "e"]);
        assert_eq!(shown("a 'x$(b)' '`c`' \\$x \"\\`d\\`\""), ["a+x$(b)+`c`+x+`d`"]);
        assert_eq!(shown("a ${b:-$(c)} $((1 + (2 > 3))) <(d) $e \"$f\""), ["a+{b:-{}}+e+f", "c", "d"]);
        assert_eq!(shown("a=$(b) c=(d \"$(e)\" f) g"), ["g", "b", "e"]);
    }

    #[test]
    fn reserved_words_are_not_programs() {
        let script = "if ! a; then b; elif c; then d; else e; fi; while f; do g; done; { h; } 2>/dev/null; (i; j)";
        assert_eq!(shown(script), ["a", "b", "c", "d", "e", "f", "g", "h", "", "i", "j"]);
        assert_eq!(shown("for x in a b $(c); do d $x; done; for ((i = 0; i < 3; i++)); do e; done"), ["c", "d+x", "e"]);
        let script = "case $(a) in b|c) d;; (e) f ;& *) g; esac; h";
        assert_eq!(shown(script), ["a", "d", "f", "g", "h"]);
        assert_eq!(shown("f() { a; }; function g { b; }; function h() (c)"), ["a", "b", "c"]);
        assert_eq!(shown("echo if then done; 'if' a"), ["echo+if+then+done", "if+a"]);
        assert_eq!(shown("A=1 B='x y' sudo c; D=2"), ["sudo+c"]);
    }

    #[test]
    fn redirections_are_not_words() {
        let script = "a >b 2>&1 2>>c d <e &>f >|g 3<>h >&- 2>\"/tmp/i j\" >& k";
        let [command] = &simple_commands(script)[..] else { panic!("{:?}", simple_commands(script)) };
        assert_eq!(command.words, ["a", "d"]);
        assert_eq!(command.outputs, ["b", "c", "f", "g", "h", "/tmp/i j", "k"]);
    }

    #[test]
    fn operators_in_a_test_of_bash_are_not_those_of_commands() {
        let script = "if [[ a > b && $(c; d) < 2e || ( f =~ ^(g|h)$ ) &&\n -n \"]]\" ]] >i && j; then k; fi";
        assert_eq!(shown(script), ["[[+a+b+2e+f+=~+^+g+h+-n+]]+]]", "c", "d", "j", "k"]);
        assert_eq!(simple_commands(script)[0].outputs, ["i"]);
        // Elsewhere they are.
        assert_eq!(shown("[ a ] && b; x [[ > c ]]"), ["[+a+]", "b", "x+[[+]]"]);
        assert_eq!(simple_commands("x [[ > c ]]")[0].outputs, ["c"]);
    }

    #[test]
    fn the_options_of_time_are_not_a_program() {
        assert_eq!(
            shown("time -p a -p; time -p -- b; time ! c; time A=1 d -p; -p e"),
            ["a+-p", "b", "c", "d+-p", "-p+e"]
        );
    }

    #[test]
    fn here_documents_are_input() {
        let commands = simple_commands("a <<X b; c <<-'Y'\nd; $(e)\nX\n\tf; $(g)\n\tY\nh");
        let shown: Vec<_> =
            commands.iter().map(|command| (command.words.join(" "), command.input.as_deref())).collect();
        let expected = [("a b", Some("d; $(e)\n")), ("c", Some("f; $(g)\n")), ("e", None), ("h", None)];
        assert_eq!(shown, expected.map(|(words, input)| (words.to_owned(), input)));
        assert_eq!(simple_commands("a <<< 'b; c'")[0].input.as_deref(), Some("b; c"));
    }

    #[test]
    fn wrong_and_deep_texts_come_to_an_end() {
        for text in [
            "'",
            "\"",
            "`",
            "$(",
            "${",
            "((",
            "a=(",
            "a <<X",
            "case x in",
            "a) b",
            "}",
            ")",
            "$",
            "\\",
            "2>",
            "{}",
            "for",
        ] {
            simple_commands(text);
            for other in ["'a", "(b;", "$(c", "`d", "${e", "<<f\n", "case g in"] {
                simple_commands(&format!("{other}{text}{other}"));
            }
        }
        for deep in ["(", "$(", "\"$(", "${a:-", "\"${a:-", "`", "case x in (", "{ ", "a=(", "[[ ", "[[ $("] {
            simple_commands(&deep.repeat(20_000));
        }
    }
}
