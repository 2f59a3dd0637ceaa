//! Processes and threads: calls that end a child, that run a closure elsewhere, that move a thread into a namespace, or
//! that limit a wait.

use super::ends_with;

/// The method of a command whose child dies with its handle.
pub(crate) const KILL_ON_DROP: &str = "kill_on_drop";

/// Methods of a child that end it.
pub(crate) const CHILD_KILLS: &[&str] = &["kill", "start_kill", "terminate", "send_signal", "signal"];

/// Methods of a child that return after it has ended.
pub(crate) const CHILD_WAITS: &[&str] = &["wait", "wait_with_output", "status", "output"];

/// Methods of a child that return when it has ended or after a limited time.
pub(crate) const CHILD_LOOKS: &[&str] = &["try_wait", "wait_timeout", "wait_deadline"];

/// Methods of a child that do not change its state.
pub(crate) const CHILD_GETTERS: &[&str] =
    &["id", "pid", "inner", "stdin", "stdout", "stderr", "raw_handle", "as_raw_handle", "take"];

/// Methods that start a process.
pub(crate) const STARTS: &[&str] = &["spawn", "start", "popen"];

/// Methods whose result is an error only in an incorrect program.
pub(crate) const NEVER_FAIL: &[&str] = &["lock"];

/// Functions that send a signal to a process or group by number.
pub(crate) const KILL_CALLS: &[&str] = &[
    "libc::kill",
    "libc::killpg",
    "signal::kill",
    "signal::killpg",
    "process::kill_process",
    "process::kill_process_group",
    "process::pidfd_send_signal",
];

/// The same functions under the names that `use …::*` imports.
pub(crate) const KILLS_BY_GLOB: &[&str] = &["kill", "killpg", "kill_process", "kill_process_group"];

/// The program that sends a signal to processes by number.
pub(crate) const KILL: &str = "kill";

/// Methods of a result that expect it to be an error.
pub(crate) const REFUSALS: &[&str] = &["unwrap_err", "expect_err", "is_err"];

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

/// Files of the network namespace of the opening thread, its process, or the machine. Source: proc(5).
pub(crate) const OWN_NETWORK_NAMESPACES: &[&str] = &["/proc/self/ns/net", "/proc/thread-self/ns/net", "/proc/1/ns/net"];

/// Functions that create a private network for a test.
pub(crate) const LABS: &[&str] = &["Lab::new", "Lab::builder", "Lab::load", "Lab::from_topology", "netsim::spawn"];

/// Crates of these functions.
pub(crate) const LAB_CRATES: &[&str] = &["netns_fixtures", "patchbay", "netsim"];

/// Methods that move the calling thread, and the constructors of their receivers.
pub(crate) const NAMESPACE_METHODS: &[(&str, &[&str])] = &[
    ("enter", &["NetNs::new", "NetNs::get", "NetNs::new_with_env"]),
    ("run", &["NetNs::new", "NetNs::get", "NetNs::new_with_env"]),
];

/// Calls whose closure runs on a dedicated thread or in a dedicated process.
pub(crate) const OWN_THREAD: &[&str] =
    &["thread::spawn", "spawn_scoped", "spawn_unchecked", "pre_exec", "sched::clone", "spawn"];

/// Crates whose `spawn` runs a closure on a pool thread, which other closures share.
pub(crate) const THREAD_POOLS: &[&str] = &["rayon::", "tokio::", "blocking::", "async_std::", "smol::"];

/// Crates whose other functions all run their closure on the calling thread.
pub(crate) const RUN_HERE: &[&str] = &["std", "core", "alloc", "futures", "proptest", "temp_env", "serial_test"];

/// Calls whose closure runs on a pool thread, in any crate.
pub(crate) const POOL_CALLS: &[&str] = &["spawn_blocking", "spawn_local", "block_in_place", "unblock"];

/// Functions that continue in a child process, too.
pub(crate) const FORKS: &[&str] = &["fork", "vfork", "clone3", "sched::clone", "libc::clone"];

/// Calls that catch the panic of their closure.
pub(crate) const CATCHERS: &[&str] = &["catch_unwind"];

/// Whether a constructor runs its closure on first use.
pub(crate) fn is_lazy(path: &str) -> bool {
    ["LazyLock::new", "Lazy::new", "LazyCell::new", "lazy_static!", "get_or_init", "call_once"]
        .iter()
        .any(|known| ends_with(path, known))
}

/// Functions that return the path of a program of the workspace.
pub(crate) const WORKSPACE_PROGRAMS: &[&str] = &["cargo_bin", "cargo_bin!"];

/// Methods that wait for a thread or a task.
pub(crate) const JOINS: &[&str] = &["join"];

