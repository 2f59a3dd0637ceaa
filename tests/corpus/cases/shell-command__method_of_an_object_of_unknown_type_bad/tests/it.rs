mod common;

#[test]
fn prints_a_file() {
    let folder = std::env::var("FOLDER").unwrap();
    for lab in other::labs() {
        lab.in_the_shell(&format!("cat {folder}/a"));
    }
}
