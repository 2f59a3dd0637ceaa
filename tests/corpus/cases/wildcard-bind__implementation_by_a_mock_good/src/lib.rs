use std::net::TcpListener;

#[cfg_attr(test, mockall::automock)]
pub trait Open {
    fn open(&self) -> TcpListener;
}

pub struct Real;

impl Open for Real {
    fn open(&self) -> TcpListener {
        TcpListener::bind("0.0.0.0:8080").unwrap()
    }
}

pub fn serve(o: &dyn Open) {
    o.open();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves() {
        let mut open = MockOpen::new();
        open.expect_open().returning(|| TcpListener::bind("127.0.0.1:0").unwrap());
        serve(&open);
    }
}