/// Methods that end a task, so that a wait for it returns.
pub(crate) const STOPPING_TASKS: &[&str] = &["abort", "cancel"];

/// Whether a function of another crate ends a whole wait after a time, as far as its name shows: `tokio::time::timeout_at`,
/// `FutureExt::timeout`, `wait_timeout`, `with_deadline`. The effects of a function of the run decide; see `Call::is_limit`.
pub(crate) fn is_limit(name: &str) -> bool {
    let is_of_wait = WAITING_WORDS.iter().any(|word| name.split('_').next() == Some(word));
    names_limit(name) && (is_of_wait || !LIMITS_OF_PARTS.iter().any(|part| has_words(name, part)))
}

/// Whether a function of another crate ends only the part of a wait in which it connects, as far as its name shows.
pub(crate) fn limits_connecting(name: &str) -> bool {
    names_limit(name) && CONNECT.iter().any(|word| has_words(name, word))
}

/// Whether the function only connects, as far as its name shows.
pub(crate) fn is_connecting(name: &str) -> bool {
    name.split('_').next() == Some(CONNECT[0]) || super::CONNECTING.contains(&name)
}

fn names_limit(name: &str) -> bool {
    name.contains("timeout") || name.contains("deadline")
}

/// Whether a name has these words, one after the other.
fn has_words(name: &str, words: &str) -> bool {
    format!("_{name}_").contains(&format!("_{words}_"))
}

const CONNECT: [&str; 3] = ["connect", "connection", "connecting"];

/// First words of the names of functions that wait: their limit is one of the whole wait, whatever it is for.
const WAITING_WORDS: &[&str] = &["wait", "recv"];

/// Parts of the names of limits that leave a wait for a reply without an end: those of connecting, of sending, and of
/// connections that nobody uses. Source: the documentation of reqwest, hyper, ureq, tonic, isahc, redis and awc.
const LIMITS_OF_PARTS: &[&str] = &[
    CONNECT[0],
    CONNECT[1],
    CONNECT[2],
    "idle",
    "keep_alive",
    "keepalive",
    "shutdown",
    "timeout_await_100",
    "timeout_resolve",
    "timeout_send",
    "timeout_write",
    "user_timeout",
    "write_timeout",
];

/// Functions that run a closure or a future on another thread or in another task.
const SPAWNING: &[&str] = &[
    "spawn",
    "spawn_blocking",
    "spawn_local",
    "spawn_pinned",
    "spawn_scoped",
    "spawn_on",
    "spawn_local_on",
    "spawn_detached",
    "unblock",
    "execute",
];

/// Methods that wait for the next message or event of a peer.
pub(crate) const RECEIVING: &[&str] = &[
    AWAITING,
    "recv",
    "recv_msg",
    "recv_message",
    "receive",
    "receive_message",
    "next_event",
    "poll",
    "next_message",
    "next_swarm_event",
    "select_next_some",
    "read_message",
    "read_frame",
];

/// Methods of a future that return a future which waits for it.
pub(crate) const ADAPTING: &[&str] =
    &["map", "map_ok", "map_err", "then", "and_then", "fuse", "boxed", "boxed_local", "inspect", "instrument"];

/// Methods that wait for the next item, mostly of a stream or a socket of the test itself.
pub(crate) const NEXT_ITEM: &[&str] = &["next", "try_next", "accept", "recv_from", "changed", "notified"];

/// Whether a function of another crate may wait for somebody, as far as its name shows.
pub(crate) fn may_wait(name: &str) -> bool {
    let waiting = [RECEIVING, NEXT_ITEM, OPENING, STREAM_READS, CHILD_WAITS, CHILD_LOOKS];
    drives_future(name) || name.starts_with("blocking_") || waiting.iter().any(|names| names.contains(&name))
}

/// Names of functions that wait for a peer until a connection or a session is there, or until something has arrived.
pub(crate) const OPENING: &[&str] = &[
    "open",
    "connect",
    "handshake",
    "dial",
    "join",
    "read",
    "read_exact",
    "read_to_end",
    "read_to_string",
    "read_line",
    "read_until",
];

/// Methods that read from a stream until the other end has sent or closed.
pub(crate) const STREAM_READS: &[&str] = &[
    "read",
    "read_buf",
    "read_exact",
    "read_to_end",
    "read_to_string",
    "read_line",
    "read_until",
    "peek",
    "next_line",
];

/// Methods that take the next message from a stream of messages.
pub(crate) const STREAM_ITEMS: &[&str] = &["next", "try_next", "select_next_some"];

