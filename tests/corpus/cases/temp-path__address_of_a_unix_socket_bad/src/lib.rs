use std::os::unix::net::UnixListener;

pub fn listen(address: &str) -> std::io::Result<UnixListener> {
    let path = address.strip_prefix("unix:").unwrap_or(address);
    UnixListener::bind(path)
}
