fn main() {
    agent::run(&std::env::args().nth(1).unwrap());
}