/// Types of connections over a socket, and of their halves.
pub(crate) const STREAM_TYPES: &[&str] =
    &["TcpStream", "UnixStream", "tcp::OwnedReadHalf", "tcp::ReadHalf", "unix::OwnedReadHalf", "unix::ReadHalf"];

/// Types of listeners for such connections.
pub(crate) const LISTENER_TYPES: &[&str] = &["TcpListener", "UnixListener"];

/// The function that binds a listener for TCP.
pub(crate) const TCP_LISTENER_MAKER: &str = "TcpListener::bind";

/// The function that connects a stream of TCP.
pub(crate) const TCP_STREAM_MAKER: &str = "TcpStream::connect";

/// The function that starts a thread of the operating system.
pub(crate) const THREAD_STARTER: &str = "std::thread::spawn";

/// The type of the handle of such a thread.
pub(crate) const THREAD_HANDLE: &str = "std::thread::JoinHandle";

/// The module of the runtimes of tokio.
pub(crate) const TOKIO_RUNTIMES: &str = "tokio::runtime::";

/// The beginning of the paths of the standard library.
pub(crate) const STD: &str = "std::";

/// The functions of the type of durations.
pub(crate) const DURATION_FUNCTIONS: &[&str] =
    &["std::time::Duration::", "core::time::Duration::", "tokio::time::Duration::"];

/// The type at which threads or tasks wait for each other.
pub(crate) const BARRIER: &str = "Barrier";

/// The function that makes one.
pub(crate) const BARRIER_MAKER: &str = "Barrier::new";

/// Functions that bind a listener.
pub(crate) const LISTENER_MAKERS: &[&str] = &["TcpListener::bind", "UnixListener::bind"];

/// Functions that bind or make a socket for datagrams.
pub(crate) const DATAGRAM_MAKERS: &[&str] =
    &["UdpSocket::bind", "UdpSocket::from_std", "UnixDatagram::bind", "UnixDatagram::unbound", "UnixDatagram::pair"];

/// Methods of such a socket that wait for a datagram.
pub(crate) const DATAGRAM_READS: &[&str] =
    &["recv", "recv_from", "recv_buf", "recv_buf_from", "peek", "peek_from", "readable"];

/// Methods of such a socket that send one.
pub(crate) const DATAGRAM_SENDS: &[&str] = &["send", "send_to"];

/// Functions that connect a stream.
pub(crate) const STREAM_MAKERS: &[&str] =
    &["TcpStream::connect", "UnixStream::connect", "TcpStream::connect_timeout", "UnixStream::connect_addr"];

/// Functions that connect a stream of messages, or make one of a stream.
pub(crate) const MESSAGE_STREAM_MAKERS: &[&str] = &[
    "tokio_tungstenite::connect_async",
    "tokio_tungstenite::connect_async_with_config",
    "async_tungstenite::tokio::connect_async",
    "async_tungstenite::async_std::connect_async",
];

/// Functions whose result reads from the stream that they get.
pub(crate) const STREAM_WRAPPERS: &[&str] = &[
    "BufReader::new",
    "BufStream::new",
    "Framed::new",
    "FramedRead::new",
    "io::split",
    "tokio_tungstenite::client_async",
    "tokio_tungstenite::accept_async",
];

/// Types whose reads are those of the stream that they hold.
pub(crate) const STREAM_WRAPPER_TYPES: &[&str] = &["BufReader", "BufStream", "Framed", "FramedRead"];

/// Macros that wait for all of several futures.
const JOINING: &[&str] = &["join!", "try_join!"];

/// Whether the function at this path starts a thread or a task.
pub(crate) fn is_spawning(path: &str) -> bool {
    SPAWNING.contains(&last_part(path))
}

/// Whether the macro at this path awaits several futures.
pub(crate) fn is_joining(path: &str) -> bool {
    JOINING.contains(&last_part(path))
}

/// Whether the function or method at this path runs a future to its end.
pub(crate) fn drives_future(path: &str) -> bool {
    last_part(path) == "block_on"
}

