//! Devices that a call creates in the network of the machine.

use rtnetlink::{LinkBridge, LinkDummy, LinkMacVlan, LinkVeth};

const BRIDGE: &str = "br-test"; //~ unclaimed-name

async fn add_dummy(name: &str) {
    netlink().link().add(LinkDummy::new(name).build()).execute().await.unwrap();
}

#[tokio::test]
async fn fixed() {
    netlink().link().add(LinkBridge::new(BRIDGE).build()).execute().await.unwrap();
    netlink().link().add(LinkVeth::new("veth-a", "veth-b").build()).execute().await.unwrap(); //~ unclaimed-name, unclaimed-name
}

#[tokio::test]
async fn random() {
    let name = format!("dm{:x}", rand::random::<u16>()); //~ unclaimed-name
    netlink().link().add(LinkDummy::new(&name).build()).execute().await.unwrap();
}

#[tokio::test]
async fn numbered_by_the_process() {
    let name = format!("mv{}", std::process::id()); //~ unclaimed-name
    netlink().link().add(LinkMacVlan::new(&name, 1, mode()).build()).execute().await.unwrap();
}

#[tokio::test]
async fn too_long() {
    netlink().link().add(LinkDummy::new("a-name-that-is-too-long").build()).execute().await.unwrap(); //~ unclaimed-name
}

#[tokio::test]
async fn by_a_helper() {
    add_dummy("dummy0").await; //~ unclaimed-name
}
