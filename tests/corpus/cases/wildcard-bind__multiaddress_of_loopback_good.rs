// Only this machine hears it.
async fn listens(swarm: &mut libp2p::Swarm<libp2p::ping::Behaviour>) {
    swarm.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()).unwrap();
}

#[tokio::test]
async fn listens_on_loopback() {
    let mut swarm = new_swarm();
    listens(&mut swarm).await;
}

fn new_swarm() -> libp2p::Swarm<libp2p::ping::Behaviour> {
    unimplemented!()
}
