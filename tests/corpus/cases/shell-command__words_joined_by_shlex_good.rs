// The words are quoted one by one.
#[test]
fn runs_what_it_is_told() {
    let words = [std::env::var("PROGRAM").unwrap(), "two words".to_owned()];
    let line = shlex::try_join(words.iter().map(String::as_str)).unwrap();
    std::process::Command::new("sh").args(["-c", &format!("exec {line}")]).status().unwrap();
}
