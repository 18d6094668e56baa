//! What a client says of itself.

use super::message::{Message, code};
use crate::codec::cursor::{Cursor, Short};
use crate::codec::dns::Name;
use crate::codec::duid::Duid;
use crate::codec::{person, text, uuid};
use crate::{About, Output};
use std::borrow::Cow;
use wardlight_model::Field;

/// Enterprise number under which TR-069 devices describe themselves (TR-069 amendment 6 §3.6, formerly TR-111).
const BROADBAND_FORUM: u32 = 3561;

/// Says of `about`, the client, what its options say.
pub(super) fn describe(message: &Message<'_>, about: About<'_>, out: &mut Output<'_>) {
    if let Some(raw) = message.option(code::HOST_NAME) {
        out.text(about, Field::DhcpHostname, raw);
    }
    if let Some(raw) = message.option(code::FQDN) {
        out.fact(about, Field::DhcpHostname, &fqdn(raw), raw.get(3..).unwrap_or(raw));
    }
    if let Some(raw) = message.option(code::VENDOR_CLASS) {
        out.text(about, Field::DhcpVendorClass, raw);
    }
    for raw in vendor_classes(message.option(code::VENDOR_CLASSES).unwrap_or_default()).take(8) {
        out.text(about, Field::DhcpVendorClass, raw);
    }
    if let Some(raw) = message.option(code::PARAMETERS) {
        out.fact(about, Field::DhcpParameters, &parameters(raw), raw);
    }
    if let Some(raw) = message.option(code::CLIENT_ID) {
        identify(raw, about, out);
    }
    if let Some((raw, machine)) = machine(message) {
        out.fact(about, Field::Uuid, &machine, raw);
    }
    broadband(message.option(code::VENDOR_OPTIONS).unwrap_or_default(), about, out);
}

/// Codes asked for, decimal, joined by commas.
pub(super) fn parameters(raw: &[u8]) -> String {
    let mut list = String::with_capacity(raw.len() * 4);
    for code in raw {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&code.to_string());
    }
    list
}

/// The name in option 81: in wire format when its E bit says so, else as text (RFC 4702 §2.3).
pub(super) fn fqdn(raw: &[u8]) -> String {
    let Some(([flags, _, _], name)) = raw.split_first_chunk::<3>() else { return String::new() };
    let text = if flags & 4 == 0 {
        text::clean(name).into_owned()
    } else {
        text::clean(Name::alone(name).text().as_ref()).into_owned()
    };
    text.trim_end_matches('.').to_owned()
}

/// The UUID of the machine (RFC 4578 §2.3), in the byte order of its firmware.
pub(super) fn machine<'a>(message: &Message<'a>) -> Option<(&'a [u8], String)> {
    let raw = message.option(code::MACHINE)?.strip_prefix(&[0])?;
    Some((raw, uuid::mixed_endian(raw)?))
}

/// The client identifier in hexadecimal; its keyed hash when it is a text that names a person.
pub(super) fn client_id(raw: &[u8], keyed: impl Fn(&[u8]) -> String) -> Cow<'_, str> {
    let is_personal = |part: &[u8]| part.is_ascii() && person::without_names(&text::clean(part)).is_some();
    if raw.get(1..).is_some_and(is_personal) { keyed(raw).into() } else { text::hex(raw).into() }
}

/// Says the client identifier, and the DUID in it (RFC 4361 §6.1).
fn identify(raw: &[u8], about: About<'_>, out: &mut Output<'_>) {
    let id = client_id(raw, |raw| out.keyed(raw).to_string());
    out.fact(about, Field::DhcpClientId, &id, raw);
    let Some((iaid, duid)) = raw.strip_prefix(&[255]).and_then(|raw| raw.split_first_chunk::<4>()) else { return };
    let Some(id) = Duid::read(duid) else { return };
    out.fact(about, Field::Duid, &id.text(Some(u32::from_be_bytes(*iaid))), duid);
    if let Some(uuid) = id.uuid() {
        out.fact(about, Field::Uuid, &uuid, duid);
    }
}

/// The texts of a vendor-identifying vendor class (RFC 3925 §3).
fn vendor_classes(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    enterprises(value).flat_map(|(_, value)| {
        let mut cursor = Cursor::new(value);
        std::iter::from_fn(move || short(&mut cursor).ok())
    })
}

/// Says serial number and product class of a TR-069 device.
fn broadband(value: &[u8], about: About<'_>, out: &mut Output<'_>) {
    for (_, value) in enterprises(value).filter(|(number, _)| *number == BROADBAND_FORUM) {
        for (code, field) in [(2, Field::Serial), (3, Field::Model)] {
            if let Some(raw) = super::message::part(value, code) {
                out.text(about, field, raw);
            }
        }
    }
}

/// Enterprise numbers with what stands under each.
fn enterprises(value: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut cursor = Cursor::new(value);
    std::iter::from_fn(move || Some((cursor.u32().ok()?, short(&mut cursor).ok()?)))
}

/// The bytes behind a length of one byte.
fn short<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = usize::from(cursor.u8()?);
    cursor.take(length)
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::written;
    use super::*;
    use crate::trial::hear;

    const CLIENT: &str = "00:09:fb:01:02:03";

    fn said(options: &str) -> Vec<String> {
        let message = written(1, ["00000000"; 3], &format!("350101 {options} ff"));
        hear(&format!("udp 0.0.0.0:68@{CLIENT} > 255.255.255.255:67\n> {message}")).facts
    }

    #[test]
    fn a_qualified_name_is_read_in_both_encodings() {
        assert_eq!(fqdn(b"\x00\0\0pump7.example."), "pump7.example");
        assert_eq!(fqdn(b"\x04\0\0\x05pump7\x07example\0"), "pump7.example");
        assert_eq!(fqdn(b"\x04\0\0\x05pump7"), "pump7");
        assert_eq!(fqdn(b"\x04\0"), "");
    }

    #[test]
    fn a_client_identifier_may_hold_a_duid() {
        let facts = said("3d 0f ff 00000005 0003 0001 0009fb010203");
        assert_eq!(
            facts,
            [
                format!("{CLIENT} bind.dhcp_client_id = ff00000005000300010009fb010203"),
                format!("{CLIENT} bind.duid = 000300010009fb010203/00000005")
            ]
        );
    }

    #[test]
    fn a_personal_client_identifier_leaves_as_a_hash() {
        let facts = said("3d 0d 00 \"Annas-iPhone\"");
        assert!(facts.len() == 1 && facts[0].contains("= #"), "{facts:?}");
    }

    #[test]
    fn a_machine_says_its_uuid_in_firmware_order() {
        let facts = said("61 11 00 000102030405060708090a0b0c0d0e0f");
        assert_eq!(facts, [format!("{CLIENT} bind.uuid = 03020100-0504-0706-0809-0a0b0c0d0e0f")]);
        assert!(said(&format!("61 11 00 {}", "ff".repeat(16))).is_empty());
    }

    #[test]
    fn vendor_options_of_tr_069_are_read() {
        let facts = said("7d 16 00000de9 11 01 06 \"0009FB\" 02 02 \"S1\" 03 03 \"M10\" 7c 08 00000009 03 02 \"cv\"");
        assert_eq!(
            facts,
            [
                format!("{CLIENT} dhcp.vendor_class = cv"),
                format!("{CLIENT} self.model = M10"),
                format!("{CLIENT} self.serial = S1")
            ]
        );
    }
}
