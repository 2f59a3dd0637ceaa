use std::io::{Error, Result};
use std::net::{SocketAddr, TcpListener};

pub struct Options {
    local: SocketAddr,
    name: String,
}

impl Options {
    fn with(local: impl TryInto<SocketAddr>, name: String) -> Result<Self> {
        let local = local.try_into().map_err(|_| Error::other("not an address"))?;
        Ok(Self { local: SocketAddr::new(local.ip(), local.port()), name })
    }
}

#[derive(Default)]
pub struct Builder(String);

impl Builder {
    pub fn bind(self, local: impl TryInto<SocketAddr>) -> Result<TcpListener> {
        let options = Options::with(local, self.0)?;
        assert!(options.name.is_empty());
        TcpListener::bind(options.local)
    }
}
