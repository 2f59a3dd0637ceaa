//! Messages of the virtual machine on its result port: one line a message, after a word that only this run knows.
//!
//! Results arrive only on this port: QEMU exits with 0 even after a kernel panic. A run without [`Message::Done`] has failed. Lines without
//! the word are not messages.

use serde::{Deserialize, Serialize};

/// From the guest to the program that started the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Message {
    /// The kernel has started the first process.
    Up {
        /// `uname -r`.
        release: String,
        /// The time since the kernel's start, by the kernel's clock.
        after_ms: u64,
    },
    /// A notice that is not a failure: for example a module that this kernel lacks.
    Note(String),
    /// This run of the plan starts; the next messages are about it.
    Started(usize),
    /// A line that the program printed.
    Line(String),
    /// A test was skipped at run time.
    Skipped {
        /// Its name.
        test: String,
        /// `requires vlan: …`.
        reason: String,
    },
    /// The program exited, or was killed at its limit.
    Ended {
        /// Whether its exit status was 0.
        success: bool,
        /// "ended with exit status 101", for people.
        how: String,
        /// How long it took.
        took_ms: u64,
    },
    /// The guest cannot continue.
    Broken(String),
    /// The guest has finished the plan.
    Done,
}

impl Message {
    /// Returns the line of this message, without its end.
    pub(crate) fn to_line(&self, word: &str) -> anyhow::Result<String> {
        Ok(format!("{word} {}", serde_json::to_string(self)?))
    }

    /// Parses a line of the port; returns `None` for lines that are not from this run.
    pub(crate) fn of_line(line: &str, word: &str) -> Option<Self> {
        // A serial port is a terminal, so its lines also end with a carriage return.
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
            Message::Started(3),
            Message::Line("test a\t… ok\u{1b}[0m \"quoted\"".to_owned()),
            Message::Ended { success: false, how: "was ended by signal 9".to_owned(), took_ms: 1 },
            Message::Skipped { test: "t".to_owned(), reason: "requires vlan: none".to_owned() },
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
