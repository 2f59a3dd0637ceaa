pub mod device;
pub mod testing;
