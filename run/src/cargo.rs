//! `cargo netns-run [OPTIONS] test …`: cargo with `netns-run` as the runner of every target.
//!
//! cargo and nextest read `CARGO_TARGET_<TRIPLE>_RUNNER` and start built programs through it; source: the Cargo book,
//! "Configuration", `target.<triple>.runner`.

use std::env::{self, consts::ARCH};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use netns_fixtures::__sandbox::show_duration;

use crate::options::Isolation;
use crate::options::cargo::Options;
use crate::{doctor, explain, outcome, pages, vm};

/// Entry point of `cargo-netns-run`; replaces itself with cargo.
pub fn main() -> ExitCode {
    // cargo passes the subcommand's name again as the first argument.
    let arguments =
        env::args_os().enumerate().filter(|(index, word)| *index != 1 || word != "netns-run").map(|(_, word)| word);
    let arguments: Vec<OsString> = arguments.collect();
    if let Some((first, rest)) = arguments.get(1..).and_then(<[OsString]>::split_first) {
        let own = || arguments.iter().take(1).chain(rest).cloned();
        match first.to_str() {
            Some("vm") => return vm::main(own()),
            // Commands of netns-run, which no cargo command is named after.
            Some("doctor") => return doctor::main(own()),
            Some("explain") => return explain::main(own()),
            Some("pages") => return pages::main(own()),
            Some(vm::GUEST) => return vm::guest_main(rest.first().map_or("".as_ref(), |word| word)),
            Some(vm::RECORDER) => return vm::record(rest),
            _ if vm::is_rustdoc(first) => return vm::record_documentation_tests(rest),
            _ => {}
        }
    }
    let options = Options::parse_from(arguments);
    match become_cargo(&options) {
        Ok(never) => match never {},
        Err(message) => {
            eprintln!("cargo netns-run: {}", outcome::with_code(message, outcome::FAILED));
            ExitCode::from(crate::STATUS_FAILED)
        }
    }
}

fn become_cargo(options: &Options) -> Result<std::convert::Infallible, String> {
    let this_program = env::current_exe().map_err(|error| format!("failed to find this program: {error}"))?;
    let netns_run = this_program.with_file_name("netns-run");
    if !netns_run.is_file() {
        return Err(format!("there is no {}; `cargo install netns-run` installs both programs", netns_run.display()));
    }
    let (program, path) = named_for_cargo(&netns_run)?;
    let runner = runner(&program, &options.isolation)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Cargo may have a command of this name, so this is only a note.
    let word = options.command.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    let meant = outcome::command_meant(&word, "cargo netns-run");
    if !meant.is_empty() {
        eprintln!("cargo netns-run: runs the command {word} of cargo{meant}");
    }
    let mut command = Command::new(&cargo);
    for triple in triples(host()?, &options.command) {
        command.env(variable(&triple), &runner);
    }
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let error = command.args(&options.command).exec();
    Err(format!("failed to start {}: {error}", PathBuf::from(cargo).display()))
}

/// Returns the program's word in a runner. Cargo splits a runner at spaces, so a program below a folder with a space, such as a home, has
/// only its name there, and the new `PATH` finds it first.
fn named_for_cargo(program: &Path) -> Result<(String, Option<OsString>), String> {
    let text = program.display().to_string();
    let (Some(folder), true) = (program.parent(), text.contains(char::is_whitespace)) else { return Ok((text, None)) };
    // An empty entry would be the working folder.
    let before = env::var_os("PATH").filter(|path| !path.is_empty());
    let before = before.iter().flat_map(env::split_paths);
    let folders = [folder.to_owned()].into_iter().chain(before);
    let path =
        env::join_paths(folders).map_err(|error| format!("cannot put {} into PATH: {error}", folder.display()))?;
    Ok(("netns-run".to_owned(), Some(path)))
}

