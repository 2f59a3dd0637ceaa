//! Clients that wait for the world, or for a service that the environment names, as long as it takes.

use std::env;

#[tokio::test]
async fn gets() {
    let reply = reqwest::get(env::var("SERVICE").unwrap()).await; //~ client-without-timeout
    assert!(reply.is_ok());
}

#[tokio::test]
async fn sends_by_a_client() {
    let client = reqwest::Client::new();
    let reply = client.get(env::var("SERVICE").unwrap()).send().await; //~ client-without-timeout
    assert!(reply.is_ok());
}

#[tokio::test]
async fn sends_by_a_builder() {
    let client = reqwest::Client::builder().user_agent("test").build().unwrap();
    let reply = client.post("https://example.com/a").body("x").send().await; //~ public-internet, client-without-timeout
    assert!(reply.is_ok());
}

#[test]
fn calls() {
    let reply = ureq::get(&env::var("SERVICE").unwrap()).call(); //~ client-without-timeout
    assert!(reply.is_ok());
}

#[tokio::test]
async fn opens_a_socket() {
    let url = env::var("SERVICE").unwrap();
    let reply = tokio_tungstenite::connect_async(url).await; //~ client-without-timeout
    assert!(reply.is_ok());
}

#[test]
fn connects_to_redis() {
    let client = redis::Client::open(env::var("REDIS").unwrap()).unwrap();
    assert!(client.get_connection().is_ok()); //~ client-without-timeout
}

#[tokio::test]
async fn connects_to_a_database() {
    let url = env::var("DATABASE").unwrap();
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()); //~ client-without-timeout
}

#[tokio::test]
async fn connects_to_a_broker() {
    let url = env::var("BROKER").unwrap();
    let connection = lapin::Connection::connect(&url, Default::default()).await; //~ client-without-timeout
    assert!(connection.is_ok());
}

#[tokio::test]
async fn asks_a_server_of_the_test() {
    let server = wiremock::MockServer::start().await;
    assert!(reqwest::get(server.uri()).await.is_ok()); //~ pedantic: client-without-timeout
}

#[tokio::test]
async fn sends_by_the_default_client() {
    let client = reqwest::Client::default();
    assert!(client.head(env::var("SERVICE").unwrap()).send().await.is_ok()); //~ client-without-timeout
}

#[test]
fn calls_with_another_method() {
    assert!(ureq::delete(&env::var("SERVICE").unwrap()).call().is_ok()); //~ client-without-timeout
}

#[tokio::test]
async fn sends_in_a_branch() {
    if let Ok(url) = env::var("SERVICE") {
        assert!(reqwest::get(url).await.is_ok()); //~ client-without-timeout
    }
}

#[tokio::test]
async fn limits_only_the_connection() {
    let client = reqwest::Client::builder().connect_timeout(std::time::Duration::from_secs(5)).build().unwrap();
    assert!(client.get(env::var("SERVICE").unwrap()).send().await.is_ok()); //~ client-without-timeout
}

#[tokio::test]
async fn limits_only_idle_connections() {
    let client = reqwest::Client::builder().pool_idle_timeout(None).build().unwrap();
    assert!(client.get(env::var("SERVICE").unwrap()).send().await.is_ok()); //~ client-without-timeout
}

#[test]
fn takes_the_limit_away() {
    let agent = ureq::AgentBuilder::new().timeout(None).build();
    assert!(agent.get(&env::var("SERVICE").unwrap()).call().is_ok()); //~ client-without-timeout
}
