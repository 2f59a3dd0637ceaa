#[test]
fn many() {
    let count: usize = std::env::var("THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let threads: Vec<_> = (0..count).map(|number| std::thread::spawn(move || number)).collect();
    for thread in threads { thread.join().unwrap(); }
}
