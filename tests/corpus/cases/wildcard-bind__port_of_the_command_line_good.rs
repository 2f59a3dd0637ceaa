//! The person who starts the program chooses the port.

#[derive(clap::Parser)]
struct Args {
    port: u16,
}

#[test]
fn serves() {
    let args = Args::parse();
    let listener = std::net::TcpListener::bind((std::net::Ipv6Addr::UNSPECIFIED, args.port)).unwrap();
    drop(listener);
}
