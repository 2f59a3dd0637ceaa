#[test]
fn many() {
    let count: usize = std::env::var("CLIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let buffer: Vec<u8> = Vec::with_capacity(usize::min(count, 4096));
    assert!(buffer.is_empty());
}
