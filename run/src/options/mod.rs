//! The command lines of the programs: `netns-run` here, the others in files of their own. They compile on every system, because help and pages
//! describe them everywhere; values that only Linux can check are in `linux.rs`.

pub(crate) mod cargo;
pub(crate) mod doctor;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
pub(crate) mod vm;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser};
#[cfg(target_os = "linux")]
use nix::unistd::User;

#[cfg(not(target_os = "linux"))]
use elsewhere::{capabilities, deadline, identity};
#[cfg(target_os = "linux")]
pub(crate) use linux::found;
#[cfg(target_os = "linux")]
use linux::{capabilities, deadline, identity};

const AFTER_HELP: &str = "\
Commands:
  netns-run doctor              what this machine can do for tests, and what to change; `netns-run doctor --help`
  netns-run explain CODE        an entry of the error index, such as NT107
  netns-run pages FOLDER        write man pages and completions of bash, fish and zsh

Examples:
  netns-run -- ./target/debug/my-suite          a test binary with a network of its own
  netns-run -- bash                             a look around by hand
  netns-run --veth -- ip route                  with an interface, and a neighbour behind it
  netns-run --as caller --capabilities net_admin,net_raw -- ./program
  netns-run --as postgres -- ./suite            as root, for programs that refuse to be root
  netns-run --read-only / --private /tmp --resolv ./resolv.conf -- ./program
  netns-run --veth --private-folders --map-ids -- ./suite     for daemons with files and users of their own
  netns-run --internet -- cargo fetch            with user-mode networking, by pasta
  netns-run --deadline 30s --json result.json -- ./program
  cargo netns-run test                          every test binary of a package
  cargo netns-run --veth nextest run            the same under nextest, each test by itself

Exit status: that of the program, or its signal if one ended it; else
  124  the deadline came
  125  netns-run cannot do what was asked for, or this machine does not let it; the message has cause and remedy
  126  the program cannot be executed
  127  there is no such program";

/// Runs a program in its own user, network, mount, pid, ipc and uts namespaces, without root, and leaves nothing behind.
#[derive(Debug, Parser)]
#[command(name = "netns-run", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) isolation: Isolation,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true, value_name = "PROGRAM")]
    pub(crate) program: Vec<OsString>,
}

/// The properties of the namespaces.
#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option without a value")]
pub(crate) struct Isolation {
    /// Kills the program and all its descendants after this time: `500ms`, `30s`, `10m`, `2h`.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = deadline, overrides_with = "deadline")]
    pub(crate) deadline: Duration,
    /// Adds an interface `eth0` with addresses of both families, and a default route to a neighbour that answers pings.
    ///
    /// The variables NETNS_RUN_IPV4, NETNS_RUN_IPV6, NETNS_RUN_PEER_IPV4 and NETNS_RUN_PEER_IPV6 contain the addresses.
    #[arg(long)]
    pub(crate) veth: bool,
    /// Reaches the internet through the program `pasta` (package passt), for suites that need it. Nothing reaches the program from there.
    ///
    /// The results then depend on more than this machine.
    #[arg(long, conflicts_with = "veth")]
    pub(crate) internet: bool,
    /// The program's user inside: `root`, `caller` (your ids outside), or, if root starts it, a user's name or number.
    #[arg(long = "as", value_name = "WHO", default_value = "root", value_parser = identity)]
    pub(crate) identity: Identity,
    /// Maps your ranges of /etc/subuid and /etc/subgid too, by `newuidmap` and `newgidmap`: daemons can change to their own
    /// users, and `sudo` and `chown` work. Root has all of its ids without it.
    #[arg(long)]
    pub(crate) map_ids: bool,
    /// The program's capabilities inside: `all`, `none`, or names such as `net_admin,net_raw`. By default, root has all. Another
    /// user has the same as outside: none, plus those of the files that it executes.
    #[arg(long, value_name = "LIST", value_parser = capabilities)]
    pub(crate) capabilities: Option<Capabilities>,
    /// Makes a folder and all mounts below it read-only; may be repeated.
    #[arg(long, value_name = "FOLDER", value_parser = folder)]
    pub(crate) read_only: Vec<PathBuf>,
    /// Mounts an empty folder in memory over a folder; may be repeated.
    #[arg(long, value_name = "FOLDER", value_parser = private_folder)]
    pub(crate) private: Vec<PathBuf>,
    /// The same for /run, /tmp, /dev/shm and /var/lib/misc, where daemons write; leaves out those that do not exist or
    /// contain the working folder or the program.
    #[arg(long)]
    pub(crate) private_folders: bool,
    /// Shows this file as /etc/hosts.
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(crate) hosts: Option<PathBuf>,
    /// Shows this file as /etc/resolv.conf.
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub(crate) resolv: Option<PathBuf>,
    /// The host name inside.
    #[arg(long, value_name = "NAME", default_value = "netns-run", value_parser = host_name)]
    pub(crate) hostname: String,
    /// Appends a line of JSON about the program's end to this file; `-` is standard error. Its fields: program, result (exit,
    /// signal, deadline, failed, not-executable, not-found), code, signal, signal_name, core_dumped, seconds,
    /// deadline_seconds, message.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

/// The user and group ids that the program sees as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// User 0 and group 0; outside, they are the caller's.
    Root,
    /// The user and the group of the caller.
    Caller,
    /// Another user of the machine, inside and outside.
    #[cfg(target_os = "linux")]
    User(Box<User>),
}

