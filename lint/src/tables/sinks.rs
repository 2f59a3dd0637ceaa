//! Functions and methods whose arguments do something that a rule cares about.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::facts::SinkKind;

/// A function or method whose argument of that index ends in a sink.
pub(crate) struct KnownSink {
    /// A path suffix, or a method with a dot in front.
    pub pattern: &'static str,
    /// The argument, the receiver not counted.
    pub argument: usize,
    /// What happens to it.
    pub kind: SinkKind,
}

const fn sink(pattern: &'static str, argument: usize, kind: SinkKind) -> KnownSink {
    KnownSink { pattern, argument, kind }
}

const KNOWN: &[KnownSink] = &[
    // A listener: everything that binds a stream socket.
    sink("TcpListener::bind", 0, SinkKind::Listen),
    sink("StdTcpListener::bind", 0, SinkKind::Listen),
    sink("Server::bind", 0, SinkKind::Listen),
    sink("Server::http", 0, SinkKind::Listen),
    sink("axum_server::bind", 0, SinkKind::Listen),
    sink("AddrIncoming::bind", 0, SinkKind::Listen),
    sink(".bind", 0, SinkKind::Bind),
    sink("socket::bind", 1, SinkKind::Bind),
    sink("net::bind", 1, SinkKind::Bind),
    sink("UdpSocket::bind", 0, SinkKind::Datagram),
    // A connection or a packet.
    sink("TcpStream::connect", 0, SinkKind::Connect),
    sink("TcpStream::connect_timeout", 0, SinkKind::Connect),
    sink(".connect", 0, SinkKind::Connect),
    sink(".send_to", 1, SinkKind::Connect),
    sink("socket::connect", 1, SinkKind::Connect),
    sink("net::connect", 1, SinkKind::Connect),
    // Functions alone: methods of these names belong to maps and routers, too.
    sink("reqwest::get", 0, SinkKind::Connect),
    sink("reqwest::blocking::get", 0, SinkKind::Connect),
    sink("ureq::get", 0, SinkKind::Connect),
    sink("ureq::post", 0, SinkKind::Connect),
    sink("tungstenite::connect", 0, SinkKind::Connect),
    sink("tokio_tungstenite::connect_async", 0, SinkKind::Connect),
    // A device, a route, a neighbour (rtnetlink, tun, interfaces).
    sink(".address", 0, SinkKind::Configure),
    sink(".destination", 0, SinkKind::Configure),
    sink(".netmask_address", 0, SinkKind::Configure),
    sink(".gateway", 0, SinkKind::Configure),
    sink(".ipv4", 0, SinkKind::Configure),
    sink(".ipv6", 0, SinkKind::Configure),
    sink(".add_address", 0, SinkKind::Configure),
    sink(".add_address_v4", 0, SinkKind::Configure),
    sink(".add_address_v6", 0, SinkKind::Configure),
    sink(".destination_prefix", 0, SinkKind::Configure),
    sink("IfAddr::add", 1, SinkKind::Configure),
    // A name that other processes see.
    sink("NetworkNamespace::add", 0, SinkKind::NamespaceName),
    sink("NetNs::new", 0, SinkKind::NamespaceName),
    sink("LinkDummy::new", 0, SinkKind::DeviceName),
    sink("LinkBridge::new", 0, SinkKind::DeviceName),
    sink("LinkVeth::new", 0, SinkKind::DeviceName),
    sink("LinkVeth::new", 1, SinkKind::DeviceName),
    sink("LinkVlan::new", 0, SinkKind::DeviceName),
    sink("LinkVxlan::new", 0, SinkKind::DeviceName),
    sink("LinkVrf::new", 0, SinkKind::DeviceName),
    sink("LinkBond::new", 0, SinkKind::DeviceName),
    sink("LinkWireguard::new", 0, SinkKind::DeviceName),
    sink("LinkMacVlan::new", 0, SinkKind::DeviceName),
    sink("LinkMacVtap::new", 0, SinkKind::DeviceName),
    sink(".tun_name", 0, SinkKind::DeviceName),
    sink("Iface::new", 0, SinkKind::DeviceName),
    sink("Iface::without_packet_info", 0, SinkKind::DeviceName),
    sink("mman::shm_open", 0, SinkKind::SharedMemoryName),
    sink("libc::shm_open", 0, SinkKind::SharedMemoryName),
    sink("UnixListener::bind", 0, SinkKind::SocketPath),
    sink("UnixDatagram::bind", 0, SinkKind::SocketPath),
    sink("UnixSeqpacketListener::bind", 0, SinkKind::SocketPath),
    sink("UnixListener::bind_addr", 0, SinkKind::SocketPath),
    sink("UnixDatagram::bind_addr", 0, SinkKind::SocketPath),
    sink("mqueue::mq_open", 0, SinkKind::SharedMemoryName),
    sink(".os_id", 0, SinkKind::SharedMemoryName),
    // A path that is made or overwritten.
    sink("File::create", 0, SinkKind::Created),
    sink("fs::write", 0, SinkKind::Created),
    sink("fs::create_dir", 0, SinkKind::Created),
    sink("fs::create_dir_all", 0, SinkKind::Created),
    sink("fs::copy", 1, SinkKind::Created),
    sink("fs::rename", 1, SinkKind::Created),
    sink("unix::fs::symlink", 1, SinkKind::Created),
    sink("unistd::mkfifo", 0, SinkKind::Created),
    // A size or a count.
    sink("Vec::with_capacity", 0, SinkKind::Size),
    sink("String::with_capacity", 0, SinkKind::Size),
    sink("BytesMut::with_capacity", 0, SinkKind::Size),
    sink("BytesMut::zeroed", 0, SinkKind::Size),
    sink("VecDeque::with_capacity", 0, SinkKind::Size),
    sink("HashMap::with_capacity", 0, SinkKind::Size),
    sink("BufReader::with_capacity", 0, SinkKind::Size),
    sink("BufWriter::with_capacity", 0, SinkKind::Size),
    sink("mpsc::channel", 0, SinkKind::Size),
    sink("mpsc::sync_channel", 0, SinkKind::Size),
    sink("channel::bounded", 0, SinkKind::Size),
    sink("iter::repeat_n", 1, SinkKind::Size),
    sink("Semaphore::new", 0, SinkKind::Size),
    sink(".reserve", 0, SinkKind::Size),
    sink(".reserve_exact", 0, SinkKind::Size),
    sink(".resize", 0, SinkKind::Size),
    sink(".stack_size", 0, SinkKind::Size),
    sink(".thread_stack_size", 0, SinkKind::Size),
    sink(".num_threads", 0, SinkKind::Size),
    sink(".worker_threads", 0, SinkKind::Size),
    sink(".max_blocking_threads", 0, SinkKind::Size),
    sink(".repeat", 0, SinkKind::Size),
    sink(".tests", 0, SinkKind::Size),
    sink(".max_tests", 0, SinkKind::Size),
    sink(".set_len", 0, SinkKind::Size),
    sink("ProptestConfig::with_cases", 0, SinkKind::Size),
    sink("Config::with_cases", 0, SinkKind::Size),
    // A wait given as a plain number, or as a text that somebody else wrote.
    sink("thread::sleep_ms", 0, SinkKind::Duration),
    sink("humantime::parse_duration", 0, SinkKind::Duration),
    sink("duration_str::parse", 0, SinkKind::Duration),
    sink("parse_duration::parse", 0, SinkKind::Duration),
];

