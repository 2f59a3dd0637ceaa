//! `cargo netns-run vm test …`: runs the test binaries of a workspace on Debian kernels in virtual machines.
//!
//! cargo selects and builds as in `cargo test`, and starts each test binary by a runner: this program, which records the call instead of
//! running it ([`recorder`]). The recorded calls are the plan of each machine, once for each user; [`netns_vm`] runs it.

mod built;
mod recorder;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use netns_vm::image::{self, Root};
use netns_vm::kernels::{self, BOTH_ENDS};
use netns_vm::matrix::WorkFolder;
use netns_vm::plan::{Account, Plan, Run};
use netns_vm::report::KernelResults;
use netns_vm::{Accelerator, Arch, NOTABLE, guest, report};

use built::{Binary, Built};

use crate::options::vm::Options;
use crate::outcome;

pub(crate) use recorder::{RECORDER, is_rustdoc, record, record_documentation_tests};

/// The word on the command line that makes this program the guest's first process.
pub(crate) const GUEST: &str = "vm-guest";

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Parses the arguments (the first is the program's name) and runs the command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(&Options::parse_from(arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo netns-run vm: {}", outcome::with_code(error, outcome::MACHINES));
            ExitCode::from(2)
        }
    }
}

/// Becomes the first process of a machine.
pub(crate) fn guest_main(word: &OsStr) -> ExitCode {
    guest::run(&word.to_string_lossy()).unwrap_or_else(|error| {
        eprintln!("cargo netns-run {GUEST}: {error:#}");
        ExitCode::from(2)
    })
}

fn run(options: &Options) -> anyhow::Result<bool> {
    let (first, arguments) = options.command.split_first().context("there is no command")?;
    let command = first.to_string_lossy();
    ensure!(
        !command.starts_with('-'),
        "there is no option `{command}`; `cargo netns-run vm --help` lists them, and cargo's options follow `test`"
    );
    ensure!(first == "test", "the command is `{command}`, and only `test` runs in a machine");
    image::check_tools(Arch::X86_64)?;
    // A signal stops the run at its next step, so that the machine and its files go.
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)).context("failed to handle signals")?;
    let workspace = built::Workspace::find(arguments)?;
    let work = WorkFolder::take(&workspace.target.join("netns-vm"), is_interrupted)?;
    let built = Built::build(arguments, &work.scratch("recorded")?)?;
    ensure!(!is_interrupted(), "interrupted");
    for name in &built.documentation {
        anstream::eprintln!("{} the documentation tests of {name}: they need a compiler", NOTABLE.paint("not inside"));
    }
    let accelerator = options.accel.unwrap_or_else(Accelerator::of_this_machine);
    let mut root = Root::new(&work.scratch("root")?)?;
    let mut path = guest::PATH.to_owned();
    for name in &options.program {
        let program = root.add_program(name)?;
        if let Some(folder) = program.parent().and_then(Path::to_str)
            && !path.split(':').any(|known| known == folder)
        {
            path = format!("{path}:{folder}");
        }
    }
    for file in &options.file {
        root.add_file(file)?;
    }
    fill(&mut root, &built, &workspace)?;
    let both = BOTH_ENDS.map(str::to_owned);
    let series = if options.kernel.is_empty() { &both[..] } else { &options.kernel };
    let kernels = kernels::obtain(work.path(), Arch::X86_64, series, options.mirror.as_deref(), options.update)?;
    let accounts = [(Account::Root, !options.user), (Account::User, !options.root)];
    let accounts = accounts.into_iter().filter(|(_, runs)| *runs).map(|(account, _)| account);
    let plans = accounts.map(|account| {
        let run = |binary| run_of(binary, account, &path, accelerator, options.deadline);
        Plan::new(built.tests.iter().map(run).collect())
    });
    let plans: Vec<Plan> = plans.collect();
    let versions: Vec<&str> = kernels.iter().map(|kernel| &kernel.version[..]).collect();
    anstream::eprintln!("{} test binaries by {} on {}", built.tests.len(), accelerator.name(), versions.join(", "));
    let mut results = work.run(&kernels, &root, &plans, accelerator, GUEST)?;
    results.iter_mut().for_each(KernelResults::expect_tests);
    Ok(report::print(&results.iter().collect::<Vec<_>>()))
}

/// Adds the test binaries, the programs of the workspace, the working folders and the settings of the fixtures.
fn fill(root: &mut Root, built: &Built, workspace: &built::Workspace) -> anyhow::Result<()> {
    for binary in &built.tests {
        root.search_libraries(binary.variable("LD_LIBRARY_PATH"));
        root.add_binary(&binary.program, &binary.program)?;
        root.add_folder(&binary.folder)?;
        for folder in binary.folder.ancestors().take_while(|folder| folder.starts_with(&workspace.root)) {
            let settings = folder.join("netns-test.toml");
            if settings.is_file() {
                root.add_file(&settings)?;
            }
        }
    }
    built.programs.iter().try_for_each(|program| root.add_binary(program, program))
}

