//! The message, out of the relay agents' messages around it, and its options (RFC 8415 §8, §9, §21).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::{address, dns};
use std::net::Ipv6Addr;

/// Option codes (IANA).
pub(super) mod code {
    pub const CLIENT_ID: u16 = 1;
    pub const SERVER_ID: u16 = 2;
    pub const ADDRESSES: u16 = 3;
    pub const TEMPORARY: u16 = 4;
    pub const ADDRESS: u16 = 5;
    pub const OPTION_REQUEST: u16 = 6;
    pub const RELAYED: u16 = 9;
    pub const STATUS: u16 = 13;
    pub const VENDOR_CLASS: u16 = 16;
    pub const VENDOR_OPTIONS: u16 = 17;
    pub const DNS_SERVERS: u16 = 23;
    pub const DOMAINS: u16 = 24;
    pub const PREFIXES: u16 = 25;
    pub const FQDN: u16 = 39;
    pub const LINK_ADDRESS: u16 = 79;
}

/// Message types.
pub(super) mod kind {
    pub const REPLY: u8 = 7;
    pub const RELAY_FORWARD: u8 = 12;
    pub const RELAY_REPLY: u8 = 13;
}

/// Most relay agents that a message may pass (RFC 8415 §7.6).
const DEEPEST: usize = 8;

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// What it is; never a relay agent's message.
    pub(super) kind: u8,
    pub(super) transaction: u32,
    /// The client's address and the link it is on, as the innermost relay agent says.
    pub(super) peer: Option<Ipv6Addr>,
    pub(super) link: Option<Ipv6Addr>,
    options: &'a [u8],
    relay: &'a [u8],
}

impl<'a> Message<'a> {
    /// The innermost message in `bytes`; `None` when there are too many relay agents around it, or nothing. Errors:
    /// [`Short`] when a fixed part is incomplete.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let (mut message, mut relay): (_, &[u8]) = (bytes, &[]);
        let (mut peer, mut link) = (None, None);
        for _ in 0..=DEEPEST {
            let mut cursor = Cursor::new(message);
            let kind = cursor.u8()?;
            if !matches!(kind, kind::RELAY_FORWARD | kind::RELAY_REPLY) {
                let transaction = cursor.u24()?;
                return Ok(Some(Self { kind, transaction, peer, link, options: cursor.rest(), relay }));
            }
            let _hops = cursor.u8()?;
            link = Some(Ipv6Addr::from(cursor.array::<16>()?));
            peer = Some(Ipv6Addr::from(cursor.array::<16>()?));
            relay = message;
            let Some(inner) = find(cursor.rest(), code::RELAYED) else { return Ok(None) };
            message = inner;
        }
        Ok(None)
    }

    /// Whether a client sent it.
    pub(super) const fn is_from_client(&self) -> bool {
        matches!(self.kind, 1 | 3..=6 | 8 | 9 | 11)
    }

    /// Whether a relay agent passes it on to a server.
    pub(super) fn is_relayed_to_server(&self) -> bool {
        self.relay.first() == Some(&kind::RELAY_FORWARD)
    }

    /// Type, hop count and addresses of the innermost relay agent's message.
    pub(super) fn relay_raw(&self) -> &'a [u8] {
        self.relay.get(..34).unwrap_or_default()
    }

    /// The client's hardware address, when the relay agent next to it says that (RFC 6939 §4).
    pub(super) fn link_address(&self) -> Option<&'a [u8]> {
        let value = find(self.relay.get(34..)?, code::LINK_ADDRESS)?;
        value.strip_prefix(&[0, 1]).filter(|address| address.len() == 6)
    }

    pub(super) fn client_id(&self) -> Option<&'a [u8]> {
        self.option(code::CLIENT_ID)
    }

    /// The value of the first option `code`.
    pub(super) fn option(&self, code: u16) -> Option<&'a [u8]> {
        find(self.options, code)
    }

    /// Codes and values in order.
    pub(super) fn options(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        Options(Cursor::new(self.options))
    }

    /// Whether an option runs out of the message.
    pub(super) fn has_broken_options(&self) -> bool {
        let mut options = Options(Cursor::new(self.options));
        options.by_ref().for_each(drop);
        !options.0.is_empty()
    }

    /// The client's associations of all three sorts (RFC 8415 §21.4, §21.5, §21.21).
    pub(super) fn associations(&self) -> impl Iterator<Item = Association<'a>> + use<'a> {
        self.options().filter_map(|(code, value)| {
            let mut cursor = Cursor::new(value);
            let iaid = cursor.u32().ok()?;
            match code {
                code::ADDRESSES | code::PREFIXES => cursor.skip(8).ok()?,
                code::TEMPORARY => {}
                _ => return None,
            }
            Some(Association { iaid, options: cursor.rest() })
        })
    }

    /// The texts of the vendor classes (RFC 8415 §21.16).
    pub(super) fn vendor_classes(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.options().filter(|(code, _)| *code == code::VENDOR_CLASS).flat_map(|(_, value)| {
            let mut cursor = Cursor::new(value.get(4..).unwrap_or_default());
            std::iter::from_fn(move || {
                let length = usize::from(cursor.u16().ok()?);
                cursor.take(length).ok()
            })
        })
    }
}

