//! The command line of `cargo netns-run vm`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use netns_vm::{Accelerator, SERIES};

use super::deadline;

const AFTER_HELP: &str = "\
Examples:
  cargo netns-run vm test                      on the oldest and the newest kernel, as root and as a user
  cargo netns-run vm --kernel 5.10,6.12,7.x test -p my-crate
  cargo netns-run vm --kernel all --user test --test network -- vlan --test-threads 1
  cargo netns-run vm --program dnsmasq --file tests/data test

The kernels are Debian's cloud kernels. target/netns-vm keeps them; the first run downloads some 30 MB
for each. It needs x86-64, apt, QEMU, e2fsprogs, kmod and binutils, and no privilege.

Exit status: 0 all passed, 1 a test failed or a result is missing, 2 usage, a missing tool, or tests
that do not build.";

/// Runs the tests of a workspace on Debian kernels in virtual machines, as root and as an ordinary user.
#[derive(Debug, Parser)]
#[command(name = "cargo netns-run vm", bin_name = "cargo netns-run vm", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Options {
    /// Series of kernels, with commas or repeated; `all` is every one [default: 5.10 and 7.x].
    #[arg(long, value_name = "SERIES", value_delimiter = ',', value_parser = PossibleValuesParser::new(SERIES.iter().copied().chain(["all"])))]
    pub(crate) kernel: Vec<String>,
    /// Run the tests as root only.
    #[arg(long, conflicts_with = "user")]
    pub(crate) root: bool,
    /// Run the tests as an ordinary user only.
    #[arg(long)]
    pub(crate) user: bool,
    /// How the guest's instructions run [default: kvm if this machine has it and is not virtual itself, else tcg].
    #[arg(long, value_enum)]
    pub(crate) accel: Option<Accelerator>,
    /// A program that tests start, by name or path, with its libraries; may be repeated. Common ones are copied if they are
    /// installed.
    #[arg(long, value_name = "NAME")]
    pub(crate) program: Vec<String>,
    /// A file or folder that tests read, copied to the same path; may be repeated. Leaves out folders with a CACHEDIR.TAG.
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Vec<PathBuf>,
    /// Kills a test binary after this time: `30s`, `10m`, `2h`.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = deadline)]
    pub(crate) deadline: Duration,
    /// A mirror of Debian, as `https://HOST/debian`, with `debian-security` beside it [default: `NETNS_VM_MIRROR`, else the one that
    /// apt uses here].
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Option<String>,
    /// Ask the archive for newer point releases of kernels that are kept.
    #[arg(long)]
    pub(crate) update: bool,
    /// `test` and the arguments of `cargo test`.
    #[arg(trailing_var_arg = true, required = true, value_name = "test", allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}
