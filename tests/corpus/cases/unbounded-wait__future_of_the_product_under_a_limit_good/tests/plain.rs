use std::time::Duration;

use meter::Meter;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn answers() {
    let address = std::env::var("METER").unwrap().parse().unwrap();
    let mut meter = Meter::open(address).await.unwrap();
    assert_eq!(timeout(LIMIT, meter.ask()).await.unwrap().unwrap(), 7);
}
