#[tokio::test]
async fn connects() {
    let (client, connection) = tokio_postgres::connect(&std::env::var("DATABASE_URL").unwrap(), tokio_postgres::NoTls).await.unwrap();
    drop((client, connection));
}
