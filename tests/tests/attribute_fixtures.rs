//! Parameters of `#[netns_test]`: their creation and drop order, users' own types, patterns.

#![forbid(unsafe_code)]
#![deny(clippy::all, clippy::pedantic)]

use std::sync::Mutex;

use netns_fixtures::prelude::*;
use netns_fixtures::{BoxError, Fixture, TestContext};
use netns_tests::time_factor;
use tokio::runtime::Handle;

/// The events in order; each test has its own process and therefore its own log.
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn log(event: impl Into<String>) {
    LOG.lock().expect("nobody panics while logging").push(event.into());
}

fn logged() -> Vec<String> {
    LOG.lock().expect("nobody panics while logging").clone()
}

/// A fixture that logs its creation and drop under its letter.
struct Logged<const LETTER: char>;

impl<const LETTER: char> Fixture for Logged<LETTER> {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        log(format!("{LETTER} up"));
        Ok(Self)
    }
}

impl<const LETTER: char> Drop for Logged<LETTER> {
    fn drop(&mut self) {
        log(format!("{LETTER} down"));
    }
}

/// The first parameter and therefore the last to drop: compares all earlier events.
struct Expecting<const COUNT: usize>;

/// The events that [`Expecting`] expects; the body sets them.
static EXPECTED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn expect<const COUNT: usize>(events: [&'static str; COUNT]) {
    *EXPECTED.lock().expect("nobody panics while expecting") = events.to_vec();
}

impl<const COUNT: usize> Fixture for Expecting<COUNT> {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        assert_eq!(logged(), [""; 0], "the first parameter is set up first");
        Ok(Self)
    }
}

impl<const COUNT: usize> Drop for Expecting<COUNT> {
    fn drop(&mut self) {
        let expected = EXPECTED.lock().expect("nobody panics while expecting").clone();
        assert_eq!(expected.len(), COUNT, "the body says what it expects");
        assert_eq!(logged(), expected, "the order of lives");
    }
}

#[netns_test]
fn set_up_in_order_and_dropped_in_reverse(_: Expecting<7>, a: Logged<'a'>, _: Logged<'b'>, _c: Logged<'c'>) {
    log("body");
    let _kept_by_name = &a;
    expect(["a up", "b up", "c up", "body", "c down", "b down", "a down"]);
}

#[netns_test]
async fn the_same_order_in_an_async_test(_: Expecting<7>, a: Logged<'a'>, _: Logged<'b'>, _c: Logged<'c'>) {
    log("body");
    tokio::task::yield_now().await;
    let _kept_by_name = &a;
    expect(["a up", "b up", "c up", "body", "c down", "b down", "a down"]);
}

#[netns_test]
#[should_panic(expected = "the order of lives")]
fn another_order_would_show(_: Expecting<4>, _: Logged<'a'>, _: Logged<'b'>) {
    expect(["a up", "b up", "a down", "b down"]);
}

#[netns_test]
fn an_early_return_drops_them_too(_: Expecting<2>, _: Logged<'a'>) {
    expect(["a up", "a down"]);
    if std::process::id() == 2 {
        return;
    }
    log("not reached");
}

#[netns_test]
fn a_body_may_drop_one_itself(_: Expecting<4>, a: Logged<'a'>, _: Logged<'b'>) {
    drop(a);
    expect(["a up", "b up", "a down", "b down"]);
}

/// A fixture with parts, and a name that the library also uses.
struct Declaration {
    left: u8,
    right: Vec<u8>,
}

impl Fixture for Declaration {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        Ok(Self { left: 1, right: vec![2] })
    }
}

#[netns_test]
fn a_pattern_takes_a_fixture_apart(Declaration { left, mut right }: Declaration) {
    right.push(left);
    assert_eq!(right, [2, 1]);
}

#[netns_test]
async fn a_parameter_may_be_mutable(mut parts: Declaration, own: Namespace, _: Namespace) {
    parts.left += 1;
    assert_eq!((parts.left, parts.right.len()), (2, 1));
    assert_eq!(Some(own.inode()), Namespace::current().ok().map(|current| current.inode()));
}

/// The arguments of a fixture's constructor, and the process that runs it.
struct Seen {
    name: String,
    deadline: Deadline,
    in_runtime: bool,
    namespace: u64,
}

impl Fixture for Seen {
    fn set_up(context: &TestContext) -> Result<Self, BoxError> {
        let namespace = Namespace::set_up(context)?.inode();
        let in_runtime = Handle::try_current().is_ok();
        Ok(Self { name: context.name().to_owned(), deadline: context.deadline(), in_runtime, namespace })
    }
}

mod nested {
    use super::{Namespace, Seen, netns_test, time_factor};

    #[netns_test(deadline = "7s")]
    fn a_fixture_knows_its_test(seen: Seen, own: Namespace) {
        assert_eq!(seen.name, "nested::a_fixture_knows_its_test");
        let remaining = seen.deadline.remaining().as_secs_f64() / f64::from(time_factor());
        assert!(remaining > 1.0 && remaining <= 7.0, "{remaining} s");
        assert!(!seen.in_runtime);
        assert_eq!(seen.namespace, own.inode());
    }

    #[netns_test]
    async fn a_fixture_of_an_async_test_is_inside_its_runtime(seen: Seen) {
        assert!(seen.in_runtime);
        let remaining = seen.deadline.remaining().as_secs_f64() / f64::from(time_factor());
        assert!(remaining > 7.0 && remaining <= 30.0, "the default: {remaining} s");
    }
}

/// A fixture whose constructor always fails.
struct Broken;

impl Fixture for Broken {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        Err("there is no cable".into())
    }
}

#[netns_test]
#[ignore = "fails; run by `a_fixture_that_fails_is_named_and_the_others_are_dropped`"]
fn with_a_broken_fixture(_: Logged<'a'>, _: SaysDown, _: Broken, _: Logged<'b'>) {
    println!("the body ran");
}

/// A fixture that prints when it is dropped, for a test that reads what another test printed.
struct SaysDown;

impl Fixture for SaysDown {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

impl Drop for SaysDown {
    fn drop(&mut self) {
        println!("dropped after {:?}", logged());
    }
}

#[test]
fn a_fixture_that_fails_is_named_and_the_others_are_dropped() {
    let output = std::process::Command::new("/proc/self/exe")
        .args(["--ignored", "--exact", "with_a_broken_fixture"])
        .output()
        .expect("libtest starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{printed}");
    for part in ["Broken", "there is no cable", r#"dropped after ["a up"]"#] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    assert!(!printed.contains("the body ran"), "{printed}");
}

struct Greeter(tokio::net::UdpSocket);

impl Fixture for Greeter {
    async fn set_up_async(_: &TestContext) -> Result<Self, BoxError> {
        tokio::task::yield_now().await;
        Ok(Self(tokio::net::UdpSocket::bind("127.0.0.1:0").await?))
    }
}

#[netns_test]
async fn a_fixture_is_set_up_in_the_runtime(greeter: Greeter) -> TestResult {
    assert!(greeter.0.local_addr()?.port() > 0);
    Ok(())
}

#[netns_test(deadline = "20s")]
fn a_body_has_the_context_of_its_test(context: TestContext) {
    assert_eq!(context.name(), "a_body_has_the_context_of_its_test");
    assert!(context.deadline().remaining() <= time_factor() * std::time::Duration::from_secs(20));
}
