#[tokio::test]
async fn serves() {
    let routes = warp::any().map(|| "hello");
    warp::serve(routes).run(([127, 0, 0, 1], 0)).await;
}
