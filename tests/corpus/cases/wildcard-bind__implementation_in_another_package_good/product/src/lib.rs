use std::net::TcpListener;

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
