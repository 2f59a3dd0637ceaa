//! The protocol between a peer and the bench: the bench requests a network with a line, and reads a line of microseconds.

use std::io::{self, Write};
use std::time::Duration;

/// Waits for the next request of the bench; returns false if there is none any more.
///
/// # Errors
///
/// If standard input cannot be read.
pub fn is_asked() -> io::Result<bool> {
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}

/// Answers with the time that the network took.
///
/// # Errors
///
/// If standard output cannot be written.
pub fn answer(took: Duration) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", took.as_secs_f64() * 1e6)?;
    output.flush()
}
