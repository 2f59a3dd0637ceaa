//! What the virtual machine says on its result port: one line a message, behind a word that only this run knows.
//!
//! The port is the only way to a result: QEMU ends with 0 also after a kernel panic. A run without [`Message::Done`] has failed, and
//! a line without the word is none of ours.

use serde::{Deserialize, Serialize};

/// From the guest to `cargo xtask vm-test`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// The kernel has started the first process.
    Up {
        /// `uname -r`.
        release: String,
        /// Since the kernel's start, by its own clock.
        after_ms: u64,
    },
    /// Something to be told that is no failure: a module that this kernel does not have.
    Note(String),
    /// What follows is about this.
    Started(Run),
    /// The program printed it.
    Line(String),
    /// The program has ended, or was ended at its deadline.
    Ended {
        /// Whether its exit status was 0.
        success: bool,
        /// "ended with exit status 101", for people.
        how: String,
        /// How long it took.
        took_ms: u64,
    },
    /// A test was skipped at run time.
    Skipped {
        /// Its name.
        test: String,
        /// `requires vlan: …`.
        reason: String,
    },
    /// The answer of the doctor, as JSON.
    Doctor(String),
    /// A machine that refuses was made, and what was said there was compared.
    Refusal {
        /// What was refused, in words.
        name: String,
        /// What came of it.
        met: Met,
        /// How long all of it took.
        took_ms: u64,
    },
    /// The guest could not go on.
    Broken(String),
    /// All of the plan was done.
    Done,
}

/// One program of the plan, as one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// `root` or `user`.
    pub(super) user: String,
    /// The name of cargo's target.
    pub(super) target: String,
}

/// How a refusal was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Met {
    /// Every program said what the documentation says, and worked when the refusal was undone.
    AsDocumented,
    /// The kernel cannot refuse this, for the reason that is given.
    NotHere(String),
    /// Something else was said or done.
    Otherwise(String),
}

impl Message {
    /// The line that carries it, without its end.
    pub(super) fn to_line(&self, word: &str) -> anyhow::Result<String> {
        Ok(format!("{word} {}", serde_json::to_string(self)?))
    }

    /// What a line of the port carries, if it is one of this run.
    pub(super) fn of_line(line: &str, word: &str) -> Option<Self> {
        // A terminal, which a serial port is, ends lines with a carriage return as well.
        serde_json::from_str(line.trim_end().strip_prefix(word)?.strip_prefix(' ')?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_the_port_and_a_stranger_is_none() {
        let messages = [
            Message::Up { release: "6.1.0-50-cloud-amd64".to_owned(), after_ms: 4100 },
            Message::Started(Run { user: "root".to_owned(), target: "labs".to_owned() }),
            Message::Line("test a\t… ok\u{1b}[0m \"quoted\"".to_owned()),
            Message::Ended { success: false, how: "was ended by signal 9".to_owned(), took_ms: 1 },
            Message::Skipped { test: "t".to_owned(), reason: "requires vlan: none".to_owned() },
            Message::Refusal { name: "a limit".to_owned(), met: Met::NotHere("none".to_owned()), took_ms: 7 },
            Message::Done,
        ];
        for message in messages {
            let line = message.to_line("word-1").unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(Message::of_line(&format!("{line}\r\n"), "word-1"), Some(message));
            assert_eq!(Message::of_line(&line, "word-2"), None);
        }
        assert_eq!(Message::of_line("word-1", "word-1"), None);
        assert_eq!(Message::of_line("word-1 \"Undone\"", "word-1"), None);
    }
}
