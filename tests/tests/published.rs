//! Named namespaces: for tools, and visible only in the test.

#![forbid(unsafe_code)]

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command as Outside;
use std::thread;

use netns_fixtures::KernelError;
use netns_fixtures::net::{NsName, PublishError};
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Output};
use netns_fixtures::requirements::require_program;
use nix::mount::{MntFlags, MsFlags, mount, umount, umount2};

/// Runs iproute2 with the privileges that it needs to enter a namespace by its name.
fn ip(own: &Namespace, arguments: &[&str]) -> TestResult<Output> {
    let mut ip = own.command("ip");
    ip.keep_capabilities([Capability::SYS_ADMIN, Capability::NET_ADMIN]).args(arguments);
    Ok(ip.output()?.success()?)
}

fn inode_of(path: impl AsRef<Path>) -> TestResult<u64> {
    Ok(fs::metadata(path)?.ino())
}

#[netns_test]
fn iproute2_finds_a_published_namespace(own: Namespace, net: Pair) -> TestResult {
    require_program("ip")?;
    let blue = net.server.publish(NsName::new("blue")?)?;
    let listed = ip(&own, &["netns", "list"])?;
    assert_eq!(listed.stdout.text().split_whitespace().next(), Some("blue"));
    let shown = ip(&own, &["-netns", "blue", "-oneline", "address", "show", "dev", "eth0"])?;
    assert!(shown.stdout.text().contains(&net.server.ipv4().to_string()), "{shown:?}");
    let entered = ip(&own, &["netns", "exec", "blue", "readlink", "/proc/self/ns/net"])?;
    assert_eq!(entered.stdout.text().trim_end(), format!("net:[{}]", net.server.namespace()?.inode()));
    assert_eq!(inode_of(blue.path())?, net.server.namespace()?.inode());
    Ok(())
}

#[netns_test]
fn a_name_goes_with_its_guard(net: Pair) -> TestResult {
    let mounts = || fs::read_to_string("/proc/self/mountinfo");
    drop(net.client.publish(NsName::new("first")?)?);
    let before = mounts()?;
    let guard = net.client.publish(NsName::new("blue")?)?;
    let path = guard.path().to_owned();
    assert!(mounts()?.contains("/netns/blue"), "the control: the mount is to be seen");
    drop(guard);
    assert_eq!(mounts()?, before);
    assert!(!path.exists());
    assert_eq!(fs::read_dir("/run/netns")?.count(), 0);
    net.client.publish(NsName::new("blue")?)?.withdraw()?;
    assert_eq!((mounts()?, fs::read_dir("/run/netns")?.count()), (before, 0));
    Ok(())
}

#[netns_test]
fn a_second_owner_of_a_name_is_told_who_the_first_is(net: Pair) -> TestResult {
    let first = net.client.publish(NsName::new("blue")?)?;
    let line = line!() - 1;
    let refused = net.server.publish(NsName::new("blue")?).unwrap_err();
    let Some(PublishError::Taken { name, holder }) = refused.downcast_ref() else { panic!("{refused:?}") };
    assert_eq!(name.as_str(), "blue");
    let expected = format!("net:[{}] has it, published at {}:{line}:", net.client.namespace()?.inode(), file!());
    assert!(holder.starts_with(&expected), "{holder}");
    assert_eq!(inode_of(first.path())?, net.client.namespace()?.inode(), "it is still the first one's");
    let _other = net.server.publish(NsName::new("green")?)?;
    drop(first);
    let _now = net.server.publish(NsName::new("blue")?)?;
    Ok(())
}

#[netns_test]
fn of_many_who_want_a_name_one_gets_it(net: Pair) {
    let guards: Vec<_> = thread::scope(|scope| {
        let publish = || net.client.publish(NsName::new("blue").expect("a name"));
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(publish)).collect();
        // The first guard lives until all threads have asked.
        threads.into_iter().map(|thread| thread.join().expect("publishing does not panic")).collect()
    });
    assert_eq!(guards.iter().filter(|guard| guard.is_ok()).count(), 1);
    for refused in guards.iter().filter_map(|guard| guard.as_ref().err()) {
        assert!(matches!(refused.downcast_ref(), Some(PublishError::Taken { .. })), "{refused:?}");
    }
}

