//! The body of the test's own resolver asks nobody.

#[tokio::test]
async fn looks_up() {
    struct LocalResolver;

    impl LocalResolver {
        async fn lookup(&self, _host: &str) -> String {
            "127.0.0.1".to_owned()
        }
    }

    assert_eq!(LocalResolver.lookup("example.com").await, "127.0.0.1");
}
