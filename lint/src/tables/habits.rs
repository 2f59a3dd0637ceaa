//! Calls and words for the rules about test habits: state that tests change, hosts that they contact, and ways in which
//! they wait.

/// Functions that change the state of the whole process.
pub(crate) const PROCESS_STATE: &[&str] = &["env::set_var", "env::remove_var", "env::set_current_dir"];

/// Variables that only logs and reports read, so that the order of the tests does not matter.
pub(crate) const VARIABLES_OF_REPORTS: &[&str] = &["RUST_LOG", "RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "NO_COLOR"];

/// Methods and functions that make a test wait for another test before it changes shared state.
pub(crate) const TAKING_TURNS: &[&str] = &["lock", "blocking_lock", "write"];

/// Functions that run a closure under the lock of their crate, or return its guard.
pub(crate) const RUNNING_LOCKED: &[&str] = &[
    "temp_env::with_var",
    "temp_env::with_var_unset",
    "temp_env::with_vars",
    "temp_env::with_vars_unset",
    "temp_env::async_with_vars",
    "figment::Jail::expect_with",
    "env_lock::lock_env",
    "env_lock::lock_current_dir",
];

/// Functions that wrap or share their argument.
pub(crate) const POINTERS: &[&str] = &["Arc::new", "Arc::clone", "Rc::new", "Rc::clone", "Box::new"];

/// Constructors of locks.
pub(crate) const LOCK_MAKERS: &[&str] = &["Mutex::new", "ReentrantMutex::new", "RwLock::new"];

/// Functions that return a stream of the process; its lock does not serialize tests.
pub(crate) const STANDARD_STREAMS: &[&str] = &["stdin", "stdout", "stderr"];

/// Methods after which several sockets can have one port (socket(7), SO_REUSEPORT).
pub(crate) const SHARING_PORTS: &[&str] = &["set_reuse_port", "reuse_port"];

/// Types of fields that hold a lock as long as they exist.
pub(crate) const LOCKS_HELD: &[&str] = &["MutexGuard", "OwnedMutexGuard", "ReentrantMutexGuard", "RwLockWriteGuard"];

/// The macro that runs each test inside of it in a process of its own.
pub(crate) const FORKING_TESTS: &str = "rusty_fork_test!";

/// Functions and methods that give a port to a program, or bind it.
pub(crate) const TAKING_PORTS: &[&str] = &["arg", "args", "env", "bind"];

/// Functions that return the number of a port that was free at the time of the check.
pub(crate) const PORT_PICKERS: &[&str] = &[
    "portpicker::pick_unused_port",
    "portpicker::is_free",
    "portpicker::is_free_tcp",
    "portpicker::is_free_udp",
    "openport::pick_unused_port",
    "openport::pick_random_unused_port",
    "port_check::free_local_port",
    "port_check::free_local_port_in_range",
    "port_check::free_local_ipv4_port",
    "port_check::free_local_ipv4_port_in_range",
    "port_check::free_local_ipv6_port",
    "port_check::free_local_ipv6_port_in_range",
    "port_selector::random_free_port",
    "port_selector::random_free_tcp_port",
    "port_selector::random_free_udp_port",
    "port_selector::select_free_port",
    "port_selector::select_from_given_port",
    "port_scanner::request_open_port",
    "port_scanner::local_port_available",
    "get_port::tcp::TcpPort::any",
    "get_port::tcp::TcpPort::in_range",
    "get_port::udp::UdpPort::any",
    "get_port::udp::UdpPort::in_range",
    "freeport::get_free_port",
    "netutils::tcp::free_port",
    "reserve_port::find_unused_port",
];

/// Functions that block their thread, with the alternative.
pub(crate) const BLOCKING: &[(&str, &str)] = &[
    ("std::thread::sleep", "await `tokio::time::sleep`, or the condition that the sleep is for"),
    ("reqwest::blocking::get", "await `reqwest::get`: the blocking client panics inside a runtime"),
    ("reqwest::blocking::Client::new", "use `reqwest::Client`: the blocking client panics inside a runtime"),
    ("futures::executor::block_on", "await the future: blocking on one keeps the runtime from driving the rest"),
];

/// Methods that query a resolver and block their thread.
pub(crate) const RESOLVES_BLOCKING: &[&str] = &["to_socket_addrs"];

/// Methods that accept a peer with an invalid certificate, with the argument that has this effect.
pub(crate) const WITHOUT_CHECKS: &[(&str, &str)] = &[
    ("danger_accept_invalid_certs", "true"),
    ("danger_accept_invalid_hostnames", "true"),
    ("accept_invalid_certs", "true"),
    ("accept_invalid_hostnames", "true"),
    ("tls_danger_accept_invalid_certs", "true"),
    ("ssl_verify_peer", "false"),
    ("ssl_verify_host", "false"),
    ("set_verify_hostname", "false"),
    ("verify_hostname", "false"),
    ("validate_domain", "false"),
    ("set_verify", "SslVerifyMode::NONE"),
];

/// Programs that contact a host from their operands.
pub(crate) const CONTACTING: &[&str] = &[
    "curl",
    "wget",
    "ping",
    "ping6",
    "dig",
    "nslookup",
    "host",
    "nc",
    "ncat",
    "netcat",
    "telnet",
    "traceroute",
    "tracepath",
    "mtr",
    "whois",
    "openssl",
    "kdig",
    "drill",
    "http",
    "xh",
];

/// Options of [`CONTACTING`] programs that disable certificate checks.
pub(crate) const INSECURE_OPTIONS: &[(&str, &str)] =
    &[("curl", "-k"), ("curl", "--insecure"), ("wget", "--no-check-certificate")];

/// Subcommands of programs that contact a host from their operands.
pub(crate) const CONTACTING_VERBS: &[(&str, &[&str])] = &[("git", &["clone", "fetch", "ls-remote", "pull"])];

/// Methods of a resolver that query it for a name.
pub(crate) const LOOKING_UP: &[&str] =
    &["lookup", "lookup_ip", "ipv4_lookup", "ipv6_lookup", "mx_lookup", "txt_lookup", "srv_lookup", "ns_lookup"];
/// One-letter options of curl whose value follows, in the same word or the next one.
pub(crate) const CURL_OPTIONS_WITH_VALUE: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// Methods of a client's builder that set the address of a name.
pub(crate) const RESOLVING_OTHERWISE: &[&str] = &["resolve", "resolve_to_addrs"];

/// Methods of a request's or a client's builder that send the connection elsewhere, whatever the host of the URL is.
pub(crate) const REDIRECTING: &[&str] = &["connect_to", "proxy"];

/// Methods that return a part of a socket's address.
pub(crate) const ADDRESS_PARTS: &[&str] = &["ip", "port", "local_addr"];

/// Functions that query a resolver.
pub(crate) const RESOLVING: &[&str] = &["net::lookup_host", "dns_lookup::lookup_host"];

/// Methods of HTTP clients that build a request for a URL, which a method of [`SENDING_REQUESTS`] sends.
pub(crate) const REQUESTING: &[&str] = &["get", "post", "put", "patch", "delete", "head"];

/// Methods of browsers that open the page of a URL: WebDriver and DevTools clients.
pub(crate) const OPENING_PAGES: &[&str] = &["goto", "navigate_to", "new_page", "new_tab_with_url"];

/// Methods that send a request that was built earlier.
pub(crate) const SENDING_REQUESTS: &[&str] = &["send", "call", "send_string", "send_json", "execute"];

/// Top-level domains that no public resolver knows (RFC 2606, RFC 6761, RFC 6762, RFC 8375), or that are commonly used
/// internally. `example` is one of them, `example.com` is not.
pub(crate) const PRIVATE_DOMAINS: &[&str] = &[
    "test",
    "invalid",
    "localhost",
    "example",
    "local",
    "internal",
    "lan",
    "arpa",
    "onion",
    "home",
    "corp",
    "localdomain",
];

/// Top-level domains of most host names that people write without a scheme.
pub(crate) const COMMON_DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "dev", "edu", "gov", "info", "co", "app", "cloud", "ai", "eu", "de", "uk", "fr", "ch",
    "at", "nl", "jp", "cn", "ru", "us",
];

