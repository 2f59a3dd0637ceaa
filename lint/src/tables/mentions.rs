//! Checks whether a text contains words from the tables. Without `--pedantic`, the evaluation of a file without such words
//! is skipped, unless another file makes it matter. [`Mentions::new`] adds a few words that no table has: `.await`,
//! loopback addresses, `Barrier`, `Condvar`, `mpsc` with `.recv`, `.to_socket_addrs`, and the settings of test threads.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::network::{INTERFACE_MAKER, NETWORK_CHANGES, NETWORK_FUNCTIONS, NETWORK_METHODS, client_crates};
use super::{
    BLOCKING, COMMANDS, ExtraTables, KILL_CALLS, NAMESPACE_CALLS, NAMESPACE_METHODS, OPENING_PAGES, PORT_PICKERS,
    PROCESS_STATE, REMOTE_SHELLS, RESOLVING, SETTING_ATTRIBUTES, SHELL_STRINGS, SHELLS, SLEEPING, SOURCE_MACROS,
    SOURCES, STARTING, SUPPRESSION, TOKEN_COMMANDS, TYPES, WINDOWS_SHELLS, WITHOUT_CHECKS, WRAPPERS, WRITABLE_OPENERS,
    hazardous_sinks,
};
use crate::kind::Origin;

/// The context of a word in a text, as a bit set.
type Context = u8;
const ANYWHERE: Context = 1;
/// After a dot.
const METHOD: Context = 2;
/// Before an exclamation mark.
const MACRO: Context = 4;
/// At the end of a text, possibly after a path.
const QUOTED: Context = 8;

/// Finds the words of the tables in texts.
pub(crate) struct Mentions {
    automaton: AhoCorasick,
    words: usize,
    /// A condition holds if each of its words occurs in one of the given contexts.
    conditions: Vec<Vec<(usize, Context)>>,
}

#[derive(Default)]
struct Builder {
    words: HashMap<String, usize>,
    conditions: Vec<Vec<(usize, Context)>>,
}

impl Builder {
    fn word(&mut self, word: &str) -> usize {
        let next = self.words.len();
        *self.words.entry(word.to_owned()).or_insert(next)
    }

    fn one(&mut self, word: &str, context: Context) {
        let condition = vec![(self.word(word), context)];
        self.conditions.push(condition);
    }

    /// Adds a pattern: a path, whose segments must all occur as words; a method with a leading dot; or a macro with a
    /// trailing exclamation mark.
    fn call(&mut self, pattern: &str) {
        if let Some(method) = pattern.strip_prefix('.') {
            self.one(method, METHOD);
            return;
        }
        let segments = pattern.split("::").filter(|segment| *segment != "new");
        let condition = segments
            .map(|segment| match segment.strip_suffix('!') {
                Some(name) => (self.word(name), MACRO),
                None => (self.word(segment), ANYWHERE),
            })
            .collect();
        self.conditions.push(condition);
    }
}

