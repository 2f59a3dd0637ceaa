rusty_fork::rusty_fork_test! {
    #[test]
    fn alone() {
        unsafe { std::env::set_var("HTTP_PROXY", "a") };
    }
}

#[test]
fn with_others() {
    unsafe { std::env::set_var("HTTP_PROXY", "b") };
}