/// Names of functions that bind their address argument.
pub(crate) const LISTENING: &[&str] =
    &["bind", "bind_addr", "bind_tcp", "listen", "listen_on", "serve", "bind_with_graceful_shutdown"];

/// Names of functions that connect to their address argument.
pub(crate) const CONNECTING: &[&str] = &[
    "connect",
    "connect_async",
    "connect_with",
    "connect_tcp",
    "connect_timeout",
    "connect_to",
    "dial",
    "get_connection",
    "get_async_connection",
    "get_multiplexed_async_connection",
];

/// Suffixes of the names of types that contact a peer.
pub(crate) const CLIENT_TYPES: &[&str] =
    &["Client", "Connection", "Pool", "Producer", "Consumer", "Publisher", "Subscriber"];

/// Types that describe a request and send nothing.
pub(crate) const DESCRIBING: &[&str] = &["Request", "RequestBuilder", "Uri", "Url", "Method"];

/// Whether the name of a function shows that it contacts a peer: a transport behind a trait hides whether it does.
pub(crate) fn names_contact(path: &str, name: &str) -> bool {
    let holder = path.rsplit("::").nth(1).unwrap_or_default();
    let verb = name.split('_').next().unwrap_or_default();
    ["connect", "dial", "listen", "serve"].contains(&verb)
        // Statements of databases have a method `bind`.
        || verb == "bind" && !path.is_empty()
        || CLIENT_TYPES.iter().any(|end| holder.ends_with(end))
}

