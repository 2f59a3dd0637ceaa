use std::sync::{Mutex, MutexGuard};

static FOLDER: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    FOLDER.lock().unwrap()
}

fn with_folder(path: &str, work: impl FnOnce()) {
    let _alone = FOLDER.lock().unwrap();
    std::env::set_current_dir(path).unwrap();
    work();
}

#[test]
fn sees_its_folder() {
    let _alone = alone();
    std::env::set_current_dir("/proc").unwrap();
    assert!(std::env::current_dir().unwrap().ends_with("proc"));
}

#[test]
fn sees_another() {
    with_folder("/sys", || assert!(std::env::current_dir().unwrap().ends_with("sys")));
}
