fn main() {
    test_protocol::run("true");
}
