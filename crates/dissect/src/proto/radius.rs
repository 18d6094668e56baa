//! RADIUS: which network equipment lets whom in, where stations are plugged in, and which addresses they have.
//!
//! In: datagrams of authentication, accounting and dynamic authorization. Out: the equipment's name, ports and addresses of
//! stations; one record a message. Names of users leave as keyed hashes, unless they are the station's hardware address;
//! passwords, challenges, EAP and classes never do.
//!
//! Source: RFC 2865 §3 to §5; RFC 2866; RFC 2869; RFC 3580 §3 (802.1X); RFC 5176.

use crate::codec::address;
use crate::codec::cursor::Cursor;
use crate::codec::ends::{device, network, person, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, Kind, Mac, Side};

pub(super) const ENTRY: Radius = Radius;

/// RADIUS.
pub(super) struct Radius;

static INFO: Info = Info {
    name: "radius",
    title: "Remote Authentication Dial-In User Service",
    source: "RFC 2865; RFC 2866; RFC 2869; RFC 3580; RFC 5176",
    carriers: &[Carrier::Udp],
    ports: &[1812, 1813, 1645, 1646, 3799],
    record: &[
        device("code", Kind::Text, "kind of the message"),
        person("username", "who is let in"),
        network("mac", Kind::Text, "hardware address of the station (Calling-Station-Id)"),
        network("called", Kind::Text, "hardware address of the port or access point (Called-Station-Id)"),
        network("framed_addr", Kind::Text, "address of the station (Framed-IP-Address)"),
        network("nas_identifier", Kind::Text, "name of the equipment (NAS-Identifier)"),
        network("nas_address", Kind::Text, "address of the equipment (NAS-IP-Address)"),
        network("nas_port", Kind::Text, "port of the equipment (NAS-Port-Id, else NAS-Port)"),
        device("nas_port_type", Kind::Number, "kind of the port: 15 is Ethernet, 19 is 802.11 (RFC 2865 §5.41)"),
        device(
            "method",
            Kind::Text,
            "how the user proves who it is: `pap`, `chap`, `eap`, or `mac` for nothing but an address",
        ),
        device("result", Kind::Text, "`success` or `failed`"),
    ],
    weirds: &[("radius.length", "lengths of the message or of an attribute do not agree (RFC 2865 §3, §5)")],
    window: 0,
};

/// Codes of messages with their names, by the registry of RADIUS packet types.
const CODES: [(u8, &str); 13] = [
    (1, "access-request"),
    (2, "access-accept"),
    (3, "access-reject"),
    (4, "accounting-request"),
    (5, "accounting-response"),
    (11, "access-challenge"),
    (12, "status-server"),
    (40, "disconnect-request"),
    (41, "disconnect-ack"),
    (42, "disconnect-nak"),
    (43, "coa-request"),
    (44, "coa-ack"),
    (45, "coa-nak"),
];
/// Attributes by RFC 2865 §5, RFC 2866 §5, RFC 2869 §5 and RFC 3162 §2.
mod attribute {
    pub(super) const USER: u8 = 1;
    pub(super) const PASSWORD: u8 = 2;
    pub(super) const CHAP: u8 = 3;
    pub(super) const NAS_ADDRESS: u8 = 4;
    pub(super) const NAS_PORT: u8 = 5;
    pub(super) const FRAMED_ADDRESS: u8 = 8;
    pub(super) const CALLED: u8 = 30;
    pub(super) const CALLING: u8 = 31;
    pub(super) const NAS_IDENTIFIER: u8 = 32;
    pub(super) const STATUS: u8 = 40;
    pub(super) const PORT_TYPE: u8 = 61;
    pub(super) const EAP: u8 = 79;
    pub(super) const PORT_ID: u8 = 87;
    pub(super) const NAS_ADDRESS_V6: u8 = 95;
}
const ETHERNET: u32 = 15;
const WIRELESS: u32 = 19;

