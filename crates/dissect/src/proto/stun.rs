//! STUN and TURN: which servers tell others their outer address or relay for them, and who asks.
//!
//! In: datagrams, or a stream. Out: roles, the product that a server says it is; one record a message, of the first ones. User
//! names, realms, nonces, and what is relayed are passed over. Checks between two peers (ICE) make neither a server.
//!
//! Source: RFC 8489 §5, §14; RFC 8656 (TURN); RFC 8445 §16.1 (ICE); RFC 3489 (without cookie).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, known_word, say_service};
use crate::codec::words;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side, Transport};

pub(super) const ENTRY: Stun = Stun;

/// STUN.
pub(super) struct Stun;

static INFO: Info = Info {
    name: "stun",
    title: "STUN and TURN",
    source: "RFC 8489 §5 and §14, RFC 8656, RFC 8445 §16.1",
    carriers: &[Carrier::Udp, Carrier::Tcp],
    ports: &[3478, 3479],
    record: &[
        device("class", Kind::Text, "`request`, `indication`, `success` or `error`"),
        device("method", Kind::Text, "method, such as `binding`, or its number"),
        device("is_ice", Kind::Flag, "whether a peer checks the way to another"),
        device("software", Kind::Text, "product that the sender says it is"),
        device("error", Kind::Number, "code of an error"),
    ],
    weirds: &[("stun.attributes", "attributes do not fill the message as it says")],
    window: 2048,
};

const HEADER: usize = 20;
const COOKIE: u32 = 0x2112_a442;
/// Messages after which nothing new is waited for: peers check their way for as long as they talk.
const ENOUGH: u8 = 12;
const LONGEST_PRODUCT: usize = 48;
const PRODUCTS: &[&str] =
    &["coturn", "restund", "resiprocate", "rtpengine", "ejabberd", "vovida", "turnserver", "libnice", "pion"];

const ERROR_CODE: u16 = 0x0009;
const SOFTWARE: u16 = 0x8022;
/// USERNAME of ICE, PRIORITY, USE-CANDIDATE, ICE-CONTROLLED, ICE-CONTROLLING.
const OF_PEERS: [u16; 4] = [0x0024, 0x0025, 0x8029, 0x802a];

impl Dissector for Stun {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::read(hello.bytes) {
            Ok(Some(message)) if message.has_cookie => Probe::Yes,
            Ok(Some(message)) if message.length == hello.bytes.len() && message.method == 1 => Probe::Likely,
            Err(Short) if begins(hello.bytes) => Probe::More,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Whether a message may begin so.
fn begins(bytes: &[u8]) -> bool {
    let cookie = COOKIE.to_be_bytes();
    let is_cookie = bytes.get(4..).unwrap_or_default().iter().zip(cookie).all(|(byte, of)| *byte == of);
    bytes.first().is_some_and(|first| *first < 0x40) && bytes.get(3).is_none_or(|low| low % 4 == 0) && is_cookie
}

#[derive(Default)]
struct Conversation {
    read: u8,
    is_ice: bool,
}

impl Parser for Conversation {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_stream = out.context().flow.is_some_and(|(_, key)| key.transport == Transport::TCP);
        match Message::read(bytes) {
            Ok(Some(message)) => {
                self.read += 1;
                self.say(&message, out);
                if self.read >= ENOUGH { Step::Finished } else { Step::Take(message.length) }
            }
            Err(Short) if is_stream => Step::Take(0),
            _ if is_stream => Step::Finished,
            // Media, DTLS or what is relayed goes the same way (RFC 7983).
            _ => Step::Anew(0),
        }
    }
}

impl Conversation {
    fn say(&mut self, message: &Message<'_>, out: &mut Output<'_>) {
        let (mut software, mut error, mut is_whole) = ("", None, true);
        for attribute in message.attributes() {
            let Ok((kind, value)) = attribute else {
                is_whole = false;
                break;
            };
            match kind {
                SOFTWARE => software = product(value).unwrap_or_default(),
                ERROR_CODE => {
                    error = value.get(2..4).map(|code| match code {
                        [hundreds, rest] => u16::from(hundreds & 7) * 100 + u16::from(*rest),
                        _ => 0,
                    });
                }
                _ => self.is_ice |= OF_PEERS.contains(&kind),
            }
        }
        if !is_whole {
            out.weird("stun.attributes");
        }
        let is_answer = matches!(message.class, "success" | "error");
        if !self.is_ice && message.class != "indication" {
            let service = if message.method == 1 { "_stun._udp" } else { "_turn._udp" };
            say_service(is_answer, service, message.raw, out);
        }
        if is_answer && !self.is_ice {
            out.fact(About::Sender, Field::Software, software, message.raw);
        }
        out.record(|row| {
            row.text("class", message.class);
            row.text("method", message.method_name());
            row.flag("is_ice", self.is_ice);
            row.text("software", software);
            if let Some(error) = error {
                row.number("error", error);
            }
        });
    }
}

struct Message<'a> {
    raw: &'a [u8],
    body: &'a [u8],
    class: &'static str,
    method: u16,
    length: usize,
    has_cookie: bool,
}

