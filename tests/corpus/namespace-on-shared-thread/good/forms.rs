//! Threads that end with the namespace, children, guards, and calls of something else.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

struct Entered {
    before: File,
}

impl Entered {
    fn new(namespace: &File) -> Self {
        let before = File::open("/proc/thread-self/ns/net").unwrap();
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
        Self { before }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        setns(self.before.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
    }
}

fn enter() {
    setns(descriptor(), CloneFlags::CLONE_NEWNET).unwrap();
}

fn in_namespace<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        scope
            .spawn(|| {
                enter();
                work()
            })
            .join()
            .unwrap()
    })
}

#[test]
fn on_a_thread_of_its_own() {
    thread::spawn(|| setns(descriptor(), CloneFlags::CLONE_NEWNET).unwrap()).join().unwrap();
}

#[test]
fn on_a_thread_with_a_name() {
    let builder = thread::Builder::new().name("blue".to_owned());
    builder.spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()).unwrap().join().unwrap();
}

#[test]
fn on_a_thread_of_a_scope() {
    thread::scope(|scope| {
        scope.spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap());
    });
}

#[test]
fn by_a_helper_on_a_thread_of_its_own() {
    assert!(in_namespace(|| lookup().is_ok()));
}

#[test]
fn in_a_child_before_it_runs_its_program() {
    let mut command = Command::new("true");
    unsafe { command.pre_exec(|| Ok(unshare(CloneFlags::CLONE_NEWNET)?)) };
    command.status().unwrap();
}

#[test]
fn in_a_forked_child() {
    match unsafe { nix::unistd::fork() }.unwrap() {
        nix::unistd::ForkResult::Child => {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            std::process::exit(0);
        }
        nix::unistd::ForkResult::Parent { child } => assert!(ended_well(child)),
    }
}

#[test]
fn in_a_child_that_a_helper_makes() {
    in_child_process(|| unshare(CloneFlags::CLONE_NEWUSER).unwrap());
}

#[test]
fn with_a_guard() {
    let _entered = Entered::new(&File::open("/run/netns/blue").unwrap());
    assert!(lookup().is_ok());
}

#[tokio::test]
async fn on_a_thread_of_its_own_in_a_task() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        sender.send(lookup()).unwrap();
    });
    receiver.await.unwrap().unwrap();
}

#[netns_test]
fn in_namespaces_of_its_own() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
}

#[test]
fn something_else_of_that_name() {
    let list = SharedList::new();
    list.unshare();
    let span = tracing::info_span!("lookup");
    let _inside = span.enter();
    pool().run(|_| lookup());
}

#[test]
fn flags_that_are_compared() {
    assert!(CloneFlags::all().contains(CloneFlags::CLONE_NEWNET));
}

#[test]
fn a_command_that_enters() {
    Command::new("unshare").args(["-rn", "true"]).status().unwrap();
    Command::new("nsenter").args(["-t", &pid(), "-n", "true"]).status().unwrap();
}
