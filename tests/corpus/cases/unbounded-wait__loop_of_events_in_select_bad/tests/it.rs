use product::Swarm;

#[tokio::test]
async fn identifies() {
    let (mut one, mut other) = (Swarm, Swarm);
    one.listen().await;
    other.listen().await;
    let mut seen = 0;
    while seen < 2 {
        tokio::select! {
            event = one.next_event() => if event == 1 { seen += 1 },
            event = other.next_event() => if event == 1 { seen += 1 },
        }
    }
}
