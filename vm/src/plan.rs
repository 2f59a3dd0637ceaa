//! The plan of a machine: the programs to run, in order, and the modules to load before. The host writes it, the guest reads it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Modules that are loaded before the tests, each with its dependencies: devices, queueing disciplines, nftables, diagnostics. The guest
/// reports modules that are missing.
pub const MODULES: &[&str] = &[
    "veth",
    "bridge",
    "br_netfilter",
    "8021q",
    "dummy",
    "macvlan",
    "macvtap",
    "ipvlan",
    "vxlan",
    "geneve",
    "ip_gre",
    "vrf",
    "bonding",
    "wireguard",
    "ifb",
    "nlmon",
    "tun",
    "sch_netem",
    "sch_fq",
    "sch_fq_codel",
    "sch_prio",
    "sch_cake",
    "sch_tbf",
    "sch_htb",
    "sch_red",
    "sch_pie",
    "sch_ingress",
    "cls_basic",
    "cls_u32",
    "cls_flower",
    "cls_matchall",
    "act_mirred",
    "act_police",
    "sctp",
    "sctp_diag",
    "tcp_diag",
    "udp_diag",
    "raw_diag",
    "nf_tables",
    "nft_chain_nat",
    "nft_ct",
    "nft_limit",
    "nft_masq",
    "nft_nat",
    "nft_numgen",
    "nft_queue",
    "nft_flow_offload",
    "nft_reject_inet",
    "nfnetlink_queue",
    "nf_flow_table_inet",
    "af_packet_diag",
    "inet_diag",
    "mptcp_diag",
];

/// The path of the plan in the guest's file system.
pub(crate) const PLAN: &str = "/netns-plan.json";

/// The work of a machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The programs, in the order of their runs.
    pub runs: Vec<Run>,
    /// Modules to load before.
    pub modules: Vec<String>,
    /// The user who owns the files of the image. The guest gives them to root.
    pub owner: u32,
}

impl Plan {
    /// Returns a plan with the modules [`MODULES`], for an image that this process makes.
    pub fn new(runs: Vec<Run>) -> Self {
        let modules = MODULES.iter().map(|&module| module.to_owned()).collect();
        Self { runs, modules, owner: nix::unistd::geteuid().as_raw() }
    }
}

/// One program, as one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The user who runs it.
    pub account: Account,
    /// The name in reports.
    pub target: String,
    /// The program by its path in the guest.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its working folder.
    pub folder: PathBuf,
    /// Variables above those of the account.
    pub environment: Vec<(String, String)>,
    /// How the result is judged.
    pub judge: Judge,
    /// After this time the program is killed.
    pub limit: Duration,
}

/// A user of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Account {
    /// User 0.
    Root,
    /// A user without privileges.
    User,
}

impl Account {
    /// The name in reports and in the guest's `/etc/passwd`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::User => "user",
        }
    }
}

/// How the result of a program is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judge {
    /// A test binary of libtest: without its summary line it failed, also with exit status 0.
    Libtest,
    /// A test binary with its own harness. Without a summary line in libtest's form, its exit status counts as one test.
    Harness,
    /// Not a test: its exit status decides, and the report keeps its output.
    Program,
}
