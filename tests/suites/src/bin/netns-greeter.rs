//! The program of the suite `spread`: says hello.

fn main() {
    println!("hello");
}