/// A set of capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// The capabilities as bits.
    pub(crate) bits: u64,
    /// The list as written on the command line.
    pub(crate) text: String,
}

/// Returns the absolute path as seen from the current folder, because the program may start in another one.
fn folder(text: &str) -> Result<PathBuf, String> {
    let folder = fs::canonicalize(text).map_err(|error| error.to_string())?;
    if !folder.is_dir() {
        return Err("it is no folder".to_owned());
    }
    match ["/proc", "/sys"].into_iter().find(|own| folder.starts_with(own)) {
        Some(own) => Err(format!("the program has its own {own}, in which it sets the sysctls of its network")),
        None => Ok(folder),
    }
}

fn private_folder(text: &str) -> Result<PathBuf, String> {
    let folder = folder(text)?;
    // A mount over the root folder has no effect: processes stay in the one below.
    if folder.parent().is_none() {
        return Err("the program would have no files; name a folder".to_owned());
    }
    if folder == Path::new("/dev") {
        return Err("the program would have no devices, not even /dev/null; name a folder below it".to_owned());
    }
    Ok(folder)
}

fn file(text: &str) -> Result<PathBuf, String> {
    let told = fs::metadata(text).map_err(|error| error.to_string())?;
    if told.is_dir() { Err("it is a folder".to_owned()) } else { Ok(text.into()) }
}

fn host_name(text: &str) -> Result<String, String> {
    // sethostname(2) does not accept more, and a name with a space does not resolve; source: hosts(5).
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = (1..=64).contains(&text.len()) && text.bytes().all(is_valid) && !text.starts_with('-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 64 letters, digits, hyphens, dots and underscores, no hyphen first".to_owned())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn options_end_where_the_program_begins() {
        let options = Options::try_parse_from(["netns-run", "--veth", "ls", "--as", "-l"]).unwrap();
        assert!(options.isolation.veth);
        assert_eq!(options.program, ["ls", "--as", "-l"]);
        assert_eq!(options.isolation.deadline, Duration::from_secs(60 * 60));
        assert!(Options::try_parse_from(["netns-run", "--veth"]).is_err(), "there is no program");
    }

    #[test]
    fn values_out_of_range_and_unknown_names_are_refused() {
        for bad in ["0s", "25h", "soon", ""] {
            assert!(deadline(bad).is_err(), "{bad:?}");
        }
        assert_eq!(deadline("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(capabilities("CAP_NET_ADMIN,net_raw").map(|set| set.bits), Ok(1 << 12 | 1 << 13));
        assert_eq!(capabilities("none").map(|set| set.bits), Ok(0));
        assert!(capabilities("net_admin,flying").unwrap_err().contains("flying"));
        assert!(capabilities("net_admn").unwrap_err().contains("(did you mean net_admin?)"));
        assert_eq!(folder("/").unwrap(), PathBuf::from("/"));
        assert_eq!(folder("/proc/self/stat").unwrap_err(), "it is no folder");
        for own in ["/proc", "/sys", "/proc/sys/net", "/sys/class/../kernel"] {
            assert!(folder(own).unwrap_err().contains("its own /"), "{own}");
        }
        assert!(private_folder("/").unwrap_err().contains("no files"));
        assert!(private_folder("/dev/").unwrap_err().contains("no devices"));
        assert_eq!(private_folder("/dev/shm").unwrap(), fs::canonicalize("/dev/shm").unwrap());
        assert!(folder("/nonexistent").unwrap_err().contains("No such file or directory"));
        assert_eq!(file("/proc/self/stat").unwrap(), PathBuf::from("/proc/self/stat"));
        assert_eq!(file("/").unwrap_err(), "it is a folder");
        assert_eq!(host_name(&"n".repeat(64)).unwrap().len(), 64);
        for bad in [&"n".repeat(65)[..], "", "a b", "a\n192.0.2.1 b", "-a", "ä"] {
            assert!(host_name(bad).is_err(), "{bad:?}");
        }
    }
}
