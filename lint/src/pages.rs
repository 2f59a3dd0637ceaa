//! `cargo netns-lint --pages FOLDER` writes the man page and shell completions, for packagers.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

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
    clap_mangen::generate_to(command, man)
}
