use product::{Plain, serve};

#[test]
fn serves() {
    serve(Plain::new("0.0.0.0:0")).unwrap();
}
