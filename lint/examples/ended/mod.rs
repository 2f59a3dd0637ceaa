//! The end of an example.

use std::process::ExitCode;

/// Prints the error, if there is one. The status is then 2.
pub(crate) fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
