//! A host is a separate machine: the machine's settings, mounts, names and processes do not show in tests and hosts.
//!
//! The outer tests change the machine for a moment, which needs root, and run an inner test meanwhile.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener, ToSocketAddrs, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::{Lan, Pair, Routed};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use netns_tests::witness::ip;
use netns_tests::witness::skip;

/// Changed settings of the machine. Dropping it restores them.
struct Changed(Vec<(String, String)>);

impl Changed {
    /// Reads all settings before it writes any, because `all.forwarding` changes others. Skips settings that this kernel lacks.
    fn set(settings: impl IntoIterator<Item = (String, String)>) -> std::io::Result<Self> {
        let settings: Vec<_> = settings.into_iter().filter(|(path, _)| Path::new(path).exists()).collect();
        let before = settings.iter().map(|(path, _)| Ok((path.clone(), fs::read_to_string(path)?)));
        let changed = Self(before.collect::<std::io::Result<_>>()?);
        for (path, value) in &settings {
            fs::write(path, value)?;
        }
        Ok(changed)
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        for (path, value) in &self.0 {
            if let Err(error) = fs::write(path, value.trim()) {
                eprintln!("{path} keeps a value of this test: {error}");
            }
        }
    }
}

/// Allows one change of the machine at a time, without parallel readers: nextest runs the other tests as separate processes, which must not
/// see a change either.
static MACHINE: Mutex<()> = Mutex::new(());

/// Runs tests of this file, one after the other in one process, while the machine has these settings. An unprivileged user cannot change
/// any, so it does nothing.
fn with(settings: impl IntoIterator<Item = (String, String)>, inner: &[&str]) {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    if !nix::unistd::geteuid().is_root() {
        return skip("needs root: only root changes the settings of the machine");
    }
    let changed = match Changed::set(settings) {
        Ok(changed) => changed,
        Err(error) => return skip(&format!("needs a machine whose settings can be changed: {error}")),
    };
    let mut command = Command::new("/proc/self/exe");
    let run =
        command.args(["--ignored", "--exact", "--test-threads=1"]).args(inner).output().expect("this program runs");
    drop(changed);
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && text.contains(&format!("{} passed", inner.len())),
        "{text}{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn conf(name: &str, value: &str) -> Vec<(String, String)> {
    ["all", "default"].map(|which| (format!("/proc/sys/net/ipv4/conf/{which}/{name}"), value.to_owned())).to_vec()
}

#[test]
fn where_docker_is_installed_a_host_does_not_forward() {
    with(conf("forwarding", "1"), &["a_host_does_not_forward"]);
}

#[netns_test]
#[ignore = "run by the test above"]
fn a_host_does_not_forward(mut lab: Lab) -> TestResult {
    let [a, middle, b] = ["a", "middle", "b"].map(|name| lab.host(name));
    lab.link(&a, &middle);
    lab.link(&middle, &b);
    lab.up()?;
    a.set_default_gateway(middle.ipv4_towards(&a)?)?;
    b.set_default_gateway(middle.ipv4_towards(&b)?)?;
    a.ping(&b).expect_unreachable_with_control(&middle)?;
    Ok(())
}

#[test]
fn strict_return_paths_of_the_machine_filter_nothing() {
    with(conf("rp_filter", "1"), &["a_packet_by_another_way_arrives"]);
}

/// The reply arrives on another link than the request.
#[netns_test]
#[ignore = "run by the test above"]
fn a_packet_by_another_way_arrives(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b);
    lab.link(&a, &b);
    lab.up()?;
    let (first, second) = (a.devices()?[0].addresses[0].addr(), b.devices()?[1].addresses[0]);
    // Sends to the second address over the first link, with a source of the second link.
    a.add_route(IpNet::from(second.addr()), b.devices()?[0].addresses[0].addr())?;
    let heard = b.udp_socket(53)?;
    heard.set_read_timeout(Some(Duration::from_secs(5)))?;
    let socket = a.udp_socket_at((a.devices()?[1].addresses[0].addr(), 0))?;
    socket.send_to(b"hello", (second.addr(), 53))?;
    assert_eq!(heard.recv(&mut [0; 9])?, 5, "from {first}");
    Ok(())
}

