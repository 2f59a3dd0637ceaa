// Parts of a path, in another way.
use std::path::PathBuf;

fn report() -> PathBuf {
    let parts = [std::env::temp_dir(), PathBuf::from("suite"), PathBuf::from("report.txt")];
    parts.iter().collect::<PathBuf>()
}

#[test]
fn writes_a_report() {
    std::fs::write(report(), b"fine").unwrap();
}
