//! WebSocket: who opens such a connection to whom, and for which protocol. What is sent in it is only counted.
//!
//! In: heads of answers that switch protocols. Out: roles of both ends; one record an answer. Keys, targets and cookies never
//! leave.
//!
//! Source: RFC 6455 §4.2.2, §11.5 (subprotocols); RFC 7692 (compression).

use crate::codec::ends::{device, known_word};
use crate::codec::lines::has;
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Websocket = Websocket;

/// WebSocket.
pub(super) struct Websocket;

static INFO: Info = Info {
    name: "websocket",
    title: "WebSocket",
    source: "RFC 6455 §4.2.2, §11.5; RFC 7692",
    carriers: &[Carrier::Exchange],
    ports: &[],
    record: &[
        device("subprotocol", Kind::Text, "registered subprotocol that the server chose"),
        device("is_compressed", Kind::Flag, "whether messages are compressed"),
    ],
    weirds: &[],
    window: 0,
};

/// Of the registry of WebSocket subprotocol names.
const SUBPROTOCOLS: &[&str] = &[
    "mqtt",
    "mqttv3.1",
    "soap",
    "sip",
    "xmpp",
    "coap",
    "amqp",
    "wamp",
    "v10.stomp",
    "v11.stomp",
    "v12.stomp",
    "ocpp1.2",
    "ocpp1.5",
    "ocpp1.6",
    "ocpp2.0",
    "ocpp2.0.1",
    "graphql-ws",
    "graphql-transport-ws",
    "wamp.2.json",
    "wamp.2.msgpack",
    "opcua+uacp",
    "opcua+uajson",
    "jsonrpc",
    "binary",
    "base64",
    "chat",
];

impl Dissector for Websocket {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Websocket {
    fn read(&mut self, _: Side, head: &[u8], out: &mut Output<'_>) -> Step {
        let upgrade = value(head, b"upgrade");
        if out.part().status == 101 && upgrade.eq_ignore_ascii_case(b"websocket") {
            out.fact(About::Sender, Field::ServiceOffered, "_ws._tcp", upgrade);
            out.fact(About::Receiver, Field::ServiceSought, "_ws._tcp", upgrade);
            out.record(|row| {
                let subprotocol = known_word(SUBPROTOCOLS, value(head, b"sec-websocket-protocol"));
                row.text("subprotocol", subprotocol.unwrap_or_default());
                row.flag("is_compressed", has(value(head, b"sec-websocket-extensions"), b"permessage-deflate"));
            });
        }
        Step::Done
    }
}

/// The value of a field of a head.
fn value<'a>(head: &'a [u8], name: &[u8]) -> &'a [u8] {
    let mut lines = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b':')?;
        Some((line.get(..at)?, line.get(at + 1..)?.trim_ascii()))
    });
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map_or(&[], |(_, value)| value)
}
