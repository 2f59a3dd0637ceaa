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

/// Crates with types for opening files.
const OPENERS: &[&str] = &["std", "tokio", "async_std", "async_fs", "smol", "fs_err", "cap_std"];

/// Clients of container engines.
const ENGINES: &[&str] = &["podman_api", "docker_api", "shiplift"];

/// Types whose methods mostly return the same type, with their crates and the methods that do not.
const BUILDERS: &[(&str, &[&str], &[&str])] = &[
    (
        "Command",
        super::TYPE_OWNERS,
        &["spawn", "status", "output", "exec", "get_program", "get_args", "get_envs", "get_current_dir"],
    ),
    ("HttpServer", &["actix_web", "ntex"], &["run", "addrs", "addrs_with_scheme"]),
    ("OpenOptions", OPENERS, &["open"]),
    ("QuickCheck", &["quickcheck"], &["quickcheck", "quicktest"]),
    ("Configuration", super::TUNNELS, &[]),
    ("SwarmBuilder", &["libp2p", "libp2p_swarm"], &["build"]),
    ("ContainerCreateOpts", ENGINES, &["build"]),
    ("ContainerOptions", ENGINES, &["build"]),
    ("NetworkCreateOpts", ENGINES, &["build"]),
    ("VolumeCreateOpts", ENGINES, &["build"]),
    ("PodCreateOpts", ENGINES, &["build"]),
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

/// Returns the result type of a method of the type at that path. A path without a crate may lead to any of the known ones: a
/// glob import brought its name, or a table.
pub(crate) fn result_of_known(path: &str, method: &str) -> Option<&'static str> {
    let (of_crate, holder) = path.rsplit_once("::").unwrap_or(("", path));
    let first = of_crate.split("::").next().unwrap_or_default();
    let known =
        RESULTS.iter().find(|(known, name, _)| *known == holder && *name == method).map(|(_, _, result)| *result);
    let builds = || {
        BUILDERS.iter().any(|(known, crates, ends)| {
            *known == holder && (first.is_empty() || crates.contains(&first)) && !ends.contains(&method)
        })
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_is_known_by_its_crate() {
        assert_eq!(result_of_known("tun::Configuration", "address"), Some(ITSELF));
        assert_eq!(result_of_known("Configuration", "address"), Some(ITSELF), "a glob import may bring it");
        assert_eq!(result_of_known("hickory_proto::Configuration", "address"), None);
        assert_eq!(result_of_known("clap::Command", "arg"), None);
        assert_eq!(result_of_known("std::process::Command", "spawn"), Some("Child"));
    }
}