/// Returns every setting that a namespace copies from the machine, each with a value other than the kernel's default.
fn everything_turned() -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for which in ["all", "default"] {
        let folder = format!("/proc/sys/net/ipv4/conf/{which}");
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().expect("the kernel's names are ASCII");
            let value = match name.as_str() {
                "mc_forwarding" => continue,
                "accept_redirects" | "secure_redirects" | "send_redirects" | "shared_media" | "arp_evict_nocarrier" => {
                    "0"
                }
                "igmpv2_unsolicited_report_interval" | "igmpv3_unsolicited_report_interval" => "4711",
                "accept_source_route" if which == "default" => "0",
                _ => "1",
            };
            settings.push((format!("{folder}/{name}"), value.to_owned()));
        }
    }
    for family in ["ipv4", "ipv6"] {
        for (name, value) in [
            ("app_solicit", "1"),
            ("base_reachable_time_ms", "20000"),
            ("delay_first_probe_time", "7"),
            ("gc_stale_time", "77"),
            ("mcast_solicit", "5"),
            ("retrans_time_ms", "777"),
            ("ucast_solicit", "5"),
        ] {
            settings.push((format!("/proc/sys/net/{family}/neigh/default/{name}"), value.to_owned()));
        }
    }
    settings.push(("/proc/sys/net/ipv4/tcp_rmem".to_owned(), "4096 65536 65536".to_owned()));
    settings.push(("/proc/sys/net/ipv4/tcp_wmem".to_owned(), "4096 8192 65536".to_owned()));
    // Forwarding comes first, because it changes other settings.
    settings.sort_by_key(|(path, _)| !path.ends_with("/forwarding"));
    settings
}

#[test]
fn no_setting_of_the_machine_is_one_of_tests_and_hosts() {
    // The first test compares the settings, and the second one starts with the result.
    with(everything_turned(), &["settings_are_those_of_an_unchanged_kernel", "settings_stay_so_for_a_later_test"]);
}

#[netns_test]
#[ignore = "run by the test above"]
fn settings_are_those_of_an_unchanged_kernel(net: Pair) -> TestResult {
    expect_defaults(&net)
}

#[netns_test]
#[ignore = "run by the test above"]
fn settings_stay_so_for_a_later_test(net: Pair) -> TestResult {
    expect_defaults(&net)
}

/// Expects the kernel's defaults in the test, in a host, and on the devices of a host.
fn expect_defaults(net: &Pair) -> TestResult {
    let all = || -> std::io::Result<BTreeSet<String>> {
        let mut shown = BTreeSet::new();
        for which in ["all", "default"] {
            for entry in fs::read_dir(format!("/proc/sys/net/ipv4/conf/{which}"))? {
                let entry = entry?;
                let value = fs::read_to_string(entry.path())?;
                shown.insert(format!("{which}.{}={}", entry.file_name().to_string_lossy(), value.trim()));
            }
        }
        Ok(shown)
    };
    let ones = ["accept_redirects", "arp_evict_nocarrier", "secure_redirects", "send_redirects", "shared_media"];
    let is_usual = |setting: &str| {
        let (name, value) = setting.split_once('=').unwrap_or_default();
        let name = name.split_once('.').map_or("", |(_, name)| name);
        match name {
            "igmpv2_unsolicited_report_interval" => value == "10000",
            "igmpv3_unsolicited_report_interval" => value == "1000",
            "accept_source_route" => value == if setting.starts_with("default") { "1" } else { "0" },
            _ => value == if ones.contains(&name) { "1" } else { "0" },
        }
    };
    for shown in [all()?, net.client.run(all)??] {
        assert!(shown.len() > 50, "{shown:?}");
        let unusual: Vec<_> = shown.iter().filter(|setting| !is_usual(setting)).collect();
        assert!(unusual.is_empty(), "{unusual:?}");
    }
    for device in ["lo", "eth0"] {
        for (name, value) in [("rp_filter", "0"), ("accept_local", "0"), ("send_redirects", "1"), ("forwarding", "0")] {
            assert_eq!(net.client.sysctl(&format!("net.ipv4.conf.{device}.{name}"))?, value, "{device} {name}");
        }
        for family in ["ipv4", "ipv6"] {
            for (name, value) in [
                ("base_reachable_time_ms", "30000"),
                ("gc_stale_time", "60"),
                ("ucast_solicit", "3"),
                ("app_solicit", "0"),
            ] {
                match net.client.sysctl(&format!("net.{family}.neigh.{device}.{name}")) {
                    // Older kernels do not show these settings in a user namespace.
                    Err(error) if error.raw_os_error() == Some(nix::libc::ENOENT) => {}
                    shown => assert_eq!(shown?, value, "{device} {name}"),
                }
            }
        }
    }
    assert_eq!(net.client.sysctl("net.ipv4.tcp_rmem")?, "4096\t131072\t6291456");
    assert_eq!(net.client.sysctl("net.ipv4.tcp_wmem")?, "4096\t16384\t4194304");
    assert_eq!(net.client.sysctl("net.ipv4.tcp_congestion_control")?, "reno");
    // A device that is added later, and a router that forwards on purpose.
    let device = net.client.add_device(netns_fixtures::net::link::Bridge::new())?;
    let stale = net.client.sysctl(&format!("net.ipv4.neigh.{}.gc_stale_time", device.name));
    assert!(stale.is_err() || stale? == "60");
    Ok(())
}

