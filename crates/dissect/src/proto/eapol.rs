//! EAPOL: who must prove at a port who he is, and how.
//!
//! In comes a frame behind its EtherType; out go roles and the methods that are asked for. The identity that a supplicant
//! states is a person's, or a computer's named after one: it leaves as a keyed hash. Keys and what methods exchange are
//! passed over.
//! Source: IEEE 802.1X-2020 clause 11; RFC 3748 §4 and §5.1.

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Eapol = Eapol;

pub(super) struct Eapol;

static INFO: Info = Info {
    name: "eapol",
    title: "EAP over LANs (IEEE 802.1X)",
    source: "IEEE 802.1X-2020 clause 11; RFC 3748",
    carriers: &[Carrier::Ethertype(0x888e)],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`start`, `logoff`, `request`, `response`, `success` or `failure`"),
        field("id", Kind::Number, "identifier that answers repeat"),
        field("method", Kind::Text, "method, such as `identity` or `peap`, or its number"),
        FieldInfo {
            name: "identity",
            kind: Kind::Keyed,
            privacy: Privacy::Person,
            meaning: "identity that the supplicant states",
        },
    ],
    weirds: &[("eapol.short", "the message ends before its length says")],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Eapol {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Eapol {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if frame(bytes, out).is_err() {
            out.weird("eapol.short");
        }
        Step::Done
    }
}

fn frame(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let (_version, kind, length) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    match kind {
        0 => packet(cursor.within(length.into())?, out),
        1 | 2 => {
            out.fact(About::Sender, Field::NetworkRole, "supplicant", bytes);
            out.record(|row| row.text("message", if kind == 1 { "start" } else { "logoff" }));
            Ok(())
        }
        // Keys, announcements, MACsec.
        _ => Ok(()),
    }
}

fn packet(mut cursor: Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let raw = cursor.rest();
    let (code, id, length) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let mut body = cursor.within(usize::from(length).checked_sub(4).ok_or(Short)?)?;
    let (message, role) = match code {
        1 => ("request", "authenticator"),
        2 => ("response", "supplicant"),
        3 => ("success", "authenticator"),
        4 => ("failure", "authenticator"),
        _ => return Ok(()),
    };
    out.fact(About::Sender, Field::NetworkRole, role, raw);
    let kind = if code <= 2 { body.u8()? } else { 0 };
    // A password guessed from one recording: challenges hashed with MD5, or with what Windows NT kept.
    if code == 2 && matches!(kind, 4 | 17) {
        out.fact(About::Sender, Field::Legacy, if kind == 4 { "eap-md5" } else { "leap" }, raw);
    }
    out.record(|row| {
        row.text("message", message);
        row.number("id", id);
        row.text("method", method(kind));
        if code == 2 && kind == 1 {
            // What follows a null byte describes the port, not who asks (RFC 3748 §5.1).
            row.person("identity", body.rest().split(|byte| *byte == 0).next().unwrap_or_default());
        }
    });
    Ok(())
}

/// A method's name, or its number.
fn method(kind: u8) -> String {
    let name = match kind {
        0 => "",
        1 => "identity",
        2 => "notification",
        3 => "nak",
        4 => "md5-challenge",
        6 => "token-card",
        13 => "tls",
        17 => "leap",
        21 => "ttls",
        25 => "peap",
        26 => "mschapv2",
        43 => "fast",
        52 => "pwd",
        55 => "teap",
        other => return other.to_string(),
    };
    name.to_owned()
}
