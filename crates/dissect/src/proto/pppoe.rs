//! PPPoE: who offers a way out over PPP, and who asks for one.
//!
//! In comes a discovery message behind its EtherType; out go roles and the name of the access concentrator. Names of
//! services, cookies and what hosts put in to find their answers are passed over. Sessions are read as packets.
//! Source: RFC 2516 §4, §5 and appendix A.

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Pppoe = Pppoe;

pub(super) struct Pppoe;

static INFO: Info = Info {
    name: "pppoe",
    title: "PPP over Ethernet, discovery",
    source: "RFC 2516 §4, §5",
    carriers: &[Carrier::Ethertype(0x8863)],
    ports: &[],
    record: &[
        field("message", Kind::Text, "`initiation`, `offer`, `request`, `confirmation` or `termination`"),
        field("session", Kind::Number, "session; 0 before there is one"),
        field("concentrator", Kind::Text, "name of the access concentrator"),
    ],
    weirds: &[
        ("pppoe.short", "a tag goes on beyond the end of the message"),
        ("pppoe.version", "version, type or code is none that there is"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Pppoe {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Pppoe {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Err(weird) = message(bytes, out) {
            out.weird(weird);
        }
        Step::Done
    }
}

fn message(bytes: &[u8], out: &mut Output<'_>) -> Result<(), &'static str> {
    let mut cursor = Cursor::new(bytes);
    let [version, code] = cursor.array().map_err(|Short| "pppoe.short")?;
    let (message, is_server) = match (version, code) {
        (0x11, 0x09) => ("initiation", false),
        (0x11, 0x07) => ("offer", true),
        (0x11, 0x19) => ("request", false),
        (0x11, 0x65) => ("confirmation", true),
        (0x11, 0xa7) => ("termination", false),
        _ => return Err("pppoe.version"),
    };
    let (session, name) = rest(cursor).map_err(|Short| "pppoe.short")?;
    if is_server {
        out.fact(About::Sender, Field::Router, "pppoe", bytes);
        out.fact(About::Sender, Field::NetworkRole, "pppoe-server", bytes);
        out.text(About::Sender, Field::FriendlyName, name);
    } else if message != "termination" {
        out.fact(About::Sender, Field::NetworkRole, "pppoe-client", bytes);
    }
    out.record(|row| {
        row.text("message", message);
        row.number("session", session);
        row.host("concentrator", name);
    });
    Ok(())
}

/// The session and the name of the access concentrator.
fn rest(mut cursor: Cursor<'_>) -> Result<(u16, &[u8]), Short> {
    let (session, length) = (cursor.u16()?, cursor.u16()?);
    let mut tags = cursor.within(length.into())?;
    let mut name: &[u8] = &[];
    while !tags.is_empty() {
        let (kind, length) = (tags.u16()?, tags.u16()?);
        let value = tags.take(length.into())?;
        match kind {
            0 => break,
            0x0102 => name = value,
            _ => {}
        }
    }
    Ok((session, name))
}
