//! The same values off Linux, where no run gets that far.

use std::time::Duration;

use super::{Capabilities, Identity};

const NEEDS_LINUX: &str = "it needs Linux";

pub(super) fn deadline(_: &str) -> Result<Duration, String> {
    Err(NEEDS_LINUX.to_owned())
}

pub(super) fn identity(_: &str) -> Result<Identity, String> {
    Err(NEEDS_LINUX.to_owned())
}

pub(super) fn capabilities(_: &str) -> Result<Capabilities, String> {
    Err(NEEDS_LINUX.to_owned())
}
