#[async_std::test]
async fn serves() -> tide::Result<()> {
    let mut app = tide::new();
    app.at("/").get(hello);
    app.listen("0.0.0.0:0").await?;
    Ok(())
}
