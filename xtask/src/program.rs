//! Runs a program: forwards its output as it arrives and counts its summary lines, or captures it. A signal to this process ends the
//! program and everything that it started.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, anyhow, bail};
use netns_vm::{Counts, Failures};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

/// A program that has ended.
pub(crate) struct EndedProgram {
    /// The command line, for messages.
    pub(crate) program: String,
    pub(crate) success: bool,
    /// "ended with exit status 1", for messages.
    pub(crate) how: String,
    /// The sum of all summary lines in its output.
    pub(crate) counts: Counts,
    /// The failed tests in its output.
    pub(crate) failures: Failures,
}

/// The process groups of the running programs.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From this call on, SIGINT, SIGTERM and SIGHUP end the running program instead of this process, which then still undoes its changes to
/// the machine: the user of the unprivileged step, temporary folders. Call it once a process.
pub(crate) fn stop_on_signals() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        INTERRUPTED.store(true, Ordering::SeqCst);
        end_programs();
    })
    .context("failed to handle signals")
}

/// Sends SIGTERM to the process groups of all running programs.
pub(crate) fn end_programs() {
    for &group in RUNNING.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        // ESRCH: the group has just exited. No caller can do anything about other errors.
        let _ = killpg(group, Signal::SIGTERM);
    }
}

/// While it exists, a signal to this process ends the process group of a program too.
struct Running(Pid);

impl Running {
    fn new(child: &Child) -> anyhow::Result<Self> {
        let group = i32::try_from(child.id()).context("a pid is larger than the kernel makes them")?;
        let group = Pid::from_raw(group);
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).push(group);
        Ok(Self(group))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).retain(|group| *group != self.0);
    }
}

/// The path of this program.
pub(crate) fn this_program() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("failed to find this program")
}

/// Returns whether a signal has arrived.
pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Runs the command to its end as [`run_program`] does, and captures its output instead of forwarding it.
pub(crate) fn output_of(command: &mut Command, errors: Stdio) -> anyhow::Result<Output> {
    let program = command_line(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .process_group(0)
        .spawn()
        .with_context(|| format!("failed to start {program}"))?;
    let running = Running::new(&child)?;
    let output = child.wait_with_output();
    drop(running);
    if is_interrupted() {
        bail!("interrupted during {program}");
    }
    output.with_context(|| format!("failed to wait for {program}"))
}

/// Reads cargo's `--message-format json` output; returns the names of the built targets and their files.
pub(crate) fn executables(messages: &[u8]) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut executables = Vec::new();
    for line in String::from_utf8_lossy(messages).lines() {
        let message: Value = serde_json::from_str(line).context("a message of cargo is no JSON")?;
        if let (Some(executable), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str()) {
            executables.push((name.to_owned(), PathBuf::from(executable)));
        }
    }
    Ok(executables)
}

/// Reads the same output; returns how many units cargo compiled, and how many there are with those that were up to date.
pub(crate) fn compiled(messages: &[u8]) -> anyhow::Result<(usize, usize)> {
    let (mut compiled, mut all) = (0, 0);
    for line in String::from_utf8_lossy(messages).lines() {
        let message: Value = serde_json::from_str(line).context("a message of cargo is no JSON")?;
        compiled += usize::from(message["fresh"] == false);
        all += usize::from(message["fresh"].is_boolean());
    }
    Ok((compiled, all))
}

/// Runs the command to its end, in its own process group and without standard input.
pub(crate) fn run_program(command: &mut Command) -> anyhow::Result<EndedProgram> {
    if io::stderr().is_terminal() {
        // cargo writes to a pipe here and would leave colours out.
        command.env("CARGO_TERM_COLOR", "always");
    }
    run_into(command, io::stdout(), io::stderr())
}

/// Runs the command without forwarding its output; returns standard output, then standard error.
pub(crate) fn run_quietly(command: &mut Command) -> anyhow::Result<(EndedProgram, String)> {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let ended = run_into(command, &mut output, &mut errors)?;
    if is_interrupted() {
        bail!("interrupted during {}", ended.program);
    }
    output.append(&mut errors);
    Ok((ended, String::from_utf8_lossy(&output).into_owned()))
}

fn run_into(
    command: &mut Command,
    to_output: impl Write,
    to_errors: impl Write + Send,
) -> anyhow::Result<EndedProgram> {
    let program = command_line(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().with_context(|| format!("failed to start {program}"))?;
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("the standard streams of {program} are no pipes");
    };
    let running = Running::new(&child)?;
    let read = thread::scope(|scope| {
        // Reads both streams at the same time. Otherwise a program that fills one while only the other is read would wait
        // for ever.
        let errors = scope.spawn(|| pass_on(errors, to_errors));
        let (mut counts, mut failures) = pass_on(output, to_output)?;
        let of_errors = errors.join().map_err(|_| anyhow!("the thread that reads standard error panicked"))??;
        counts += of_errors.0;
        failures.add(of_errors.1);
        anyhow::Ok((counts, failures))
    });
    let status = child.wait().with_context(|| format!("failed to wait for {program}"));
    drop(running);
    let status = status?;
    let (counts, failures) = read?;
    Ok(EndedProgram { program, success: status.success(), how: how(status), counts, failures })
}

fn pass_on(from: impl Read, mut to: impl Write) -> anyhow::Result<(Counts, Failures)> {
    let mut from = BufReader::new(from);
    let (mut counts, mut failures) = (Counts::default(), Failures::default());
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).context("failed to read a program's output")? > 0 {
        // A reader that has gone away must not stop the count.
        drop(to.write_all(&line).and_then(|()| to.flush()));
        let text = String::from_utf8_lossy(&line);
        counts += Counts::of_line(&text).unwrap_or_default();
        failures.note_line(&text);
        line.clear();
    }
    Ok((counts, failures))
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => format!("ended: {status:?}"),
    }
}

fn command_line(command: &Command) -> String {
    let words: Vec<_> =
        [command.get_program()].into_iter().chain(command.get_args()).map(|word| word.to_string_lossy()).collect();
    let program = words[0].rsplit('/').next().unwrap_or_default();
    format!("`{} {}`", program, words[1..].join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_streams_are_added_and_the_status_is_told() {
        let summary = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        let mut printf = Command::new("printf");
        // Discards the output: a reader that counts this test's own lines must not see these.
        let ended = run_into(printf.args(["%s\\n%s\\n", summary, summary]), io::sink(), io::sink()).unwrap();
        assert!(ended.success);
        assert_eq!(ended.counts, Counts { passed: 4, failed: 0, skipped: 0 });
        let ended = run_into(&mut Command::new("false"), io::sink(), io::sink()).unwrap();
        assert_eq!((ended.success, ended.how.as_str()), (false, "ended with exit status 1"));
        assert!(run_into(&mut Command::new("/nonexistent/program"), io::sink(), io::sink()).is_err());
    }
}
