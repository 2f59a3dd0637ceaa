//! Functions and methods whose arguments reach an operation that a rule checks.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::kind::SinkKind;

/// A function or method whose argument at that index reaches a sink.
pub(crate) struct KnownSink {
    /// A path suffix, or a method with a leading dot.
    pub pattern: &'static str,
    /// The index of the argument, not counting the receiver.
    pub argument: usize,
    /// The kind of operation.
    pub kind: SinkKind,
    /// For a method, the receiver types; if empty, every type that the run does not define.
    pub on: &'static [&'static str],
    /// For a method, the crates that the receiver comes from, by its type or by the function that made it; if empty, any.
    pub from: &'static [&'static str],
    /// The types of the argument; if empty, any.
    pub given: &'static [&'static str],
}

const fn sink(pattern: &'static str, argument: usize, kind: SinkKind) -> KnownSink {
    KnownSink { pattern, argument, kind, on: &[], from: &[], given: &[] }
}

const fn on(pattern: &'static str, argument: usize, kind: SinkKind, on: &'static [&'static str]) -> KnownSink {
    KnownSink { pattern, argument, kind, on, from: &[], given: &[] }
}

const fn from(pattern: &'static str, argument: usize, kind: SinkKind, from: &'static [&'static str]) -> KnownSink {
    KnownSink { pattern, argument, kind, on: &[], from, given: &[] }
}

const fn given(pattern: &'static str, argument: usize, kind: SinkKind, given: &'static [&'static str]) -> KnownSink {
    KnownSink { pattern, argument, kind, on: &[], from: &[], given }
}

/// Types of paths: a method that stores texts gets others.
const PATHS: &[&str] = &["PathBuf", "Path"];

/// Crates that create tunnel devices, and set their addresses.
pub(super) const TUNNELS: &[&str] = &["tun", "tun2", "tun_rs", "tokio_tun", "tun_tap", "tappers"];

/// Crates that configure devices, routes and neighbours by netlink.
pub(crate) const NETLINK: &[&str] = &["rtnetlink", "netlink_packet_route", "net_route", "neli", "nl"];

/// Types whose method `bind` sets the address of a socket.
const BINDING: &[&str] = &[
    "Socket",
    "TcpSocket",
    "UnixSocket",
    "HttpServer",
    "Server",
    "TcpBuilder",
    "UdpBuilder",
    "SocketBuilder",
    "TcpListener",
    "UdpSocket",
];

/// The stream socket types among them.
pub(crate) const STREAM_BINDERS: &[&str] = &["TcpSocket", "HttpServer", "Server", "TcpBuilder", "TcpListener"];

/// Servers of warp, whose methods get the address.
const WARP: &[&str] = &["warp::Server", "warp::TlsServer"];

/// Types whose method `connect` or `send_to` reaches a network.
const SENDING: &[&str] = &[
    "Socket",
    "TcpSocket",
    "UdpSocket",
    "TcpStream",
    "Endpoint",
    "TcpBuilder",
    "UdpBuilder",
    "AsyncUdpSocket",
    "RawSocket",
    "IcmpSocket",
];

/// Clients whose methods take a URL, by their whole path: other crates have clients with such methods, too.
const HTTP_CLIENTS: &[&str] = &[
    "reqwest::Client",
    "reqwest::blocking::Client",
    "ureq::Agent",
    "hyper_util::client::legacy::Client",
    "isahc::HttpClient",
];

/// Whether the type at that path is a client whose methods take a URL, or its builder.
pub(crate) fn is_http_client(path: &str) -> bool {
    HTTP_CLIENTS.contains(&path)
}

/// Options for new objects of a container engine: podman-api, docker-api, bollard, shiplift.
const CONTAINER_OPTIONS: &[&str] = &[
    "ContainerCreateOpts",
    "ContainerOptions",
    "NetworkCreateOpts",
    "VolumeCreateOpts",
    "PodCreateOpts",
    "CreateContainerOptionsBuilder",
];

const KNOWN: &[KnownSink] = &[
    // Listeners: calls that bind a stream socket.
    sink("TcpListener::bind", 0, SinkKind::Listen),
    sink("Server::bind", 0, SinkKind::Listen),
    sink("Server::http", 0, SinkKind::Listen),
    sink("axum_server::bind", 0, SinkKind::Listen),
    sink("AddrIncoming::bind", 0, SinkKind::Listen),
    on(".bind", 0, SinkKind::Bind, BINDING),
    sink("socket::bind", 1, SinkKind::Bind),
    sink("net::bind", 1, SinkKind::Bind),
    sink("UdpSocket::bind", 0, SinkKind::Datagram),
    sink("quinn::Endpoint::server", 1, SinkKind::Listen),
    sink("quinn::Endpoint::client", 0, SinkKind::Datagram),
    sink(".serve", 0, SinkKind::Listen),
    on(".run", 0, SinkKind::Listen, WARP),
    on(".try_bind", 0, SinkKind::Listen, WARP),
    on(".bind_ephemeral", 0, SinkKind::Listen, WARP),
    on(".try_bind_ephemeral", 0, SinkKind::Listen, WARP),
    on(".bind_with_graceful_shutdown", 0, SinkKind::Listen, WARP),
    on(".listen", 0, SinkKind::Listen, &["tide::Server"]),
    on(".http", 0, SinkKind::Listen, &["Iron"]),
    sink("rouille::start_server", 0, SinkKind::Listen),
    sink("rouille::Server::new", 0, SinkKind::Listen),
    sink("gotham::start", 0, SinkKind::Listen),
    sink("ws::listen", 0, SinkKind::Listen),
    on(".listen_on", 0, SinkKind::Listen, &["Swarm"]),
    on(".dial", 0, SinkKind::Connect, &["Swarm"]),
    // Connections and packets.
    sink("TcpStream::connect", 0, SinkKind::Connect),
    sink("TcpStream::connect_timeout", 0, SinkKind::Connect),
    sink("UnixStream::connect", 0, SinkKind::Connect),
    on(".connect", 0, SinkKind::Connect, SENDING),
    on(".send_to", 1, SinkKind::Connect, SENDING),
    sink("socket::connect", 1, SinkKind::Connect),
    sink("net::connect", 1, SinkKind::Connect),
    // Only functions: maps and routers have methods with these names, too.
    on(".get", 0, SinkKind::Connect, HTTP_CLIENTS),
    on(".post", 0, SinkKind::Connect, HTTP_CLIENTS),
    on(".put", 0, SinkKind::Connect, HTTP_CLIENTS),
    on(".delete", 0, SinkKind::Connect, HTTP_CLIENTS),
    on(".request", 1, SinkKind::Connect, HTTP_CLIENTS),
    sink("reqwest::get", 0, SinkKind::Connect),
    sink("reqwest::blocking::get", 0, SinkKind::Connect),
    sink("ureq::get", 0, SinkKind::Connect),
    sink("ureq::post", 0, SinkKind::Connect),
    sink("tungstenite::connect", 0, SinkKind::Connect),
    sink("tokio_tungstenite::connect_async", 0, SinkKind::Connect),
    sink("redis::Client::open", 0, SinkKind::Connect),
    sink("transport::Channel::from_static", 0, SinkKind::Connect),
    sink("transport::Channel::from_shared", 0, SinkKind::Connect),
    sink("transport::Endpoint::from_static", 0, SinkKind::Connect),
    sink("transport::Endpoint::from_shared", 0, SinkKind::Connect),
    // DNS clients (hickory).
    sink("UdpClientStream::new", 0, SinkKind::Connect),
    sink("UdpClientStream::builder", 0, SinkKind::Connect),
    sink("UdpClientStream::with_timeout", 0, SinkKind::Connect),
    sink("TcpClientStream::new", 0, SinkKind::Connect),
    sink("UdpClientConnection::new", 0, SinkKind::Connect),
    sink("TcpClientConnection::new", 0, SinkKind::Connect),
    // Devices, routes and neighbours (rtnetlink, tun, interfaces).
    from(".address", 0, SinkKind::Configure, TUNNELS),
    from(".destination", 0, SinkKind::Configure, TUNNELS),
    from(".gateway", 0, SinkKind::Configure, NETLINK),
    from(".ipv4", 0, SinkKind::Configure, TUNNELS),
    from(".ipv6", 0, SinkKind::Configure, TUNNELS),
    from(".add_address_v4", 0, SinkKind::Configure, TUNNELS),
    from(".add_address_v6", 0, SinkKind::Configure, TUNNELS),
    from(".destination_prefix", 0, SinkKind::Configure, NETLINK),
    sink("IfAddr::add", 1, SinkKind::Configure),
    // Names that other processes see.
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
    from(".tun_name", 0, SinkKind::DeviceName, TUNNELS),
    sink("Iface::new", 0, SinkKind::DeviceName),
    sink("Iface::without_packet_info", 0, SinkKind::DeviceName),
    on(".name", 0, SinkKind::ContainerName, CONTAINER_OPTIONS),
    sink(".with_container_name", 0, SinkKind::ContainerName),
    on(".with_network", 0, SinkKind::ContainerName, &["GenericImage", "ContainerRequest"]),
    sink("NetworkCreateOptions::builder", 0, SinkKind::ContainerName),
    sink("CreateContainerOptions::new", 0, SinkKind::ContainerName),
    on(".create_container", 0, SinkKind::ContainerName, &["Docker"]),
    on(".create_network", 0, SinkKind::ContainerName, &["Docker"]),
    on(".create_volume", 0, SinkKind::ContainerName, &["Docker"]),
    sink("mman::shm_open", 0, SinkKind::SharedMemoryName),
    sink("libc::shm_open", 0, SinkKind::SharedMemoryName),
    sink("UnixListener::bind", 0, SinkKind::SocketPath),
    sink("UnixDatagram::bind", 0, SinkKind::SocketPath),
    sink("UnixSeqpacketListener::bind", 0, SinkKind::SocketPath),
    sink("UnixListener::bind_addr", 0, SinkKind::SocketPath),
    sink("UnixDatagram::bind_addr", 0, SinkKind::SocketPath),
    sink("mqueue::mq_open", 0, SinkKind::SharedMemoryName),
    from(".os_id", 0, SinkKind::SharedMemoryName, &["shared_memory"]),
    // Paths that are created or overwritten.
    sink("File::create", 0, SinkKind::Created),
    sink("fs::write", 0, SinkKind::Created),
    sink("fs::create_dir", 0, SinkKind::Created),
    sink("fs::create_dir_all", 0, SinkKind::Created),
    from(".save", 0, SinkKind::Created, &["image"]),
    given(".save", 0, SinkKind::Created, PATHS),
    given(".save_as", 0, SinkKind::Created, PATHS),
    given(".save_to_file", 0, SinkKind::Created, PATHS),
    from(".write_to_file", 0, SinkKind::Created, &["bindgen", "cbindgen"]),
    sink("fs::copy", 1, SinkKind::Created),
    sink("fs::rename", 1, SinkKind::Created),
    sink("unix::fs::symlink", 1, SinkKind::Created),
    sink("unistd::mkfifo", 0, SinkKind::Created),
    // Sizes and counts.
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
    on(".tests", 0, SinkKind::Size, &["QuickCheck"]),
    on(".max_tests", 0, SinkKind::Size, &["QuickCheck"]),
    sink(".set_len", 0, SinkKind::Size),
    sink("ProptestConfig::with_cases", 0, SinkKind::Size),
    sink("Config::with_cases", 0, SinkKind::Size),
    // Waits whose length is a plain number, or a text from outside.
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

/// Methods of rtnetlink whose result takes a separately built message.
pub(crate) const NETLINK_TARGETS: &[&str] = &["route", "rule", "link", "address", "neighbours"];

/// Parts of the names of types that describe a packet or message without sending it.
pub(crate) const DESCRIPTIONS: &[&str] = &["Packet", "Header", "MessageBuilder"];

/// Methods of rtnetlink that return a handle for adding an address to a device index.
pub(crate) const NETLINK_HANDLES: &[&str] = &["address", "neighbours"];

/// The patterns of the sinks where a constant can be harmful.
pub(crate) fn hazardous_sinks() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().filter(|known| known.kind.is_hazard_by_itself()).map(|known| known.pattern)
}

/// Returns the sinks of a call of the function or method `name` with that resolved path; methods have an empty path.
pub(crate) fn sinks_of(path: &str, name: &str) -> impl Iterator<Item = &'static KnownSink> {
    let known = BY_NAME.get(name).map(Vec::as_slice).unwrap_or_default();
    known.iter().copied().filter(move |known| match known.pattern.strip_prefix('.') {
        Some(_) => path.is_empty(),
        None => super::ends_with(path, known.pattern),
    })
}

/// Methods of these options that create or overwrite a file; without one, the call does neither.
pub(crate) const CREATING: &[&str] = &["create", "truncate", "append"];

/// Constructors of file-opening options, which may create the file.
pub(crate) const WRITABLE_OPENERS: &[&str] = &["OpenOptions::new", "File::options"];

/// Calls that fail if the path already exists.
pub(crate) const EXCLUSIVE_CALLS: &[&str] = &["fs::create_dir", "unistd::mkfifo", "File::create_new"];

/// Directories that every user of the machine can write to.
pub(crate) const SHARED_FOLDERS: &[&str] = &["/tmp/", "/var/tmp/", "/dev/shm/"];

/// Suffixes of file names that configure a server.
pub(crate) const CONFIGURATION_FILES: &[&str] = &[".conf", ".cfg", ".cnf", ".network", ".netdev"];

/// Programs that create or overwrite their operands.
pub(crate) const PATH_MAKERS: &[&str] = &["touch", "mkdir", "mkfifo", "tee", "truncate", "sqlite3"];

/// Programs that create or overwrite their last operand.
pub(crate) const LAST_IS_MADE: &[&str] = &["cp", "mv", "ln", "install", "rsync", "scp", "mknod"];

/// Options that set the output path of a program.
pub(crate) const OUTPUT_OPTIONS: &[(&str, &[&str])] = &[
    ("curl", &["-o", "--output", "--cookie-jar", "-c", "--dump-header", "-D"]),
    ("wget", &["-O", "-o", "-P"]),
    ("tar", &["--file", "-f"]),
    ("dd", &["of"]),
    ("tcpdump", &["-w"]),
    ("tshark", &["-w"]),
    ("dumpcap", &["-w"]),
    ("openssl", &["-out", "-keyout"]),
    ("ssh-keygen", &["-f"]),
    ("gcc", &["-o"]),
    ("cc", &["-o"]),
    ("clang", &["-o"]),
    ("rustc", &["-o"]),
    ("go", &["-o"]),
    ("strace", &["-o"]),
    ("perf", &["-o"]),
    ("gpg", &["-o"]),
    ("sort", &["-o"]),
    ("objcopy", &["-o"]),
    ("mkcert", &["-cert-file", "-key-file"]),
];

/// Words in option names of any program that mark an output path.
pub(crate) const OUTPUT_WORDS: &[&str] = &[
    "output", "out", "outfile", "outdir", "profile", "log", "logs", "logfile", "pid", "pidfile", "report", "dump",
    "trace", "record", "export", "save", "keylog", "coverage", "pcap",
];

/// The source name for a UUID.
pub(crate) const UUID: &str = "uuid";
