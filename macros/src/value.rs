//! Values of arguments: deadlines, host names and numbers of threads.
//!
//! The errors here are texts; the caller adds the token.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Units of a deadline, in milliseconds.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Longest deadline, in milliseconds. A test should not take an hour, and a typo such as `"10h"` would block a CI machine until
/// its own limit.
const DEADLINE_MAX_MS: u64 = 3_600_000;

/// The syntax of a deadline.
const DEADLINE_FORM: &str = "a whole number and a unit (ms, s, m, h), from 1ms to 1h, as in \"10s\"";

/// Longest host name, in bytes (Linux, include/uapi/linux/utsname.h, `__NEW_UTS_LEN`).
const HOSTNAME_MAX_BYTES: usize = 64;

/// Threads of a multi-thread runtime.
pub(crate) const WORKER_THREADS: RangeInclusive<usize> = 1..=64;

/// Default number of threads: the smallest number that runs tasks concurrently. The tests of a binary already run in parallel.
pub(crate) const WORKER_THREADS_DEFAULT: usize = 2;

/// Parses `10s`, `1500ms`, `2m`.
pub(crate) fn deadline(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let wrong = |what: &str| Err(format!("{what}; a deadline is {DEADLINE_FORM}"));
    if text.is_empty() {
        return wrong("this deadline is empty");
    }
    if number.is_empty() {
        return wrong(&format!("`{text}` does not begin with a number"));
    }
    if unit.is_empty() {
        return wrong(&format!("`{text}` has no unit"));
    }
    let Some((_, unit_ms)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return wrong(&format!("`{unit}` is no unit"));
    };
    // A number that does not fit is too long in any unit.
    let milliseconds = number.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(*unit_ms);
    match milliseconds {
        0 => wrong("a test cannot end in no time"),
        1..=DEADLINE_MAX_MS => Ok(Duration::from_millis(milliseconds)),
        _ => wrong(&format!("`{text}` is longer than an hour")),
    }
}

/// Checks a host name: letters, digits, hyphens and dots (hostname(7)), within the kernel's length.
pub(crate) fn hostname(text: &str) -> Result<(), String> {
    let wrong = |what: String| {
        Err(format!(
            "{what}; a host name is 1 to {HOSTNAME_MAX_BYTES} letters (a to z), digits, hyphens and dots, no hyphen first"
        ))
    };
    if text.is_empty() {
        return wrong("this host name is empty".to_owned());
    }
    if text.len() > HOSTNAME_MAX_BYTES {
        return wrong(format!("this host name has {} bytes", text.len()));
    }
    if let Some(stray) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-' || *c == '.')) {
        return wrong(format!("`{}` cannot be in a host name", stray.escape_debug()));
    }
    if text.starts_with('-') {
        return wrong(format!("`{text}` begins with a hyphen"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_number_and_a_unit() {
        for (text, milliseconds) in [
            ("1ms", 1),
            ("1500ms", 1_500),
            ("10s", 10_000),
            ("007s", 7_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("60m", 3_600_000),
            ("3600000ms", 3_600_000),
        ] {
            assert_eq!(deadline(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn any_other_deadline_says_what_is_wrong_and_what_is_right() {
        for (text, beginning) in [
            ("", "this deadline is empty"),
            ("s", "`s` does not begin with a number"),
            ("-1s", "`-1s` does not begin with a number"),
            ("10", "`10` has no unit"),
            ("10sec", "`sec` is no unit"),
            ("10 s", "` s` is no unit"),
            ("1.5s", "`.5s` is no unit"),
            ("10S", "`S` is no unit"),
            ("10µs", "`µs` is no unit"),
            ("0s", "a test cannot end in no time"),
            ("0h", "a test cannot end in no time"),
            ("2h", "`2h` is longer than an hour"),
            ("3600001ms", "`3600001ms` is longer than an hour"),
            ("18446744073709551615h", "`18446744073709551615h` is longer than an hour"),
            ("99999999999999999999ms", "`99999999999999999999ms` is longer than an hour"),
        ] {
            let message = deadline(text).expect_err(text);
            assert!(message.starts_with(&format!("{beginning}; a deadline is ")), "{text}: {message}");
            assert!(message.ends_with(DEADLINE_FORM), "{text}: {message}");
        }
    }

    #[test]
    fn a_host_name_fits_the_kernel_and_the_manual_page() {
        let longest = "a".repeat(64);
        for text in ["a", "router", "r-1.example.test", "1", "R", &longest] {
            assert_eq!(hostname(text), Ok(()), "{text}");
        }
        let too_long = "a".repeat(65);
        for (text, beginning) in [
            ("", "this host name is empty"),
            (too_long.as_str(), "this host name has 65 bytes"),
            ("a b", "` ` cannot be in a host name"),
            ("a_b", "`_` cannot be in a host name"),
            ("a\0b", "`\\0` cannot be in a host name"),
            ("é", "`é` cannot be in a host name"),
            ("a/b", "`/` cannot be in a host name"),
            ("-a", "`-a` begins with a hyphen"),
        ] {
            let message = hostname(text).expect_err(text);
            assert!(message.starts_with(&format!("{beginning}; a host name is ")), "{text}: {message}");
        }
    }
}
