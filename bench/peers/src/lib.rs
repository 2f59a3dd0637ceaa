//! What both peers share: the conversation with the bench, which asks with a line and reads a line of microseconds.

use std::io::{self, Write};
use std::time::Duration;

/// Waits for the bench to ask for one more network. False when it asks for none any more.
///
/// # Errors
///
/// When standard input cannot be read.
pub fn is_asked() -> io::Result<bool> {
    Ok(io::stdin().read_line(&mut String::new())? > 0)
}

/// Answers with how long the network took.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn answer(took: Duration) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", took.as_secs_f64() * 1e6)?;
    output.flush()
}
