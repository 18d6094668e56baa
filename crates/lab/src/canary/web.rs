//! The web with canaries: log-ins, paths, queries and bodies; DICOMweb, FHIR, SDC.

mod care;
mod log_in;

use super::words::WEB_CAGE;
use crate::talk::Talk;
use crate::wire::Station;

const CLIENT: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x06], 136, "cage-desk");
const SERVER: Station = Station::new([0x00, 0x25, 0x90, 0x0c, 0x00, 0x07], 137, "cage-web");
const VENTILATOR: Station = Station::new([0x00, 0x30, 0xe6, 0x0c, 0x00, 0x08], 138, "cage-vent");

pub(super) fn talks() -> Vec<Talk> {
    [log_in::talks(), care::talks()].concat()
}

fn opened() -> Talk {
    Talk::stream((CLIENT, 0), (SERVER, 80))
}

/// The line by which the server names its software.
fn server() -> String {
    format!("Server: {WEB_CAGE}")
}

/// Text as it may stand in a query (RFC 3986 §2.1).
fn escaped(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