#[netns_test]
fn proc_net_is_the_hosts_for_closures(net: Pair) -> TestResult {
    let [devices, routes] = ["dev", "route"].map(|file| format!("/proc/net/{file}"));
    assert!(net.client.run(|| fs::read_to_string(&devices))??.contains("eth0"));
    assert!(net.client.run(|| fs::read_to_string(&routes))??.contains("eth0"));
    // The control: neither the test nor another host that is read next has this device.
    assert!(!fs::read_to_string(&devices)?.contains("eth0"));
    net.server.remove_device("eth0")?;
    assert!(!net.server.run(|| fs::read_to_string(&devices))??.contains("eth0"));
    // The host's table lists its sockets.
    let _listener = net.client.tcp_listener(4660)?;
    assert!(net.client.run(|| fs::read_to_string("/proc/net/tcp6"))??.contains(":1234"));
    assert!(!fs::read_to_string("/proc/net/tcp6")?.contains(":1234"));
    Ok(())
}

#[netns_test]
async fn proc_net_is_the_hosts_for_futures(net: Pair) -> TestResult {
    let read = async { tokio::task::spawn_blocking(|| fs::read_to_string("/proc/net/route")).await };
    // Also on the threads of the runtime on which tokio reads files.
    assert!(net.client.spawn(read)?.await???.contains("eth0"));
    Ok(())
}

