//! The commands of netns-testkit.

fn main() {}
