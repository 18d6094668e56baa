//! The commands, one file each, and their exit codes.

pub mod area;
pub mod backup;
pub mod config;
pub mod doctor;
pub mod explain;
pub mod ledger;
pub mod protocols;
pub mod run;
pub mod watch;

/// Exit code: done, and something was found that should not be.
pub const FINDINGS: u8 = 1;
/// Exit code: something could not be kept or looked up where things are kept.
pub const STORE: u8 = 4;
/// Exit code: something of the input could not be read; what could be was used.
pub const INPUT: u8 = 3;

/// Exit code: something that was asked for could not be written.
pub const OUTPUT: u8 = 4;

/// What could not be written: the reason for [`OUTPUT`].
#[derive(Debug, thiserror::Error)]
#[error("cannot write {0}")]
pub struct Unwritten(pub String);

/// The exit code for `error`.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Unwritten>() { OUTPUT } else { INPUT }
}
