//! Clients with a limit, of their own or around them, and libraries that have one by default.

use std::env;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn limits_the_client() {
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    assert!(client.get(env::var("SERVICE").unwrap()).send().await.is_ok());
}

#[tokio::test]
async fn limits_the_request() {
    let client = reqwest::Client::new();
    assert!(client.get(env::var("SERVICE").unwrap()).timeout(LIMIT).send().await.is_ok());
}

#[tokio::test]
async fn limits_the_wait() {
    let reply = tokio::time::timeout(LIMIT, reqwest::get(env::var("SERVICE").unwrap())).await;
    assert!(reply.is_ok());
}

#[tokio::test]
async fn limits_a_block() {
    let test = async {
        let url = env::var("DATABASE").unwrap();
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_ok()
    };
    assert!(tokio::time::timeout(LIMIT, test).await.unwrap());
}

#[tokio::test]
async fn races_with_a_timer() {
    tokio::select! {
        reply = reqwest::get(env::var("SERVICE").unwrap()) => assert!(reply.is_ok()),
        () = tokio::time::sleep(LIMIT) => panic!("no reply"),
    }
}

#[test]
fn uses_the_blocking_client() {
    assert!(reqwest::blocking::get(env::var("SERVICE").unwrap()).is_ok());
}

#[tokio::test]
async fn uses_a_pool_with_a_limit() {
    assert!(sqlx::PgPool::connect(&env::var("DATABASE").unwrap()).await.is_ok());
}

async fn asks(client: &reqwest::Client) -> bool {
    client.get(env::var("SERVICE").unwrap()).send().await.is_ok()
}

#[tokio::test]
async fn gets_a_client_with_a_limit() {
    let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap();
    assert!(asks(&client).await);
}

#[test]
fn sends_to_a_channel() {
    let (sender, receiver) = std::sync::mpsc::channel();
    assert!(sender.send(env::var("SERVICE").unwrap()).is_ok());
    drop(receiver);
}

#[netns_test]
async fn has_a_deadline() {
    assert!(reqwest::get(env::var("SERVICE").unwrap()).await.is_ok());
}

#[test]
fn limits_the_agent() {
    let agent = ureq::AgentBuilder::new().timeout(LIMIT).build();
    assert!(agent.get(&env::var("SERVICE").unwrap()).call().is_ok());
}

#[test]
fn sends_nothing() {
    let request = reqwest::Client::new().get(env::var("SERVICE").unwrap()).build();
    assert!(request.is_ok());
}

#[tokio::test]
async fn limits_each_read() {
    let client = reqwest::Client::builder().connect_timeout(LIMIT).read_timeout(LIMIT).build().unwrap();
    assert!(client.get(env::var("SERVICE").unwrap()).send().await.is_ok());
}
