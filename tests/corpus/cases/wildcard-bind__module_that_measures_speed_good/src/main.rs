mod speed_test;
mod test_connection;

fn main() {
    speed_test::serve();
    test_connection::serve();
}
