//! Checks names against the kernel: each generated name goes to our check and to the kernel.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;

use netns_fixtures::net::{IfName, NsName, UnixPath};
use netns_fixtures::prelude::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use rtnetlink::LinkBridge;

/// Generates `count` names of about the maximum length, from all characters and from the significant ones.
fn names(longest: usize, count: usize) -> Vec<String> {
    let of = |pattern: String| string_regex(&pattern).expect("a pattern that proptest reads");
    let names = prop_oneof![
        of(format!("[a-c0-9./:% \\t\\x0b\\x1f\u{a0}\u{85}éàÀ_-]{{0,{}}}", longest + 2)),
        of(format!("\\PC{{0,{}}}", longest + 2)),
        of(format!("[a-z]{{{longest},{}}}", longest + 1)),
        prop::sample::select(vec![".", "..", "...", "lo", "all", "default", "a:b", "a/b", " ", "-"])
            .prop_map(str::to_owned),
    ];
    let mut runner = TestRunner::default();
    (0..count).map(|_| names.new_tree(&mut runner).expect("no name is rejected").current()).collect()
}

#[netns_test]
async fn a_devices_name_is_one_exactly_if_the_kernel_makes_a_device_of_that_name() -> TestResult {
    let (connection, handle, _messages) = rtnetlink::new_connection()?;
    tokio::spawn(connection);
    let (mut taken, mut refused) = (0, 0);
    for name in names(15, 400) {
        // The kernel does not read these as names: an empty name requests any, `%` requests a number, and a zero ends the text.
        if name.is_empty() || name.contains(['%', '\0']) {
            assert!(IfName::new(name.as_str()).is_err(), "{name:?}");
            continue;
        }
        let made = handle.link().add(LinkBridge::new(&name).build()).execute().await;
        let is_taken = match &made {
            Ok(()) => true,
            // A name that this run generated before.
            Err(rtnetlink::Error::NetlinkError(refusal)) => refusal.to_io().kind() == ErrorKind::AlreadyExists,
            Err(_) => false,
        };
        assert_eq!(IfName::new(name.as_str()).is_ok(), is_taken, "{name:?}: {made:?}");
        if is_taken { taken += 1 } else { refused += 1 }
    }
    // Neither answer is constant.
    assert!(taken > 50 && refused > 50, "{taken} taken, {refused} refused");
    Ok(())
}

#[test]
fn a_namespaces_name_is_one_exactly_if_the_kernel_makes_a_file_of_that_name() -> TestResult {
    let folder = tempfile::tempdir()?;
    let (mut taken, mut refused) = (0, 0);
    for name in names(255, 500) {
        let ours = NsName::new(name.as_str()).is_ok();
        // It would lead into another folder.
        if name.contains('/') {
            assert!(!ours, "{name:?}");
            continue;
        }
        let made = File::create_new(format!("{}/{name}", folder.path().display()));
        let is_taken = match &made {
            Ok(_) => true,
            // Created before; the folder itself and its parent also exist, and are not names.
            Err(error) => error.kind() == ErrorKind::AlreadyExists && !matches!(name.as_str(), "" | "." | ".."),
        };
        assert_eq!(ours, is_taken, "{name:?}: {made:?}");
        if is_taken { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 50 && refused > 20, "{taken} taken, {refused} refused");
    Ok(())
}

#[test]
fn a_sockets_path_is_one_exactly_if_a_socket_can_be_bound_to_it() -> TestResult {
    let folder = tempfile::Builder::new().prefix("s").tempdir_in("/tmp")?;
    let room = 107 - folder.path().as_os_str().len() - 1;
    let (mut taken, mut refused) = (0, 0);
    for name in names(room, 500) {
        if name.is_empty() || name.contains('/') {
            continue;
        }
        let path = folder.path().join(&name);
        let bound = UnixListener::bind(&path);
        let is_taken = bound.as_ref().map_or_else(|error| error.kind() == ErrorKind::AddrInUse, |_| true);
        assert_eq!(UnixPath::new(&path).is_ok(), is_taken, "{path:?}: {bound:?}");
        if is_taken { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 50 && refused > 20, "{taken} taken, {refused} refused");
    Ok(())
}

/// If the kernel has a device with a generated name, the next name replaces it.
#[netns_test]
fn a_generated_name_is_one_that_was_free(own: Namespace) -> TestResult {
    netns_fixtures::requirements::require_program("ip")?;
    let create = |name: &IfName| {
        let mut ip = own.command("ip");
        ip.keep_capabilities([netns_fixtures::process::Capability::NET_ADMIN]);
        let output = ip.args(["link", "add", "name", name.as_str(), "type", "bridge"]).output();
        let output = output.map_err(std::io::Error::other)?;
        if output.stderr.text().contains("File exists") {
            return Err(ErrorKind::AlreadyExists.into());
        }
        output.success().map(drop).map_err(std::io::Error::other)
    };
    let names = (0..3).map(|_| Ok(IfName::generated("br")?.claim(create)?.0.to_string()));
    assert_eq!(names.collect::<TestResult<Vec<_>>>()?, ["br0", "br1", "br2"]);
    Ok(())
}