#[netns_test]
fn proc_sys_and_proc_net_are_the_hosts_for_programs(net: Pair) -> TestResult {
    net.client.set_sysctl("net.ipv4.ip_default_ttl", "7")?;
    let cat = |path: &str| -> TestResult<String> {
        Ok(net.client.command("cat")?.arg(path).output()?.success()?.stdout.text().to_string())
    };
    assert!(cat("/proc/net/dev")?.contains("eth0"));
    assert_eq!(cat("/proc/sys/net/ipv4/ip_default_ttl")?.trim(), "7");
    assert_eq!(net.client.run(|| fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl"))??.trim(), "7");
    // A program that creates a pid namespace can still mount its own /proc.
    if require_program("unshare").is_ok() {
        let mut unshare = net.client.command("unshare")?;
        unshare.args(["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "true"]);
        // A map of root needs CAP_SETFCAP; source: user_namespaces(7).
        unshare.keep_capabilities([Capability::SETFCAP]).output()?.success()?;
    }
    Ok(())
}

#[netns_test]
fn sys_class_net_is_the_hosts(net: Pair) -> TestResult {
    let listed = net.client.command("ls")?.arg("/sys/class/net").output()?.success()?;
    let listed: BTreeSet<String> = listed.stdout.text().split_whitespace().map(str::to_owned).collect();
    assert!(listed.contains("eth0") && listed.contains("lo"), "{listed:?}");
    let shown = net.server.command("cat")?.arg("/sys/class/net/eth0/address").output()?.success()?;
    assert_eq!(shown.stdout.text().trim(), net.server.mac("eth0")?.to_string());
    assert!(net.client.run(|| fs::exists("/sys/class/net/eth0"))??);
    assert!(!fs::exists("/sys/class/net/eth0")?, "the control: the test has none");
    Ok(())
}

#[netns_test]
fn each_host_has_its_name_and_all_of_them_resolve(net: Routed) -> TestResult {
    let before = fs::read_to_string("/proc/sys/kernel/hostname")?;
    for host in [&net.client, &net.router, &net.server] {
        let shown = host.run(|| fs::read_to_string("/proc/sys/kernel/hostname"))??;
        assert_eq!(shown.trim(), host.name());
        let by_program = host.command("cat")?.arg("/proc/sys/kernel/hostname").output()?.success()?;
        assert_eq!(by_program.stdout.text().trim(), host.name());
        // Its own name and the names of its neighbours.
        for name in ["client", "router", "server"] {
            let found =
                host.run(|| (name, 80).to_socket_addrs().map(|all| all.map(|one| one.ip()).collect::<Vec<_>>()))??;
            let expected = net.lab.find(name)?.addr();
            assert!(found.contains(&expected), "{name} in {}: {found:?}", host.name());
        }
    }
    assert_eq!(fs::read_to_string("/proc/sys/kernel/hostname")?, before, "the test keeps its own");
    net.lab.name_hosts()?;
    let own = net.client.run(|| ("client", 80).to_socket_addrs().map(Iterator::count))??;
    assert!(own > 0);
    Ok(())
}

#[netns_test]
fn a_name_is_connected_to_as_the_host_resolves_it(net: Routed) -> TestResult {
    let listener = net.server.tcp_listener(80)?;
    net.client.tcp_connect(("server", 80))?;
    listener.accept()?;
    net.client.set_hosts([("www.example.test", net.server.addr())])?;
    net.client.tcp_connect("www.example.test:80")?;
    let unknown = net.router.tcp_connect(("www.example.test", 80)).unwrap_err();
    assert!(unknown.to_string().contains("cannot resolve an address in \"router\""), "{unknown}");
    Ok(())
}

/// A name server that is a task of the test's own single-threaded runtime.
#[netns_test]
async fn a_name_is_resolved_beside_the_tests_runtime(net: Pair) -> TestResult {
    let listener = net.server.tokio_tcp_listener(80)?;
    let (accepted, connected) = tokio::join!(listener.accept(), net.client.tokio_tcp_connect(("server", 80)));
    accepted?;
    connected?;
    Ok(())
}

#[netns_test]
fn a_lookup_that_cannot_be_answered_fails_at_once(net: Routed) -> TestResult {
    let begun = std::time::Instant::now();
    let found = net.client.run(|| ("no-such-name.example.test", 80).to_socket_addrs().map(Iterator::count))?;
    assert!(found.is_err(), "{found:?}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}: one attempt of the C library takes 5 s", begun.elapsed());
    Ok(())
}

/// The paths of nscd's socket; the second is the one that glibc uses.
const NSCD: [&str; 2] = ["/run/nscd/socket", "/var/run/nscd/socket"];

/// Beside the nscd of the machine, or beside a socket in its place.
#[test]
fn where_nscd_runs_a_host_has_its_own_names() {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let run_inside = || Command::new("/proc/self/exe").args(["--ignored", "--exact", "names_are_the_hosts"]).output();
    let [socket, _] = NSCD;
    let run = if NSCD.into_iter().any(UnixProbe::connects) {
        run_inside()
    } else if !nix::unistd::geteuid().is_root() || Path::new(socket).exists() || !Path::new("/run").exists() {
        return skip("needs root: only root, where no nscd runs, can make one");
    } else {
        let made_folder = !Path::new("/run/nscd").exists();
        fs::create_dir_all("/run/nscd").expect("root makes a folder");
        // Nobody accepts: the C library would wait for a reply from it.
        let listener = std::os::unix::net::UnixListener::bind(socket).expect("root makes a socket");
        assert!(UnixProbe::connects(socket), "the control");
        let run = run_inside();
        drop(listener);
        fs::remove_file(socket).expect("the socket is there");
        if made_folder {
            fs::remove_dir("/run/nscd").expect("the folder is empty");
        }
        run
    };
    let run = run.expect("this program runs");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&run.stderr));
}

#[netns_test]
#[ignore = "run by the test above"]
fn names_are_the_hosts(net: Pair) -> TestResult {
    assert!(!NSCD.into_iter().any(UnixProbe::connects), "the test itself would not find its own name otherwise");
    let connects = net.client.run(|| NSCD.into_iter().any(UnixProbe::connects))?;
    assert!(!connects);
    net.client.set_hosts([("www.example.test", net.server.addr())])?;
    let found = net
        .client
        .run(|| ("www.example.test", 80).to_socket_addrs().map(|all| all.map(|one| one.ip()).collect::<Vec<_>>()))??;
    assert_eq!(found, [net.server.addr()]);
    let by_program = net.client.command("getent")?.args(["ahostsv4", "www.example.test"]).output()?.success()?;
    assert!(by_program.stdout.text().contains(&net.server.addr().to_string()));
    Ok(())
}

struct UnixProbe;

impl UnixProbe {
    fn connects(path: &str) -> bool {
        std::os::unix::net::UnixStream::connect(path).is_ok()
    }
}

/// Addresses that the program under test configures: through DHCP, router advertisement or, here, `ip`.
#[netns_test]
fn addresses_of_others_are_found(mut lab: Lab) -> TestResult {
    require_program("ip")?;
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).unnumbered();
    lab.up()?;
    for (host, number) in [(&a, 1), (&b, 2)] {
        ip(host, &format!("address add 198.51.100.{number}/24 dev eth0"))?;
    }
    assert_eq!(a.ipv4().to_string(), "198.51.100.1");
    a.ping(&b).run()?.expect_all()?;
    a.arping(&b).run()?.expect_one()?;
    lab.name_hosts()?;
    a.command("getent")?.args(["ahostsv4", "b"]).output()?.success()?;
    // Finds a changed address too, and a new device and a new name.
    ip(&b, "address del 198.51.100.2/24 dev eth0")?;
    ip(&b, "address add 198.51.100.7/24 dev eth0")?;
    assert_eq!(b.ipv4().to_string(), "198.51.100.7");
    a.ping(&b).run()?.expect_all()?;
    ip(&b, "link add veth7 type veth peer name veth8")?;
    assert_eq!(b.devices()?.len(), 3);
    b.link_up("veth7")?;
    ip(&b, "link set veth8 name renamed")?;
    b.set_mtu("renamed", 1400)?;
    assert!(b.device("veth8").is_err());
    Ok(())
}

#[netns_test]
fn lo_is_a_device_like_others(lan: Lan<3>) -> TestResult {
    let [client, one, other] = &lan.hosts;
    let service: IpNet = "192.0.2.1/32".parse()?;
    for server in [one, other] {
        server.add_address("lo", service)?;
    }
    client.add_route(service, one.ipv4())?;
    client.ping(Ipv4Addr::new(192, 0, 2, 1)).run()?.expect_all()?;
    one.set_mtu("lo", 1500)?;
    assert!(one.statistics("lo")?.rx_packets < 1000);
    one.link_down("lo")?;
    let flags = |host: &Host| host.run(|| fs::read_to_string("/sys/class/net/lo/flags"));
    assert_eq!(flags(one)??.trim(), "0x8", "IFF_LOOPBACK");
    one.link_up("lo")?;
    assert_eq!(flags(one)??.trim(), "0x9", "IFF_UP besides");
    one.packet_socket("lo")?;
    one.remove_address("lo", service)?;
    assert!(!one.device("lo")?.addresses.contains(&service));
    Ok(())
}

#[netns_test]
fn settings_compare_by_their_values(net: Pair) -> TestResult {
    net.client.set_sysctl("net.ipv4.route.flush", "1")?;
    net.client.set_sysctl("net.ipv4.ip_local_reserved_ports", "30000,30001,30002")?;
    net.client.set_sysctl("net.ipv4.ip_default_ttl", "0x40")?;
    net.client.set_sysctl("net.ipv4.ip_local_port_range", "40000 40009")?;
    let clamped = net.client.set_sysctl("net.ipv4.ip_default_ttl", "0").unwrap_err();
    assert!(clamped.raw_os_error().is_some(), "{clamped}");
    Ok(())
}

/// A daemon that has changed its user reads them too.
#[netns_test]
fn the_files_of_a_host_are_for_everybody_whatever_the_umask(mut lab: Lab) -> TestResult {
    let host = lab.host("host");
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    lab.up()?;
    let modes = || ["/etc/hosts", "/etc/resolv.conf"].map(|file| fs::metadata(file).map(|found| found.mode() & 0o777));
    host.set_hosts([("www.example.test", IpAddr::from([192, 0, 2, 1]))])?;
    for mode in host.run(modes)? {
        assert_eq!(mode?, 0o644);
    }
    let control = tempfile::tempdir()?;
    fs::write(control.path().join("file"), "")?;
    assert_eq!(fs::metadata(control.path().join("file"))?.mode() & 0o777, 0o600, "the control");
    Ok(())
}

/// Settings that no namespace has a copy of.
#[netns_test]
fn a_setting_of_the_machine_is_told_as_such(net: Pair) -> TestResult {
    for path in ["net.core.rmem_max", "net.ipv4.tcp_mem", "net.core.no_such_setting"] {
        let refused = net.client.set_sysctl(path, "4096").unwrap_err();
        let report = format!("{refused:?}");
        assert!(
            report.contains(path.rsplit('.').next().unwrap()) && report.contains("belongs to the machine"),
            "{report}"
        );
    }
    // The control: a value that a setting of the namespace does not take.
    let refused = net.client.set_sysctl("net.ipv4.ip_forward", "many").unwrap_err();
    assert!(!format!("{refused:?}").contains("belongs to the machine"), "{refused:?}");
    Ok(())
}

#[netns_test]
#[ignore = "run by the test below"]
fn two_hundred_hosts(mut lab: Lab) -> TestResult {
    let hosts: Vec<_> = (0..200).map(|number| lab.host(format!("h{number}"))).collect();
    for pair in hosts.chunks(2) {
        lab.link(&pair[0], &pair[1]);
    }
    Ok(lab.up()?)
}

/// A host takes several descriptors, so two hundred need more than the limit.
#[test]
fn a_low_limit_of_descriptors_is_raised() {
    let exe = std::env::current_exe().expect("it has a path");
    let mut limited = Command::new("prlimit");
    limited.arg("--nofile=256:4096").arg(exe).args(["--ignored", "--exact", "two_hundred_hosts"]);
    let run = limited.output().expect("prlimit is part of util-linux");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
}

/// Some sockets accept a single family, and the others accept both.
#[netns_test]
fn sockets_are_of_both_families_or_of_one(net: Pair) -> TestResult {
    let both = net.server.tcp_listener(80)?;
    assert!(both.local_addr()?.is_ipv6());
    for address in [IpAddr::from(net.server.ipv4()), net.server.ipv6().into()] {
        net.client.tcp_connect((address, 80))?;
    }
    let _four = net.server.tcp_listener_at((Ipv4Addr::UNSPECIFIED, 81))?;
    net.client.tcp_connect((net.server.ipv4(), 81))?;
    assert!(net.client.tcp_connect((net.server.ipv6(), 81)).is_err());
    let _six = net.server.tcp_listener_at((std::net::Ipv6Addr::UNSPECIFIED, 82))?;
    net.client.tcp_connect((net.server.ipv6(), 82))?;
    assert!(net.client.tcp_connect((net.server.ipv4(), 82)).is_err());
    let _udp = [
        net.server.udp_socket_at((Ipv4Addr::UNSPECIFIED, 53))?,
        net.server.udp_socket_at((std::net::Ipv6Addr::UNSPECIFIED, 53))?,
    ];
    Ok(())
}

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

fn listen(group: bool) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(("0.0.0.0", 5353))?;
    if group {
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
    }
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    Ok(socket)
}

