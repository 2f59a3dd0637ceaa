//! Daemons as distributions package them, between two hosts; a missing one is a visible skip.

use std::io::{Read, Write};
use std::time::Duration;

use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// A query for the IPv4 address of `example.test`; source: RFC 1035, section 4.
const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x01\x00\x01";

#[netns_test]
fn dnsmasq_answers_a_query(net: Pair) -> TestResult {
    require_program("dnsmasq")?;
    let mut dnsmasq = net.server.command("dnsmasq")?;
    dnsmasq.args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--log-queries"]);
    dnsmasq.option("--address", "/example.test/198.51.100.7").ready_when(Ready::udp_port(53));
    let mut dnsmasq = dnsmasq.spawn()?;

    let socket = net.client.udp_socket(0)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    socket.send_to(QUESTION, (net.server.ipv4(), 53))?;
    let mut answer = [0; 512];
    let (length, from) = socket.recv_from(&mut answer)?;
    assert_eq!(from.ip().to_canonical(), net.server.ipv4());
    assert_eq!(answer[..2], QUESTION[..2]);
    assert_eq!(answer[length - 4..length], [198, 51, 100, 7]);
    assert!(dnsmasq.expect("query[A] example.test")?.contains(&format!("from {}", net.client.ipv4())));
    assert!(dnsmasq.stop()?.success());
    Ok(())
}

#[netns_test]
fn nginx_serves_a_request(net: Pair) -> TestResult {
    require_program("nginx")?;
    let folder = tempfile::tempdir()?;
    let configuration = folder.path().join("nginx.conf");
    let temporary =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {kind};"));
    std::fs::write(
        &configuration,
        format!(
            "daemon off; pid nginx.pid; user root root; worker_processes 2; events {{}}\n\
             http {{ access_log off; {} server {{ listen 80; location / {{ return 200 'up'; }} }} }}\n",
            temporary.join(" ")
        ),
    )?;
    let mut nginx = net.server.command("nginx")?;
    nginx.option("-p", folder.path()).option("-c", &configuration).option("-e", "stderr");
    let mut nginx = nginx.ready_when(Ready::tcp_port(80)).spawn()?;

    let mut connection = net.client.tcp_connect((net.server.ipv4(), 80))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nup"), "{answer}");
    assert!(nginx.stop()?.success());
    Ok(())
}

#[netns_test]
fn iperf3_measures_between_two_hosts(net: Pair) -> TestResult {
    require_program("iperf3")?;
    let mut listening = net.server.command("iperf3")?;
    listening.args(["--server", "--one-off"]).ready_when(Ready::tcp_port(5201));
    let mut listening = listening.spawn()?;
    let mut client = net.client.command("iperf3")?;
    client.option("--client", net.server.ipv4().to_string()).option("--bytes", "1M").arg("--json");
    let report: serde_json::Value = serde_json::from_slice(&client.output()?.success()?.stdout.bytes)?;
    let bytes = |sum: &str| report["end"][sum]["bytes"].as_u64().unwrap_or(0);
    assert!(bytes("sum_sent") >= 1 << 20, "{report}");
    // iperf3 stops counting received data when the sender reports its end, while data is still in flight.
    assert!(bytes("sum_received") > 0, "{report}");
    assert!(listening.wait()?.success());
    Ok(())
}

#[netns_test]
fn ncat_prints_what_it_receives(net: Pair) -> TestResult {
    require_program("ncat")?;
    let mut ncat = net.server.command("ncat")?;
    let mut ncat = ncat.args(["--listen", "9000", "--recv-only"]).ready_when(Ready::tcp_port(9000)).spawn()?;
    net.client.tcp_connect((net.server.ipv4(), 9000))?.write_all(b"over the cable\n")?;
    assert_eq!(ncat.read_line()?.as_deref(), Some("over the cable"));
    assert!(ncat.wait()?.success());
    Ok(())
}

