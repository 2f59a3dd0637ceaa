// Quotes around what is quoted take the quoting back.
#[test]
fn prints() {
    let name = std::env::var("NAME").unwrap();
    let quoted = shell_escape::escape(name.into());
    std::process::Command::new("sh").arg("-c").arg(format!("echo '{quoted}' | cat")).status().unwrap();
}
