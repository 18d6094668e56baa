//! A core dump on purpose, so that a test can look for payload in the memory of this very program.
//!
//! Only builds with debug assertions have it, and only when the environment asks for it. What is shipped has it not, and
//! is looked into by a debugger instead (`tests/canary/outside.rs`).

use std::ffi::OsString;

/// The variable of the environment that names the point at which to dump.
const POINT: &str = "WARDLIGHT_TEST_CORE";

/// The point that the environment asks for. Then core dumps must not be forbidden for good.
pub fn wanted() -> Option<OsString> {
    if cfg!(debug_assertions) { std::env::var_os(POINT) } else { None }
}

/// Ends the program with a core dump when the environment asks for one at `point`.
pub fn at(point: &str) {
    if wanted().is_some_and(|wanted| wanted == point) {
        match wardlight_capture::permit_core_dumps() {
            Ok(()) => std::process::abort(),
            Err(error) => eprintln!("wardlight: cannot permit core dumps: {error}"),
        }
    }
}
