use product::{Plain, serve};

#[test]
fn serves() {
    serve(Plain::new("127.0.0.1:0")).unwrap();
}
