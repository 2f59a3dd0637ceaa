use bollard::Docker;
use bollard::container::{Config, CreateContainerOptions};
#[tokio::test]
async fn starts() {
    let docker = Docker::connect_with_local_defaults().unwrap();
    docker
        .create_container(Some(CreateContainerOptions { name: "broker", platform: None }), Config::default())
        .await
        .unwrap();
}
