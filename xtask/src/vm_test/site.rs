//! The guest as a machine that refuses isolation: its programs, their expected messages, and guards for changes of the machine.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use netns_vm::guest::{follow, reap_orphans};
use netns_vm::image::INIT;
use netns_vm::plan::Account;

use super::obstacle::Obstacles;
use super::plan::{NETNS_RUN, SUITES_FOLDER};

/// The guest with its users and programs.
pub(super) struct Site {
    time_factor: u32,
}

/// A program that isolates something.
struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: Vec<String>,
    /// The exit status for a refused isolation.
    refused: i32,
    /// The expected output after success: a program that exits with success but without it did nothing.
    done: &'static str,
    /// The deadline for the program, as for a test.
    deadline: String,
}

/// The deadline if a limit is reached. `doctor` waits for half a minute, so it does not run there.
const SHORT: &str = "3s";

/// The deadline if nothing waits. An emulated machine is slow.
const LONG: &str = "30s";

/// The time limit for every program.
const PROGRAM: Duration = Duration::from_secs(60);

impl Site {
    pub(super) fn new(time_factor: u32) -> Self {
        Self { time_factor }
    }

    /// No obstacles for root.
    #[expect(clippy::unused_self, reason = "reads well beside the other methods")]
    pub(super) fn as_root(&self) -> Obstacles {
        Obstacles { user: Account::Root.id(), ..Obstacles::default() }
    }

    /// No obstacles for the user.
    #[expect(clippy::unused_self, reason = "reads well beside the other methods")]
    pub(super) fn as_user(&self) -> Obstacles {
        Obstacles { user: Account::User.id(), ..Obstacles::default() }
    }

    fn doctor() -> Program {
        let (path, arguments) = (NETNS_RUN.into(), vec!["doctor".to_owned()]);
        Program { name: "the doctor", path, arguments, refused: 1, done: "", deadline: LONG.to_owned() }
    }

    /// Returns a one-line program and a one-line test, both with this deadline.
    fn runners(deadline: &str) -> [Program; 2] {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        [
            Program {
                name: "netns-run",
                path: NETNS_RUN.into(),
                arguments: words(&["--deadline", deadline, "--", "echo", "it", "ran"]),
                refused: 125,
                done: "it ran\n",
                deadline: deadline.to_owned(),
            },
            Program {
                name: "a test",
                path: Path::new(SUITES_FOLDER).join("observed"),
                arguments: words(&["--exact", "passes_and_is_not_kept"]),
                refused: 101,
                done: "1 passed",
                deadline: deadline.to_owned(),
            },
        ]
    }

    fn command(&self, program: &Program, obstacles: &Obstacles) -> anyhow::Result<Command> {
        let account = if obstacles.user == Account::Root.id() { Account::Root } else { Account::User };
        let mut command = account.command_of_root(Path::new(INIT));
        command.env("NETNS_TEST_TIME_FACTOR", self.time_factor.to_string());
        command.args(["obstructed", "--obstacles", &serde_json::to_string(obstacles)?]).arg("--").arg(&program.path);
        command.args(&program.arguments).env("NETNS_TEST_DEADLINE", &program.deadline);
        Ok(command)
    }

    /// Runs the programs at the same time; returns their outputs and exit statuses.
    fn ask(&self, programs: &[Program], obstacles: &Obstacles) -> anyhow::Result<Vec<(ExitStatus, String)>> {
        let until = Instant::now() + PROGRAM;
        let start = |program| {
            let mut command = self.command(program, obstacles)?;
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("failed to start a program")
        };
        let children = programs.iter().map(start).collect::<anyhow::Result<Vec<Child>>>()?;
        let hear = |(program, child): (&Program, Child)| {
            let mut text = String::new();
            let ended = follow(child, until, &|| {}, &mut |line| {
                text.push_str(&line);
                text.push('\n');
                Ok(())
            })?;
            Ok((ended.with_context(|| format!("{} did not end:\n{text}", program.name))?, text))
        };
        // Collects all programs, even after one hung, so that none is left running.
        let answers: Vec<anyhow::Result<_>> = programs.iter().zip(children).map(hear).collect();
        reap_orphans();
        answers.into_iter().collect()
    }

    /// Expects that these programs are refused with these messages.
    fn expect_refusals(&self, programs: &[Program], obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        let answers = self.ask(programs, obstacles)?;
        programs.iter().zip(&answers).try_for_each(|(program, answer)| program.expect_refusal(answer, says))
    }

