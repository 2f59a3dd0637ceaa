//! The names that the analysis knows: constructors of commands, shells, wrappers, sources, sinks, checks. Rules, `flow/` and
//! `lowering/` compare a path only with these lists; a test in `rules/mod.rs` searches for others. They compare some bare names of
//! methods (`spawn`, `local_addr`) where they use them.

mod extra;
mod functions;
mod habits;
mod mentions;
mod network;
mod process;
mod programs;
mod sinks;
mod types;

pub use extra::{ExtraSink, ExtraSource, ExtraTables, Origin as ExtraOrigin, SinkKind as ExtraSinkKind};
pub(crate) use functions::*;
pub(crate) use habits::*;
pub(crate) use mentions::Mentions;
pub(crate) use network::*;
pub(crate) use process::*;
pub(crate) use programs::*;
pub(crate) use sinks::*;
pub(crate) use types::*;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::kind::Origin;

/// Calls that read input from outside.
pub(crate) const SOURCES: &[(&str, Origin)] = &[
    ("env::var", Origin::Environment),
    ("env::var_os", Origin::Environment),
    ("env::vars", Origin::Environment),
    ("envy::from_env", Origin::Environment),
    ("envy::prefixed", Origin::Environment),
    ("Env::prefixed", Origin::Environment),
    ("Env::raw", Origin::Environment),
    ("Environment::with_prefix", Origin::Environment),
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

/// Types whose values are followed from signatures, annotations and fields.
pub(crate) const TYPES: &[&str] = &["Child", "GroupChild", "Command", "ChildStdout", "ChildStderr"];

/// Crates whose types with these names are children and commands that nothing ends automatically.
pub(crate) const TYPE_OWNERS: &[&str] =
    &["std", "tokio", "async_process", "async_std", "smol", "process", "command_group", "shared_child", "assert_cmd"];

/// Prefixes of environment variables that cargo and the compiler set; no user chooses them.
pub(crate) const CARGO_VARIABLES: &[&str] = &["CARGO", "OUT_DIR", "RUSTC", "RUSTDOC", "DEP_", "NEXTEST"];

/// Functions that split a text like a shell.
pub(crate) const SPLITTERS: &[&str] =
    &["shlex::split", "shell_words::split", "shellwords::split", "winsplit::split", "Shlex::new"];

/// Functions and methods that only store or compare their arguments.
pub(crate) const KEEPING: &[&str] = &[
    "eq",
    "ne",
    "cmp",
    "partial_cmp",
    "lt",
    "le",
    "gt",
    "ge",
    "push",
    "insert",
    "extend",
    "send",
    "from",
    "new",
    "drop",
    "black_box",
    "to_string",
    "record",
    "observe",
];

/// Functions that quote a text for a shell.
pub(crate) const QUOTERS: &[&str] = &[
    "shlex::try_quote",
    "shlex::quote",
    "shlex::bytes::try_quote",
    "shlex::try_join",
    "shell_words::quote",
    "shell_words::join",
    "shell_escape::escape",
    "shell_escape::unix::escape",
    "snailquote::escape",
    "shell_quote::Bash::quote",
    "Bash::quote_vec",
    "Sh::quote_vec",
    "shellwords::escape",
    "shell_quote::Sh::quote",
];

/// Parts of function names whose number is a wait or a retry count.
pub(crate) const WAITING_WORDS: &[&str] = &["timeout", "deadline", "retries", "attempts", "delay_ms", "sleep_ms"];

/// Returns the origin of a function's result, if the function is one of the sources.
pub(crate) fn source(path: &str, name: &str) -> Option<Origin> {
    let known = SOURCES_BY_NAME.get(name)?;
    known.iter().find(|(suffix, _)| ends_with(path, suffix)).map(|(_, origin)| *origin)
}

/// Whether the call of a function is one of the sources.
pub(crate) fn is_source(path: &str, name: &str) -> bool {
    source(path, name).is_some()
}

static SOURCES_BY_NAME: LazyLock<HashMap<&'static str, Vec<(&'static str, Origin)>>> = LazyLock::new(|| {
    let mut by_name = HashMap::<_, Vec<_>>::new();
    for (path, origin) in SOURCES {
        by_name.entry(path.rsplit("::").next().unwrap_or(path)).or_default().push((*path, *origin));
    }
    by_name
});

/// Methods of many types, whose name alone identifies none of them.
pub(crate) const COMMON_METHODS: &[&str] = &[
    "insert",
    "push",
    "get",
    "get_mut",
    "remove",
    "extend",
    "iter",
    "next",
    "lines",
    "read",
    "write",
    "flush",
    "len",
    "clear",
    "contains",
    "take",
    "replace",
    "entry",
    "join",
    "send",
    "recv",
    "lock",
    "map",
    "and_then",
    "unwrap",
    "expect",
    "clone",
    "into",
    "as_ref",
    "to_string",
    "parse",
    "split",
    "trim",
    "args",
    "arg",
    "env",
    "path",
    "name",
    "find",
    "filter",
    "collect",
    "wait",
    "kill",
    "id",
    "spawn",
    "status",
    "output",
    "set",
    "add",
];

/// Macros that wait for several futures at the same time.
pub(crate) const SELECTS: &[&str] = &["select", "select_biased"];

/// Macros in which every function is a test.
pub(crate) const TEST_MACROS: &[&str] = &["proptest", "quickcheck"];

/// Macros whose tokens are statics.
pub(crate) const STATICS: &[&str] = &["lazy_static", "thread_local"];

/// Macros that return their tokens, as a text or as code of another crate.
pub(crate) const QUOTING: &[&str] =
    &["quote", "quote_in", "quote_spanned", "parse_quote", "parse_quote_spanned", "stringify"];

