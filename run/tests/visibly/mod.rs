//! The visible skip of a test without the attribute.

use std::fs::OpenOptions;
use std::io::{self, Write};

/// Skips a test visibly, as an annotated test does: past libtest's capture, and with a line in the record if there is one.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("NETNS_TEST_SKIPS").is_none_or(|skips| skips != "fail"), "it {reason}");
    let current = std::thread::current();
    let test = current.name().expect("libtest gives its threads their tests' names");
    io::stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes()).expect("standard error is open");
    if let Some(record) = std::env::var_os("NETNS_TEST_SKIP_RECORD") {
        let mut record = OpenOptions::new().append(true).create(true).open(record).expect("the record can be opened");
        record.write_all(format!("{test}\t{reason}\n").as_bytes()).expect("the record can be written");
    }
}
