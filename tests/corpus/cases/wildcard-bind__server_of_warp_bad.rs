#[tokio::test]
async fn serves() {
    let routes = warp::any().map(|| "hello");
    warp::serve(routes).run(([0, 0, 0, 0], 0)).await;
}
