//! `netns-run pages FOLDER` writes the man pages and shell completions of the programs of this package, for packagers.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser};
use clap_complete::Shell;

use crate::{cargo, doctor, explain, options, vm};

const AFTER_HELP: &str = "\
Examples:
  netns-run pages /usr/local/share/netns-run    then add its folder `man` to MANPATH
  netns-run pages . && source ./completions/netns-run.bash

Exit status: 0 all files were written, 2 usage or a file that cannot be written.";

/// Writes man pages and completions of bash, fish and zsh for `netns-run` and `cargo-netns-run`.
#[derive(Debug, Parser)]
#[command(name = "netns-run pages", bin_name = "netns-run pages", version, after_help = AFTER_HELP)]
struct Options {
    /// The folder to write to: `man/man1` and `completions` below it. Existing files of the same names are replaced.
    folder: PathBuf,
}

/// Parses the arguments (the first is the program's name) and runs the command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(arguments);
    for command in commands() {
        if let Err(error) = write(command, &options.folder) {
            eprintln!("netns-run pages: failed to write to {}: {error}", options.folder.display());
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Returns the description of each program, with its commands.
fn commands() -> [Command; 2] {
    let commands = [
        ("doctor", doctor::Options::command()),
        ("explain", explain::Options::command()),
        ("pages", Options::command()),
    ];
    let commands = commands.map(|(name, command)| command.name(name).bin_name(format!("netns-run {name}")));
    let netns_run = options::Options::command().subcommands(commands).disable_help_subcommand(true);
    let vm = vm::Options::command().name("vm").bin_name("cargo-netns-run vm");
    let cargo_netns_run = cargo::Options::command().subcommand(vm).disable_help_subcommand(true);
    [netns_run, cargo_netns_run.name("cargo-netns-run")]
}

fn write(command: Command, folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man/man1"), folder.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)?;
    }
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command.clone(), &name, &completions)?;
    }
    clap_mangen::generate_to(command, man)
}
