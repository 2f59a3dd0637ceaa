//! Tests that print: large outputs, bytes that are not text, and slow outputs. `output.rs` checks what arrives on each stream.

use std::io::{Write, stderr, stdout};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use netns_fixtures::prelude::*;

/// Lines of 64 bytes, 2 MiB of them on each stream.
const LINES: usize = 2 * 1024 * 1024 / 64;

fn print_much() -> TestResult {
    for i in 0..LINES {
        let line = format!("{i:06} {:.<56}\n", "");
        stdout().lock().write_all(line.as_bytes())?;
        stderr().lock().write_all(line.as_bytes())?;
    }
    Ok(())
}

#[netns_test]
fn much_and_passes() -> TestResult {
    print_much()
}

#[netns_test]
fn much_and_fails() -> TestResult {
    print_much()?;
    panic!("after all of it");
}

#[netns_test]
fn bytes_that_are_no_text() -> TestResult {
    // Writes directly to the stream, as a started program would.
    stdout().lock().write_all(b"<\xff\xfe\x00 \xc3\xa9 \xe2\x82>\n")?;
    Err("so that libtest shows it".into())
}

/// Prints a line at its start, and ends when a file appears: the driver sees the line before the end, or never.
#[netns_test(deadline = "20s")]
fn a_line_before_the_end() -> TestResult {
    println!("the line before the end");
    let gate = std::env::var("PRINTING_GATE")?;
    wait_until(Deadline::after(Duration::from_secs(15)), Duration::from_millis(5), || {
        if Path::new(&gate).exists() { ControlFlow::Break(()) } else { ControlFlow::Continue("there is no gate yet") }
    })?;
    Ok(())
}
