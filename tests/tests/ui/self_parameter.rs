use netns_fixtures::prelude::*;

struct Router;

impl Router {
    #[netns_test]
    fn a(&self) {}
}

fn main() {
    let Router = Router;
}
