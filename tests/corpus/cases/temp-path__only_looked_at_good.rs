#[test]
fn absent() { assert!(!std::path::Path::new("/tmp/never-made").exists()); }
