//! Handshakes; the golden cases show the rest.

use super::ENTRY;
use crate::entry::{Dissector as _, Hello, Probe};
use crate::trial::{bytes, hear};
use wardlight_model::Side;

#[track_caller]
fn check(text: &str, expected: Probe) {
    let bytes = bytes(text);
    let hello = Hello { side: Side::Initiator, bytes: &bytes, ports: [40000, 50000] };
    assert_eq!(ENTRY.probe(&hello), expected, "{text}");
}

#[test]
fn only_records_are_taken_for_tls() {
    check("16 0301 00c8 01 0000c4 0303", Probe::Yes);
    check("16 0301 00c8", Probe::More);
    check("16 0301 00c8 0e 000000", Probe::No);
    check("17 0303 0001 00 17 0303", Probe::Yes);
    check("17 0303 0040 00", Probe::Likely);
    check("16 0501 0010", Probe::No);
    check("\"GET / HTTP/1.1\"", Probe::No);
    check("80 2e 01 0301 0015 0000 0010", Probe::Yes);
    check("80 00 00 28 72 fe 1d 13", Probe::No);
}

#[test]
fn a_handshake_in_crumbs_is_given_up() {
    let crumbs = "16 0303 0001 00 ".repeat(600);
    let heard = hear(&format!("tcp 10.0.0.5:1 > 10.0.0.9:443\n> 16 0303 0005 01 003fff 03 {crumbs}\n"));
    assert_eq!(heard.weirds, ["tls.bad_record"]);
}
