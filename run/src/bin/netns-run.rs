//! Runs a program in fresh namespaces; `netns-run --help` has examples.

use std::process::ExitCode;

fn main() -> ExitCode {
    netns_run::main()
}
