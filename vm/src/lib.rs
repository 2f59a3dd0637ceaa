//! Runs test binaries on Debian kernels in virtual machines. `cargo netns-run vm` is the command; the library has no stable interface.
//!
//! Kernels come from Debian's archive (`kernels`). The root file system contains this machine's programs and the binaries that cargo built
//! (`image`). QEMU runs it (`machine.rs`), and the calling program is also the guest's first process (`guest`), which runs a `plan`.
//! Only the guest's messages count (`message.rs`, `matrix`, `report`).
//!
//! On Linux and x86-64 only; elsewhere the library has only the values of options ([`SERIES`], [`Accelerator`]). A guest may also have an
//! emulated aarch64 (`Arch`), with Debian's programs. It uses no privilege, no network device and no folder of the machine except the
//! caller's work folder.

#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod arch;
mod choices;
#[cfg(target_os = "linux")]
mod counts;
#[cfg(target_os = "linux")]
mod failures;
#[cfg(target_os = "linux")]
pub mod guest;
#[cfg(target_os = "linux")]
pub mod image;
#[cfg(target_os = "linux")]
pub mod kernels;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
pub mod matrix;
#[cfg(target_os = "linux")]
mod message;
#[cfg(target_os = "linux")]
mod paint;
#[cfg(target_os = "linux")]
pub mod plan;
#[cfg(target_os = "linux")]
pub mod report;

#[cfg(target_os = "linux")]
pub use arch::Arch;
pub use choices::{Accelerator, SERIES};
#[cfg(target_os = "linux")]
pub use counts::{Counts, SKIP_RECORD};
#[cfg(target_os = "linux")]
pub use failures::Failures;
#[cfg(target_os = "linux")]
pub use paint::{BAD, GOOD, NOTABLE, Paint};
