const MOST: usize = 1 << 16;

#[test]
fn has_a_buffer() {
    let wanted: usize = std::env::var("FRAME").unwrap().parse().unwrap();
    let buffer: Vec<u8> = Vec::with_capacity(wanted.min(MOST >> 2));
    assert!(buffer.is_empty());
}
