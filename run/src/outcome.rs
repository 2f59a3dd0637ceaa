//! The end of a run: for the caller's `wait`, for people, and as JSON.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use netns_fixtures::__sandbox::{Explanation, end_by_signal, show_duration, signal_name, suggestion};
use nix::errno::Errno;
use serde_json::json;

/// The cause of the end.
#[derive(Debug)]
pub(crate) enum End {
    /// The program ended itself.
    Program(ExitStatus),
    /// The deadline passed. Contains a table of the processes that were still running.
    Deadline { survivors: String },
    /// The program does not exist.
    NotFound { program: String },
    /// The program exists but cannot be executed.
    NotExecutable { program: String, errno: Errno },
    /// This machine refuses the isolation. Contains the code of the obstacle.
    Refused(String),
    /// This machine, or `netns-run`, cannot do what the options request.
    Failed(String),
}

impl End {
    /// Creates the failure of a step, with cause and remedy.
    pub(crate) fn refused(step: &str, errno: Errno, explanation: &Explanation) -> Self {
        Self::Refused(format!(
            "this machine refuses to isolate the program: {step}: {} ({errno:?})\n{explanation}",
            errno.desc()
        ))
    }
}

/// The codes of ends in the error index, in their order.
#[cfg(test)]
pub(crate) const CODES: [&str; 5] = [DEADLINE, FAILED, NOT_EXECUTABLE, NOT_FOUND, MACHINES];

const DEADLINE: &str = "NT301";
pub(crate) const FAILED: &str = "NT302";
const NOT_EXECUTABLE: &str = "NT303";
const NOT_FOUND: &str = "NT304";
/// Of `cargo netns-run vm`.
pub(crate) const MACHINES: &str = "NT305";

/// Ends a message with its code in the error index.
pub(crate) fn with_code(text: impl Display, code: &str) -> String {
    format!("{text:#}\nmore: netns-run explain {code}")
}

impl End {
    /// The code in the error index; `None` if the message has one already, or none is needed.
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::Program(_) | Self::Refused(_) => None,
            Self::Deadline { .. } => Some(DEADLINE),
            Self::Failed(_) => Some(FAILED),
            Self::NotExecutable { .. } => Some(NOT_EXECUTABLE),
            Self::NotFound { .. } => Some(NOT_FOUND),
        }
    }
}

/// The end, with its times.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) deadline: Duration,
}

impl Outcome {
    /// Returns the message for standard error, which ends with a code of the error index; `None` if the program ended itself.
    pub(crate) fn message(&self) -> Option<String> {
        let text = self.sentence()?;
        Some(match self.end.code() {
            Some(code) => with_code(text, code),
            None => text,
        })
    }

    fn sentence(&self) -> Option<String> {
        match &self.end {
            End::Program(_) => None,
            End::Deadline { survivors } => {
                let deadline = show_duration(self.deadline);
                Some(format!(
                    "the deadline of {deadline} passed before the program came to its end\n{}",
                    survivors.trim_end()
                ))
            }
            End::NotFound { program } if program.contains('/') => {
                Some(format!("there is no program {program}, or not the interpreter that it names"))
            }
            End::NotFound { program } if program == "vm" => Some(
                "there is no program vm in the folders of PATH; the command for other kernels is `cargo netns-run vm`"
                    .to_owned(),
            ),
            End::NotFound { program } => Some(format!(
                "there is no program {program} in the folders of PATH{}; one elsewhere is named by its path",
                command_meant(program, "netns-run")
            )),
            End::NotExecutable { program, errno: Errno::EACCES } => {
                Some(format!("{program} is not allowed to be executed: is it a program, and open to this user?"))
            }
            End::NotExecutable { program, errno } => {
                Some(format!("{program} cannot be executed: {} ({errno:?})", errno.desc()))
            }
            End::Refused(text) | End::Failed(text) => Some(text.clone()),
        }
    }

