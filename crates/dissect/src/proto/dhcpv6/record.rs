//! The record of one message.

use super::message::{self, Message, code};
use crate::Row;
use crate::codec::{address, dns, text};
use wardlight_model::{FieldInfo, Kind, Privacy};

pub(super) const FIELDS: &[FieldInfo] = &[
    field("trans_id", Kind::Number, "transaction identifier"),
    field("msg_types", Kind::List, "the message type, such as `SOLICIT`"),
    field("client_duid", Kind::Text, "client identifier in hexadecimal"),
    field("server_duid", Kind::Text, "server identifier in hexadecimal"),
    field("iaids", Kind::List, "identifiers of the client's associations, hexadecimal"),
    field("addresses", Kind::List, "addresses asked for, offered or given"),
    field("peer_addr", Kind::Text, "address of the client, as the relay agent next to it says"),
    field("link_addr", Kind::Text, "address of the client's link, as the relay agent next to it says"),
    field("mac", Kind::Text, "hardware address of the client, as the relay agent next to it says"),
    field("client_fqdn", Kind::Text, "qualified name of the client, option 39"),
    field("vendor_classes", Kind::List, "vendor classes, option 16"),
    field("vendor_enterprise", Kind::Number, "enterprise number of the vendor options, option 17"),
    field("parameters", Kind::Text, "option codes asked for, option 6"),
    field("name_servers", Kind::List, "DNS servers that the client is told of, option 23"),
    field("domains", Kind::List, "search domains that the client is told of, option 24"),
    field("status", Kind::Number, "status code, option 13; 0 is success"),
];

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

/// Puts `message` into a record.
pub(super) fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.number("trans_id", message.transaction);
    row.list("msg_types", [kind_name(message.kind)]);
    row.text("client_duid", message.client_id().map(text::hex).unwrap_or_default());
    row.text("server_duid", message.option(code::SERVER_ID).map(text::hex).unwrap_or_default());
    row.list("iaids", message.associations().map(|association| format!("{:08x}", association.iaid)));
    let given = message.associations().flat_map(|association| message::addresses(association.options));
    row.list("addresses", given.map(|(ip, _)| ip.to_string()));
    row.text("peer_addr", message.peer.map(|ip| ip.to_string()).unwrap_or_default());
    row.text("link_addr", message.link.map(|ip| ip.to_string()).unwrap_or_default());
    let mac = message.link_address().and_then(wardlight_model::Mac::from_slice);
    row.text("mac", mac.map(|mac| mac.to_string()).unwrap_or_default());
    row.host("client_fqdn", message.option(code::FQDN).map(message::fqdn).unwrap_or_default());
    row.list("vendor_classes", message.vendor_classes());
    settings(message, row);
}

fn settings(message: &Message<'_>, row: &mut Row<'_>) {
    let first = |code| message.option(code).and_then(|raw| raw.first_chunk::<4>()).map(|raw| u32::from_be_bytes(*raw));
    if let Some(enterprise) = first(code::VENDOR_OPTIONS) {
        row.number("vendor_enterprise", enterprise);
    }
    row.text("parameters", message.option(code::OPTION_REQUEST).map(message::parameters).unwrap_or_default());
    let servers = address::v6_list(message.option(code::DNS_SERVERS).unwrap_or_default());
    row.list("name_servers", servers.map(|ip| ip.to_string()));
    row.asked_all("domains", domains(message.option(code::DOMAINS).unwrap_or_default()));
    if let Some(status) = message.option(code::STATUS).and_then(|raw| raw.first_chunk::<2>()) {
        row.number("status", u16::from_be_bytes(*status));
    }
}

fn domains(mut rest: &[u8]) -> impl Iterator<Item = dns::Text> {
    std::iter::from_fn(move || {
        let name = dns::Name::read(rest, 0)?;
        rest = rest.get(name.raw().len()..)?;
        Some(name.text())
    })
}

fn kind_name(kind: u8) -> String {
    const NAMES: [&str; 11] = [
        "SOLICIT",
        "ADVERTISE",
        "REQUEST",
        "CONFIRM",
        "RENEW",
        "REBIND",
        "REPLY",
        "RELEASE",
        "DECLINE",
        "RECONFIGURE",
        "INFORMATION_REQUEST",
    ];
    let name = usize::from(kind).checked_sub(1).and_then(|at| NAMES.get(at));
    name.map_or_else(|| kind.to_string(), |name| (*name).to_owned())
}
