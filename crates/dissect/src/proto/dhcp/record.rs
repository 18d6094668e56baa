//! The record of one message, with the names of Zeek's `dhcp.log` where it has them.

use super::client;
use super::message::{Message, code, part};
use crate::Row;
use crate::codec::address::{v4, v4_list};
use crate::codec::text;
use wardlight_model::{FieldInfo, Kind, Privacy};

pub(super) const FIELDS: &[FieldInfo] = &[
    field("trans_id", Kind::Number, "transaction identifier"),
    field(
        "msg_types",
        Kind::List,
        "the message type, such as `DISCOVER`; `BOOTREQUEST` or `BOOTREPLY` when it has none",
    ),
    field("mac", Kind::Text, "hardware address of the client"),
    field("client_addr", Kind::Text, "address that the client already has"),
    field("assigned_addr", Kind::Text, "address that the client is given or offered"),
    field("next_server", Kind::Text, "address of the server that a booting client goes on with"),
    field("requested_addr", Kind::Text, "address that the client asks for, option 50"),
    field("server_addr", Kind::Text, "server identifier, option 54"),
    field("relay_addr", Kind::Text, "address of the relay agent"),
    field("host_name", Kind::Text, "host name, option 12"),
    field("client_fqdn", Kind::Text, "qualified name of the client, option 81"),
    field("domain", Kind::Text, "domain name, option 15"),
    field("lease_time", Kind::Number, "seconds that the address may be used, option 51"),
    field("routers", Kind::List, "routers that the client is told of, option 3"),
    field("name_servers", Kind::List, "DNS servers that the client is told of, option 6"),
    field("vendor_class", Kind::Text, "vendor class, option 60"),
    field("user_class", Kind::Text, "user class, option 77"),
    field("parameters", Kind::Text, "option codes asked for, option 55"),
    field("client_id", Kind::Text, "client identifier in hexadecimal, option 61"),
    field("max_size", Kind::Number, "largest message accepted, in bytes, option 57"),
    field("architecture", Kind::Number, "processor architecture of a booting client, option 93 (RFC 4578)"),
    field("interface", Kind::Text, "version of a booting client's network interface, option 94"),
    field("uuid", Kind::Text, "machine identifier of a booting client, option 97"),
    field("circuit_id", Kind::Text, "port that the relay agent names, option 82: text or hexadecimal"),
    field("agent_remote_id", Kind::Text, "remote end that the relay agent names, option 82: text or hexadecimal"),
];

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

/// Puts `message` into a record.
pub(super) fn fill(message: &Message<'_>, row: &mut Row<'_>) {
    row.number("trans_id", message.transaction);
    row.list("msg_types", [kind_name(message)]);
    row.text("mac", message.mac().map(|mac| mac.to_string()).unwrap_or_default());
    addresses(message, row);
    names(message, row);
    machine(message, row);
    relay(message.option(code::RELAY).unwrap_or_default(), row);
}

fn addresses(message: &Message<'_>, row: &mut Row<'_>) {
    let addresses = [
        ("client_addr", message.client),
        ("assigned_addr", message.yours),
        ("next_server", message.next),
        ("relay_addr", message.relay),
    ];
    for (name, ip) in addresses {
        if !ip.is_unspecified() {
            row.text(name, ip.to_string());
        }
    }
    for (name, code) in [("requested_addr", code::REQUESTED), ("server_addr", code::SERVER)] {
        row.text(name, message.option(code).and_then(v4).map(|ip| ip.to_string()).unwrap_or_default());
    }
    if let Some(lease) = message.option(code::LEASE).and_then(|raw| <[u8; 4]>::try_from(raw).ok()) {
        row.number("lease_time", u32::from_be_bytes(lease));
    }
    for (name, code) in [("routers", code::ROUTER), ("name_servers", code::DNS_SERVERS)] {
        row.list(name, v4_list(message.option(code).unwrap_or_default()).map(|(ip, _)| ip.to_string()));
    }
}

fn names(message: &Message<'_>, row: &mut Row<'_>) {
    row.host("host_name", message.option(code::HOST_NAME).unwrap_or_default());
    row.host("client_fqdn", message.option(code::FQDN).map(client::fqdn).unwrap_or_default());
    row.asked("domain", message.option(code::DOMAIN).unwrap_or_default());
    row.text("vendor_class", message.option(code::VENDOR_CLASS).unwrap_or_default());
    row.text("user_class", message.option(code::USER_CLASS).map(user_class).unwrap_or_default());
    row.text("parameters", client::parameters(message.option(code::PARAMETERS).unwrap_or_default()));
    if let Some(raw) = message.option(code::CLIENT_ID) {
        let id = client::client_id(raw, |raw| row.hash(raw).to_string());
        row.text("client_id", &*id);
    }
}

fn machine(message: &Message<'_>, row: &mut Row<'_>) {
    let number = |code| message.option(code).and_then(|raw| <[u8; 2]>::try_from(raw).ok()).map(u16::from_be_bytes);
    if let Some(size) = number(code::LARGEST) {
        row.number("max_size", size);
    }
    if let Some(architecture) = number(code::ARCHITECTURE) {
        row.number("architecture", architecture);
    }
    if let Some([1, major, minor]) = message.option(code::INTERFACE) {
        row.text("interface", format!("UNDI {major}.{minor}"));
    }
    if let Some((_, uuid)) = client::machine(message) {
        row.text("uuid", uuid);
    }
}

fn relay(value: &[u8], row: &mut Row<'_>) {
    for (name, code) in [("circuit_id", 1), ("agent_remote_id", 2)] {
        row.text(name, part(value, code).map(printable).unwrap_or_default());
    }
}

/// The text of `raw` when it is one, else hexadecimal.
fn printable(raw: &[u8]) -> String {
    if raw.iter().all(|byte| (b' '..0x7f).contains(byte)) { text::clean(raw).into_owned() } else { text::hex(raw) }
}

/// The user class: as text, or the first of the texts that RFC 3004 §4 asks for.
fn user_class(raw: &[u8]) -> &[u8] {
    let first = raw.split_first().filter(|(length, rest)| **length > 0 && usize::from(**length) <= rest.len());
    first.and_then(|(length, rest)| rest.get(..usize::from(*length))).unwrap_or(raw)
}

fn kind_name(message: &Message<'_>) -> String {
    const NAMES: [&str; 13] = [
        "DISCOVER",
        "OFFER",
        "REQUEST",
        "DECLINE",
        "ACK",
        "NAK",
        "RELEASE",
        "INFORM",
        "FORCERENEW",
        "LEASEQUERY",
        "LEASEUNASSIGNED",
        "LEASEUNKNOWN",
        "LEASEACTIVE",
    ];
    let Some(kind) = message.kind() else {
        return if message.is_request() { "BOOTREQUEST" } else { "BOOTREPLY" }.to_owned();
    };
    let name = usize::from(kind).checked_sub(1).and_then(|at| NAMES.get(at));
    name.map_or_else(|| kind.to_string(), |name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_class_is_read_with_and_without_length() {
        assert_eq!(user_class(b"iPXE"), b"iPXE");
        assert_eq!(user_class(b"\x04iPXE"), b"iPXE");
        assert_eq!(user_class(b""), b"");
    }

    #[test]
    fn binary_identifiers_are_written_in_hexadecimal() {
        assert_eq!(printable(b"Gi1/0/5"), "Gi1/0/5");
        assert_eq!(printable(&[0, 4, 0, 12]), "0004000c");
    }
}