    fn status(&self) -> u8 {
        match &self.end {
            // Ends by signals are handled elsewhere.
            End::Program(status) => {
                status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::STATUS_FAILED)
            }
            End::Deadline { .. } => crate::STATUS_DEADLINE,
            End::NotFound { .. } => crate::STATUS_NOT_FOUND,
            End::NotExecutable { .. } => crate::STATUS_NOT_EXECUTABLE,
            End::Refused(_) | End::Failed(_) => crate::STATUS_FAILED,
        }
    }

    fn json(&self, program: &[OsString]) -> String {
        let (result, code, signal) = match &self.end {
            End::Program(status) if status.signal().is_some() => ("signal", None, status.signal()),
            End::Program(status) => ("exit", status.code(), None),
            End::Deadline { .. } => ("deadline", None, None),
            End::NotFound { .. } => ("not-found", None, None),
            End::NotExecutable { .. } => ("not-executable", None, None),
            End::Refused(_) | End::Failed(_) => ("failed", None, None),
        };
        json!({
            "program": program.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>(),
            "result": result,
            "code": code,
            "signal": signal,
            "signal_name": signal.map(signal_name),
            "core_dumped": matches!(&self.end, End::Program(status) if status.core_dumped()),
            "seconds": self.took.as_secs_f64(),
            "deadline_seconds": self.deadline.as_secs_f64(),
            "message": self.message(),
        })
        .to_string()
    }

    /// Writes one line of JSON in a single write, because other processes may write to the same file.
    ///
    /// # Errors
    ///
    /// If the line cannot be written.
    pub(crate) fn write_json(&self, program: &[OsString], to: &mut dyn Write) -> io::Result<()> {
        to.write_all((self.json(program) + "\n").as_bytes())
    }

    /// Ends this process as the program ended: by the same signal, or with the same status.
    pub(crate) fn end_this_process(&self) -> ExitCode {
        if let End::Program(status) = &self.end
            && let Some(signal) = status.signal()
        {
            end_by_signal(signal);
        }
        ExitCode::from(self.status())
    }
}

/// Returns ` (did you mean …?)` if the word resembles a command of this package, else an empty text. `program` has the command.
pub(crate) fn command_meant(word: &str, program: &str) -> String {
    let meant = suggestion(word, &crate::COMMANDS);
    meant.replace("did you mean ", &format!("did you mean {program} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(end: End) -> Outcome {
        Outcome { end, took: Duration::from_millis(1500), deadline: Duration::from_secs(30) }
    }

    #[test]
    fn a_misspelt_command_is_a_program_that_does_not_exist() {
        let message =
            |program: &str| ended(End::NotFound { program: program.to_owned() }).message().unwrap_or_default();
        assert!(message("doctr").contains("(did you mean netns-run doctor?)"), "{}", message("doctr"));
        assert!(!message("dnsmasq").contains("did you mean"), "{}", message("dnsmasq"));
    }

    #[test]
    fn every_end_has_its_status_and_its_json() {
        let rows = [
            (End::Program(ExitStatus::from_raw(3 << 8)), 3, "exit"),
            (End::Deadline { survivors: String::new() }, 124, "deadline"),
            (End::Failed("no".to_owned()), 125, "failed"),
            (End::NotExecutable { program: "a".to_owned(), errno: Errno::EACCES }, 126, "not-executable"),
            (End::NotFound { program: "a".to_owned() }, 127, "not-found"),
        ];
        for (end, status, result) in rows {
            let outcome = ended(end);
            assert_eq!(outcome.status(), status);
            let json: serde_json::Value = serde_json::from_str(&outcome.json(&["a \"b\"".into()])).unwrap();
            assert_eq!(json["result"], result);
            assert_eq!(json["program"][0], "a \"b\"");
            assert_eq!(json["message"].is_null(), result == "exit");
        }
        let json: serde_json::Value =
            serde_json::from_str(&ended(End::Program(ExitStatus::from_raw(9))).json(&[])).unwrap();
        assert_eq!(
            (&json["result"], &json["signal"], &json["code"]),
            (&"signal".into(), &9.into(), &serde_json::Value::Null)
        );
    }
}
