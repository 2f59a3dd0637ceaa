//! Runs test binaries on Debian kernels in virtual machines. `cargo netns-run vm` is the command; the library has no stable interface.
//!
//! Kernels come from Debian's archive ([`kernels`]). The root file system contains this machine's programs and the binaries that cargo built
//! ([`image`]). QEMU runs it (`machine.rs`), and the calling program is also the guest's first process ([`guest`]), which runs a [`plan`].
//! Only the guest's messages count (`message.rs`, [`matrix`], [`report`]).
//!
//! On x86-64 only; a guest may also have an emulated aarch64 ([`Arch`]), with Debian's programs. It uses no privilege, no network device and no
//! folder of the machine except the caller's work folder.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod arch;
mod counts;
mod failures;
pub mod guest;
pub mod image;
pub mod kernels;
mod machine;
pub mod matrix;
mod message;
mod paint;
pub mod plan;
pub mod report;

pub use arch::Arch;
pub use counts::{Counts, SKIP_RECORD};
pub use failures::Failures;
pub use machine::Accelerator;
pub use paint::{BAD, GOOD, NOTABLE, Paint};
