use beacon::Beacon;

#[test]
fn a_beacon_listens() {
    let namespace = std::fs::File::open("/proc/self/ns/net").unwrap();
    Beacon::new(namespace.try_clone().unwrap()).listen().unwrap();
    std::thread::scope(|scope| scope.spawn(|| beacon::answer(&namespace).unwrap()).join().unwrap());
}
