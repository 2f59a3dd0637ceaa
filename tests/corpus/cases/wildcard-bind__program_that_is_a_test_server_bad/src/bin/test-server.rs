use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    listener.accept().unwrap();
}
