//! A suite that a user spreads over machines: enough tests for every part, tests that need the content of an archive and of a checkout, and
//! one test each that is skipped, is ignored, and fails on request. `cargo xtask ci --only scale-out` runs it.

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

/// The path where cargo built it belongs to another machine.
#[netns_test]
fn a_program_of_the_package_comes_with_the_archive(own: Namespace) -> TestResult {
    let said = own.command(cargo_bin!("netns-greeter")).output()?.success()?;
    assert_eq!(said.stdout.text(), "hello\n");
    Ok(())
}

/// `env!("CARGO_MANIFEST_DIR")` is also a folder of the other machine; the variable at run time names this machine's folder.
#[netns_test]
fn a_file_of_the_sources_comes_with_the_checkout() -> TestResult {
    let manifest = fs::read_to_string(Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("Cargo.toml"))?;
    assert!(manifest.contains("[package]"));
    // The working folder is the package's folder.
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
