fn main() {
    drop(origin::start());
}
