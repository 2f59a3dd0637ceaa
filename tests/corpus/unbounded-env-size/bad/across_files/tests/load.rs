//! The number is read in one file and decides in another.

mod support;

use support::clients;

#[test]
fn many_clients() {
    let mut all = Vec::with_capacity(clients()); //~ unbounded-env-size
    all.push(connect());
}
