//! `netns-run` runs any program in its own namespaces, with the same isolation as `#[netns_test]`.
//!
//! There are three processes. `netns-run` itself (`supervise`) stays outside: it passes signals on, keeps the deadline and
//! reports the end. Pid 1 (`inside`) makes the namespaces ready, reaps processes, and ends with them. The program is its child,
//! on the caller's terminal and standard streams; its input and output do not pass through `netns-run`.
//!
//! ```text
//! netns-run (caller's session, process group)    pid 1                         the program
//! ──────────────────────────────────────────     ─────────────────────────     ───────────────
//! clone3(six namespaces) ──────────────────────▶ maps ids, mounts, lo, veth
//! polls pidfd, channel, signals, deadline        fork ───────────────────────▶ capabilities, exec
//!        a signal ──────────▶ channel ─────────▶ kill ───────────────────────▶
//!        exact status ◀────── channel ◀───────── reaps
//! ends as the program did                        exits: the kernel ends the rest
//! ```
//!
//! The library has no stable interface; use the programs.

#![forbid(unsafe_code)]
#![cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the options only describe the command line there"))]

#[cfg(target_os = "linux")]
mod apparmor;
#[cfg(target_os = "linux")]
mod cargo;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
mod explain;
#[cfg(target_os = "linux")]
mod folders;
#[cfg(target_os = "linux")]
mod home;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod internet;
mod options;
#[cfg(target_os = "linux")]
mod outcome;
mod pages;
#[cfg(target_os = "linux")]
mod settings;
#[cfg(target_os = "linux")]
mod supervise;
#[cfg(target_os = "linux")]
mod vm;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
pub use cargo::main as cargo_main;

/// The commands of `netns-run`; `cargo netns-run` has them too.
#[cfg(target_os = "linux")]
const COMMANDS: [&str; 3] = ["doctor", "explain", "pages"];

/// Exit status if the deadline ended the program. This status and the next three are those of timeout(1).
#[cfg(target_os = "linux")]
const STATUS_DEADLINE: u8 = 124;

/// Exit status if `netns-run` itself failed: isolation was refused, or an option is not possible here.
const STATUS_FAILED: u8 = 125;

/// Exit status if the program exists but cannot be executed.
#[cfg(target_os = "linux")]
const STATUS_NOT_EXECUTABLE: u8 = 126;

/// Exit status if the program was not found.
#[cfg(target_os = "linux")]
const STATUS_NOT_FOUND: u8 = 127;

/// Entry point of `netns-run`. If the first word is `doctor`, `explain` or `pages`, it is the command; anything else is an option of a
/// run, or `--` and a program.
#[cfg(target_os = "linux")]
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    // clap expects the program's name as the first argument.
    let program = arguments.next();
    let command = arguments.next();
    let arguments = program.into_iter().chain(arguments);
    match command.as_ref().and_then(|word| word.to_str()) {
        Some("doctor") => doctor::main(arguments),
        Some("explain") => explain::main(arguments),
        Some("pages") => pages::main(arguments),
        _ => supervise::main(),
    }
}

/// Entry point of `netns-run` on other systems.
#[cfg(not(target_os = "linux"))]
pub fn main() -> ExitCode {
    elsewhere::main(std::env::args_os().collect())
}

/// Entry point of `cargo-netns-run` on other systems.
#[cfg(not(target_os = "linux"))]
pub fn cargo_main() -> ExitCode {
    elsewhere::cargo_main(std::env::args_os().collect())
}
