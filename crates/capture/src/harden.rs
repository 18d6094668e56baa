//! Keeping the memory of this very program from being written to disk.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use std::io;

/// From here on no core dump of this program is written and no other program of the same user may read its memory.
/// Errors: the kernel refuses.
pub fn forbid_core_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// Lets core dumps be written, as long as the system allows, for the test that looks for payload in one. Errors: the
/// kernel refuses.
pub fn permit_core_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    let maximum = getrlimit(Resource::Core).maximum;
    Ok(setrlimit(Resource::Core, Rlimit { current: maximum, maximum })?)
}
