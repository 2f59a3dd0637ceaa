use std::process::Command;

#[test]
fn sets_up_the_namespace() {
    let script = "ip netns exec a1 sh -c 'ip link set lo up; ip route add default dev eth0; echo 1 > /proc/sys/net/ipv4/ip_forward'";
    assert!(Command::new("bash").arg("-c").arg(script).status().unwrap().success());
}
