use tokio::runtime::Handle;

#[test]
fn runs() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {});
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_aside() {
    tokio::task::block_in_place(|| Handle::current().block_on(async {}));
}
