// sqlx binds values to placeholders.
#[tokio::test]
async fn stores() {
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    sqlx::query("INSERT INTO node (address) VALUES ($1)").bind("127.0.0.1:4000").execute(&pool).await.unwrap();
}