fn last_part(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Methods after which a read of a stream ends.
pub(crate) const LIMITS_OF_STREAMS: &[&str] = &["set_read_timeout", "set_nonblocking"];

/// Functions with which a function waits for a socket for a time of its own, or sets an option of one.
pub(crate) const WAITING_OTHERWISE: &[&str] = &["poll", "ppoll", "select", "pselect", "epoll_wait", "setsockopt"];

/// Methods of a listener that take connections.
pub(crate) const ACCEPTING: &[&str] = &["accept", "incoming"];

/// Functions that return both ends of a connection.
pub(crate) const STREAM_PAIRS: &[&str] = &["pair", "socketpair", "duplex"];

/// Functions that make a stream of another object: of a descriptor, or of a stream of another library.
pub(crate) const STREAM_CONVERSIONS: &[&str] = &["from_raw_fd", "from_std", "from", "try_from", "new"];

/// Methods that end the waits of other threads for a condition.
pub(crate) const NOTIFYING: &[&str] = &["notify_one", "notify_all"];

/// Methods that wait for a condition without a limit, with the number of their arguments.
pub(crate) const CONDITION_WAITS: &[(&str, usize)] = &[("wait", 1), ("wait_while", 2)];

/// Constructors of channels and of streams that end with their senders.
pub(crate) const CHANNELS: &[&str] = &["unbounded", "bounded", "duplex", "pair"];

/// The recorded name of `receiver.await` on a channel for one message.
pub(crate) const AWAITING: &str = "await";

/// Beginnings of the paths of channels whose `recv` blocks its thread.
pub(crate) const BLOCKING_CHANNELS: &[&str] = &["std::sync::mpsc", "crossbeam_channel", "crossbeam::channel"];

/// Functions that make an object by which another task ends a wait.
pub(crate) const NOTIFIERS: &[&str] = &["Notify::new", "Event::new", "CancellationToken::new"];

/// Methods that send a message.
pub(crate) const SENDING: &[&str] = &["send", "try_send", "send_blocking", "blocking_send"];

/// Crates whose receivers receive what other parts of the program send.
const CHANNEL_CRATES: &[&str] = &["async_channel", "flume", "kanal", "crossbeam", "crossbeam_channel"];

/// Whether a type at that path receives messages in memory: receivers of channels of `std`, `tokio`, `futures` and
/// other crates.
pub(crate) fn is_receiver(path: &str) -> bool {
    let first = path.split("::").next().unwrap_or_default();
    let last = path.rsplit("::").next().unwrap_or_default();
    CHANNEL_CRATES.contains(&first) || ["Receiver", "UnboundedReceiver"].contains(&last)
}

/// Whether a type at that path receives datagrams.
pub(crate) fn is_datagram(path: &str) -> bool {
    ["UdpSocket", "UnixDatagram"].iter().any(|known| ends_with(path, known))
}

/// Calls whose result ends a wait at a certain time.
pub(crate) const CLOCKS: &[&str] =
    &["sleep", "sleep_until", "tick", "interval", "elapsed", "now", "after", "delay_for", "cancelled", "ctrl_c"];

/// Functions and methods that look at a clock, or at a request to stop.
pub(crate) const READING_CLOCKS: &[&str] = &[
    "elapsed",
    "now",
    "duration_since",
    "checked_duration_since",
    "saturating_duration_since",
    "sleep_until",
    "is_cancelled",
    "cancelled",
    "ctrl_c",
];

/// Functions and methods that count, or take the next item of a list: the attempts of a loop.
pub(crate) const COUNTING: &[&str] =
    &["checked_sub", "fetch_add", "fetch_sub", "next", "next_backoff", "nth", "pop", "pop_front"];

/// Methods that panic, or return an error, unless there is a result.
pub(crate) const UNWRAPPING: &[&str] =
    &["unwrap", "expect", "unwrap_err", "expect_err", "context", "ok_or", "ok_or_else"];

/// Functions that end the process.
pub(crate) const ENDING_PROCESS: &[&str] = &["exit", "abort", "resume_unwind", "panic_any"];

/// Macros that end the function.
pub(crate) const PANICKING: &[&str] = &["panic", "unreachable", "unimplemented", "todo", "bail", "exit"];

/// Whether the macro ends the function unless its arguments are as they should be.
pub(crate) fn is_asserting(name: &str) -> bool {
    name.starts_with("assert") || name.starts_with("debug_assert") || name == "ensure"
}

/// Functions that give way to other threads or tasks for a moment, besides those that sleep.
pub(crate) const YIELDING: &[&str] = &["yield_now", "spin_loop", "park_timeout", "sleep_ms"];

/// Macros that wait for the first of several futures.
const RACE_MACROS: &[&str] = &["select!", "select_biased!"];

/// Functions and methods of futures that wait for the first of several. Other types have such methods: `Option::or`.
pub(crate) const RACES: &[&str] = &["select", "race", "or"];

/// Crates of these functions.
pub(crate) const CRATES_OF_FUTURES: &[&str] =
    &["async_std", "embassy_futures", "futures", "futures_lite", "futures_util", "smol"];

/// Whether the macro or the function at this path waits for the first of several futures.
pub(crate) fn is_race(path: &str) -> bool {
    let first = path.split("::").next().unwrap_or_default();
    let name = last_part(path);
    RACE_MACROS.contains(&name) || RACES.contains(&name) && CRATES_OF_FUTURES.contains(&first)
}
