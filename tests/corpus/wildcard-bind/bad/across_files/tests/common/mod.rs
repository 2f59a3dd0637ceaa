//! What the tests share.

pub const HOST: &str = "0.0.0.0";
