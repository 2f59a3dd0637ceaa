use std::time::Duration;

use tokio::{net::TcpStream, time::sleep};

#[tokio::test]
async fn listens() {
    let over = sleep(Duration::from_secs(5));
    tokio::pin!(over);
    loop {
        tokio::select! {
            _ = &mut over => panic!("nobody listens"),
            stream = TcpStream::connect("127.0.0.1:0") => if stream.is_ok() { break },
        }
        sleep(Duration::from_millis(50)).await;
    }
}
