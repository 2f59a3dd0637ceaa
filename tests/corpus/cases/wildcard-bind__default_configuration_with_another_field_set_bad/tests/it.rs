use product::{Config, run};

#[test]
fn serves() {
    let config = Config { workers: 1, ..Default::default() };
    run(&config).unwrap();
}
