//! Controllers of buildings and of plant with canaries: what people call them, and what they write into them.
//!
//! In: the canaries. Out: conversations with them as names of stations, texts in registers, log-ins and notes.

mod building;
mod field;
mod industry;

use super::words::CANARIES as C;
use crate::bytes::{Bytes, length};
use crate::talk::Talk;
use crate::wire::Station;

const DESK: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x40], 170, "cage-plant-desk").windows();
const CONTROLLER: Station = Station::new([0x00, 0x80, 0xf4, 0x0c, 0x00, 0x41], 171, "cage-plant");
const DRIVE: Station = Station::new([0x00, 0x1d, 0x9c, 0x0c, 0x00, 0x42], 172, "cage-drive");

pub(super) fn talks() -> Vec<Talk> {
    [building::talks(), industry::talks(), field::talks()].concat()
}

/// A stream to `port` of a controller.
fn to(port: u16) -> Talk {
    Talk::stream((DESK, 0), (CONTROLLER, port))
}

/// Datagrams to `port` of a controller.
fn over(port: u16) -> Talk {
    Talk::datagrams((DESK, 0), (CONTROLLER, port))
}

/// The name of a computer after its owner.
fn own() -> String {
    format!("{}-PC", C.computer_owner)
}

/// `text` behind its length in two bytes, the lower first.
fn little(text: &str) -> Bytes {
    Bytes::default().u16le(length(text.as_bytes())).raw(text)
}
