use netns_fixtures::prelude::*;

#[netns_test(deadline = "0s", flavour = "multi_thread", requires(vlna, netem netem))]
#[tokio::test]
unsafe fn a<T>() {}

fn main() {}
