//! Where the program touches the world: captures in, tables and logs out.

pub mod account;
pub mod ask;
pub mod confine;
pub mod dump;
pub mod file;
pub mod import;
pub mod key;
pub mod link;
pub mod print;
pub mod read;
pub mod run;
pub mod sources;
pub mod zeek;
