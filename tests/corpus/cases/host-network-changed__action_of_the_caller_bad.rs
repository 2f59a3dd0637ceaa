use std::process::Command;

fn filter(action: &str, port: &str) {
    Command::new("iptables").args(["-t", "filter", action, "OUTPUT", "-p", "udp", "--dport", port, "-j", "DROP"]).status().unwrap();
}

#[test]
fn loses_packets() {
    filter("-A", "53");
    filter("-D", "53");
}
