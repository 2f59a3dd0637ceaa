#[test]
fn has_a_buffer() {
    let bits: u32 = std::env::var("BITS").unwrap().parse().unwrap();
    let buffer: Vec<u8> = Vec::with_capacity(1 << bits);
    assert!(buffer.is_empty());
}
