mod bridge;

fn main() {
    bridge::add_bridge();
    println!("{}", daemon::version());
}
