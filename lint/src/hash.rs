//! Hashes names and texts. The hash is stable across systems and versions, because fingerprints depend on it.

use std::hash::{BuildHasherDefault, Hasher};

/// Hashes bytes with FNV-1a.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A hasher for keys that are already results of [`hash`].
pub(crate) type ByHash = BuildHasherDefault<Already>;

/// Returns the number that it receives.
#[derive(Default)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // All keys are numbers; other input is hashed, so that it stays distinguishable.
        self.0 ^= hash(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
