//! Types of other crates: wrappers, and the types of methods and fields.

/// Types that the analysis treats as their content.
pub(crate) const WRAPPER_TYPES: &[&str] = &[
    "Option",
    "Result",
    "Box",
    "Arc",
    "Rc",
    "Mutex",
    "RwLock",
    "RefCell",
    "Cell",
    "OnceLock",
    "OnceCell",
    "LazyLock",
    "Lazy",
    "LazyCell",
    "Pin",
    "ManuallyDrop",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "Wrapping",
];

/// Types of statics that change: the initial value is not the value at a later use.
pub(crate) const CHANGING: &[&str] = &[
    "Mutex",
    "RwLock",
    "RefCell",
    "Cell",
    "AtomicU8",
    "AtomicU16",
    "AtomicU32",
    "AtomicU64",
    "AtomicUsize",
    "AtomicI32",
    "AtomicI64",
];

/// Variants that the analysis treats as their content.
pub(crate) const VARIANTS: &[&str] = &["Some", "Ok", "Err", "None", "Box"];

/// Placeholder for the receiver's type.
pub(crate) const ITSELF: &str = "itself";

/// Types whose methods mostly return the same type, with the methods that do not.
const BUILDERS: &[(&str, &[&str])] = &[
    ("Command", &["spawn", "status", "output", "exec", "get_program", "get_args", "get_envs", "get_current_dir"]),
    ("HttpServer", &["run", "addrs", "addrs_with_scheme"]),
    ("OpenOptions", &["open"]),
    ("QuickCheck", &["quickcheck", "quicktest"]),
    ("Configuration", &[]),
    ("SwarmBuilder", &["build"]),
    ("ContainerCreateOpts", &["build"]),
    ("ContainerOptions", &["build"]),
    ("NetworkCreateOpts", &["build"]),
    ("VolumeCreateOpts", &["build"]),
    ("PodCreateOpts", &["build"]),
];

/// Result types of methods.
const RESULTS: &[(&str, &str, &str)] = &[
    ("Command", "spawn", "Child"),
    ("TcpSocket", "listen", "TcpListener"),
    ("TcpSocket", "connect", "TcpStream"),
    ("OpenOptions", "open", "File"),
    ("SwarmBuilder", "build", "Swarm"),
    ("TcpBuilder", "listen", "TcpListener"),
    ("TcpBuilder", "reuse_address", ITSELF),
    ("TcpListener", "try_clone", ITSELF),
    ("TcpStream", "try_clone", ITSELF),
    ("UdpSocket", "try_clone", ITSELF),
    ("Socket", "try_clone", ITSELF),
];

/// Result types of functions without a type in their path.
const FUNCTIONS: &[(&str, &str)] =
    &[("warp::serve", "warp::Server"), ("tide::new", "tide::Server"), ("tide::with_state", "tide::Server")];

/// Types of fields.
const FIELDS: &[(&str, &str, &str)] =
    &[("Child", "stdout", "ChildStdout"), ("Child", "stderr", "ChildStderr"), ("Child", "stdin", "ChildStdin")];

/// Returns the result type of a method.
pub(crate) fn result_of_known(holder: &str, method: &str) -> Option<&'static str> {
    let known =
        RESULTS.iter().find(|(known, name, _)| *known == holder && *name == method).map(|(_, _, result)| *result);
    let builds = || BUILDERS.iter().any(|(known, ends)| *known == holder && !ends.contains(&method));
    known.or_else(|| builds().then_some(ITSELF))
}

/// Returns the result type of a function of another crate, by its whole path.
pub(crate) fn result_of_function(path: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(known, _)| *known == path).map(|(_, ty)| *ty)
}

/// Returns the type of a field.
pub(crate) fn field_of_known(holder: &str, field: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(known, name, _)| *known == holder && *name == field).map(|(_, _, ty)| *ty)
}
