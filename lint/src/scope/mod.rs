//! Decides which code is test code, a developer tool, or a product.
//!
//! The decision goes from the outside in: by package ([`packages`]: its users and its manifest), by target and
//! directory ([`Package::verdict`](packages::Package::verdict)), by the `mod` and `include!` that lead to a file
//! (engine), and by attributes and names of modules and functions (facts). The configuration overrides all of them.

pub(crate) mod manifest;
pub(crate) mod packages;

use serde::Deserialize;

/// The purpose of a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It is shipped; only the effects of its functions matter.
    Product,
    /// It runs in tests; it is checked.
    Test,
    /// It shows the use of a library, and a person starts it; only hazards for others count.
    Example,
    /// Developers run it, by hand or in CI; only hazards for others count.
    Tool,
}

/// A role with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The purpose of the code.
    pub role: Role,
    /// The reason, as `--files` shows it.
    pub reason: String,
}

impl Verdict {
    pub(crate) fn new(role: Role, reason: impl Into<String>) -> Self {
        Self { role, reason: reason.into() }
    }

    /// Whether all of the code is checked.
    pub(crate) fn is_checked(&self) -> bool {
        self.role != Role::Product
    }
}
