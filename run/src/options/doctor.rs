//! The command line of `netns-run doctor`.

use std::path::PathBuf;

use clap::Parser;

const AFTER_HELP: &str = "\
Examples:
  netns-run doctor                    every requirement: yes, or no with the reason and the remedy
  netns-run doctor --config           every setting: its value, its source, its range, its default
  netns-run doctor --config --json    the same for a program
  netns-run doctor --json | jq '.requirements[] | select(.met | not) | .name'
  netns-run doctor --apparmor-profile netns-tests.profile    for Ubuntu 24.04 and newer
  netns-run doctor --apparmor-profile netns-tests.profile --for /home/me/work

Exit status: 0 tests can be isolated (with --config: the file and all values are valid), 1 they cannot, 2 usage.";

/// Reports what tests can use on this machine, and how to fix what is missing.
#[derive(Debug, Parser)]
#[command(name = "netns-run doctor", bin_name = "netns-run doctor", version, after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the settings instead of the requirements.
    #[arg(long)]
    pub(crate) config: bool,
    /// Write an AppArmor profile that lets test programs create user namespaces, and print how to load it; `-` prints the
    /// profile.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "config"])]
    pub(crate) apparmor_profile: Option<PathBuf>,
    /// A program, or a folder with programs, for the profile; may be repeated. Default: this program and the folder `target`
    /// here.
    #[arg(long = "for", value_name = "PATH", requires = "apparmor_profile")]
    pub(crate) places: Vec<PathBuf>,
}
