use session::script::Script;

struct Lab {
    script: Option<Box<Script>>,
}

impl Lab {
    fn down(&mut self, link: &str) {
        if let Some(script) = self.script.as_mut() {
            script.execute(&format!("ip link set {link} down"));
        }
    }
}

#[test]
fn takes_a_link_down() {
    Lab { script: Some(Box::new(Script)) }.down(&std::env::var("LINK").unwrap());
}
