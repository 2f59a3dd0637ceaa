use product::{Place, serve};

#[test]
fn serves() {
    drop(serve(Place::Local));
}
