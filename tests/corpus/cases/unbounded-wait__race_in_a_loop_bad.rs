//! No arm of the race ends the loop if the peers do not find each other.

#[tokio::test]
async fn find_each_other(mut one: Node, mut other: Node) {
    loop {
        tokio::select! {
            event = one.next_event() => if event.is_found() { break },
            _ = other.next_event() => {}
        }
    }
}
