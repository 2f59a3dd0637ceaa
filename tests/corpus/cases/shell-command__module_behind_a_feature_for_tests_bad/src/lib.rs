#[cfg(feature = "test-support")]
pub mod devices;