impl Dissector for Radius {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Some(message) = Message::read(hello.bytes) else { return Probe::No };
        let has = |kind| message.find(kind).is_some();
        let names_equipment =
            has(attribute::NAS_ADDRESS) || has(attribute::NAS_IDENTIFIER) || has(attribute::NAS_ADDRESS_V6);
        match message.code {
            _ if !message.is_sound => Probe::No,
            1 if names_equipment && (has(attribute::USER) || has(attribute::EAP)) => Probe::Yes,
            4 if names_equipment && has(attribute::STATUS) => Probe::Yes,
            _ => Probe::Likely,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Radius {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match Message::read(bytes) {
            Some(message) => {
                if !message.is_sound {
                    out.weird("radius.length");
                }
                message.say(out);
            }
            None => out.weird("radius.length"),
        }
        Step::Take(bytes.len())
    }
}

struct Message<'a> {
    code: u8,
    name: &'static str,
    attributes: &'a [u8],
    /// Whether all lengths agree.
    is_sound: bool,
    head: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let (code, _) = (cursor.u8().ok()?, cursor.u8().ok()?);
        let length = usize::from(cursor.u16().ok()?);
        cursor.skip(16).ok()?;
        let (_, name) = CODES.iter().find(|(known, _)| *known == code)?;
        let attributes = cursor.take_at_most(length.checked_sub(20)?);
        let mut message = Self { code, name, attributes, is_sound: false, head: bytes.get(..4)? };
        let used = message.all().fold(0, |sum, (_, value)| sum + value.len() + 2);
        message.is_sound = length == bytes.len() && used == attributes.len();
        Some(message)
    }

    /// The attributes as far as their lengths hold.
    fn all(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut cursor = Cursor::new(self.attributes);
        std::iter::from_fn(move || {
            let (kind, length) = (cursor.u8().ok()?, cursor.u8().ok()?);
            Some((kind, cursor.take(usize::from(length).checked_sub(2)?).ok()?)).filter(|(kind, _)| *kind > 0)
        })
    }

    fn find(&self, kind: u8) -> Option<&'a [u8]> {
        self.all().find(|(found, value)| *found == kind && !value.is_empty()).map(|(_, value)| value)
    }

    fn number(&self, kind: u8) -> Option<u32> {
        self.find(kind).and_then(|raw| <[u8; 4]>::try_from(raw).ok()).map(u32::from_be_bytes)
    }

    fn station(&self, kind: u8) -> Option<Mac> {
        self.find(kind).and_then(mac_of)
    }

    /// Whether it comes from the equipment that lets stations in.
    const fn is_of_equipment(&self) -> bool {
        matches!(self.code, 1 | 4 | 41 | 42 | 44 | 45)
    }

    fn method(&self) -> &'static str {
        let has = |kind| self.find(kind).is_some();
        let is_own_address = self
            .find(attribute::USER)
            .and_then(mac_of)
            .is_some_and(|mac| Some(mac) == self.station(attribute::CALLING));
        match self.code {
            1 if has(attribute::EAP) => "eap",
            1 if is_own_address => "mac",
            1 if has(attribute::CHAP) => "chap",
            1 if has(attribute::PASSWORD) => "pap",
            _ => "",
        }
    }

    fn say(&self, out: &mut Output<'_>) {
        say_service(matches!(self.code, 2 | 3 | 5 | 11 | 40 | 43), "_radius._udp", self.head, out);
        let equipment =
            self.find(attribute::NAS_ADDRESS).or_else(|| self.find(attribute::NAS_ADDRESS_V6)).and_then(address::host);
        if self.is_of_equipment() {
            let sender = out.context().side.of(out.context().ends).ip;
            // A proxy hands on what equipment elsewhere asks for.
            let about = equipment.filter(|ip| sender != Some(*ip)).map_or(About::Sender, About::Host);
            if let Some(name) = self.find(attribute::NAS_IDENTIFIER) {
                out.text(about, Field::HostName, name);
            }
        }
        let method = self.method();
        if matches!(method, "pap" | "chap") {
            out.fact(About::Sender, Field::Legacy, &format!("radius-{method}"), self.head);
        }
        self.say_station(equipment, method, out);
        self.record(equipment, method, out);
    }

    /// Says where the station is, and its address.
    fn say_station(&self, equipment: Option<IpAddr>, method: &str, out: &mut Output<'_>) {
        let (Some(mac), Some(raw)) = (self.station(attribute::CALLING), self.find(attribute::CALLING)) else { return };
        if method == "mac" {
            out.fact(About::Station(mac), Field::Legacy, "mac-authentication", raw);
        }
        let kind = self.number(attribute::PORT_TYPE);
        let called = self.station(attribute::CALLED).filter(|_| kind == Some(WIRELESS)).map(|mac| mac.to_string());
        let port = if kind == Some(ETHERNET) {
            self.port().map(|port| out.masked_own(&port).replace(' ', "_"))
        } else {
            called
        };
        let switch =
            self.find(attribute::NAS_IDENTIFIER).map(|name| out.masked_own(&text::clean(name)).replace(' ', "_"));
        let switch = switch.or_else(|| equipment.map(|ip| ip.to_string()));
        if let (Some(switch), Some(port), 1 | 4) = (switch, port, self.code) {
            out.fact(About::Station(mac), Field::AttachedAt, &format!("{switch} {port}"), raw);
        }
        // Only accounting knows which address a station came to have (RFC 3580 §3.11 leaves it out elsewhere).
        if let (4, Some((ip, raw))) = (self.code, self.framed()) {
            out.fact(About::Holder(mac, ip), Field::Address, &ip.to_string(), raw);
        }
    }

    fn framed(&self) -> Option<(IpAddr, &'a [u8])> {
        let raw = self.find(attribute::FRAMED_ADDRESS)?;
        Some((address::host(raw)?, raw))
    }

    fn port(&self) -> Option<String> {
        let is_plain = |raw: &&[u8]| raw.len() <= 64 && raw.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        let named = self.find(attribute::PORT_ID).filter(is_plain).map(|raw| text::clean(raw).into_owned());
        named.or_else(|| self.number(attribute::NAS_PORT).map(|port| port.to_string()))
    }

    fn record(&self, equipment: Option<IpAddr>, method: &str, out: &mut Output<'_>) {
        out.record(|row| {
            row.text("code", self.name);
            row.person("username", self.find(attribute::USER).filter(|_| method != "mac").unwrap_or_default());
            row.text("mac", self.station(attribute::CALLING).map(|mac| mac.to_string()).unwrap_or_default());
            row.text("called", self.station(attribute::CALLED).map(|mac| mac.to_string()).unwrap_or_default());
            row.text("framed_addr", self.framed().map(|(ip, _)| ip.to_string()).unwrap_or_default());
            row.host("nas_identifier", self.find(attribute::NAS_IDENTIFIER).unwrap_or_default());
            row.text("nas_address", equipment.map(|ip| ip.to_string()).unwrap_or_default());
            row.host("nas_port", self.port().unwrap_or_default().as_bytes());
            if let Some(kind) = self.number(attribute::PORT_TYPE) {
                row.number("nas_port_type", kind);
            }
            row.text("method", method);
            row.text(
                "result",
                match self.code {
                    2 => "success",
                    3 => "failed",
                    _ => "",
                },
            );
        });
    }
}

/// The hardware address that `text` begins with: twelve hexadecimal digits, with `-`, `:` or `.` between them, alone or
/// before the name of a wireless network (RFC 3580 §3.20).
fn mac_of(text: &[u8]) -> Option<Mac> {
    let mut mac = [0_u8; 6];
    let (mut digits, mut length) = (0, 0);
    for byte in text.iter().take(17) {
        match char::from(*byte).to_digit(16) {
            Some(digit) if digits < 12 => {
                let place = mac.get_mut(digits / 2)?;
                *place = *place << 4 | u8::try_from(digit).ok()?;
                digits += 1;
            }
            None if digits < 12 && matches!(byte, b'-' | b':' | b'.') => {}
            _ => break,
        }
        length += 1;
    }
    let is_ended = text.get(length).is_none_or(|byte| *byte == b':');
    Some(Mac(mac)).filter(|mac| digits == 12 && is_ended && mac.is_station())
}
