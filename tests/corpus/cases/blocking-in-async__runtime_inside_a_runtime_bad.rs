use tokio::runtime::Runtime;

#[tokio::test]
async fn nests() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {});
}
