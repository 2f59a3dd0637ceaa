//! A product, whose own shell is not the tests' business.

pub fn sh(line: &str) {
    std::process::Command::new("sh").arg("-c").arg(line).status().unwrap();
}

#[cfg(test)]
mod tests {
    #[test]
    fn beside_it() {
        super::sh(&super::line()); //~ shell-command
    }
}
