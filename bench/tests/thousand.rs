//! A thousand empty tests in one binary, for `cargo xtask bench isolation`; `large.rs` includes it.

macro_rules! ten {
    ($($body:tt)*) => {
        mod a { $($body)* }
        mod b { $($body)* }
        mod c { $($body)* }
        mod d { $($body)* }
        mod e { $($body)* }
        mod f { $($body)* }
        mod g { $($body)* }
        mod h { $($body)* }
        mod i { $($body)* }
        mod j { $($body)* }
    };
}

ten! { ten! { ten! {
    #[netns_fixtures::netns_test]
    fn empty() {}
} } }
