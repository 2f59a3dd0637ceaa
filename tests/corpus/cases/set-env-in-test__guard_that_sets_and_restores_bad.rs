struct Variable(&'static str);

impl Variable {
    fn set(name: &'static str, value: &str) -> Self {
        unsafe { std::env::set_var(name, value) };
        Self(name)
    }
}

impl Drop for Variable {
    fn drop(&mut self) {
        unsafe { std::env::remove_var(self.0) };
    }
}

#[test]
fn uses_a_proxy() {
    let _proxy = Variable::set("HTTP_PROXY", "http://127.0.0.1:0");
    assert!(std::env::var("HTTP_PROXY").is_ok());
}

#[test]
fn uses_no_proxy() {
    assert!(std::env::var("HTTP_PROXY").is_err());
}
