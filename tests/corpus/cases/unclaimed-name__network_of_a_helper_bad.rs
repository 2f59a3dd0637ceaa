use podman_api::{Podman, opts::NetworkCreateOpts};

async fn network(engine: &Podman, name: &str) {
    engine.networks().create(&NetworkCreateOpts::builder().name(name).build()).await.unwrap();
}

#[tokio::test]
async fn connects() {
    network(&engine(), "test-network").await;
}
