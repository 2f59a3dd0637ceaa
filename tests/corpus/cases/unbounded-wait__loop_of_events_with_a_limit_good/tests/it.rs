use product::Swarm;
use std::time::Duration;

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
            _ = tokio::time::sleep(Duration::from_secs(5)) => panic!("silent"),
        }
    }
}
