use std::net::{IpAddr, Ipv4Addr};

use rtnetlink::Handle;

async fn configure(handle: &Handle, device: u32) {
    handle.address().add(device, IpAddr::V4(Ipv4Addr::new(10, 9, 0, 1)), 24).execute().await.unwrap();
}

#[tokio::test]
async fn answers() {
    configure(&handle(), 2).await;
}
