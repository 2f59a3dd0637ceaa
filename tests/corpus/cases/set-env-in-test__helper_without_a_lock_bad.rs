fn alone() -> u32 {
    std::process::id()
}

#[test]
fn sees_its_folder() {
    let _alone = alone();
    std::env::set_current_dir("/proc").unwrap();
    assert!(std::env::current_dir().unwrap().ends_with("proc"));
}

#[test]
fn sees_another() {
    std::env::set_current_dir("/sys").unwrap();
    assert!(std::env::current_dir().unwrap().ends_with("sys"));
}