static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static KnownSink>>> = LazyLock::new(|| {
    let mut by_name = HashMap::<_, Vec<_>>::new();
    for known in KNOWN {
        let name = known.pattern.rsplit(['.', ':']).next().unwrap_or(known.pattern);
        by_name.entry(name).or_default().push(known);
    }
    by_name
});

/// Methods of rtnetlink that give what adds an address to the device of an index.
pub(crate) const NETLINK_HANDLES: &[&str] = &["address", "neighbours"];

/// The patterns of the sinks in which a constant can do harm.
pub(crate) fn hazardous_sinks() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(|known| known.kind.is_hazard_by_itself()).map(|known| known.pattern)
}

/// The sinks of a call of the function or method `name` with that resolved path; methods have an empty path.
pub(crate) fn sinks_of(path: &str, name: &str) -> impl Iterator<Item = &'static KnownSink> {
    let known = BY_NAME.get(name).map(Vec::as_slice).unwrap_or_default();
    known.iter().copied().filter(move |known| match known.pattern.strip_prefix('.') {
        Some(_) => path.is_empty(),
        None => super::ends_with(path, known.pattern),
    })
}

/// Constructors of options for opening a file, which may create it.
pub(crate) const WRITABLE_OPENERS: &[&str] = &["OpenOptions::new", "File::options"];