#[netns_test]
fn what_others_have_named_is_left_alone(own: Namespace, net: Pair) -> TestResult {
    require_program("ip")?;
    let blue = net.client.publish(NsName::new("blue")?)?;
    ip(&own, &["netns", "add", "red"])?;
    let red = inode_of("/run/netns/red")?;
    let refused = format!("{:#}", net.server.publish(NsName::new("red")?).unwrap_err());
    assert!(refused.contains(&format!("the namespace {red} has it, which nobody published by this")), "{refused}");
    assert_eq!(inode_of("/run/netns/red")?, red);
    File::create_new("/run/netns/file")?;
    let refused = format!("{:#}", net.server.publish(NsName::new("file")?).unwrap_err());
    assert!(refused.contains("a file that is no namespace has it"), "{refused}");
    // Another tool removes the name and reuses it for another namespace.
    ip(&own, &["netns", "delete", "blue"])?;
    ip(&own, &["netns", "add", "blue"])?;
    let other = inode_of("/run/netns/blue")?;
    let refused = blue.withdraw().unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(PublishError::Replaced { .. })), "{refused:?}");
    assert_eq!(inode_of("/run/netns/blue")?, other);
    Ok(())
}

#[netns_test]
fn a_name_keeps_its_namespace_when_the_lab_is_gone(net: Pair) -> TestResult {
    let inode = net.server.namespace()?.inode();
    let blue = net.server.publish(NsName::new("blue")?)?;
    drop(net);
    assert_eq!(inode_of(blue.path())?, inode);
    assert_eq!(blue.namespace().run(|| Namespace::current().map(|inside| inside.inode()))??, inode);
    Ok(())
}

#[netns_test]
fn hosts_with_files_of_their_own_see_the_names_too(net: Pair) -> TestResult {
    require_program("ip")?;
    net.client.set_hosts([("server", net.server.addr())])?;
    let blue = net.server.publish(NsName::new("blue")?)?;
    net.server.set_hosts([("client", net.client.addr())])?;
    for host in [&net.client, &net.server] {
        let mut ip = host.command("ip")?;
        ip.keep_capabilities([Capability::SYS_ADMIN, Capability::NET_ADMIN]);
        let shown = ip.args(["-netns", "blue", "-oneline", "address"]).output()?.success()?;
        assert!(shown.stdout.text().contains(&net.server.ipv4().to_string()), "{shown:?}");
    }
    let path = blue.path().to_owned();
    blue.withdraw()?;
    for host in [&net.client, &net.server] {
        assert!(!host.run(|| path.exists())?, "a name that is gone is gone for all");
    }
    // The test itself would not see the name there.
    let refused = net.client.run(|| net.server.publish(NsName::new("red").expect("a name")))?.unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(PublishError::OnAThreadOfAHost { .. })), "{refused:?}");
    assert_eq!(fs::read_dir("/run/netns")?.count(), 0);
    Ok(())
}

#[netns_test]
fn where_the_two_folders_are_two_a_name_is_in_both(own: Namespace) -> TestResult {
    cover("/var")?;
    fs::create_dir("/var/run")?;
    let blue = own.publish(NsName::new("blue")?)?;
    let both = ["/run/netns/blue", "/var/run/netns/blue"];
    for path in both {
        assert_eq!(inode_of(path)?, own.inode(), "{path}");
    }
    blue.withdraw()?;
    assert!(!both.iter().any(|path| Path::new(path).exists()));
    Ok(())
}

/// Mounts a separate file system in the test's view of the machine, to hide changes that others make in `/run`.
fn cover(folder: &str) -> nix::Result<()> {
    mount(None::<&str>, folder, Some("tmpfs"), MsFlags::empty(), None::<&str>)
}

