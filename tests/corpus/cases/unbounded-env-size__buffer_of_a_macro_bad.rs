#[test]
fn reads() {
    let size = std::env::var("BUFFER").unwrap().parse::<usize>().unwrap();
    let buffer = vec![0_u8; size];
    assert_eq!(buffer.len(), size);
}
