use netns_fixtures::prelude::*;

#[netns_test]
async fn a(namespace: Namespace) -> TestResult {
    let namespace: u8 = namespace;
    Ok(())
}
