//! The report of a failed test contains its children's output, however the test failed.

use std::ops::ControlFlow;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use netns_fixtures::config::Setting;
use netns_fixtures::prelude::*;
use netns_fixtures::process::Signal;

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// Starts one child that runs and one that has exited, both with output.
fn two_children(own: &Namespace) -> TestResult<netns_fixtures::process::Child> {
    own.command("echo").arg("said before the end").output()?;
    let mut running = own.command(*SUBJECT).arg("chatter").spawn()?;
    running.expect("the daemon speaks")?;
    Ok(running)
}

#[netns_test]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn panics(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    panic!("at noon");
}

#[netns_test]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn returns_an_error(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    Err("at noon".into())
}

#[netns_test(deadline = "2s")]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn hangs(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    loop {
        std::thread::park();
    }
}

#[netns_test]
#[ignore = "run by `the_output_of_children_of_a_test_that_passes_is_not_printed`"]
fn passes(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    Ok(())
}

#[netns_test]
#[should_panic(expected = "at noon")]
#[ignore = "run by `the_output_of_children_of_a_test_that_passes_is_not_printed`"]
fn panics_as_it_should(own: Namespace) {
    let _running = two_children(&own).expect("two children");
    panic!("at noon");
}

#[netns_test]
#[ignore = "fails; run by `a_death_that_nobody_looks_at_fails_the_test`"]
fn a_daemon_dies_by_a_signal(own: Namespace) -> TestResult {
    let daemon = own.command(*SUBJECT).arg("abort").spawn()?;
    wait_until_dead(&daemon)?;
    Ok(())
}

#[netns_test]
#[ignore = "fails; run by `a_death_that_nobody_looks_at_fails_the_test`"]
fn a_daemon_exits(own: Namespace) -> TestResult {
    let daemon = own.command(*SUBJECT).args(["exit", "3"]).spawn()?;
    wait_until_dead(&daemon)?;
    drop(daemon);
    let _another = own.command("sleep").arg("100").spawn()?;
    Ok(())
}

#[netns_test]
#[ignore = "fails; run by `a_death_that_nobody_looks_at_fails_the_test`"]
fn a_daemon_dies_of_a_request(own: Namespace) -> TestResult {
    let daemon = own.command("sleep").arg("100").spawn()?;
    daemon.signal(Signal::HUP)?;
    wait_until_dead(&daemon)?;
    Ok(())
}

/// The lines arrive; that the process died after them is not among what these calls return.
#[netns_test]
#[ignore = "fails; run by `a_death_that_nobody_looks_at_fails_the_test`"]
fn a_daemon_dies_after_its_lines(own: Namespace) -> TestResult {
    let mut daemon = own.command("sh").args(["-c", "echo up; echo on; exit 3"]).spawn()?;
    wait_until_dead(&daemon)?;
    // The handle's thread notes the end, and the output with it.
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let line = daemon.stdout().text().into_owned();
        if line.ends_with("on\n") { ControlFlow::Break(()) } else { ControlFlow::Continue(line) }
    })?;
    daemon.expect("up")?;
    daemon.read_line()?;
    Ok(())
}

#[netns_test]
#[ignore = "fails; run by `a_death_that_nobody_looks_at_fails_the_test`"]
async fn a_daemon_of_a_task_dies(own: Namespace) -> TestResult {
    let daemon = own.command(*SUBJECT).args(["exit", "3"]).spawn_async().await?;
    wait_until_dead(&daemon)?;
    tokio::spawn(async move {
        let _daemon = daemon;
        std::future::pending::<()>().await;
    });
    Ok(())
}

/// Asks the kernel alone: a call on the handle would count as a check by the test.
fn wait_until_dead(child: &netns_fixtures::process::Child) -> TestResult {
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        if stat.contains(") Z ") { ControlFlow::Break(()) } else { ControlFlow::Continue(stat) }
    })?;
    Ok(())
}

#[netns_test]
fn a_death_that_the_test_declares_or_looks_at_fails_nothing(own: Namespace) -> TestResult {
    let failing = || {
        let mut command = own.command(*SUBJECT);
        command.args(["exit", "3"]);
        command
    };
    wait_until_dead(&failing().may_exit().spawn()?)?;
    let looked_at = failing().spawn()?;
    wait_until_dead(&looked_at)?;
    while looked_at.is_running() {}
    assert!(failing().ready_when(Ready::line("up")).spawn().is_err());
    assert!(failing().spawn()?.expect("up").is_err());
    for ended in [Signal::TERM, Signal::KILL, Signal::INT] {
        let daemon = own.command("sleep").arg("100").spawn()?;
        daemon.signal(ended)?;
        wait_until_dead(&daemon)?;
    }
    let killed = own.command("sleep").arg("100").spawn()?;
    killed.kill()?;
    wait_until_dead(&killed)?;
    let well = own.command("true").spawn()?;
    wait_until_dead(&well)?;
    Ok(())
}

