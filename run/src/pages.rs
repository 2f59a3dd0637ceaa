//! `netns-run pages FOLDER` writes the man pages and shell completions of the programs of this package, for packagers.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, CommandFactory, Parser};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{explain, options};

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
        ("doctor", options::doctor::Options::command()),
        ("explain", explain::Options::command()),
        ("pages", Options::command()),
    ];
    let commands = commands.map(|(name, command)| command.name(name).bin_name(format!("netns-run {name}")));
    let netns_run = options::Options::command().subcommands(commands).disable_help_subcommand(true);
    let vm = options::vm::Options::command().name("vm").bin_name("cargo-netns-run vm");
    let cargo_netns_run = options::cargo::Options::command().subcommand(vm).disable_help_subcommand(true);
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
    let mut command = command;
    command.build();
    let own = command.get_subcommands().cloned().collect::<Vec<_>>();
    for command in [command].into_iter().chain(own) {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        fs::write(man.join(format!("{name}.1")), page(command)?)?;
    }
    Ok(())
}

/// Renders the page. The examples and the exit status become sections whose lines stay as they are.
fn page(command: Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).source(concat!("netns-run ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
    let page = String::from_utf8(page).map_err(io::Error::other)?;
    let sections = [
        (".SH EXTRA\n", ""),
        ("Commands:\n", ".SH COMMANDS\n.nf\n"),
        ("Examples:\n", ".SH EXAMPLES\n.nf\n"),
        ("Exit status: ", ".SH \"EXIT STATUS\"\n.nf\n"),
        (".SH VERSION\n", ".fi\n.SH VERSION\n"),
    ];
    Ok(sections.into_iter().fold(page, |page, (from, to)| page.replace(from, to)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_the_package_and_keeps_the_lines_of_its_examples() {
        let folder = tempfile::tempdir().unwrap();
        for command in commands() {
            write(command, folder.path()).unwrap();
        }
        let pages: Vec<_> =
            fs::read_dir(folder.path().join("man/man1")).unwrap().map(|page| page.unwrap().path()).collect();
        assert_eq!(pages.len(), 6, "{pages:?}");
        for page in pages {
            let text = fs::read_to_string(&page).unwrap();
            let footer = format!("\"netns-run {}\"", env!("CARGO_PKG_VERSION"));
            assert!(text.lines().any(|line| line.starts_with(".TH ") && line.contains(&footer)), "{text}");
            assert!(text.contains("\n.SH EXAMPLES\n.nf\n") && text.contains("\n.SH \"EXIT STATUS\"\n.nf\n"), "{text}");
            assert!(!text.contains("EXTRA"), "{text}");
        }
    }
}
