//! The Rust of the guides. Examples that need a program of the reader compile and do not run, in functions that nothing calls. `cargo xtask ci --only book`
//! finds each block of the guides in a test of this folder.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![expect(dead_code, unused_variables, reason = "the code of the guides, which is compiled and not run")]
#![expect(unnameable_test_items, reason = "tests that need a program of the reader")]
#![expect(clippy::unnecessary_wraps, reason = "the reader's functions return results")]

mod readme {
    use netns_fixtures::prelude::*;

    #[netns_test]
    fn the_server_answers_pings(net: Pair) -> TestResult {
        net.client.ping(&net.server).run()?.expect_all()?;
        Ok(())
    }
}

mod migration {
    use netns_fixtures::prelude::*;
    use rstest::{fixture, rstest};
    use test_case::test_case;

    #[test_case(80; "http")]
    #[test_case(53; "dns")]
    #[netns_test]
    fn a_port_is_free(port: u16) -> TestResult {
        std::net::TcpListener::bind(("127.0.0.1", port))?;
        Ok(())
    }

    #[fixture]
    fn net() -> Pair {
        Pair::set_up(&TestContext::current()).expect("two hosts")
    }

    #[rstest]
    #[case::http(80)]
    #[case::dns(53)]
    #[netns_test]
    fn the_server_listens(net: Pair, #[case] port: u16) -> TestResult {
        let _listener = net.server.tcp_listener(port)?;
        net.client.tcp_connect((net.server.addr(), port))?;
        Ok(())
    }
}

mod networks_outside {
    fn train() {
        use netns_fixtures::net::Nat;
        use netns_fixtures::net::condition::Preset;
        use netns_fixtures::prelude::*;

        #[netns_test(requires(conditions, nat))]
        fn the_client_connects_from_a_train(mut lab: Lab) -> TestResult {
            let [client, server] = ["client", "server"].map(|name| lab.host(name));
            let home = lab.router("home");
            lab.link(&client, &home);
            lab.link(&home, &server).conditions(Preset::Mobile4g.up(), Preset::Mobile4g.down());
            lab.gateway(&client, &home);
            lab.up()?;
            home.nat(&Nat::home().outside("eth1"))?;
            let _server = server.command("my-server")?.ready_when(Ready::tcp_port(443)).spawn()?; // ends when it is dropped
            // …
            Ok(())
        }
    }

    use netns_fixtures::net::{Firewall, FirewallRule, Host, Refusal};
    use netns_fixtures::prelude::*;

    fn web(router: &Host) -> TestResult {
        let firewall = Firewall::new()
            .keep_established()
            .rule(FirewallRule::allow("web").tcp(443..=443).from_device("eth1"))
            .rule(FirewallRule::refuse("HTTP/3", Refusal::Drop).udp(443..=443))
            .otherwise(Refusal::Reject);
        router.firewall(&firewall)?;
        Ok(())
    }
}

mod probes {
    mod my_firewall {
        pub(super) fn close_tcp(_router: &netns_fixtures::net::Host, _port: u16) -> netns_fixtures::TestResult {
            Ok(())
        }
    }

    fn guard() {
        use netns_fixtures::prelude::*;
        use netns_fixtures::probe::{Absence, Protocol};

        #[netns_test]
        fn the_firewall_lets_pings_and_nothing_else_through(net: Routed) -> TestResult {
            let mut web = net.client.connectivity(&net.server, Protocol::Tcp).port(80).start()?;
            web.check()?; // data in both directions
            my_firewall::close_tcp(&net.router, 80)?;
            web.respawn()?;
            web.expect_unreachable()?.because(Absence::Silence)?; // and another port still works
            net.client.ping(&net.server).run()?.expect_all()?;
            Ok(())
        }
    }

    use std::time::Duration;

    use netns_fixtures::prelude::*;

    fn fail_over(_net: &Routed) -> TestResult {
        Ok(())
    }

    fn outage() {
        #[netns_test]
        fn outage(net: Routed) -> TestResult {
            let ping = net.client.ping(&net.server).interval(Duration::from_millis(1));
            let change = ping.during(|| fail_over(&net))?;
            change.expect_recovered()?;
            let outage = change.report.longest_outage(); // in packets and in time, to within the interval
            assert!(outage.is_none_or(|outage| outage.lasting < Duration::from_millis(500)));
            Ok(())
        }
    }
}

mod processes {
    fn ask_for(_name: &str) -> netns_fixtures::TestResult {
        Ok(())
    }

    fn names() {
        use netns_fixtures::prelude::*;

        #[netns_test]
        fn the_name_server_answers(own: Namespace) -> TestResult {
            let mut dnsmasq = own
                .command("dnsmasq")
                .args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv"])
                .option("--address", "/example.test/198.51.100.7")
                .ready_when(Ready::tcp_port(53))
                .spawn()?;
            ask_for("example.test")?;
            dnsmasq.expect("query[A] example.test")?;
            assert!(dnsmasq.stop()?.success());
            Ok(())
        }
    }

    fn lease(net: &netns_fixtures::net::Pair) -> netns_fixtures::TestResult {
        use netns_fixtures::net::{PortRange, Tcp};

        let lease = net.server.lease_port(Tcp, PortRange::configured()?)?;
        let port = lease.port();
        let server = net.server.command("my-server")?.pass_fd("http", lease.into_listener()?).spawn()?; // descriptor 3, listening already
        Ok(())
    }

    fn smaller(own: &netns_fixtures::net::Namespace) -> netns_fixtures::TestResult {
        use netns_fixtures::process::Capability;

        own.command("ip")
            .args(["link", "set", "lo", "mtu", "1400"])
            .keep_capabilities([Capability::NET_ADMIN])
            .status()?;
        Ok(())
    }
}