#[test]
fn a_death_that_nobody_looks_at_fails_the_test() {
    for (test, fate) in [
        ("a_daemon_dies_by_a_signal", "was killed by SIGABRT (6)"),
        ("a_daemon_exits", "ended with exit status 3"),
        ("a_daemon_dies_after_its_lines", "ended with exit status 3"),
        ("a_daemon_dies_of_a_request", "was killed by SIGHUP (1)"),
        ("a_daemon_of_a_task_dies", "ended with exit status 3"),
    ] {
        let (passed, printed) = run(test);
        assert!(!passed, "{test} passed:\n{printed}");
        let reason = format!(") {fate} before the test ended, and the test did not look at it");
        assert!(printed.contains(&reason), "{reason:?} of {test}:\n{printed}");
    }
}

#[netns_test]
#[ignore = "fails; run by `the_dead_come_first_in_the_report`"]
fn one_of_three_daemons_dies(own: Namespace) -> TestResult {
    let _first = own.command("sleep").arg("101").spawn()?;
    let dead = own.command(*SUBJECT).args(["exit", "3"]).spawn()?;
    let _last = own.command("sleep").arg("102").spawn()?;
    wait_until_dead(&dead)?;
    Err("at noon".into())
}

#[test]
fn the_dead_come_first_in_the_report() {
    let (_, printed) = run("one_of_three_daemons_dies");
    let report = printed.split_once("output of the test's children:").expect(&printed).1;
    let places = ["exit 3` (pid", "sleep 101` (pid", "sleep 102` (pid"].map(|text| report.find(text).expect(&printed));
    assert!(places.is_sorted(), "{printed}");
    assert!(report.contains(") ended with exit status 3\n"), "{printed}");
    assert_eq!(report.matches(") was running when the test ended or dropped it\n").count(), 2, "{printed}");
    for entry in ["started `/usr/bin/sleep 101` (pid ", "ended: `"] {
        assert!(printed.contains(entry), "{entry}: {printed}");
    }
}

#[netns_test]
#[ignore = "fails; run by `a_report_is_bounded`"]
fn has_too_many_children(own: Namespace) -> TestResult {
    for number in 0..100 {
        own.command("seq").option("--separator", format!(" of {number}\n")).args(["1", "1000"]).output()?;
    }
    Err("at noon".into())
}

/// An error of each layer that can fail, as a test returns it, and the expected report. `…` stands for any text.
type Layer = (&'static str, fn(&Pair) -> TestResult, &'static str);

