pub mod plain;
pub mod world;
