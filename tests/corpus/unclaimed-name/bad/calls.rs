//! Names that a call creates where others see them.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};

use netns_rs::NetNs;
use nix::fcntl::OFlag;
use nix::sys::mman::shm_open;
use nix::sys::socket::{UnixAddr, bind};
use rtnetlink::{LinkBridge, LinkDummy, LinkVeth, NetworkNamespace};

const TEST_NS: &str = "netlink_test_ns"; //~ unclaimed-name

struct Namespace {
    name: String,
}

impl Namespace {
    async fn new(name: &str) -> Self {
        NetworkNamespace::add(name.to_owned()).await.unwrap();
        Self { name: name.to_owned() }
    }
}

#[tokio::test]
async fn a_namespace() {
    NetworkNamespace::add("test_ns".to_string()).await.unwrap(); //~ unclaimed-name
    NetworkNamespace::add(TEST_NS.to_owned()).await.unwrap();
}

#[tokio::test]
async fn by_a_constructor() {
    let namespace = Namespace::new("other_ns").await; //~ unclaimed-name
    assert!(!namespace.name.is_empty());
}

#[test]
fn a_namespace_of_netns_rs() {
    NetNs::new("test_netns_init").unwrap(); //~ unclaimed-name
    NetNs::new(format!("ns{}", std::process::id())).unwrap(); //~ unclaimed-name
}

#[test]
fn random_and_short() {
    let id = uuid::Uuid::new_v4().simple().to_string();
    NetNs::new(format!("ns-{}", &id[..8])).unwrap(); //~ unclaimed-name
}

#[test]
fn the_name_of_a_tun() {
    let mut configuration = tun::Configuration::default();
    configuration.tun_name("tun7"); //~ unclaimed-name
    tun::create(&configuration).unwrap(); //~ host-network-changed
}

#[test]
fn a_shared_memory() {
    shm_open("/test-memory", OFlag::O_CREAT | OFlag::O_RDWR, mode()).unwrap(); //~ unclaimed-name
    let name = format!("/memory-{}", std::process::id()); //~ unclaimed-name
    shm_open(name.as_str(), OFlag::O_CREAT | OFlag::O_RDWR, mode()).unwrap();
}

#[test]
fn a_queue() {
    nix::mqueue::mq_open("/queue", nix::mqueue::MQ_OFlag::O_CREAT, mode(), None).unwrap(); //~ unclaimed-name
}

#[test]
fn an_abstract_socket() {
    let address = SocketAddr::from_abstract_name("testing").unwrap(); //~ unclaimed-name
    UnixListener::bind_addr(&address).unwrap();
    UnixDatagram::bind("\0datagrams").unwrap(); //~ unclaimed-name
}

#[test]
fn an_abstract_socket_of_nix() {
    let address = UnixAddr::new_abstract(b"testing").unwrap(); //~ unclaimed-name
    bind(descriptor(), &address).unwrap();
}

#[test]
fn a_socket_in_the_working_folder() {
    UnixListener::bind("test.sock").unwrap(); //~ unclaimed-name
}
