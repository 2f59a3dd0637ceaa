//! A step that runs beside others: in a process of its own, `cargo xtask ci --only STEP`, whose output appears when it has ended.

use std::io::{self, Write};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anstream::{eprintln, print};
use anyhow::anyhow;
use netns_vm::Counts;

use super::program::{EndedProgram, end_programs, run_into};
use super::{Ended, Outcome, Step, this_program};
use crate::workspace::{HEADING, Workspace};

/// A step that runs. If it is dropped, its process is ended.
pub(super) struct Beside {
    step: &'static Step,
    /// `None` after its end.
    process: Option<JoinHandle<anyhow::Result<(EndedProgram, String, Duration)>>>,
}

impl Beside {
    pub(super) fn start(step: &'static Step, workspace: &Workspace) -> anyhow::Result<Self> {
        let mut command = Command::new(this_program()?);
        command.current_dir(workspace.root()).args(["ci", "--only", step.name]);
        let process = thread::spawn(move || {
            let start = Instant::now();
            let output = Mutex::new(Vec::new());
            let ended = run_into(&mut command, Lines(&output), Lines(&output))?;
            let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok((ended, String::from_utf8_lossy(&output).into_owned(), start.elapsed()))
        });
        Ok(Self { step, process: Some(process) })
    }

    /// Waits for the end of the step, and prints its output.
    pub(super) fn end(mut self) -> anyhow::Result<Ended> {
        let process = self.process.take().unwrap_or_else(|| unreachable!("only the end takes it"));
        let ended = process.join().map_err(|_| anyhow!("the thread of the step {} panicked", self.step.name))?;
        let (program, output, took) = ended?;
        eprintln!("\n{}", HEADING.paint(format_args!("{}, which ran beside the steps before", self.step.name)));
        print!("{output}");
        let summary = output.lines().rev().find_map(|line| line.strip_prefix("ci: ")).map(Counts::of_numbers);
        let label = format!("failed {}: ", self.step.name);
        let failures: Vec<String> =
            output.lines().filter_map(|line| line.strip_prefix(&label)).map(str::to_owned).collect();
        let outcome = match summary {
            Some(counts) if program.success || counts.failed > 0 => {
                Ok(Outcome::Tested { counts, success: program.success, failures })
            }
            _ => {
                let reason =
                    if failures.is_empty() { "its output has the reason".to_owned() } else { failures.join("; ") };
                Err(anyhow!("{} {}: {reason}", program.program, program.how))
            }
        };
        Ok(Ended { step: self.step, outcome, left: Vec::new(), took })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            end_programs();
            // Its result belongs to a run that has failed already.
            let _ = process.join();
        }
    }
}

/// Both streams of a program, whose lines arrive whole.
struct Lines<'a>(&'a Mutex<Vec<u8>>);

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
