use std::process::Command;

use quote::quote;

#[test]
fn expands() {
    let tokens = quote! {
        fn main() {
            std::process::Command::new("pkill").arg("server").status().unwrap();
        }
    };
    let file: syn::File = syn::parse_quote! {
        fn main() { Command::new("killall").arg("server").status().unwrap(); }
    };
    let text = stringify!(Command::new("pkill").arg("server").status().unwrap());
    assert_eq!(expand(tokens, file), text);
}
