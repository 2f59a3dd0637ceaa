struct Address(String);

impl Address {
    fn builder() -> Self {
        Self(String::new())
    }

    fn url(mut self, url: &str) -> Self {
        self.0 = url.to_owned();
        self
    }

    fn is_secure(&self) -> bool {
        self.0.starts_with("mqtts")
    }
}

fn address() -> Address {
    Address::builder().url("mqtt://localhost:1883")
}

#[test]
fn is_secure() {
    let address = address();
    assert!(!address.is_secure());
}
