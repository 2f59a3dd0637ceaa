// The numbers of the cases are no ports.
use std::net::TcpListener;
use test_case::test_case;

#[test_case(1, "127.0.0.1:0"; "one")]
#[test_case(8080, "[::1]:0" => 0; "many")]
fn listens(backlog: i32, address: &str) -> u16 {
    assert!(backlog > 0);
    TcpListener::bind(address).map_or(0, |_| 0)
}
