//! Links the fixtures without an annotated test: no zygote may start.

use netns_fixtures::prelude::*;

#[test]
fn has_no_zygote_and_no_children() -> TestResult {
    let mut children = String::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        children += &std::fs::read_to_string(thread?.path().join("children"))?;
    }
    assert_eq!(children, "");
    Ok(())
}