impl Mentions {
    /// Builds the conditions from the built-in tables and `extra`.
    pub(crate) fn new(extra: &ExtraTables) -> Self {
        let mut builder = Builder::default();
        let environment = SOURCES.iter().filter(|(_, origin)| *origin == Origin::Environment).map(|(path, _)| *path);
        let makers = NAMESPACE_METHODS.iter().flat_map(|(_, makers)| *makers).copied();
        let remote = REMOTE_SHELLS.iter().map(|(_, maker)| *maker);
        let shells = SHELL_STRINGS.iter().map(|(path, _)| *path);
        let own = extra.sources.iter().map(|source| source.call.as_str());
        let own = own.chain(extra.sinks.iter().map(|sink| sink.call.as_str()));
        let lists = [COMMANDS, TOKEN_COMMANDS, NAMESPACE_CALLS, TYPES, KILL_CALLS, WRITABLE_OPENERS];
        let lists = lists.into_iter().flatten().copied().chain(hazardous_sinks());
        let habits = [PROCESS_STATE, PORT_PICKERS, RESOLVING, SLEEPING].into_iter().flatten().copied();
        let lists = lists.chain(habits).chain(BLOCKING.iter().map(|(path, _)| *path));
        for pattern in lists.chain(environment).chain(makers).chain(remote).chain(shells) {
            builder.call(pattern);
        }
        own.for_each(|pattern| builder.call(pattern));
        for attribute in SETTING_ATTRIBUTES {
            let condition = vec![(builder.word(attribute), ANYWHERE), (builder.word("env"), ANYWHERE)];
            builder.conditions.push(condition);
        }
        for (name, _) in SOURCE_MACROS {
            builder.one(name, MACRO);
        }
        let own = extra.shells.iter().map(String::as_str);
        for program in [SHELLS, WINDOWS_SHELLS, WRAPPERS].into_iter().flatten().copied().chain(own) {
            builder.one(program, QUOTED);
        }
        for function in STARTING {
            builder.call(function);
        }
        for name in client_crates() {
            builder.one(name, ANYWHERE);
        }
        for (program, _) in NETWORK_CHANGES {
            builder.one(program, QUOTED);
        }
        for name in NETWORK_METHODS.iter().flat_map(|known| known.crates) {
            builder.one(name, ANYWHERE);
        }
        for function in NETWORK_FUNCTIONS {
            builder.call(function);
        }
        builder.one("to_socket_addrs", METHOD);
        builder.one(INTERFACE_MAKER, ANYWHERE);
        for method in OPENING_PAGES {
            builder.one(method, METHOD);
        }
        for (method, _) in WITHOUT_CHECKS {
            builder.one(method, METHOD);
        }
        for word in ["127.0.0.1", "0.0.0.0", "localhost", "Barrier", "Condvar"] {
            builder.one(word, ANYWHERE);
        }
        builder.one("await", METHOD);
        let receives = vec![(builder.word("mpsc"), ANYWHERE), (builder.word("recv"), METHOD)];
        builder.conditions.push(receives);
        builder.one("RUST_TEST_THREADS", ANYWHERE);
        let threads = vec![(builder.word("test"), ANYWHERE), (builder.word("threads"), ANYWHERE)];
        builder.conditions.push(threads);
        builder.one(SUPPRESSION.trim_end_matches(':'), ANYWHERE);
        let mut words: Vec<(&String, &usize)> = builder.words.iter().collect();
        words.sort_by_key(|(_, index)| **index);
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::LeftmostLongest)
            .build(words.iter().map(|(word, _)| word))
            .expect("a few hundred short words make an automaton");
        Self { automaton, words: builder.words.len(), conditions: builder.conditions }
    }

    /// Whether `text` mentions any entry of the tables.
    pub(crate) fn any(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let is_word = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let mut seen = vec![0; self.words];
        for found in self.automaton.find_iter(bytes) {
            let before = found.start().checked_sub(1);
            if before.is_some_and(is_word) || is_word(found.end()) {
                continue;
            }
            let (before, after) = (before.map(|at| bytes[at]), bytes.get(found.end()));
            let mut context = ANYWHERE;
            if before == Some(b'.') {
                context |= METHOD;
            }
            if after == Some(&b'!') {
                context |= MACRO;
            }
            if matches!(before, Some(b'"' | b'/' | b'\\')) && matches!(after, Some(b'"' | b'.')) {
                context |= QUOTED;
            }
            seen[found.pattern().as_usize()] |= context;
        }
        self.conditions.iter().any(|words| words.iter().all(|(word, wanted)| seen[*word] & wanted != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tables_name_is_mentioned_and_the_rest_is_not() {
        let mentions = Mentions::new(&ExtraTables::default());
        for text in [
            "use std::process::Command as C;",
            "let n = env::var(\"N\");",
            "use std::env::var;",
            "env!(\"X\")",
            "socket.connect(address)",
            "TcpListener::bind(x)",
            "run(&[\"sudo\", x])",
            "run(&[\"/bin/sh\", \"-c\", x])",
            "fn f(child: &mut Child)",
            "sched::unshare(flags)",
            "libc::kill(-1, 9)",
            "// netns-lint: allow(x) y",
            "cmd_lib::run_cmd!(true)",
            "fs::write(path, text)",
        ] {
            assert!(mentions.any(text), "{text}");
        }
        for text in [
            "",
            "let environment = variable(1);",
            "// the env of a test",
            "fn connect(a: u8) {}",
            "let shell = sh;",
            "Commander::new(x)",
            "let children = Children::new();",
            "Duration::from_secs(5)",
            "ship it",
        ] {
            assert!(!mentions.any(text), "{text}");
        }
    }

    #[test]
    fn entries_of_the_configuration_are_mentioned() {
        let extra = ExtraTables { shells: vec!["rbash".to_owned()], ..ExtraTables::default() };
        assert!(Mentions::new(&extra).any("run(&[\"rbash\", \"-c\", x])"));
    }
}