const LAYERS: &[Layer] = &[
    (
        "kernel",
        |net| Ok(net.client.tcp_connect(("198.51.100.1", 80)).map(drop)?),
        "Error: cannot connect to TCP 198.51.100.1:80 in \"client\": Network is unreachable (os error 101)\n  at tests/tests/process_failure.rs:…\n  \
         more: netns-run explain NT110\n",
    ),
    (
        "process: no program",
        |net| Ok(net.client.command("no-such-daemon")?.spawn().map(drop)?),
        "Error: there is no program \"no-such-daemon\" in /usr/local/sbin, /usr/local/bin, /usr/sbin, /usr/bin, /sbin, /bin\n  \
         at tests/tests/process_failure.rs:…\n  help: install it, name it by its absolute path, or name its folder in NETNS_TEST_PROGRAM_FOLDERS\n  \
         more: netns-run explain NT102\n",
    ),
    (
        "process: a child",
        |net| Ok(net.server.command("cat")?.arg("/no/such/file").output()?.success().map(drop)?),
        "Error: `/usr/bin/cat /no/such/file` (pid …) ended with exit status 1 after …; its last output: stderr: \
         /usr/bin/cat: /no/such/file: No such file or directory\n  at tests/tests/process_failure.rs:…\n  more: netns-run explain NT109\n    stderr: /usr/bin/cat: /no/such/file: No such \
         file or directory\n",
    ),
    (
        "time",
        |_| {
            let never = || ControlFlow::<(), _>::Continue("down");
            Ok(wait_until(Deadline::after(Duration::ZERO), Duration::from_millis(1), never)?)
        },
        "Error: timed out after … waiting for a condition: 1 checks, the last one observed \"down\"\n  at tests/tests/process_failure.rs:…\n  \
         more: netns-run explain NT107\n",
    ),
    (
        "config",
        |_| {
            static PATIENCE: Setting<bool> = Setting::switch("PATH", "whether to wait", false);
            Ok(PATIENCE.interpret("perhaps").map(drop)?)
        },
        "Error: invalid PATH: \"perhaps\" is none of its values; it takes true or false (also 1 or 0), for instance PATH=false\n  at tests/tests/process_failure.rs:…\n  \
         more: netns-run explain NT101\n",
    ),
    (
        "requirements",
        |_| Ok(netns_fixtures::requirements::check("gold").map(drop)?),
        "Error: there is no requirement \"gold\"; `netns_fixtures::requirements::all` lists the names\n  at tests/tests/process_failure.rs:…\n  \
         more: netns-run explain NT102\n",
    ),
    (
        "an error of the standard library",
        |_| Ok("fifty-three".parse::<u16>().map(drop)?),
        "Error: invalid digit found in string\n  at tests/tests/process_failure.rs:…\n",
    ),
    ("a text", |_| Ok(Err("the cable is cut")?), "Error: the cable is cut\n  at tests/tests/process_failure.rs:…\n"),
];

#[netns_test]
#[ignore = "fails; run by `a_returned_error_is_printed_as_a_report`"]
fn returns_the_error_of_a_layer(net: Pair) -> TestResult {
    let (_, fails, _) = LAYERS[std::env::var("LAYER")?.parse::<usize>()?];
    fails(&net)
}

/// Runs under libtest and under nextest, which adds its own frame around the same text.
#[test]
fn a_returned_error_is_printed_as_a_report() {
    for (number, (layer, _, expected)) in LAYERS.iter().enumerate() {
        let mut runner = Command::new("/proc/self/exe");
        runner.args(["--ignored", "--exact", "returns_the_error_of_a_layer"]).env("LAYER", number.to_string());
        let printed = String::from_utf8(runner.output().expect("libtest starts").stdout).expect("UTF-8");
        let report = printed.find("Error: ").map_or("", |begin| &printed[begin..]);
        assert!(begins(report, expected), "{layer}:\n{report}\nexpected:\n{expected}");
    }
}

/// Returns whether the text begins with the pattern, in which `…` matches any text.
fn begins(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let rest = text.strip_prefix(first);
    parts.try_fold(rest.unwrap_or_default(), |rest, part| rest.split_once(part).map(|(_, rest)| rest)).is_some()
        && rest.is_some()
}

/// Returns whether the test passed, and its printed report.
fn run(test: &str) -> (bool, String) {
    let mut runner = Command::new("/proc/self/exe");
    let output = runner.args(["--ignored", "--exact", "--nocapture", test]).output().expect("libtest starts");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn the_output_of_children_is_in_the_report() {
    for test in ["panics", "returns_an_error", "hangs"] {
        let (passed, printed) = run(test);
        assert!(!passed, "{test}: {printed}");
        for part in [
            "journal of the test:\n  0.",
            " s  started `/usr/bin/echo said before the end` (pid ",
            "output of the test's children:",
            "`/usr/bin/echo said before the end` (pid ",
            "ended with exit status 0",
            "    stdout: said before the end",
            "netns-subject chatter` (pid ",
            "    stdout: the daemon speaks",
        ] {
            assert!(printed.contains(part), "{test}: {part} in {printed}");
        }
    }
}

#[test]
fn the_output_of_children_of_a_test_that_passes_is_not_printed() {
    for test in ["passes", "panics_as_it_should"] {
        let (passed, printed) = run(test);
        assert!(passed, "{test}: {printed}");
        assert!(!printed.contains("the daemon speaks"), "{test}: {printed}");
    }
}

#[test]
fn a_report_is_bounded() {
    let (passed, printed) = run("has_too_many_children");
    assert!(!passed, "{printed}");
    assert!(printed.contains("(68 before these are left out)"), "{printed}");
    assert!(printed.contains("stdout: (960 lines before)\n    stdout: 961 of 99\n"), "{printed}");
    assert!(printed.lines().count() < 32 * 50, "{} lines", printed.lines().count());
}