/// Crates whose sockets belong to a simulation.
pub(crate) const SIMULATED: &[&str] = &["turmoil", "madsim", "netsim", "patchbay", "loom", "shuttle"];

/// Crates whose servers stand in for a peer, in the process of the test.
const MOCK_SERVERS: &[&str] = &["wiremock", "mockito", "httpmock", "httptest"];

/// Whether the path leads to a server that stands in for a peer, in the process of the test.
pub(crate) fn is_mock(path: &str) -> bool {
    path.split_once("::").is_some_and(|(first, _)| MOCK_SERVERS.contains(&first))
}

/// Modules of other crates whose clients, servers or networks stay inside of the process.
const IN_PROCESS: &[&str] = &[
    "salvo::test::",
    "salvo_core::test::",
    "actix_web::test::",
    "axum_test::",
    "poem::test::",
    "rocket::local::",
    "warp::test::",
];

/// A module of virtual networks, in the implementations of WebRTC and others.
const VIRTUAL_NETWORK: &str = "vnet";

/// Whether the path leads into a crate whose sockets are in a network of its own, or to something that uses no socket.
pub(crate) fn is_of_simulation(path: &str) -> bool {
    path.split_once("::").is_some_and(|(first, _)| SIMULATED.contains(&first))
        || IN_PROCESS.iter().any(|module| path.starts_with(module))
        || path.split("::").skip(1).any(|module| module == VIRTUAL_NETWORK)
}

/// Schemes of URLs that name no host.
pub(crate) const SCHEMES_OF_FILES: &[&str] = &["file", "data", "unix", "ipc", "inproc", "mem", "memory", "sqlite"];

/// Functions that start code that runs concurrently with the test.
pub(crate) const STARTING: &[&str] = &[
    "thread::spawn",
    "tokio::spawn",
    "task::spawn",
    "task::spawn_blocking",
    "smol::spawn",
    "smol::unblock",
    "actix_rt::spawn",
    "async_global_executor::spawn",
];

/// Functions that start a task on the runtime of their caller.
pub(crate) const STARTING_TASKS: &[&str] = &[
    "tokio::spawn",
    "tokio::task::spawn",
    "task::spawn_local",
    "actix_rt::spawn",
    "actix_web::rt::spawn",
    "rt::spawn",
];

/// The beginnings of methods that make a socket get broadcasts, or the datagrams of a multicast group.
pub(crate) const FOR_MANY: &[&str] = &["set_broadcast", "join_multicast"];

/// Associated functions that parse the command line if they have no argument: `Args::parse()`.
pub(crate) const PARSING_ARGUMENTS: &[&str] = &["parse", "try_parse", "from_args"];

/// Types that hold tasks of the runtime of their caller.
pub(crate) const SETS_OF_TASKS: &[&str] = &["JoinSet", "LocalSet"];

/// Whether the function at that path starts a thread or a task.
pub(crate) fn starts_concurrent(path: &str) -> bool {
    STARTING.iter().any(|known| super::ends_with(path, known))
}

/// Functions that stop the clock of a runtime.
pub(crate) const PAUSING: &[&str] = &["time::pause", "tokio::time::pause"];

/// Functions that read files, or look whether they exist.
pub(crate) const LOOKING_AT_FILES: &[&str] =
    &["fs::read", "fs::read_to_string", "fs::read_dir", "fs::metadata", "fs::exists", "fs::read_link", "File::open"];

/// Methods of a path that look at the file.
pub(crate) const FILE_STATES: &[&str] =
    &["exists", "try_exists", "is_file", "is_dir", "is_symlink", "metadata", "read_dir"];

/// Functions that sleep.
pub(crate) const SLEEPING: &[&str] = &[
    "thread::sleep",
    "time::sleep",
    "thread::sleep_ms",
    "async_std::task::sleep",
    "smol::Timer::after",
    "async_io::Timer::after",
    "futures_timer::Delay::new",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_network_is_known_by_its_module() {
        assert!(is_of_simulation("webrtc::util::vnet::net::Net::new"));
        assert!(is_of_simulation("another_crate::vnet::Net"));
        assert!(!is_of_simulation("vnet::Net") && !is_of_simulation("webrtc::peer_connection::connect"));
    }
}
