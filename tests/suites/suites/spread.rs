//! What a user spreads over machines: enough tests for every part to have some, tests that need what an archive and a checkout bring
//! along, and one each that is skipped, ignored, and fails where it is asked to. `cargo xtask ci --only scale-out` runs it.

use std::path::Path;
use std::{env, fs};

use netns_fixtures::prelude::*;
use netns_fixtures::requirements::require_program;

macro_rules! many {
    ($($name:ident)*) => {
        $(
            #[netns_test]
            fn $name() -> TestResult {
                println!("{} listens on {}", stringify!($name), std::net::TcpListener::bind("127.0.0.1:80")?.local_addr()?);
                Ok(())
            }
        )*
    };
}

many!(one two three four five six seven eight nine ten eleven twelve);

/// Where cargo has built it is a path of another machine.
#[netns_test]
fn a_program_of_the_package_comes_with_the_archive(own: Namespace) -> TestResult {
    let said = own.command(cargo_bin!("netns-greeter")).output()?.success()?;
    assert_eq!(said.stdout.text(), "hello\n");
    Ok(())
}

/// `env!("CARGO_MANIFEST_DIR")` is a folder of the other machine as well; the variable of the run is this one's.
#[netns_test]
fn a_file_of_the_sources_comes_with_the_checkout() -> TestResult {
    let manifest = fs::read_to_string(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))?;
    assert!(manifest.contains("[package]"));
    // The working folder is the package's.
    assert_eq!(fs::read_to_string("Cargo.toml")?, manifest);
    Ok(())
}

#[netns_test]
fn is_skipped_everywhere() -> TestResult {
    require_program("netns-no-such-program")?;
    Ok(())
}

#[netns_test]
#[ignore = "to be no part of the run, and of no list of it"]
fn is_ignored() {
    panic!("it ran");
}

#[netns_test]
fn fails_where_it_is_asked_to() {
    assert!(env::var_os("SPREAD_FAILS").is_none(), "it was asked to, with <, & and \"quotes\" for a report");
}
