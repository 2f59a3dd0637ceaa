use std::time::Duration;

use case::Discovery;

#[test]
fn knows_the_other() {
    let one = Discovery::new();
    let other = Discovery::new();
    one.announce();
    other.announce();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(one.known().len(), 1);
}