impl<'a> Message<'a> {
    /// The message at the front; nothing when there is none. Errors: [`Short`] while it is not all there.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (kind, length, cookie) = (cursor.u16()?, cursor.u16()?, cursor.u32()?);
        let method = (kind & 0x000f) | ((kind & 0x00e0) >> 1) | ((kind & 0x3e00) >> 2);
        if kind >> 14 != 0 || length % 4 != 0 || !(1..=0x0c).contains(&method) {
            return Ok(None);
        }
        let class = match kind & 0x0110 {
            0 => "request",
            0x0010 => "indication",
            0x0100 => "success",
            _ => "error",
        };
        cursor.skip(12)?;
        let body = cursor.take(usize::from(length))?;
        let raw = bytes.get(..HEADER).unwrap_or_default();
        Ok(Some(Self { raw, body, class, method, length: HEADER + body.len(), has_cookie: cookie == COOKIE }))
    }

    /// Types and values; [`Short`] where one points beyond the end.
    fn attributes(&self) -> impl Iterator<Item = Result<(u16, &'a [u8]), Short>> {
        let mut cursor = Cursor::new(self.body);
        std::iter::from_fn(move || {
            if cursor.is_empty() {
                return None;
            }
            let mut next = || {
                let (kind, length) = (cursor.u16()?, usize::from(cursor.u16()?));
                let value = cursor.take(length)?;
                cursor.skip((4 - length % 4) % 4)?;
                Ok((kind, value))
            };
            let attribute = next();
            if attribute.is_err() {
                cursor = Cursor::new(&[]);
            }
            Some(attribute)
        })
    }

    fn method_name(&self) -> String {
        match self.method {
            1 => "binding".to_owned(),
            3 => "allocate".to_owned(),
            4 => "refresh".to_owned(),
            6 => "send".to_owned(),
            7 => "data".to_owned(),
            8 => "create-permission".to_owned(),
            9 => "channel-bind".to_owned(),
            other => other.to_string(),
        }
    }
}

/// The product that a description of software begins with, when it is a known one. What stands behind may be the name of who
/// made it.
fn product(value: &[u8]) -> Option<&str> {
    let word = value.split(|byte| byte.is_ascii_whitespace() || *byte == 0).next().unwrap_or_default();
    let word = std::str::from_utf8(word).ok().filter(|word| word.len() <= LONGEST_PRODUCT)?;
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (name, version) = word.split_at_checked(end)?;
    let is_known = known_word(PRODUCTS, name.as_bytes()).is_some() || words::names_a_device(name);
    let is_version = version.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'/' | b'_'));
    (is_known && is_version).then_some(word)
}