#[netns_test]
fn everything_else_in_run_is_where_it_was(own: Namespace) -> TestResult {
    cover("/run")?;
    fs::write("/run/pid", "1")?;
    symlink("/dev/shm", "/run/shm")?;
    fs::create_dir_all("/run/daemon/inner")?;
    cover("/run/daemon/inner")?;
    fs::write("/run/daemon/inner/state", "up")?;
    let daemon = UnixListener::bind("/run/socket")?;
    let number = inode_of("/run/daemon")?;

    let blue = own.publish(NsName::new("blue")?)?;
    let mut names: Vec<_> = fs::read_dir("/run")?.map(|entry| Ok(entry?.file_name())).collect::<TestResult<_>>()?;
    names.sort();
    assert_eq!(names, ["daemon", "netns", "pid", "shm", "socket"]);
    assert_eq!(inode_of("/run/daemon")?, number);
    assert_eq!(fs::read_link("/run/shm")?, Path::new("/dev/shm"));
    assert_eq!(fs::read_to_string("/run/daemon/inner/state")?, "up");
    // The same file, not a copy.
    fs::write("/run/pid", "2")?;
    let _client = UnixStream::connect("/run/socket")?;
    daemon.accept()?;
    blue.withdraw()?;
    umount2("/run", MntFlags::MNT_DETACH)?;
    assert_eq!(fs::read_to_string("/run/pid")?, "2");
    assert!(!Path::new("/run/netns").exists(), "nothing was made on the machine");
    Ok(())
}

#[netns_test]
fn what_cannot_be_shown_again_is_an_error_and_nothing_has_changed(own: Namespace) -> TestResult {
    cover("/run")?;
    fs::create_dir("/run/unbindable")?;
    fs::write("/run/pid", "1")?;
    cover("/run/unbindable")?;
    mount(None::<&str>, "/run/unbindable", None::<&str>, MsFlags::MS_UNBINDABLE, None::<&str>)?;
    let before = fs::read_to_string("/proc/self/mountinfo")?;
    let refused = own.publish(NsName::new("blue")?).unwrap_err();
    assert!(
        matches!(refused.downcast_ref(), Some(KernelError { object, .. }) if object == "/run/unbindable"),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string("/proc/self/mountinfo")?, before);
    assert!(fs::read_to_string("/run/pid")? == "1" && !Path::new("/run/netns").exists());
    umount("/run/unbindable")?;
    let _blue = own.publish(NsName::new("blue")?)?;
    Ok(())
}

#[netns_test]
fn names_of_the_machine_are_neither_seen_nor_touched(own: Namespace) -> TestResult {
    // A machine with names, as this test sees it.
    cover("/run")?;
    fs::create_dir("/run/netns")?;
    File::create_new("/run/netns/blue")?;
    let blue = own.publish(NsName::new("blue")?)?;
    assert_eq!(inode_of("/run/netns/blue")?, own.inode());
    blue.withdraw()?;
    assert_eq!(fs::read_dir("/run/netns")?.count(), 0);
    umount("/run/netns")?;
    assert_eq!(fs::metadata("/run/netns/blue")?.len(), 0, "the machine's is where it was");
    Ok(())
}

#[test]
fn nothing_of_it_is_on_the_machine() -> TestResult {
    let mounts = || -> TestResult<Vec<String>> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        Ok(mounts.lines().filter(|mount| mount.contains("netns")).map(str::to_owned).collect())
    };
    let names = || fs::read_dir("/run/netns").map(Iterator::count).ok();
    let before = (mounts()?, names());
    let tests = ["iproute2_finds_a_published_namespace", "a_name_keeps_its_namespace_when_the_lab_is_gone"];
    let output = Outside::new(env::current_exe()?).arg("--exact").args(tests).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((mounts()?, names()), before);
    Ok(())
}

#[test]
fn outside_of_a_test_nothing_is_published() -> TestResult {
    let exists = Path::new("/run/netns").exists();
    let refused = Namespace::current()?.publish(NsName::new("blue")?).unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(PublishError::OutsideOfTest { .. })), "{refused:?}");
    assert_eq!(Path::new("/run/netns").exists(), exists);
    Ok(())
}
