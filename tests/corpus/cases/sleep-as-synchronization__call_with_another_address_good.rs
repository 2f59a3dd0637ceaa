use std::time::Duration;

#[tokio::test]
async fn expires() {
    let task = tokio::spawn(async move { product::serve("/run/product.sock").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let entry = product::cached("/run/other.sock");
    assert_eq!(entry, None);
    task.abort();
}

#[tokio::test]
async fn removes_its_socket() {
    let task = tokio::spawn(async move { product::serve("/run/product.sock").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    task.abort();
    std::fs::remove_file("/run/product.sock").unwrap();
}