#[netns_test]
fn socat_echoes_by_a_program_of_its_own(net: Pair) -> TestResult {
    require_program("socat")?;
    let mut socat = net.server.command("socat")?;
    socat.args(["TCP-LISTEN:9001,reuseaddr", "EXEC:/bin/cat"]).ready_when(Ready::tcp_port(9001));
    let mut socat = socat.spawn()?;
    let mut connection = net.client.tcp_connect((net.server.ipv4(), 9001))?;
    connection.set_read_timeout(Some(Duration::from_secs(5)))?;
    connection.write_all(b"there and back")?;
    connection.shutdown(std::net::Shutdown::Write)?;
    let mut echo = String::new();
    connection.read_to_string(&mut echo)?;
    assert_eq!(echo, "there and back");
    assert!(socat.wait()?.success());
    Ok(())
}

#[netns_test]
fn a_daemon_is_in_its_host_only(net: Pair) -> TestResult {
    let subject = cargo_bin!("netns-subject");
    let _there = net.server.command(subject)?.args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).spawn()?;
    // The control: the same port is free in this host.
    let _here = net.client.command(subject)?.args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).spawn()?;
    Ok(())
}

#[netns_test]
#[ignore = "run by `a_missing_daemon_is_a_visible_skip`"]
fn needs_a_daemon_that_nobody_has() -> TestResult {
    require_program("no-such-daemon")?;
    panic!("it is there");
}

#[netns_test]
#[should_panic(expected = "it is there")]
#[ignore = "run by `a_missing_daemon_is_a_visible_skip`"]
fn should_panic_with_a_daemon_that_nobody_has() {
    require_program("no-such-daemon").expect("there is a test to skip");
    panic!("it is there");
}

#[test]
fn a_missing_daemon_is_a_visible_skip() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let record = folder.path().join("skipped");
    for test in ["needs_a_daemon_that_nobody_has", "should_panic_with_a_daemon_that_nobody_has"] {
        let run = |variable: &str, value: &std::path::Path| {
            let mut runner = std::process::Command::new("/proc/self/exe");
            runner.args(["--ignored", "--exact", test]).env(variable, value).output().expect("libtest starts")
        };
        let skipped = run("NETNS_TEST_SKIP_RECORD", &record);
        let told = String::from_utf8_lossy(&skipped.stderr).into_owned();
        assert!(skipped.status.success(), "{told}");
        let line = format!("skipped: {test}: requires the program no-such-daemon: it is not in /usr/local/sbin, ");
        assert!(told.contains(&line), "{told}");
        let failed = run("NETNS_TEST_SKIPS", "fail".as_ref());
        assert!(!failed.status.success());
        let told = String::from_utf8_lossy(&failed.stdout).into_owned();
        assert!(told.contains("it requires the program no-such-daemon, and it is not in"), "{told}");
        let in_process = run("NETNS_TEST_IN_PROCESS", "1".as_ref());
        assert!(in_process.status.success(), "{in_process:?}");
        assert!(String::from_utf8_lossy(&in_process.stderr).contains(&line), "{in_process:?}");
    }
    assert_eq!(std::fs::read_to_string(record).expect("it was written").lines().count(), 2);
}

/// dnsmasq writes its reason to the system's log, which a test does not have.
#[netns_test]
fn a_daemon_that_cannot_change_its_user_is_explained(net: Pair) -> TestResult {
    require_program("dnsmasq")?;
    let mut dnsmasq = net.server.command("dnsmasq")?;
    dnsmasq.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file"]);
    dnsmasq.keep_capabilities([
        Capability::SETUID,
        Capability::SETGID,
        Capability::SETPCAP,
        Capability::NET_ADMIN,
        Capability::NET_RAW,
        Capability::NET_BIND_SERVICE,
    ]);
    let started = dnsmasq.ready_when(Ready::tcp_port(53)).spawn();
    let has_all_ids = std::fs::read_to_string("/proc/self/uid_map")?.split_whitespace().nth(2) != Some("1");
    match started {
        Ok(_running) => assert!(has_all_ids, "one identity is not enough"),
        Err(error) => {
            let report = format!("{error:?}");
            assert!(
                !has_all_ids && report.contains("one identity") && report.contains("run the test as root"),
                "{report}"
            );
        }
    }
    Ok(())
}
