pub struct Script;

impl Script {
    pub fn execute(&mut self, line: &str) {
        std::process::Command::new("sh").args(["-c", line]).status().unwrap();
    }
}
