//! GPRS network service: base stations of a mobile network and the node that serves them.
//!
//! In: datagrams. Out: roles of both ends; one record a message that is not a telephone's. What telephones say, and their
//! identities, are passed over. Source: 3GPP TS 48.016 §9 and §10.3 (messages and their elements); TS 48.018 §10.2 (what
//! stands at the begin of a telephone's data).

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: GprsNs = GprsNs;

/// GPRS network service.
pub(super) struct GprsNs;

static INFO: Info = Info {
    name: "gprs_ns",
    title: "GPRS Network Service",
    source: "3GPP TS 48.016 §9, §10.3; TS 48.018 §10.2",
    carriers: &[Carrier::Udp],
    ports: &[2157, 19_999, 23_000],
    record: &[
        device("message", Kind::Text, "message, such as `reset`"),
        device("entity", Kind::Number, "identifier of the network service entity (NSEI)"),
        device("connection", Kind::Number, "identifier of the virtual connection (NS-VCI)"),
    ],
    weirds: &[("gprs_ns.message", "a message or its elements are none of TS 48.016")],
    window: 0,
};

/// Messages but those that carry data (TS 48.016 §10.3.7).
const MESSAGES: [(u8, &str); 17] = [
    (0x02, "reset"),
    (0x03, "reset-ack"),
    (0x04, "block"),
    (0x05, "block-ack"),
    (0x06, "unblock"),
    (0x07, "unblock-ack"),
    (0x08, "status"),
    (0x0a, "alive"),
    (0x0b, "alive-ack"),
    (0x0c, "sns-ack"),
    (0x0d, "sns-add"),
    (0x0e, "sns-change-weight"),
    (0x0f, "sns-config"),
    (0x10, "sns-config-ack"),
    (0x11, "sns-delete"),
    (0x12, "sns-size"),
    (0x13, "sns-size-ack"),
];
const UNITDATA: u8 = 0x00;
/// Elements (TS 48.016 §10.3).
const CONNECTION: u8 = 0x01;
const ENTITY: u8 = 0x04;

impl Dissector for GprsNs {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(Some(Message::Data(Some(_)))) => Probe::Yes,
            Ok(Some(Message::Management { entity: Some(_), connection: Some(_), .. })) => Probe::Yes,
            // An `alive` is one byte, which says nothing alone.
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for GprsNs {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Ok(Some(Message::Data(Some(is_of_node)))) => {
                say_service(is_of_node, "_gprs-ns._udp", bytes.get(..4).unwrap_or_default(), out);
            }
            Ok(Some(Message::Data(None))) => {}
            Ok(Some(Message::Management { name, entity, connection })) => out.record(|row| {
                row.text("message", name);
                if let Some(entity) = entity {
                    row.number("entity", entity);
                }
                if let Some(connection) = connection {
                    row.number("connection", connection);
                }
            }),
            _ => out.weird("gprs_ns.message"),
        }
        Step::Take(bytes.len())
    }
}

enum Message {
    /// Data of telephones, and whether the serving node sends it to them; unknown when it is of another kind.
    Data(Option<bool>),
    Management {
        name: &'static str,
        entity: Option<u16>,
        connection: Option<u16>,
    },
}

impl Message {
    /// The message that all of `bytes` are; nothing when they are none.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8()?;
        if kind == UNITDATA {
            let (control, _) = (cursor.u8()?, cursor.u16()?);
            return Ok((control <= 3).then(|| Self::Data(direction(&mut cursor).ok().flatten())));
        }
        let Some((_, name)) = MESSAGES.iter().find(|(known, _)| *known == kind) else { return Ok(None) };
        let [mut entity, mut connection] = [None; 2];
        // Those that size a network have elements without lengths.
        while kind < 0x0c && !cursor.is_empty() {
            let (element, length) = (cursor.u8()?, cursor.u8()?);
            // The last byte of a length has its highest bit set, and a second one is never needed here.
            let value = cursor.take(usize::from(length & 0x7f))?;
            let number = <[u8; 2]>::try_from(value).map(u16::from_be_bytes).ok();
            match element {
                _ if length & 0x80 == 0 => return Ok(None),
                CONNECTION => connection = number,
                ENTITY => entity = number,
                _ => {}
            }
        }
        Ok(Some(Self::Management { name, entity, connection }))
    }
}

/// Whether the serving node sends what follows: data to a telephone has its lifetime, data from one the cell it is in
/// (TS 48.018 §10.2.1, §10.2.2), each as first element behind identity and quality.
fn direction(cursor: &mut Cursor<'_>) -> Result<Option<bool>, Short> {
    let kind = cursor.u8()?;
    cursor.skip(7)?;
    Ok(match (kind, cursor.u8()?, cursor.u8()?) {
        (0x00, 0x16, 0x82) => Some(true),
        (0x01, 0x08, 0x88) => Some(false),
        _ => None,
    })
}
