//! Names of hosts that are usual in tests and are not host names of RFC 1123.

#![forbid(unsafe_code)]

use std::net::ToSocketAddrs;

use netns_fixtures::prelude::*;

/// As in files of container composers.
#[netns_test]
fn a_name_with_an_underscore_is_a_host_name(mut lab: Lab) -> TestResult {
    let [database, web] = ["db_1", "web"].map(|name| lab.host(name));
    lab.link(&database, &web);
    lab.up()?;
    let own = database.command("cat")?.arg("/proc/sys/kernel/hostname").output()?.success()?;
    assert_eq!(own.stdout.text().trim(), "db_1");
    if cfg!(target_env = "musl") {
        netns_tests::witness::skip("requires glibc: musl looks up no name with an underscore");
        return Ok(());
    }
    let listener = database.tcp_listener(80)?;
    for host in [&database, &web] {
        host.tcp_connect(("db_1", 80))?;
        listener.accept()?;
        let found =
            host.run(|| ("db_1", 80).to_socket_addrs().map(|all| all.map(|one| one.ip()).collect::<Vec<_>>()))??;
        assert!(found.contains(&database.addr()), "{found:?} in {}", host.name());
        let by_program = host.command("getent")?.args(["ahosts", "db_1"]).output()?.success()?;
        assert!(by_program.stdout.text().contains(&database.addr().to_string()));
        // The control.
        assert!(host.tcp_connect(("db_2", 80)).is_err());
    }
    web.set_hosts([("db_2", database.addr())])?;
    web.tcp_connect(("db_2", 80))?;
    Ok(())
}
