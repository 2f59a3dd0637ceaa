//! The network: commands that change the machine's network, and clients of other crates that wait without a limit.

/// How the words of a command show that it changes the network.
pub(crate) enum Change {
    /// Any of these words among the operands.
    Word(&'static [&'static str]),
    /// An object, and then one of these verbs.
    Verb(&'static [&'static str], &'static [&'static str]),
    /// An operand with this prefix.
    Prefix(&'static str),
    /// An operand that contains this text.
    Containing(&'static str),
    /// At least this number of operands.
    Operands(usize),
    /// An unknown operand before one of the first words, and one of the second words anywhere.
    Behind(&'static [&'static str], &'static [&'static str]),
}

const ADDED_AND_REMOVED: &[&str] =
    &["add", "append", "attach", "change", "chg", "create", "del", "delete", "flush", "prepend", "replace", "set"];
const FILTER_RULES: &[&str] = &[
    "-A",
    "-D",
    "-E",
    "-F",
    "-I",
    "-N",
    "-P",
    "-R",
    "-X",
    "-Z",
    "--append",
    "--delete",
    "--delete-chain",
    "--flush",
    "--insert",
    "--new-chain",
    "--policy",
    "--rename-chain",
    "--replace",
];

/// Programs that change the network of the namespace that they run in, with the words that do so. Sources: the man
/// pages ip(8), tc(8), bridge(8), nft(8), iptables(8), sysctl(8), firewall-cmd(1), ethtool(8), wg(8).
pub(super) const NETWORK_CHANGES: &[(&str, Change)] = &[
    ("ip", Change::Verb(IP_OBJECTS, ADDED_AND_REMOVED)),
    ("bridge", Change::Verb(&["fdb", "link", "mdb", "vlan", "vni"], ADDED_AND_REMOVED)),
    ("tc", Change::Verb(&["qdisc", "class", "filter", "action", "actions", "chain"], ADDED_AND_REMOVED)),
    ("nft", Change::Word(&["-f", "--file", "add", "create", "delete", "destroy", "flush", "insert", "replace"])),
    ("iptables", Change::Word(FILTER_RULES)),
    ("ip6tables", Change::Word(FILTER_RULES)),
    ("ebtables", Change::Word(FILTER_RULES)),
    ("arptables", Change::Word(FILTER_RULES)),
    ("iptables", Change::Behind(CHAINS, JUMPS)),
    ("ip6tables", Change::Behind(CHAINS, JUMPS)),
    ("iptables-restore", Change::Operands(0)),
    ("ip6tables-restore", Change::Operands(0)),
    ("ipset", Change::Word(&["add", "create", "del", "destroy", "flush"])),
    ("sysctl", Change::Word(&["-w", "--write", "-p", "--load", "--system"])),
    ("sysctl", Change::Containing("=")),
    ("brctl", Change::Word(&["addbr", "addif", "delbr", "delif", "stp"])),
    ("firewall-cmd", Change::Prefix("--add")),
    ("firewall-cmd", Change::Prefix("--remove")),
    ("firewall-cmd", Change::Prefix("--set")),
    ("ufw", Change::Word(&["allow", "delete", "deny", "disable", "enable", "reject", "reset"])),
    ("ifconfig", Change::Operands(2)),
    ("route", Change::Word(&["add", "del", "delete", "change"])),
    ("ethtool", Change::Word(&["-A", "-C", "-G", "-K", "-L", "-s", "--change", "--offload"])),
    ("ovs-vsctl", Change::Word(&["add-br", "add-port", "del-br", "del-port", "set"])),
    ("wg", Change::Word(&["addconf", "set", "setconf", "syncconf"])),
    ("wg-quick", Change::Word(&["down", "up"])),
    (
        "nmcli",
        Change::Verb(&["connection", "con", "c", "device", "dev", "d"], &["add", "delete", "down", "modify", "up"]),
    ),
    ("netsh", Change::Word(&["add", "delete", "set"])),
];

/// Methods of another crate that change the network of the namespace that they run in, or the router of the machine.
pub(crate) struct NetworkMethods {
    /// The crates that the receiver comes from.
    pub crates: &'static [&'static str],
    /// How the receiver comes from them.
    pub receiver: Receiver,
    /// The methods.
    pub methods: &'static [&'static str],
    /// The thing that they change.
    pub changed: &'static str,
}

/// How a receiver comes from a crate.
pub(crate) enum Receiver {
    /// It has a type of the crate, or a function without a receiver made it.
    Object,
    /// Its own methods may have returned it, too.
    Builder,
    /// One of these methods returned it.
    Of(&'static [&'static str]),
}

/// The thing that most of them change.
pub(crate) const MACHINE: &str = "the network of this machine";