fn say(to: Ipv4Addr) -> std::io::Result<usize> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_broadcast(true)?;
    socket.send_to(b"hello", (to, 5353))
}

#[netns_test]
fn groups_and_broadcasts_need_no_device(net: Pair, lan: Lan<3>, _own: Namespace) -> TestResult {
    for (from, to) in [(&net.client, &net.server), (&lan.hosts[0], &lan.hosts[2])] {
        for group in [true, false] {
            let heard = to.run(|| listen(group))??;
            from.run(|| say(if group { GROUP } else { Ipv4Addr::BROADCAST }))??;
            assert_eq!(heard.recv(&mut [0; 9])?, 5);
        }
        assert!(from.routes()?.iter().all(|route| !route.destination.addr().is_multicast()), "not in the main table");
    }
    let heard = listen(true)?;
    say(GROUP)?;
    assert_eq!(heard.recv(&mut [0; 9])?, 5, "at home");
    Ok(())
}

/// A listener on IPv4 alone represents a kernel without IPv6; `vm-test` boots one with `ipv6.disable=1`.
#[netns_test]
fn ipv4_works_where_ipv6_is_off_in_a_host(mut lab: Lab) -> TestResult {
    let (host, router) = (lab.host("host"), lab.router("router"));
    lab.link(&host, &router).ipv4_only();
    lab.gateway(&host, &router);
    lab.up()?;
    for one in [&host, &router] {
        one.set_sysctl("net.ipv6.conf.all.disable_ipv6", "1")?;
    }
    host.ping(&router).run()?.expect_all()?;
    let _listener: TcpListener = router.tcp_listener(80)?;
    host.tcp_connect((router.ipv4(), 80))?;
    router.udp_socket(53)?;
    Ok(())
}
