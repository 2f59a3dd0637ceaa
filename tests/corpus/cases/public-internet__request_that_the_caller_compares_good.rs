//! The caller sends its name over a channel, and nobody sends the request.

fn request(client: &reqwest::Client) -> reqwest::Request {
    client.get("http://example.com").header("accept", "text/html").build().unwrap()
}

#[test]
fn has_the_method() {
    let (sender, receiver) = std::sync::mpsc::channel();
    sender.send(request(&reqwest::Client::new())).unwrap();
    assert_eq!(receiver.try_recv().unwrap().method(), "GET");
}
