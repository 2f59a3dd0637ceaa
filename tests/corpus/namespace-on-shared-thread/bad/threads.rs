//! The thread that enters a namespace is one of the harness, which gives it to the next test.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{LazyLock, Once, OnceLock};

use netns_rs::NetNs;
use nix::sched::{CloneFlags, setns, unshare};

static ISOLATED: LazyLock<()> = LazyLock::new(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
static ONCE: Once = Once::new();
static NAMESPACE: OnceLock<()> = OnceLock::new();

lazy_static::lazy_static! {
    static ref SETUP: () = unshare(CloneFlags::CLONE_NEWUSER).unwrap(); //~ namespace-on-shared-thread
}

fn isolate() {
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}

struct Entered {
    before: File,
}

impl Entered {
    fn new(namespace: &File) -> Self {
        let before = File::open("/proc/thread-self/ns/net").unwrap();
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
        Self { before }
    }
}

#[test]
fn by_setns() {
    let namespace = File::open("/run/netns/blue").unwrap();
    setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
    assert!(lookup().is_ok());
}

#[test]
fn with_a_clone_of_something_else() {
    let namespace = std::sync::Arc::new(File::open("/run/netns/blue").unwrap());
    let shared = std::sync::Arc::clone(&namespace);
    setns(shared.as_fd(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn by_unshare() {
    nix::sched::unshare(CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn by_the_c_library() {
    let status = unsafe { libc::unshare(libc::CLONE_NEWNET) }; //~ namespace-on-shared-thread
    assert_eq!(status, 0);
    assert_eq!(unsafe { libc::setns(descriptor(), libc::CLONE_NEWNET) }, 0); //~ namespace-on-shared-thread
}

#[test]
fn by_rustix() {
    rustix::thread::unshare_unsafe(flags()).unwrap(); //~ namespace-on-shared-thread
    rustix::thread::move_into_link_name_space(descriptor(), None).unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn by_netns_rs() {
    let namespace = NetNs::get("blue").unwrap();
    namespace.enter().unwrap(); //~ namespace-on-shared-thread
    assert!(lookup().is_ok());
}

#[test]
fn by_run_of_netns_rs() {
    NetNs::get("blue").unwrap().run(|_| lookup().unwrap()).unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn by_a_helper() {
    isolate();
    assert!(lookup().is_ok());
}

#[test]
fn without_a_way_back() {
    let entered = Entered::new(&File::open("/run/netns/blue").unwrap());
    drop(entered.before);
}

#[test]
fn with_a_way_back_that_a_panic_skips() {
    let before = File::open("/proc/thread-self/ns/net").unwrap();
    setns(namespace().as_fd(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
    assert!(lookup().is_ok());
    setns(before.as_fd(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn by_the_first_to_come() {
    ONCE.call_once(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
    NAMESPACE.get_or_init(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
    LazyLock::force(&ISOLATED);
}

#[test]
fn in_a_closure_that_this_thread_runs() {
    let enter = || setns(namespace().as_fd(), CloneFlags::CLONE_NEWNET); //~ namespace-on-shared-thread
    enter().unwrap();
}

#[test]
fn on_a_thread_of_a_pool() {
    rayon::scope(|_| unshare(CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
}
