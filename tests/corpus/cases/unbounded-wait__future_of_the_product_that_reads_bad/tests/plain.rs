use meter::Meter;

#[tokio::test]
async fn answers() {
    let address = std::env::var("METER").unwrap().parse().unwrap();
    let mut meter = Meter::open(address).await.unwrap();
    assert_eq!(meter.ask().await.unwrap(), 7);
}
