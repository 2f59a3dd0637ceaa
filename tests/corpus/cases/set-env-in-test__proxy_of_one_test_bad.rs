#[test]
fn proxied() { unsafe { std::env::set_var("HTTP_PROXY", "http://127.0.0.1:0") }; assert!(true); }
#[test]
fn plain() { assert!(std::env::var("HTTP_PROXY").is_err()); }
