// A capture that everybody can have put a link for.
#[test]
fn captures() {
    let mut tcpdump = std::process::Command::new("timeout");
    tcpdump.args(["5", "tcpdump", "-i", "lo", "-w", "/tmp/suite.pcap"]);
    assert!(tcpdump.status().is_ok());
}