/// Functions that send a signal to the process or group of a number.
pub(crate) const KILL_CALLS: &[&str] = &["libc::kill", "signal::kill"];

/// Calls that make something only if it was not there.
pub(crate) const EXCLUSIVE_CALLS: &[&str] = &["fs::create_dir", "unistd::mkfifo", "File::create_new"];

/// Methods of a result that expect it to be an error.
pub(crate) const REFUSALS: &[&str] = &["unwrap_err", "expect_err", "is_err"];

/// Folders that every user of the machine may write to.
pub(crate) const SHARED_FOLDERS: &[&str] = &["/tmp/", "/var/tmp/", "/dev/shm/"];

/// Ends of the names of files that configure a server.
pub(crate) const CONFIGURATION_FILES: &[&str] = &[".conf", ".cfg", ".cnf", ".network", ".netdev"];

/// Programs whose operands are made or overwritten.
pub(crate) const PATH_MAKERS: &[&str] = &["touch", "mkdir", "mkfifo", "tee"];

/// Functions that move the calling thread into another namespace.
pub(crate) const NAMESPACE_CALLS: &[&str] = &[
    "sched::setns",
    "sched::unshare",
    "libc::setns",
    "libc::unshare",
    "thread::unshare",
    "thread::unshare_unsafe",
    "thread::move_into_link_name_space",
    "thread::move_into_thread_name_spaces",
];

/// What makes a network that a test has for itself, in crates that do so.
pub(crate) const LABS: &[&str] =
    &["Lab::new", "Lab::builder", "Lab::load", "netsim::spawn", "Machine::new", "Sandbox::new"];

/// Methods that move the calling thread, and the constructors of their receivers.
pub(crate) const NAMESPACE_METHODS: &[(&str, &[&str])] = &[
    ("enter", &["NetNs::new", "NetNs::get", "NetNs::new_with_env"]),
    ("run", &["NetNs::new", "NetNs::get", "NetNs::new_with_env"]),
];

/// Calls whose closure runs on a thread or in a process of its own.
pub(crate) const OWN_THREAD: &[&str] =
    &["thread::spawn", "spawn_scoped", "spawn_unchecked", "pre_exec", "clone", "fork", "spawn"];

/// Crates whose `spawn` runs a closure on a thread that others had before, and will have.
pub(crate) const THREAD_POOLS: &[&str] = &["rayon::", "tokio::", "blocking::"];

/// The same for calls in an async function, where `spawn` alone may be the runtime's.
pub(crate) const OWN_THREAD_IN_ASYNC: &[&str] = &["thread::spawn", "spawn_scoped", "spawn_unchecked", "pre_exec"];

/// Functions that go on in a child as well.
pub(crate) const FORKS: &[&str] = &["fork", "vfork", "clone3", "sched::clone", "libc::clone"];

/// Parts of the names of functions that run their closure in a process of its own.
pub(crate) const CHILD_WORDS: &[&str] = &["child", "fork", "forked", "subprocess", "process"];

/// Whether a constructor runs its closure when somebody first asks.
pub(crate) fn is_lazy(path: &str) -> bool {
    ["LazyLock::new", "Lazy::new", "LazyCell::new", "lazy_static!", "get_or_init", "call_once"]
        .iter()
        .any(|known| super::ends_with(path, known))
}

/// Whether the function or method `name` ends a process: `start_kill`, `killpg`, `send_signal_group`.
pub(crate) fn ends_a_process(name: &str) -> bool {
    name != "kill_on_drop" && ["kill", "terminate", "signal"].iter().any(|word| name.contains(word)) || name == "close"
}

/// Methods of a child after which it does not run on, or is somebody else's.
pub(crate) const CHILD_ENDS: &[&str] = &[
    "kill",
    "start_kill",
    "wait",
    "wait_with_output",
    "try_wait",
    "wait_timeout",
    "terminate",
    "into_inner",
    "status",
    "output",
];

/// What the sources call a UUID.
pub(crate) const UUID: &str = "uuid";