fn run_of(binary: &Binary, account: Account, path: &str, accelerator: Accelerator, limit: Duration) -> Run {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // Variables of the caller come last and win.
    let mut environment =
        vec![pair("PATH", path), pair("NETNS_TEST_TIME_FACTOR", &accelerator.time_factor().to_string())];
    environment.extend(binary.environment.iter().cloned());
    Run {
        account,
        target: binary.target.clone(),
        program: binary.program.clone(),
        arguments: binary.arguments.clone(),
        folder: binary.folder.clone(),
        environment,
        judge: binary.judge,
        limit,
    }
}

/// Returns the value of an option in the words of a cargo command, as `--name VALUE` or `--name=VALUE`, before `--`.
fn value_of<'a>(words: &'a [OsString], name: &str) -> Option<&'a OsStr> {
    let words = words.split(|word| word == "--").next().unwrap_or_default();
    words.iter().enumerate().find_map(|(index, word)| {
        if word == name {
            return words.get(index + 1).map(OsString::as_os_str);
        }
        word.to_str()?.strip_prefix(name)?.strip_prefix('=').map(OsStr::new)
    })
}

/// Returns the folder of the programs that cargo builds for the workspace of the working folder, if it is in one.
pub(crate) fn target_folder() -> Option<PathBuf> {
    built::Workspace::find(&[]).ok().map(|workspace| workspace.target)
}

/// Returns a cargo command, by the cargo that started this program.
fn cargo() -> std::process::Command {
    std::process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parsed(words: &[&str]) -> Options {
        Options::try_parse_from(["cargo netns-run vm"].iter().chain(words)).unwrap()
    }

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn arguments_after_test_are_cargos() {
        let options = parsed(&[
            "--kernel", "5.10,7.x", "--kernel", "6.1", "--user", "test", "-p", "my-crate", "--kernel", "--", "vlan",
            "--user",
        ]);
        assert_eq!(options.kernel, ["5.10", "7.x", "6.1"]);
        assert!(options.user && !options.root);
        assert_eq!(options.command, ["test", "-p", "my-crate", "--kernel", "--", "vlan", "--user"]);
        assert_eq!(options.deadline, Duration::from_secs(600));
        for bad in [&["--root", "--user", "test"][..], &["--kernel", "4.19", "test"], &["--user"]] {
            assert!(Options::try_parse_from(["cargo netns-run vm"].iter().chain(bad)).is_err(), "{bad:?}");
        }
        let error = run(&parsed(&["--kernl", "6.1", "test"])).unwrap_err();
        assert!(error.to_string().starts_with("there is no option `--kernl`;"), "{error}");
        let error = run(&parsed(&["nextest", "run"])).unwrap_err();
        assert_eq!(error.to_string(), "the command is `nextest`, and only `test` runs in a machine");
    }

    #[test]
    fn an_option_of_cargo_has_both_forms_and_ends_at_two_dashes() {
        let words =
            ["-p", "a", "--target=x", "--manifest-path", "b/Cargo.toml", "--", "--package=c"].map(OsString::from);
        assert_eq!(value_of(&words, "--target"), Some(OsStr::new("x")));
        assert_eq!(value_of(&words, "--manifest-path"), Some(OsStr::new("b/Cargo.toml")));
        assert_eq!(value_of(&words, "--package"), None);
    }

    #[test]
    fn the_callers_variables_win_over_the_machines() {
        let binary = Binary {
            target: "my-crate/network".to_owned(),
            program: "/w/target/debug/deps/network-1".into(),
            arguments: vec!["vlan".to_owned()],
            folder: "/w".into(),
            environment: vec![("NETNS_TEST_TIME_FACTOR".to_owned(), "2".to_owned())],
            judge: netns_vm::plan::Judge::Libtest,
        };
        let run = run_of(&binary, Account::User, "/bin:/opt/bin", Accelerator::Tcg, Duration::from_secs(1));
        let last = |name: &str| run.environment.iter().rfind(|(known, _)| known == name).map(|(_, value)| &value[..]);
        assert_eq!((last("NETNS_TEST_TIME_FACTOR"), last("PATH")), (Some("2"), Some("/bin:/opt/bin")));
        assert_eq!((&run.arguments[..], run.limit), (&["vlan".to_owned()][..], Duration::from_secs(1)));
    }
}
