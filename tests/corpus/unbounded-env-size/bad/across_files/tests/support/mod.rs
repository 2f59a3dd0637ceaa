//! What the tests share.

pub fn clients() -> usize {
    std::env::var("CLIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}