/// Sources: the documentation of each crate. rtnetlink: `LinkHandle`, `AddressHandle`, `RouteHandle`, `RuleHandle`,
/// `NeighbourHandle`, `QDiscHandle`, `TrafficFilterHandle`, all 0.24; net-route: `Handle`; route_manager: `RouteManager`;
/// iptables: `IPTables`; rustables: `Batch::send`; igd and igd-next: `Gateway`; tokio-tun: `TunBuilder`; tun-rs:
/// `DeviceBuilder`.
pub(crate) const NETWORK_METHODS: &[NetworkMethods] = &[
    NetworkMethods {
        crates: &["rtnetlink"],
        receiver: Receiver::Of(&["link", "address", "route", "rule", "neighbours", "qdisc", "traffic_filter"]),
        methods: &[
            "add",
            "add_bridge",
            "change",
            "del",
            "del_with_message",
            "link",
            "property_add",
            "property_del",
            "replace",
            "set",
            "set_port",
        ],
        changed: MACHINE,
    },
    NetworkMethods {
        crates: &["net_route", "route_manager"],
        receiver: Receiver::Object,
        methods: &["add", "delete"],
        changed: MACHINE,
    },
    NetworkMethods {
        crates: &["iptables"],
        receiver: Receiver::Object,
        methods: &[
            "append",
            "append_replace",
            "append_unique",
            "delete",
            "delete_all",
            "delete_chain",
            "flush_chain",
            "flush_table",
            "insert",
            "insert_unique",
            "new_chain",
            "rename_chain",
            "replace",
            "set_policy",
        ],
        changed: MACHINE,
    },
    NetworkMethods { crates: &["rustables"], receiver: Receiver::Object, methods: &["send"], changed: MACHINE },
    NetworkMethods {
        crates: &["igd", "igd_next"],
        receiver: Receiver::Object,
        methods: &[
            "add_any_port",
            "add_pinhole",
            "add_port",
            "get_any_address",
            "remove_pinhole",
            "remove_port",
            "update_pinhole",
        ],
        changed: "the router of this network",
    },
    NetworkMethods {
        crates: &["tokio_tun"],
        receiver: Receiver::Builder,
        methods: &["build", "try_build", "try_build_mq"],
        changed: MACHINE,
    },
    NetworkMethods {
        crates: &["tun_rs"],
        receiver: Receiver::Builder,
        methods: &["build_async", "build_sync"],
        changed: MACHINE,
    },
];

/// Functions of other crates that change the network of the namespace that they run in. Sources: the documentation of
/// nftables (`helper`), tappers, tun, tun2 and tun-tap.
pub(crate) const NETWORK_FUNCTIONS: &[&str] = &[
    "nftables::helper::apply_and_return_ruleset",
    "nftables::helper::apply_and_return_ruleset_async",
    "nftables::helper::apply_and_return_ruleset_with_args",
    "nftables::helper::apply_and_return_ruleset_with_args_async",
    "nftables::helper::apply_ruleset",
    "nftables::helper::apply_ruleset_async",
    "nftables::helper::apply_ruleset_raw",
    "nftables::helper::apply_ruleset_raw_async",
    "nftables::helper::apply_ruleset_with_args",
    "nftables::helper::apply_ruleset_with_args_async",
    "tappers::Tap::new",
    "tappers::Tap::new_named",
    "tappers::Tun::new",
    "tappers::Tun::new_named",
    "tun::create",
    "tun::create_as_async",
    "tun2::create",
    "tun2::create_as_async",
    "tun_tap::Iface::new",
    "tun_tap::Iface::without_packet_info",
];

/// Built-in chains of iptables(8).
const CHAINS: &[&str] = &["INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING"];

/// Options of iptables(8) that only a rule has.
const JUMPS: &[&str] = &["-j", "--jump"];

/// Objects of ip(8), with their short forms. A named namespace alone changes nothing for others.
const IP_OBJECTS: &[&str] = &[
    "a",
    "addr",
    "address",
    "l",
    "link",
    "maddress",
    "mroute",
    "n",
    "neigh",
    "neighbour",
    "nexthop",
    "r",
    "ro",
    "route",
    "ru",
    "rule",
    "tunnel",
    "tuntap",
    "vrf",
    "xfrm",
];

/// Folders with files that contain network settings of the writer's namespace.
const NETWORK_SETTINGS: &[&str] = &["/proc/sys/net/", "/sys/class/net/"];

/// Whether the path is one of the settings of the network.
pub(crate) fn is_network_setting(path: &str) -> bool {
    NETWORK_SETTINGS.iter().any(|folder| path.starts_with(folder))
}

/// The file that creates network interfaces. Source: Documentation/networking/tuntap.rst of Linux.
pub(crate) const INTERFACE_MAKER: &str = "/dev/net/tun";

/// Functions and methods that open a file.
pub(crate) const OPENING_FILES: &[&str] = &["open", "open64", "openat"];

/// Whether a program with these operands changes the network of the namespace that it runs in.
pub(crate) fn changes_network(program: &str, operands: &[String]) -> bool {
    NETWORK_CHANGES.iter().any(|(known, change)| *known == program && change.is_in(operands))
}

