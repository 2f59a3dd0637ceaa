/// Serves one client.
///
/// ```rust
/// let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
/// # drop(listener);
/// ```
pub fn serve() {}
