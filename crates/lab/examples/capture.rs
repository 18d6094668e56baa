//! Writes a capture of the laboratory to standard output: the ward, or with a number the canaries split so.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let split = std::env::args().nth(1).and_then(|split| split.parse().ok());
    let capture = split.map_or_else(wardlight_lab::ward_capture, wardlight_lab::canary::canary_capture);
    std::io::stdout().write_all(&capture)
}
