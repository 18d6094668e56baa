//! The commands, one file each, and their exit codes.

pub mod explain;
pub mod protocols;
pub mod watch;

/// Exit code: something of the input could not be read; what could be was used.
pub const INPUT: u8 = 3;
