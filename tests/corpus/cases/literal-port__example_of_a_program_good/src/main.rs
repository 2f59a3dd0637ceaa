/// No test runs the examples of a program.
///
/// ```
/// std::net::TcpListener::bind("127.0.0.1:4711").unwrap();
/// ```
fn main() {}
