//! `cargo netns-run test …`: a cargo command whose programs run in fresh namespaces.

use std::process::ExitCode;

fn main() -> ExitCode {
    netns_run::cargo_main()
}
