//! `cargo netns-lint --pages FOLDER` writes the man page and shell completions, for packagers.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

/// Writes `man/man1` and `completions` below the folder. Existing files of the same names are replaced.
///
/// # Errors
///
/// If a folder or a file cannot be written.
pub(crate) fn write(mut command: Command, folder: &Path) -> io::Result<()> {
    let (man, completions) = (folder.join("man/man1"), folder.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)?;
    }
    let name = command.get_name().to_owned();
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut command, &name, &completions)?;
    }
    fs::write(man.join(format!("{name}.1")), page(command)?)
}

/// Renders the page. The examples and the exit status become sections whose lines stay as they are.
fn page(command: Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).source(concat!("netns-lint ", env!("CARGO_PKG_VERSION"))).render(&mut page)?;
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
