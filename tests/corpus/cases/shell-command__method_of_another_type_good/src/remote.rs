pub struct Session(Vec<String>);

impl Session {
    pub fn new() -> Self {
        Self(Vec::new())
    }

    pub fn execute(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}