impl Change {
    /// Whether the operands of a command show the change.
    fn is_in(&self, operands: &[String]) -> bool {
        let has = |words: &[&str]| operands.iter().any(|word| words.contains(&word.as_str()));
        match self {
            Self::Word(words) => has(words),
            Self::Verb(objects, verbs) => {
                let plain = operands.iter().skip_while(|word| !objects.contains(&word.as_str())).skip(1);
                plain.take(1).any(|word| verbs.contains(&word.as_str()))
            }
            Self::Prefix(prefix) => operands.iter().any(|word| word.starts_with(prefix)),
            Self::Containing(text) => operands.iter().any(|word| word.contains(text)),
            Self::Operands(count) => operands.len() >= *count,
            Self::Behind(words, needed) => {
                let is_chosen = |pair: &[String]| pair[0] == "{}" && words.contains(&pair[1].as_str());
                operands.windows(2).any(is_chosen) && has(needed)
            }
        }
    }
}

/// Functions and methods of client libraries that wait for a peer without a limit, unless the caller sets one. A method
/// follows the path of its type. Source: the documentation of each library. The list leaves out libraries with a
/// default limit: the blocking client of reqwest (30 s), sqlx (30 s), mongodb (30 s), async-nats (5 s), surf (60 s),
/// awc (5 s), lettre (60 s), tiberius (15 s), and the multiplexed connections of redis (`DEFAULT_RESPONSE_TIMEOUT` in its
/// `client.rs`: 500 ms).
const CLIENTS: &[(&str, &[&str])] = &[
    ("reqwest", &["get"]),
    ("isahc", &["get", "post", "get_async", "post_async", "head", "put", "delete"]),
    ("hyper_util::client::legacy::Client", &["get", "request"]),
    ("hyper::Client", &["get", "request"]),
    ("tungstenite", &["connect"]),
    ("tokio_tungstenite", &["connect_async", "client_async", "connect_async_tls_with_config"]),
    ("async_tungstenite::tokio", &["connect_async"]),
    ("redis::Client", &["get_connection", "get_async_connection", "get_tokio_connection"]),
    ("tokio_postgres", &["connect"]),
    ("postgres::Client", &["connect"]),
    ("mysql::Conn", &["new"]),
    ("mysql_async::Conn", &["new", "from_url"]),
    ("lapin::Connection", &["connect"]),
    ("amqprs::connection::Connection", &["open"]),
    ("etcd_client::Client", &["connect"]),
    ("russh::client", &["connect"]),
    ("suppaftp::FtpStream", &["connect"]),
    ("ldap3::LdapConnAsync", &["new"]),
    ("ldap3::LdapConn", &["new"]),
    ("tonic::transport::Endpoint", &["connect"]),
    ("rskafka::client::ClientBuilder", &["build"]),
    ("memcache", &["connect"]),
    ("tokio_native_tls::TlsConnector", &["connect"]),
    ("tokio_rustls::TlsConnector", &["connect"]),
    ("async_native_tls", &["connect"]),
    ("async_native_tls::TlsConnector", &["connect"]),
    ("tokio::net::TcpStream", &["connect"]),
    ("async_std::net::TcpStream", &["connect"]),
    ("smol::net::TcpStream", &["connect"]),
];

/// Requests that are built first and sent later: the prefix of the builder's path, and the methods that send. The
/// blocking clients of reqwest have a limit.
pub(crate) const REQUESTS: &[(&str, &[&str])] = &[
    ("reqwest::", &["send", "execute"]),
    ("ureq::", &["call", "send", "send_string", "send_json", "send_form", "send_bytes"]),
    ("redis::Client::", &["get_connection", "get_async_connection"]),
    ("minreq::", &["send", "send_lazy"]),
    ("clickhouse::Client::", &["execute", "fetch_all", "fetch_one", "fetch_optional"]),
];

/// Whether a method sends a request that a client of that type, or of that constructor, has built.
pub(crate) fn sends_request(client: &str, method: &str) -> bool {
    REQUESTS.iter().any(|(maker, ends)| client.starts_with(maker) && ends.contains(&method))
}

/// Methods that read until the peer closes, or has sent enough.
pub(crate) const READING_FROM_PEER: &[&str] =
    &["read_to_end", "read_to_string", "read_exact", "read_line", "read_until"];

/// Whether a function at that resolved path waits without a limit.
pub(crate) fn waits_for_peer(path: &str) -> bool {
    let Some((holder, name)) = path.rsplit_once("::") else { return false };
    CLIENTS.iter().any(|(known, names)| *known == holder && names.contains(&name))
}

/// Whether that method of a type of another crate waits without a limit.
pub(crate) fn method_waits_for_peer(holder: &str, name: &str) -> bool {
    CLIENTS.iter().any(|(known, names)| *known == holder && names.contains(&name))
}

/// The crates of [`CLIENTS`] and [`REQUESTS`], for finding files that mention one.
pub(super) fn client_crates() -> impl Iterator<Item = &'static str> {
    let requests = REQUESTS.iter().map(|(path, _)| *path);
    CLIENTS.iter().map(|(path, _)| *path).chain(requests).filter_map(|path| path.split("::").next())
}
