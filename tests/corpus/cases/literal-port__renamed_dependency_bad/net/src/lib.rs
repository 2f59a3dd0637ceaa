mod server;

pub mod prelude {
    pub use crate::server::*;
}
