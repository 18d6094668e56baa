//! The answer to a node status request: all names of a node and its hardware address (RFC 1002 §4.2.18).

use super::name::NetbiosName;
use crate::codec::cursor::Cursor;
use crate::{About, Output, Row};
use wardlight_model::{Field, Mac};

/// Bit of a name's flags: several nodes may have it.
const GROUP: u8 = 0x80;
/// Bits of a name's flags: it is being given up, or is in conflict.
const UNSURE: u8 = 0x18;

/// Says which names the sender has, and at which hardware address.
pub(super) fn tell(value: &[u8], out: &mut Output<'_>) {
    let (names, unit) = split(value);
    for entry in names.as_chunks::<18>().0 {
        let [name @ .., flags, _] = *entry;
        if flags & UNSURE == 0 {
            let raw = entry.get(..16).unwrap_or_default();
            super::say(&NetbiosName::plain(name), flags & GROUP != 0, (About::Sender, raw), out);
        }
    }
    let context = out.context();
    let sender = context.ends.get(context.side.index()).and_then(|end| end.ip);
    if let (Some((mac, raw)), Some(ip)) = (unit, sender) {
        out.fact(About::Holder(mac, ip), Field::Address, &ip.to_string(), raw);
    }
}

/// Puts names and address into a record.
pub(super) fn fill(value: &[u8], row: &mut Row<'_>) {
    let (names, unit) = split(value);
    let mut shown: Vec<String> = Vec::new();
    for [name @ .., _, _] in names.as_chunks::<18>().0 {
        let name = NetbiosName::plain(*name);
        if name.may_be_shown() && !shown.contains(&name.text()) {
            shown.push(name.text());
        }
    }
    row.hosts("names", shown);
    if let Some((mac, _)) = unit {
        row.text("unit_id", mac.to_string());
    }
}

/// The list of names, and the address behind it when it is one. Samba puts zeros there.
fn split(value: &[u8]) -> (&[u8], Option<(Mac, &[u8])>) {
    let mut cursor = Cursor::new(value);
    let count = cursor.u8().map_or(0, usize::from);
    let Ok(names) = cursor.take(count * 18) else { return (cursor.rest(), None) };
    let unit = cursor.take(6).ok().and_then(|raw| Some((Mac::from_slice(raw)?, raw)));
    (names, unit.filter(|(mac, _)| mac.is_station()))
}

#[cfg(test)]
mod tests {
    use crate::trial::hear;

    #[test]
    fn a_node_says_its_names_and_address() {
        let any = format!("20\"CK{}\"00", "A".repeat(30));
        let heard = hear(&format!(
            "udp 10.0.0.9:137 > 10.0.0.5:137\n> 0001 8400 0000 0001 0000 0000 {any} 0021 0001 00000000 0053 04 \
             \"CTSCAN3        \" 00 0400 \"RADIOLOGY      \" 00 8400 \"MMUELLER       \" 03 0400 \"OLDNAME        \" 00 0c00 \
             0009fb000009 {}",
            "00".repeat(4)
        ));
        assert_eq!(
            heard.facts,
            [
                "10.0.0.9 netbios.name = CTSCAN3",
                "10.0.0.9 smb.domain = RADIOLOGY",
                "10.0.0.9@00:09:fb:00:00:09 bind.address = 10.0.0.9"
            ]
        );
        assert!(!format!("{:?}", heard.to_json()).contains("MMUELLER"));
    }
}