/// Methods of a range that run code once for each number.
pub(crate) const REPEATING: &[&str] = &["for_each", "map", "into_par_iter", "try_for_each", "flat_map", "collect"];

/// Methods of an iterator that go on with the next item where their closure has found nothing.
pub(crate) const SEARCHING: &[&str] = &["find_map", "find", "any", "position", "filter_map"];

/// Methods of an iterator that return the same items, possibly reordered or with some skipped.
pub(crate) const REORDERING: &[&str] = &["rev", "step_by", "skip", "enumerate", "into_iter", "into_par_iter"];

/// Functions and methods that return endless iterators.
pub(crate) const ENDLESS: &[&str] = &["repeat", "repeat_with", "cycle", "from_fn", "successors"];

/// Macros that print or log.
pub(crate) const PRINTING: &[&str] =
    &["print", "println", "eprint", "eprintln", "trace", "debug", "info", "warn", "error", "log"];

/// Whether the macro `name` only reads its arguments: common assertion, print and log macros.
pub(crate) fn is_looking(name: &str) -> bool {
    let looking = [
        "assert",
        "assert_eq",
        "assert_ne",
        "assert_matches",
        "matches",
        "panic",
        "todo",
        "unreachable",
        "write",
        "writeln",
        "ensure",
        "bail",
    ];
    let name = name.strip_prefix("debug_assert").map_or_else(|| name.to_owned(), |rest| format!("assert{rest}"));
    looking.contains(&name.as_str()) || PRINTING.contains(&name.as_str())
}

/// Macros that read the environment at build time: the builder chooses the value, not the runner.
pub(crate) const SOURCE_MACROS: &[(&str, Origin)] =
    &[("env", Origin::Environment), ("option_env", Origin::Environment)];

static TRANSPARENT_NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| TRANSPARENT.iter().copied().collect());

/// Whether the analysis treats the result of the method `name` as the receiver.
pub(crate) fn is_transparent(name: &str) -> bool {
    TRANSPARENT_NAMES.contains(name)
}

/// Methods whose result the analysis treats as the receiver.
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
    "as_ptr",
    "cast",
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
    "to_socket_addrs",
    "boxed",
    "display",
];

/// Functions whose result the analysis treats as their only argument.
pub(crate) const WRAPPING: &[&str] = &[
    "Box::new",
    "AssertUnwindSafe",
    "Box::pin",
    "Pin::new",
    "Arc::new",
    "Rc::new",
    "Mutex::new",
    "AtomicU8::new",
    "AtomicU16::new",
    "AtomicU32::new",
    "AtomicU64::new",
    "AtomicUsize::new",
    "AtomicI32::new",
    "String::from",
    "PathBuf::from",
    "OsString::from",
    "OsStr::new",
    "Path::new",
    "Cow::from",
    "Cow::Borrowed",
    "Cow::Owned",
    "CString::new",
    "Uri::from_static",
    "Url::parse",
    "Vec::from",
    "str::from_utf8",
    "String::from_utf8",
    "String::from_utf8_lossy",
    "Pid::from_raw",
    "LazyLock::new",
    "RwLock::new",
    "black_box",
    "BufReader::new",
    "Cell::new",
    "RefCell::new",
];

/// Whether the constructor returns its argument as a wrapper: `Some(x)`, `Box::new(x)` and similar.
pub(crate) fn is_wrapper(path: &str, name: &str) -> bool {
    matches!(name, "Some" | "Ok" | "Box" | "Wrapping") || WRAPPING.iter().any(|known| ends_with(path, known))
}

/// Constructors of values that a function computes on first use.
pub(crate) const LAZY: &[&str] = &["LazyLock::new", "LazyCell::new", "Lazy::new"];

/// Methods that finish a builder: the result is a different object.
pub(crate) const TERMINAL: &[&str] =
    &["spawn", "id", "output", "status", "start", "run", "read", "popen", "join", "capture", "exec"];

/// Methods of a listener that take connections, or make another object of it that does.
pub(crate) const TAKING_CONNECTIONS: &[&str] = &[
    "accept",
    "incoming",
    "into_incoming",
    "poll_accept",
    "into_std",
    "try_clone",
    "as_raw_fd",
    "into_raw_fd",
    "as_fd",
];

/// Methods of a listener that publish its port.
pub(crate) const TELLING_THE_PORT: &[&str] =
    &["local_addr", "try_clone", "into_std", "as_raw_fd", "into_raw_fd", "as_fd", "as_raw_socket", "into_raw_socket"];

/// The prefix of a comment that suppresses a finding.
pub(crate) const SUPPRESSION: &str = "netns-lint:";

/// Whether `path` ends with `suffix` at a `::` boundary.
pub(crate) fn ends_with(path: &str, suffix: &str) -> bool {
    path.strip_suffix(suffix).is_some_and(|before| before.is_empty() || before.ends_with("::"))
}

/// Attributes of fields that a command-line parser fills, possibly from the environment: clap, structopt.
pub(crate) const SETTING_ATTRIBUTES: &[&str] = &["arg", "clap", "structopt"];

/// Methods that add a source of settings: figment, config.
pub(crate) const SETTING_SOURCES: &[&str] = &["merge", "admerge", "add_source"];

/// Methods whose closure receives the content of the receiver.
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

/// Methods whose result does not carry the receiver's sources.
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

/// Constructors of durations, with the number of seconds per unit.
pub(crate) const DURATIONS: &[(&str, f64)] = &[
    ("new", 1.0),
    ("from_secs", 1.0),
    ("from_secs_f64", 1.0),
    ("from_secs_f32", 1.0),
    ("try_from_secs_f64", 1.0),
    ("try_from_secs_f32", 1.0),
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
    ("days", 86_400.0),
    ("weeks", 604_800.0),
];
