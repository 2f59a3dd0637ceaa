//! The protocol between a peer and the bench: the bench requests a network or a measurement with a line, and reads a line of microseconds.

use std::io::{self, Write};
use std::time::Duration;

#[path = "../../src/traffic.rs"]
pub mod traffic;

/// Waits for the next request of the bench and returns its line; `None` if there is none any more.
///
/// # Errors
///
/// If standard input cannot be read.
pub fn request() -> io::Result<Option<String>> {
    io::stdin().lines().next().transpose()
}

/// Answers with the time that it took.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn answer(took: Duration) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", took.as_secs_f64() * 1e6)?;
    output.flush()
}
