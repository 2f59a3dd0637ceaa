mod room;

#[tokio::test]
async fn talks() {
    room::talk(rooms::Client::new(), rooms::Client::new()).await;
}
