pub mod remote;
pub mod script;