    /// Expects that all programs are refused at once.
    pub(super) fn refuses(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        let [netns_run, test] = Self::runners(LONG);
        self.expect_refusals(&[Self::doctor(), netns_run, test], obstacles, says)
    }

    /// Expects that all programs except `doctor` wait, and are then refused.
    pub(super) fn refuses_after_waiting(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        self.expect_refusals(&Self::runners(SHORT), obstacles, says)
    }

    /// Expects that all programs work. `doctor` has reported success before the first refusal.
    pub(super) fn works(&self, obstacles: &Obstacles) -> anyhow::Result<()> {
        let programs = Self::runners(LONG);
        let answers = self.ask(&programs, obstacles)?;
        for (program, answer) in programs.iter().zip(&answers) {
            ensure!(program.works(answer), "{} should work, behind {obstacles:?}; {answer:?}", program.name);
        }
        Ok(())
    }

    /// Expects that each program works or explains its refusal; returns whether both work.
    pub(super) fn works_or_refuses(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<bool> {
        let mut both_work = true;
        for program in Self::runners(SHORT) {
            // Runs them one after the other, because they share the limit.
            for answer in self.ask(std::slice::from_ref(&program), obstacles)? {
                if !program.works(&answer) {
                    program.expect_refusal(&answer, says).with_context(|| format!("behind {obstacles:?}"))?;
                    both_work = false;
                }
            }
        }
        Ok(both_work)
    }
}

impl Program {
    fn works(&self, (status, text): &(ExitStatus, String)) -> bool {
        status.success() && text.contains(self.done)
    }

    fn expect_refusal(&self, (status, text): &(ExitStatus, String), says: &[&str]) -> anyhow::Result<()> {
        ensure!(status.code() == Some(self.refused), "{} should be refused; {status}:\n{text}", self.name);
        match says.iter().find(|words| !text.contains(**words)) {
            Some(words) => bail!("{} does not say {words:?}:\n{text}", self.name),
            None => Ok(()),
        }
    }
}

/// A program that holds its namespaces until this is dropped.
pub(super) struct Holder(Child);

impl Holder {
    pub(super) fn start(site: &Site) -> anyhow::Result<Self> {
        let [mut echo, _] = Site::runners(LONG);
        // Keeps the deadline, which bounds the wait below.
        echo.arguments.truncate(3);
        echo.arguments.push("cat".to_owned());
        let mut command = site.command(&echo, &site.as_user())?;
        let mut holder = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("failed to start")?);
        let (Some(input), Some(output)) = (&mut holder.0.stdin, &mut holder.0.stdout) else {
            bail!("there are no pipes")
        };
        // The echo proves that the program is inside.
        input.write_all(b"inside\n").context("failed to write to a program")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("failed to read from a program")?;
        ensure!(line == "inside\n", "the namespaces to be held are not there: {line:?}");
        Ok(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Closes the program's input first, which ends the program.
        drop(self.0.wait());
    }
}

/// A changed sysctl. Dropping it restores the value.
pub(super) struct Sysctl {
    file: PathBuf,
    before: String,
}

impl Sysctl {
    /// Returns `None` if the kernel has no sysctl of this name.
    pub(super) fn set(name: &str, value: &str) -> anyhow::Result<Option<Self>> {
        let file = PathBuf::from(format!("/proc/sys/{}", name.replace('.', "/")));
        if !file.exists() {
            return Ok(None);
        }
        let before = fs::read_to_string(&file).with_context(|| format!("failed to read {name}"))?;
        // The guard exists first, so that it also undoes a partial change.
        let guard = Self { file, before };
        fs::write(&guard.file, value).with_context(|| format!("failed to set {name}"))?;
        Ok(Some(guard))
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        // Ignores errors: the control detects a value that was not restored.
        drop(fs::write(&self.file, &self.before));
    }
}

/// A control group with a limit of processes. Dropping it removes it once it is empty.
pub(super) struct Group {
    pub(super) folder: PathBuf,
}

impl Group {
    pub(super) fn make(name: &str) -> anyhow::Result<Self> {
        let all = Path::new("/sys/fs/cgroup");
        fs::write(all.join("cgroup.subtree_control"), "+pids")
            .context("failed to have control groups count processes")?;
        let group = Self { folder: all.join(name) };
        fs::create_dir(&group.folder).context("failed to make a control group")?;
        Ok(group)
    }

    pub(super) fn set(&self, file: &str, value: &str) -> anyhow::Result<()> {
        fs::write(self.folder.join(file), value).with_context(|| format!("failed to set {file}"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // EBUSY while a process in it exits: the group then stays, empty and without effect.
        drop(fs::remove_dir(&self.folder));
    }
}
