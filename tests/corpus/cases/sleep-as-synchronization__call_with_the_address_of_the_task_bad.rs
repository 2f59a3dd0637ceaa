use std::time::Duration;

#[tokio::test]
async fn answers() {
    let task = tokio::spawn(async move { product::serve("/run/product.sock").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = product::ask!("/run/product.sock", "hello").await;
    assert_eq!(answer, "hello");
    task.abort();
}
