//! Names that mean something to the analysis: constructors of commands, shells, wrappers, sources, sinks, checks.
//! This is the one place for them; a rule never compares a path with a literal of its own.

use crate::value::Origin;

/// Paths of constructors of commands; a suffix of the resolved path, at a `::` boundary.
pub(crate) const COMMANDS: &[&str] = &[
    "process::Command::new",
    "Command::new",
    "duct::cmd",
    "duct::cmd!",
    "subprocess::Exec::cmd",
    "Exec::cmd",
    "assert_cmd::Command::new",
    "async_process::Command::new",
    "portable_pty::CommandBuilder::new",
];

/// Crates whose `Command` describes a command line instead of running a program.
pub(crate) const NOT_COMMANDS: &[&str] = &["clap::", "bevy", "poise::", "serenity::", "twilight"];

/// Functions whose text argument of that index goes to a shell.
pub(crate) const SHELL_STRINGS: &[(&str, usize)] = &[
    ("libc::system", 0),
    ("Exec::shell", 0),
    ("duct_sh::sh", 0),
    ("duct_sh::sh_dangerous", 0),
    ("run_script::run", 0),
    ("run_script::spawn", 0),
    ("run_script!", 0),
    ("cmd_lib::run_cmd!", 0),
];

/// Programs that interpret their `-c` operand.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "csh", "tcsh", "mksh"];
/// Programs that interpret `/C` or `-Command`.
pub(crate) const WINDOWS_SHELLS: &[&str] = &["cmd", "powershell", "pwsh"];

/// What makes a shell interpret the next operand.
pub(crate) const SHELL_OPTIONS: &[&str] =
    &["-c", "-lc", "-ic", "-ec", "-xc", "-cx", "-ce", "-exc", "-euc", "-lic", "-euxc"];
/// The same for the shells of Windows; case does not matter.
pub(crate) const WINDOWS_SHELL_OPTIONS: &[&str] = &["/c", "/k", "-c", "-command", "-encodedcommand"];

/// Calls that read something that others control.
pub(crate) const SOURCES: &[(&str, Origin)] = &[
    ("env::var", Origin::Environment),
    ("env::var_os", Origin::Environment),
    ("env::vars", Origin::Environment),
    ("dotenvy::var", Origin::Environment),
    ("dotenv::var", Origin::Environment),
    ("env::args", Origin::Argument),
    ("env::args_os", Origin::Argument),
    ("fs::read_to_string", Origin::File),
    ("fs::read", Origin::File),
    ("rand::random", Origin::Random),
    ("rand::rng", Origin::Random),
    ("rand::thread_rng", Origin::Random),
    ("fastrand::u8", Origin::Random),
    ("fastrand::u16", Origin::Random),
    ("fastrand::u32", Origin::Random),
    ("fastrand::u64", Origin::Random),
    ("fastrand::usize", Origin::Random),
    ("fastrand::alphanumeric", Origin::Random),
    ("Uuid::new_v4", Origin::Random),
    ("Uuid::now_v7", Origin::Random),
    ("process::id", Origin::Pid),
    ("unistd::getpid", Origin::Pid),
    ("libc::getpid", Origin::Pid),
    ("SystemTime::now", Origin::Time),
    ("Instant::now", Origin::Time),
];

/// Macros that read the environment when the test is built: the builder's, not the runner's, choice.
pub(crate) const SOURCE_MACROS: &[(&str, Origin)] =
    &[("env", Origin::Environment), ("option_env", Origin::Environment)];

/// Methods whose result is the receiver as far as the analysis goes.
pub(crate) const TRANSPARENT: &[&str] = &[
    "unwrap",
    "expect",
    "unwrap_or_default",
    "as_str",
    "as_ref",
    "as_mut",
    "to_string",
    "to_owned",
    "into",
    "clone",
    "cloned",
    "copied",
    "as_deref",
    "as_bytes",
    "into_bytes",
    "borrow",
    "borrow_mut",
    "by_ref",
    "as_os_str",
    "to_vec",
    "as_slice",
    "into_iter",
    "iter",
    "iter_mut",
    "ok",
    "err",
    "to_str",
    "to_string_lossy",
    "into_owned",
    "into_string",
    "context",
    "with_context",
    "wrap_err",
    "map_err",
    "ok_or",
    "ok_or_else",
    "as_path",
    "to_path_buf",
    "trim",
    "trim_end",
    "trim_start",
    "unwrap_unchecked",
    "into_diagnostic",
    "into_boxed_str",
    "fuse",
    "peekable",
    "rev",
    "try_into",
    "get_mut",
    "deref",
    "as_os_string",
    "into_os_string",
    "collect",
    "flatten",
    "transpose",
    "boxed",
];

/// Methods that end a builder: their result is another object than the receiver.
pub(crate) const TERMINAL: &[&str] =
    &["spawn", "output", "status", "start", "run", "read", "popen", "join", "capture", "exec"];

/// Whether `path` ends with `suffix` at a `::` boundary.
pub(crate) fn ends_with(path: &str, suffix: &str) -> bool {
    path.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

/// Whether `path` makes a command.
pub(crate) fn is_command(path: &str) -> bool {
    COMMANDS.iter().any(|known| ends_with(path, known)) && !NOT_COMMANDS.iter().any(|other| path.starts_with(other))
}

/// The file name of a program: `/bin/sh` is `sh`, `cmd.exe` is `cmd`.
pub(crate) fn program_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Methods whose closure gets what is inside the receiver.
pub(crate) const MAPS: &[&str] = &[
    "map",
    "and_then",
    "filter",
    "filter_map",
    "map_or",
    "map_or_else",
    "inspect",
    "for_each",
    "is_some_and",
    "flat_map",
    "is_ok_and",
    "take_while",
    "skip_while",
    "find",
    "any",
    "all",
];

/// Methods whose result does not carry what the receiver carried.
pub(crate) const UNTAINTED: &[&str] = &[
    "len",
    "is_empty",
    "contains",
    "starts_with",
    "ends_with",
    "is_some",
    "is_none",
    "is_ok",
    "is_err",
    "eq",
    "ne",
    "exists",
    "elapsed",
    "count",
    "is_file",
    "is_dir",
    "hash",
    "status",
    "output",
    "spawn",
    "wait",
];

/// Constructors of durations, and how many seconds one unit is.
pub(crate) const DURATIONS: &[(&str, f64)] = &[
    ("from_secs", 1.0),
    ("from_secs_f64", 1.0),
    ("from_secs_f32", 1.0),
    ("from_millis", 1e-3),
    ("from_micros", 1e-6),
    ("from_nanos", 1e-9),
    ("from_mins", 60.0),
    ("from_hours", 3600.0),
    ("from_days", 86_400.0),
    ("from_weeks", 604_800.0),
    ("seconds", 1.0),
    ("milliseconds", 1e-3),
    ("minutes", 60.0),
    ("hours", 3600.0),
];

/// Programs that run the program named by their operands.
pub(crate) const WRAPPERS: &[&str] = &[
    "sudo", "doas", "su", "pkexec", "env", "nsenter", "unshare", "ip", "timeout", "ssh", "nohup", "nice", "setsid",
    "stdbuf", "strace", "chroot", "runuser", "setpriv", "busybox", "docker", "podman", "kubectl",
];
