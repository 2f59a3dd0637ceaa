//! One test for every requirement. `skips.rs` compares the tests that ran with the kernel's features.

use netns_fixtures::prelude::*;

macro_rules! requiring {
    ($($name:ident)*) => {
        $(
            mod $name {
                use super::*;

                #[netns_test(requires($name))]
                fn is_met() {
                    println!("ran: {}", stringify!($name));
                }
            }
        )*
    };
}

requiring!(vlan dummy netem tun);

#[netns_test(requires(veth, sctp, vlan))]
fn several() {
    println!("ran: several");
}

#[netns_test(requires(veth))]
fn met_everywhere() {
    println!("ran: met_everywhere");
}

#[netns_test(requires(dummy))]
#[should_panic(expected = "it ran")]
fn should_panic_where_it_is_met() {
    panic!("it ran");
}
