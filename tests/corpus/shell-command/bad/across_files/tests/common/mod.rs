//! What the tests share.

pub struct Node {
    pub namespace: String,
}

impl Node {
    pub fn run(&self, line: &str) -> bool {
        let argv = ["netns", "exec", &self.namespace, "sh", "-c", line];
        std::process::Command::new("ip").args(argv).status().unwrap().success() //~ shell-command
    }
}

pub fn sh(line: &str) -> String {
    let output = std::process::Command::new("sh").arg("-c").arg(line).output().unwrap(); //~ shell-command
    String::from_utf8(output.stdout).unwrap()
}
