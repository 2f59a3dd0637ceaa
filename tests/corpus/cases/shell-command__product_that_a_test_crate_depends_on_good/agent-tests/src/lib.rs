#[test]
fn runs() {
    agent::run("true");
}
