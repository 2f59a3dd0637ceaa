//! The guest as a machine that refuses: its programs, what they are asked, and the guards of what is changed for it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::guest::{User, follow, reap_orphans};
use super::image::INIT;
use super::obstacle::Obstacles;
use super::plan::Plan;

/// The guest with its users and programs.
pub(super) struct Site<'plan> {
    plan: &'plan Plan,
    root: User,
    user: User,
}

/// A program that isolates something.
struct Program {
    name: &'static str,
    path: PathBuf,
    arguments: Vec<String>,
    /// The status by which it says that it could not.
    refused: i32,
    /// What it says where it could: a success without it is that of a program that did nothing.
    done: &'static str,
    /// A test's deadline.
    deadline: String,
}

/// How long a program waits where a limit is reached. The doctor waits for half a minute, and is not asked there.
const SHORT: &str = "3s";

/// The same where nothing has to be waited for; an emulated machine is slow.
const LONG: &str = "30s";

/// The bound on every program.
const PROGRAM: Duration = Duration::from_secs(60);

impl<'plan> Site<'plan> {
    pub(super) fn new(plan: &'plan Plan) -> anyhow::Result<Self> {
        Ok(Self { plan, root: User::root()?, user: User::unprivileged()? })
    }

    /// Nothing in the way of root.
    pub(super) fn as_root(&self) -> Obstacles {
        Obstacles { user: self.root.id, ..Obstacles::default() }
    }

    /// Nothing in the way of the user.
    pub(super) fn as_user(&self) -> Obstacles {
        Obstacles { user: self.user.id, ..Obstacles::default() }
    }

    fn doctor(&self) -> Program {
        let path = self.plan.doctor.clone();
        Program { name: "the doctor", path, arguments: vec![], refused: 1, done: "", deadline: LONG.to_owned() }
    }

    /// A program of one line, and a test of one, each of which waits for so long.
    fn runners(&self, deadline: &str) -> [Program; 2] {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        [
            Program {
                name: "netns-run",
                path: self.plan.netns_run.clone(),
                arguments: words(&["--deadline", deadline, "--", "echo", "it", "ran"]),
                refused: 125,
                done: "it ran\n",
                deadline: deadline.to_owned(),
            },
            Program {
                name: "a test",
                path: self.plan.suites.join("observed"),
                arguments: words(&["--exact", "passes_and_is_not_kept"]),
                refused: 101,
                done: "1 passed",
                deadline: deadline.to_owned(),
            },
        ]
    }

    fn command(&self, program: &Program, obstacles: &Obstacles) -> anyhow::Result<Command> {
        let user = if obstacles.user == 0 { &self.root } else { &self.user };
        let mut command = user.command_of_root(Path::new(INIT), self.plan);
        command.args(["obstructed", "--obstacles", &serde_json::to_string(obstacles)?]).arg("--").arg(&program.path);
        command.args(&program.arguments).env("NETNS_TEST_DEADLINE", &program.deadline);
        Ok(command)
    }

    /// What each of them says and how it ends, all at the same time.
    fn ask(&self, programs: &[Program], obstacles: &Obstacles) -> anyhow::Result<Vec<(ExitStatus, String)>> {
        let until = Instant::now() + PROGRAM;
        let start = |program| {
            let mut command = self.command(program, obstacles)?;
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("failed to start a program")
        };
        let mut children = programs.iter().map(start).collect::<anyhow::Result<Vec<Child>>>()?;
        let mut hear = |(program, child): (&Program, &mut Child)| {
            let mut text = String::new();
            let ended = follow(child, until, &mut |line| {
                text.push_str(&line);
                text.push('\n');
                Ok(())
            })?;
            Ok((ended.with_context(|| format!("{} did not end:\n{text}", program.name))?, text))
        };
        // All of them, also after one that did not end: nobody of them is left.
        let answers: Vec<anyhow::Result<_>> = programs.iter().zip(&mut children).map(&mut hear).collect();
        reap_orphans();
        answers.into_iter().collect()
    }

    /// These are refused, with these words.
    fn expect_refusals(&self, programs: &[Program], obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        let answers = self.ask(programs, obstacles)?;
        programs.iter().zip(&answers).try_for_each(|(program, answer)| program.expect_refusal(answer, says))
    }

    /// All programs are refused at once.
    pub(super) fn refuses(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        let [netns_run, test] = self.runners(LONG);
        self.expect_refusals(&[self.doctor(), netns_run, test], obstacles, says)
    }

    /// All but the doctor are refused, having waited.
    pub(super) fn refuses_after_waiting(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<()> {
        self.expect_refusals(&self.runners(SHORT), obstacles, says)
    }

    /// Nothing is refused. The doctor has said so before the first refusal.
    pub(super) fn works(&self, obstacles: &Obstacles) -> anyhow::Result<()> {
        let programs = self.runners(LONG);
        let answers = self.ask(&programs, obstacles)?;
        for (program, answer) in programs.iter().zip(&answers) {
            ensure!(program.works(answer), "{} should work, behind {obstacles:?}; {answer:?}", program.name);
        }
        Ok(())
    }

    /// Of each program it is known only that a refusal has to be explained; whether both work.
    pub(super) fn works_or_refuses(&self, obstacles: &Obstacles, says: &[&str]) -> anyhow::Result<bool> {
        let mut both_work = true;
        for program in self.runners(SHORT) {
            // One after the other: they count together.
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

/// A program in namespaces that it has got, which ends when this is dropped.
pub(super) struct Holder(Child);

impl Holder {
    pub(super) fn start(site: &Site) -> anyhow::Result<Self> {
        let [mut echo, _] = site.runners(LONG);
        // Its deadline stays, so that the wait below has a bound.
        echo.arguments.truncate(3);
        echo.arguments.push("cat".to_owned());
        let mut command = site.command(&echo, &site.as_user())?;
        let mut holder = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("failed to start")?);
        let (Some(input), Some(output)) = (&mut holder.0.stdin, &mut holder.0.stdout) else {
            bail!("there are no pipes")
        };
        // What comes back was inside.
        input.write_all(b"inside\n").context("failed to write to a program")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).context("failed to read from a program")?;
        ensure!(line == "inside\n", "the namespaces to be held are not there: {line:?}");
        Ok(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Closes its input first, at whose end it ends.
        drop(self.0.wait());
    }
}

/// A sysctl that is changed. Dropping it sets it back.
pub(super) struct Sysctl {
    file: PathBuf,
    before: String,
}

impl Sysctl {
    /// Nothing where the kernel has no sysctl of this name.
    pub(super) fn set(name: &str, value: &str) -> anyhow::Result<Option<Self>> {
        let file = PathBuf::from(format!("/proc/sys/{}", name.replace('.', "/")));
        if !file.exists() {
            return Ok(None);
        }
        let before = fs::read_to_string(&file).with_context(|| format!("failed to read {name}"))?;
        // The guard first: what is half done is undone.
        let guard = Self { file, before };
        fs::write(&guard.file, value).with_context(|| format!("failed to set {name}"))?;
        Ok(Some(guard))
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        // What that comes to is seen by the control.
        drop(fs::write(&self.file, &self.before));
    }
}

/// A control group with a limit of processes. Dropping it removes it, as soon as nobody is in it.
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
        // EBUSY while something in it ends: an empty group is left, and limits nobody.
        drop(fs::remove_dir(&self.folder));
    }
}
