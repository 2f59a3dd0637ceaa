#[test]
fn has_a_buffer() {
    let wanted: usize = std::env::var("FRAME").unwrap().parse().unwrap();
    let buffer: Vec<u8> = Vec::with_capacity(wanted.min(1 << 40));
    assert!(buffer.is_empty());
}
