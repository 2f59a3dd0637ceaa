//! The command line of `cargo netns-run`.

use std::ffi::OsString;

use clap::Parser;

use super::Isolation;

const AFTER_HELP: &str = "\
Examples:
  cargo netns-run test                        each test binary in namespaces of its own
  cargo netns-run test -p my-crate -- --test-threads 1
  cargo netns-run --veth nextest run          each test in namespaces of its own, with an interface and a neighbour
  cargo netns-run --as caller run --example probe
  cargo netns-run vm --kernel 5.10,7.x test   the tests on other kernels, in virtual machines; `cargo netns-run vm --help`

The commands of netns-run work here too: doctor, explain, pages.

The same by hand, for an .cargo/config.toml:
  [target.x86_64-unknown-linux-gnu]
  runner = \"netns-run --\"

Exit status: that of cargo; 2 usage, 125 cargo or netns-run cannot be started.";

/// Runs a cargo command whose programs run in fresh namespaces.
#[derive(Debug, Parser)]
#[command(name = "cargo netns-run", bin_name = "cargo netns-run", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) isolation: Isolation,
    /// The cargo command and its arguments.
    #[arg(trailing_var_arg = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}
