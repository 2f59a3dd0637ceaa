//! Reads words: quotes, escapes, variables and substitutions.

use super::{List, MAX_DEPTH, Parser, is_assignment};

/// A word without its quotes.
#[derive(Default)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) is_quoted: bool,
    pub(super) has_substitution: bool,
}

impl Word {
    fn substitution(&mut self) {
        self.text.push_str("{}");
        self.has_substitution = true;
    }

    /// Returns the text for the words of a command; `None` if nothing of it is known.
    pub(super) fn known(&self) -> Option<String> {
        let is_only_substitution = self.has_substitution && self.text == "{}";
        let is_name = |text: &&str| {
            text.starts_with('{') || text.chars().all(|character| character.is_alphanumeric() || character == '_')
        };
        let name = self.text.strip_prefix('$').filter(is_name);
        let text = name.unwrap_or(&self.text);
        (!is_only_substitution && !text.is_empty()).then(|| text.to_owned())
    }
}

impl Parser {
    /// Reads a word up to a blank or an operator.
    pub(super) fn word(&mut self, list: &mut List) -> Word {
        let mut word = Word::default();
        while let Some(next) = self.peek(0) {
            match next {
                '<' | '>' if !word.is_quoted && word.text.chars().all(|character| character.is_ascii_digit()) => {
                    // The number of a descriptor, `2>`.
                    return Word::default();
                }
                '(' if is_assignment(&word.text) && word.text.ends_with('=') => {
                    self.at += 1;
                    self.array(list);
                }
                ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                blank if blank.is_whitespace() => break,
                '\'' => {
                    self.at += 1;
                    word.is_quoted = true;
                    while let Some(next) = self.peek(0) {
                        self.at += 1;
                        if next == '\'' {
                            break;
                        }
                        word.text.push(next);
                    }
                }
                '"' => {
                    self.at += 1;
                    self.double_quoted(list, &mut word);
                }
                '$' if self.peek(1) == Some('"') => self.at += 1,
                '$' if self.peek(1) == Some('\'') => {
                    self.at += 2;
                    word.is_quoted = true;
                    while let Some(next) = self.peek(0) {
                        self.at += 1;
                        match next {
                            '\'' => break,
                            '\\' => word.text.extend(self.escaped()),
                            _ => word.text.push(next),
                        }
                    }
                }
                _ => self.expansion(list, &mut word, false),
            }
        }
        word
    }

    /// Returns the character of `\n` and the like; the backslash is consumed.
    fn escaped(&mut self) -> Option<char> {
        let next = self.peek(0)?;
        self.at += 1;
        Some(match next {
            'n' => '\n',
            't' => '\t',
            other => other,
        })
    }

    /// Skips the items of an array, whose substitutions run.
    fn array(&mut self, list: &mut List) {
        self.depth += 1;
        while self.depth < MAX_DEPTH {
            self.skip_blanks();
            while self.takes("\n") {
                self.skip_blanks();
            }
            let before = self.at;
            if self.peek(0).is_none() || self.takes(")") {
                break;
            }
            self.word(list);
            // An operator cannot stand here.
            if self.at == before {
                self.at += 1;
            }
        }
        self.depth -= 1;
    }

    fn double_quoted(&mut self, list: &mut List, word: &mut Word) {
        word.is_quoted = true;
        while let Some(next) = self.peek(0) {
            if next == '"' {
                self.at += 1;
                return;
            }
            self.expansion(list, word, true);
        }
    }

    /// Reads one character, escape, variable or substitution.
    pub(super) fn expansion(&mut self, list: &mut List, word: &mut Word, is_quoted: bool) {
        let Some(next) = self.peek(0) else { return };
        self.at += 1;
        match next {
            '\\' => {
                let Some(escaped) = self.peek(0) else { return };
                self.at += 1;
                // Between quotes, a backslash escapes only these.
                if is_quoted && !matches!(escaped, '$' | '`' | '"' | '\\' | '\n') {
                    word.text.push('\\');
                }
                if escaped != '\n' {
                    word.is_quoted = true;
                    word.text.push(escaped);
                }
            }
            '$' if self.takes("((") => {
                self.skip_parentheses(2);
                word.substitution();
            }
            '$' if self.takes("(") => {
                self.substitution(list, ')');
                word.substitution();
            }
            '$' if self.takes("{") => {
                word.text.push_str("${");
                self.parameter(list, word);
            }
            '`' => {
                self.backquoted(list);
                word.substitution();
            }
            _ => word.text.push(next),
        }
    }

    /// Reads the rest of `${name}` or `${name:-text}`, whose substitutions run.
    fn parameter(&mut self, list: &mut List, word: &mut Word) {
        let mut inner = Word::default();
        while let Some(next) = self.peek(0) {
            match next {
                '}' => {
                    self.at += 1;
                    break;
                }
                '"' => {
                    self.at += 1;
                    if self.depth < MAX_DEPTH {
                        self.depth += 1;
                        self.double_quoted(list, &mut inner);
                        self.depth -= 1;
                    }
                }
                '$' if self.depth >= MAX_DEPTH => self.at += 1,
                _ => {
                    self.depth += 1;
                    self.expansion(list, &mut inner, true);
                    self.depth -= 1;
                }
            }
        }
        word.text.push_str(&inner.text);
        word.text.push('}');
    }

    /// Reads the rest of a substitution in backquotes, in which a backslash escapes a nested one.
    fn backquoted(&mut self, list: &mut List) {
        let mut inner = Vec::new();
        while let Some(next) = self.peek(0) {
            self.at += 1;
            match next {
                '`' => break,
                '\\' if self.peek(0).is_some_and(|next| matches!(next, '`' | '\\' | '$')) => {
                    inner.extend(self.peek(0));
                    self.at += 1;
                }
                _ => inner.push(next),
            }
        }
        self.index(list);
        if self.depth < MAX_DEPTH {
            let outer = (std::mem::replace(&mut self.text, inner), std::mem::take(&mut self.at));
            let awaited = std::mem::take(&mut self.awaited);
            self.list(None);
            (self.text, self.at) = outer;
            self.awaited = awaited;
        }
    }
}
