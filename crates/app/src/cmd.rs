//! The commands, one file each, and their exit codes.

pub mod explain;
pub mod protocols;
pub mod watch;

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