/// An identity association: what addresses or prefixes are given to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Association<'a> {
    pub(super) iaid: u32,
    pub(super) options: &'a [u8],
}

/// The addresses in an association's options that may be used, with their bytes.
pub(super) fn addresses(options: &[u8]) -> impl Iterator<Item = (Ipv6Addr, &[u8])> {
    Options(Cursor::new(options)).filter_map(|(code, value)| {
        let mut cursor = Cursor::new(value);
        let raw = cursor.take(16).ok().filter(|_| code == code::ADDRESS)?;
        let (_preferred, valid) = (cursor.u32().ok()?, cursor.u32().ok()?);
        Some((address::v6(raw).filter(|_| valid > 0)?, raw))
    })
}

/// The name in option 39, perhaps without its end (RFC 4704 §4.2).
pub(super) fn fqdn(raw: &[u8]) -> String {
    let name = dns::Name::alone(raw.get(1..).unwrap_or_default());
    crate::codec::text::clean(name.text().as_ref()).into_owned()
}

/// Codes asked for, decimal, joined by commas.
pub(super) fn parameters(raw: &[u8]) -> String {
    let codes = raw.as_chunks::<2>().0.iter().map(|code| u16::from_be_bytes(*code).to_string());
    codes.take(128).collect::<Vec<_>>().join(",")
}

fn find(options: &[u8], code: u16) -> Option<&[u8]> {
    Options(Cursor::new(options)).find(|(found, _)| *found == code).map(|(_, value)| value)
}

/// Options not yet read. Ends early at one that is broken, which then is left.
struct Options<'a>(Cursor<'a>);

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let mut ahead = self.0;
        let (code, length) = (ahead.u16().ok()?, ahead.u16().ok()?);
        let value = ahead.take(usize::from(length)).ok()?;
        self.0 = ahead;
        Some((code, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    #[test]
    fn the_innermost_message_is_found() {
        let inner = "01 000007 0006 0004 0017 0018";
        let relayed =
            format!("0c 00 {} {} 004f 0008 0001 0009fb010203 0009 000c {inner}", "20".repeat(16), "30".repeat(16));
        let raw = bytes(&relayed);
        let message = Message::read(&raw).expect("whole").expect("not too deep");
        assert_eq!((message.kind, message.transaction), (1, 7));
        assert_eq!(message.peer, Some(Ipv6Addr::from([0x30; 16])));
        assert_eq!(message.link_address(), Some(&[0, 9, 0xfb, 1, 2, 3][..]));
        assert_eq!(message.option(code::OPTION_REQUEST).map(parameters).as_deref(), Some("23,24"));
        for end in 1..raw.len() {
            assert!(!matches!(Message::read(&raw[..end]), Ok(Some(_))), "{end}");
        }
    }

    #[test]
    fn an_address_no_longer_valid_is_not_given() {
        let gone = bytes(&format!("0005 0018 {} 00000000 00000000", "20".repeat(16)));
        assert_eq!(addresses(&gone).count(), 0);
    }

    #[test]
    fn a_name_may_lack_its_end() {
        assert_eq!(fqdn(b"\0\x05pump7"), "pump7");
        assert_eq!(fqdn(b"\0\x05pump7\x07example\0"), "pump7.example");
        assert_eq!(fqdn(b""), "");
    }
}