/// Returns the value of the variable; cargo splits it at spaces.
fn runner(netns_run: &str, isolation: &Isolation) -> Result<String, String> {
    // Lists all fields, so that a new field does not compile until it is handled here.
    let Isolation {
        deadline,
        veth,
        internet,
        identity,
        map_ids,
        capabilities,
        read_only,
        private,
        private_folders,
        hosts,
        resolv,
        hostname,
        json,
    } = isolation;
    let mut words = vec![netns_run.to_owned(), "--deadline".to_owned(), show_duration(*deadline)];
    let switches =
        [(veth, "--veth"), (internet, "--internet"), (map_ids, "--map-ids"), (private_folders, "--private-folders")];
    words.extend(switches.into_iter().filter(|(is_on, _)| **is_on).map(|(_, option)| option.to_owned()));
    words.extend(["--as".to_owned(), identity.word().to_owned(), "--hostname".to_owned(), hostname.clone()]);
    if let Some(capabilities) = capabilities {
        words.extend(["--capabilities".to_owned(), capabilities.text.clone()]);
    }
    let folders = read_only
        .iter()
        .map(|folder| ("--read-only", folder))
        .chain(private.iter().map(|folder| ("--private", folder)));
    let files = [("--hosts", hosts), ("--resolv", resolv), ("--json", json)];
    let files = files.into_iter().filter_map(|(option, file)| file.as_ref().map(|file| (option, file)));
    for (option, path) in folders.chain(files) {
        // The runner starts in the package's folder, so the path must be absolute.
        let absolute =
            std::path::absolute(path).map_err(|error| format!("failed to find {}: {error}", path.display()))?;
        let path = if path.as_os_str() == "-" { path.clone() } else { absolute };
        words.extend([option.to_owned(), path.display().to_string()]);
    }
    words.push("--".to_owned());
    match words.iter().find(|word| word.is_empty() || word.contains(char::is_whitespace)) {
        Some(word) => Err(format!("cargo splits a runner at spaces, so none of its words may have one: {word:?}")),
        None => Ok(words.join(" ")),
    }
}

/// Targets with pointers of 32 bits whose programs the kernel also runs.
const NARROWER: &[&str] = match ARCH.as_bytes() {
    b"x86_64" => &[
        "i586-unknown-linux-gnu",
        "i586-unknown-linux-musl",
        "i686-unknown-linux-gnu",
        "i686-unknown-linux-musl",
        "x86_64-unknown-linux-gnux32",
    ],
    b"aarch64" => &[
        "arm-unknown-linux-gnueabi",
        "arm-unknown-linux-gnueabihf",
        "arm-unknown-linux-musleabi",
        "arm-unknown-linux-musleabihf",
        "armv7-unknown-linux-gnueabi",
        "armv7-unknown-linux-gnueabihf",
        "armv7-unknown-linux-musleabi",
        "armv7-unknown-linux-musleabihf",
    ],
    _ => &[],
};

/// Returns the host's triple, which is cargo's default target, the triples that the command names, and those that this machine runs and a
/// configuration of cargo may name: without a runner, their tests would run outside.
pub(crate) fn triples(host: String, command: &[OsString]) -> Vec<String> {
    let mut triples = vec![host];
    triples.extend(["gnu", "musl"].map(|library| format!("{ARCH}-unknown-linux-{library}")));
    triples.extend(NARROWER.iter().map(|&triple| triple.to_owned()));
    triples.extend(env::var("CARGO_BUILD_TARGET").ok());
    let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    for (index, word) in words.iter().enumerate() {
        let named = word
            .strip_prefix("--target=")
            .or_else(|| (word == "--target").then(|| words.get(index + 1).map(|next| &**next))?);
        triples.extend(named.map(str::to_owned));
    }
    triples
}

pub(crate) fn host() -> Result<String, String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("-vV").output().map_err(|error| format!("failed to start rustc: {error}"))?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let host =
        told.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say what its host is")?;
    Ok(host.to_owned())
}

pub(crate) fn variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}_RUNNER", triple.to_ascii_uppercase().replace(['-', '.'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_before_the_command_and_reach_the_runner() {
        let options = Options::parse_from([
            "cargo netns-run",
            "--veth",
            "--private-folders",
            "--capabilities",
            "net_raw",
            "--json",
            "-",
            "nextest",
            "run",
            "--veth",
        ]);
        assert_eq!(options.command, ["nextest", "run", "--veth"]);
        assert_eq!(
            runner("/bin/netns-run", &options.isolation).unwrap(),
            "/bin/netns-run --deadline 1h --veth --private-folders --as root --hostname netns-run --capabilities net_raw --json - --"
        );
        assert!(runner("/with space/netns-run", &options.isolation).unwrap_err().contains("spaces"));
    }

    #[test]
    fn triples_are_those_that_cargo_may_build_for() {
        let words = ["test", "--target=aarch64-unknown-linux-musl", "--target", "x86_64-unknown-linux-musl"]
            .map(OsString::from);
        let named = triples("x86_64-unknown-linux-gnu".to_owned(), &words);
        assert!(
            named.ends_with(&["aarch64-unknown-linux-musl".to_owned(), "x86_64-unknown-linux-musl".to_owned()]),
            "{named:?}"
        );
        assert!(triples(String::new(), &[]).contains(&format!("{ARCH}-unknown-linux-musl")));
        assert_eq!(variable("thumbv8m.main-none-eabi"), "CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_RUNNER");
    }
}
