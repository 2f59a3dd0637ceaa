//! Namespaces under a name: for tools, in the test alone.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command as Outside;
use std::thread;

use netns_fixtures::Error;
use netns_fixtures::net::{NsName, PublishError};
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Output};
use netns_fixtures::requirements::require_program;
use nix::mount::{MsFlags, mount, umount};

/// iproute2, with what it needs to enter a namespace by its name.
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
    let Error::Publish(PublishError::Taken { name, holder }) = &refused else { panic!("{refused:?}") };
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
        // The guard of the first lives until all have asked.
        threads.into_iter().map(|thread| thread.join().expect("publishing does not panic")).collect()
    });
    assert_eq!(guards.iter().filter(|guard| guard.is_ok()).count(), 1);
    for refused in guards.iter().filter_map(|guard| guard.as_ref().err()) {
        assert!(matches!(refused, Error::Publish(PublishError::Taken { .. })), "{refused:?}");
    }
}

#[netns_test]
fn what_others_have_named_is_left_alone(own: Namespace, net: Pair) -> TestResult {
    require_program("ip")?;
    let blue = net.client.publish(NsName::new("blue")?)?;
    ip(&own, &["netns", "add", "red"])?;
    let red = inode_of("/run/netns/red")?;
    let refused = net.server.publish(NsName::new("red")?).unwrap_err().to_string();
    assert!(refused.contains(&format!("the namespace {red} has it, which nobody published by this")), "{refused}");
    assert_eq!(inode_of("/run/netns/red")?, red);
    File::create_new("/run/netns/file")?;
    let refused = net.server.publish(NsName::new("file")?).unwrap_err().to_string();
    assert!(refused.contains("a file that is no namespace has it"), "{refused}");
    // Somebody takes the name away and gives it to another namespace.
    ip(&own, &["netns", "delete", "blue"])?;
    ip(&own, &["netns", "add", "blue"])?;
    let other = inode_of("/run/netns/blue")?;
    let refused = blue.withdraw().unwrap_err();
    assert!(matches!(refused, Error::Publish(PublishError::Replaced { .. })), "{refused:?}");
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

/// Every entry of the folder with what tells it from another.
fn entries(folder: &str) -> TestResult<BTreeMap<String, (u64, u64, u32)>> {
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // What a link leads to is looked at by what it says.
        let metadata = entry.metadata()?;
        let (device, inode) = if metadata.is_symlink() { (0, 0) } else { (metadata.dev(), metadata.ino()) };
        entries.insert(entry.file_name().to_string_lossy().into_owned(), (device, inode, metadata.mode()));
    }
    Ok(entries)
}

#[netns_test]
fn everything_else_in_run_is_where_it_was(own: Namespace) -> TestResult {
    let before = entries("/run")?;
    let _blue = own.publish(NsName::new("blue")?)?;
    let mut after = entries("/run")?;
    after.remove("netns");
    let mut before = before;
    before.remove("netns");
    assert_eq!(after, before);
    Ok(())
}

#[netns_test]
fn names_of_the_machine_are_neither_seen_nor_touched(own: Namespace) -> TestResult {
    // A machine that has names, as far as this test goes.
    let own_file_system = |folder| mount(None::<&str>, folder, Some("tmpfs"), MsFlags::empty(), None::<&str>);
    own_file_system("/run")?;
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
    let mounts = || fs::read_to_string("/proc/self/mountinfo");
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
    assert!(matches!(refused, Error::Publish(PublishError::OutsideOfTest { .. })), "{refused:?}");
    assert_eq!(Path::new("/run/netns").exists(), exists);
    Ok(())
}
