//! Where a client is plugged in, as the switch says that hands its messages on.
//!
//! In: a message with the relay agent's information. Out: one fact about the client: the agent's remote end and the circuit.
//! A subscriber's name (RFC 3993) is never read. What is no text is written in hexadecimal, but for the two forms that most
//! switches use: the switch's hardware address, and VLAN, module and port.
//!
//! Source: RFC 3046 §2.0, §3.1, §3.2.

use super::message::{Message, code, part};
use crate::codec::text;
use crate::{About, Output};
use wardlight_model::{Field, Mac};

/// Sub-options of the circuit and of the remote end.
const CIRCUIT: u8 = 1;
const REMOTE: u8 = 2;
/// Bytes of one part, at most.
const LONGEST: usize = 64;

pub(super) fn describe(message: &Message<'_>, out: &mut Output<'_>) {
    let Some(raw) = message.option(code::RELAY) else { return };
    let (Some(client), Some(circuit), Some(remote)) = (message.mac(), part(raw, CIRCUIT), part(raw, REMOTE)) else {
        return;
    };
    let (Some(switch), Some(port)) = (switch(remote), port(circuit)) else { return };
    out.fact(About::Station(client), Field::AttachedAt, &format!("{switch} {port}"), raw);
}

/// The switch: its hardware address, by itself or behind a zero and its length; else a name.
fn switch(raw: &[u8]) -> Option<String> {
    let mac = match raw {
        [0, 6, mac @ ..] => <[u8; 6]>::try_from(mac),
        mac => <[u8; 6]>::try_from(mac),
    };
    match mac {
        Ok(mac) if mac == [0; 6] => None,
        Ok(mac) if Mac(mac).is_station() => Some(Mac(mac).to_string()),
        _ => plain(raw),
    }
}

/// The port: `module/port` of a VLAN; else as the switch names it.
fn port(raw: &[u8]) -> Option<String> {
    match raw {
        [0, 4, high, low, module, port] => Some(format!("{module}/{port}@{}", u16::from_be_bytes([*high, *low]))),
        _ => plain(raw),
    }
}

fn plain(raw: &[u8]) -> Option<String> {
    let is_text = raw.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    let text = if is_text { text::clean(raw).trim().replace(' ', "_") } else { text::hex(raw) };
    (!text.is_empty() && raw.len() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_and_names_are_read() {
        assert_eq!(switch(&[0, 6, 0, 0x1b, 0x21, 1, 2, 3]).as_deref(), Some("00:1b:21:01:02:03"));
        assert_eq!(switch(&[0, 0x1b, 0x21, 1, 2, 3]).as_deref(), Some("00:1b:21:01:02:03"));
        assert_eq!(switch(b"sw 12").as_deref(), Some("sw_12"));
        assert_eq!(switch(&[0, 6, 0, 0, 0, 0, 0, 0]), None, "no switch");
        assert_eq!(port(&[0, 4, 0, 110, 1, 12]).as_deref(), Some("1/12@110"));
        assert_eq!(port(b"Gi1/0/12").as_deref(), Some("Gi1/0/12"));
        assert_eq!(port(&[1, 2, 3]).as_deref(), Some("010203"));
        assert_eq!(port(&[b'a'; 65]), None);
    }
}
