use serial_test::serial;
#[test]
#[serial]
fn one() { assert_eq!(1 + 1, 2); }
