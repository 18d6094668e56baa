//! The message: its fixed part and its options (RFC 2131 §2, RFC 2132 §2).

use crate::codec::cursor::{Cursor, Short};
use std::net::Ipv4Addr;
use wardlight_model::Mac;

/// Option codes (IANA).
pub(super) mod code {
    pub const ROUTER: u8 = 3;
    pub const HOST_NAME: u8 = 12;
    pub const DOMAIN: u8 = 15;
    pub const DNS_SERVERS: u8 = 6;
    pub const REQUESTED: u8 = 50;
    pub const LEASE: u8 = 51;
    pub const OVERLOAD: u8 = 52;
    pub const KIND: u8 = 53;
    pub const SERVER: u8 = 54;
    pub const PARAMETERS: u8 = 55;
    pub const LARGEST: u8 = 57;
    pub const VENDOR_CLASS: u8 = 60;
    pub const CLIENT_ID: u8 = 61;
    pub const BOOT_FILE: u8 = 67;
    pub const USER_CLASS: u8 = 77;
    pub const FQDN: u8 = 81;
    pub const RELAY: u8 = 82;
    pub const ARCHITECTURE: u8 = 93;
    pub const INTERFACE: u8 = 94;
    pub const MACHINE: u8 = 97;
    pub const VENDOR_CLASSES: u8 = 124;
    pub const VENDOR_OPTIONS: u8 = 125;
}

/// Message types, option 53.
pub(super) mod kind {
    pub const REQUEST: u8 = 3;
    pub const ACK: u8 = 5;
    pub const INFORM: u8 = 8;
}

/// Length of the fixed part.
const FIXED: usize = 236;
/// What stands before the options (RFC 2131 §3).
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    fixed: &'a [u8],
    options: &'a [u8],
    operation: u8,
    hardware: u8,
    hardware_length: u8,
    pub(super) transaction: u32,
    /// Address the client already has, `ciaddr`.
    pub(super) client: Ipv4Addr,
    /// Address the client is given, `yiaddr`.
    pub(super) yours: Ipv4Addr,
    /// Address of the server that a booting client goes on with, `siaddr`.
    pub(super) next: Ipv4Addr,
    /// Address of the relay agent, `giaddr`.
    pub(super) relay: Ipv4Addr,
}

impl<'a> Message<'a> {
    /// Reads the fixed part. Errors: [`Short`] when it is incomplete.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let (fixed, behind) = bytes.split_at_checked(FIXED).ok_or(Short)?;
        let mut cursor = Cursor::new(fixed);
        let [operation, hardware, hardware_length, _hops] = cursor.array()?;
        let transaction = cursor.u32()?;
        let _seconds_and_flags = cursor.u32()?;
        let client = cursor.array::<4>()?.into();
        let yours = cursor.array::<4>()?.into();
        let next = cursor.array::<4>()?.into();
        let relay = cursor.array::<4>()?.into();
        let options = behind.strip_prefix(&COOKIE).unwrap_or_default();
        Ok(Self { fixed, options, operation, hardware, hardware_length, transaction, client, yours, next, relay })
    }

    /// Whether operation and hardware address are such as messages have.
    pub(super) const fn has_sane_header(&self) -> bool {
        matches!(self.operation, 1 | 2) && self.hardware_length <= 16 && self.hardware != 0 && self.hardware <= 38
    }

    pub(super) const fn is_request(&self) -> bool {
        self.operation == 1
    }

    /// Whether it is DHCP or BOOTP with vendor extensions, rather than plain BOOTP.
    pub(super) const fn has_options(&self) -> bool {
        !self.options.is_empty()
    }

    /// The client's Ethernet address.
    pub(super) fn mac(&self) -> Option<Mac> {
        let raw = self.fixed.get(28..34)?;
        // 6 is what IEEE 802 networks other than Ethernet say.
        let is_ethernet = matches!(self.hardware, 1 | 6) && self.hardware_length == 6;
        Mac::from_slice(raw).filter(|mac| is_ethernet && mac.is_station())
    }

    pub(super) fn client_raw(&self) -> &'a [u8] {
        self.fixed.get(12..16).unwrap_or_default()
    }

    pub(super) fn yours_raw(&self) -> &'a [u8] {
        self.fixed.get(16..20).unwrap_or_default()
    }

    pub(super) fn next_raw(&self) -> &'a [u8] {
        self.fixed.get(20..24).unwrap_or_default()
    }

    /// Whether it names a file to boot from, in its field or in option 67.
    pub(super) fn names_boot_file(&self) -> bool {
        let is_option = find(self.options, code::OVERLOAD).is_some();
        let field = self.fixed.get(108).filter(|first| !is_option && **first != 0);
        field.is_some() || self.option(code::BOOT_FILE).is_some()
    }

    pub(super) fn relay_raw(&self) -> &'a [u8] {
        self.fixed.get(24..28).unwrap_or_default()
    }

    /// The message type.
    pub(super) fn kind(&self) -> Option<u8> {
        self.option(code::KIND)?.first().copied()
    }

    /// The first option `code` that has a value, in the options, then in the fields they overload (RFC 2132 §9.3).
    pub(super) fn option(&self, code: u8) -> Option<&'a [u8]> {
        let overload = find(self.options, code::OVERLOAD).and_then(|value| value.first().copied()).unwrap_or_default();
        let file = self.fixed.get(108..236).filter(|_| overload & 1 != 0);
        let server_name = self.fixed.get(44..108).filter(|_| overload & 2 != 0);
        [Some(self.options), file, server_name].into_iter().flatten().find_map(|options| find(options, code))
    }

    /// Whether an option runs out of the message.
    pub(super) fn has_broken_options(&self) -> bool {
        let mut options = Options(Cursor::new(self.options));
        options.by_ref().for_each(drop);
        !options.0.is_empty()
    }
}

fn find(options: &[u8], code: u8) -> Option<&[u8]> {
    Options(Cursor::new(options)).find(|(found, value)| *found == code && !value.is_empty()).map(|(_, value)| value)
}

/// The sub-option `code` in the value of an option such as 82 (RFC 3046 §2.0).
pub(super) fn part(value: &[u8], code: u8) -> Option<&[u8]> {
    let mut cursor = Cursor::new(value);
    loop {
        let (found, length) = (cursor.u8().ok()?, cursor.u8().ok()?);
        let value = cursor.take(usize::from(length)).ok()?;
        if found == code && !value.is_empty() {
            return Some(value);
        }
    }
}

/// Options not yet read, without padding. Ends at the end option, or early at one that is broken, which then is left.
struct Options<'a>(Cursor<'a>);

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        loop {
            let mut ahead = self.0;
            match ahead.u8().ok()? {
                0 => self.0 = ahead,
                255 => {
                    self.0 = Cursor::new(&[]);
                    return None;
                }
                code => {
                    let length = usize::from(ahead.u8().ok()?);
                    let value = ahead.take(length).ok()?;
                    self.0 = ahead;
                    return Some((code, value));
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::trial::bytes;

    /// A message in hexadecimal and text: operation, `ciaddr`, `yiaddr`, `giaddr`, hardware address, options.
    pub(in crate::proto::dhcp) fn written(operation: u8, [client, yours, relay]: [&str; 3], options: &str) -> String {
        let rest = "00".repeat(10 + 64 + 128);
        format!(
            "{operation:02x} 01 06 00 11223344 0000 0000 {client} {yours} 00000000 {relay} 0009fb010203 {rest} 63825363 {options}"
        )
    }

    #[test]
    fn options_are_found_behind_padding_and_in_overloaded_fields() {
        let mut message = bytes(&written(1, ["00000000"; 3], "00 00 35 01 01 34 01 03 ff 0c 01 \"x\""));
        message[108..114].copy_from_slice(b"\x0c\x04file");
        message[114] = 255;
        message[44..50].copy_from_slice(b"\x3c\x03abc\xff");
        let message = Message::read(&message).expect("fixed part");
        assert_eq!(message.kind(), Some(1));
        assert_eq!(message.option(code::HOST_NAME), Some(&b"file"[..]));
        assert_eq!(message.option(code::VENDOR_CLASS), Some(&b"abc"[..]));
        assert!(!message.has_broken_options());
    }

    #[test]
    fn an_option_beyond_the_end_is_broken() {
        for options in ["35 01", "35", "35 01 01 0c 09 \"abc\""] {
            let message = bytes(&written(1, ["00000000"; 3], options));
            let message = Message::read(&message).expect("fixed part");
            assert!(message.has_broken_options(), "{options}");
            assert_eq!(message.option(code::HOST_NAME), None);
        }
    }

    #[test]
    fn parts_of_an_option_are_found() {
        assert_eq!(part(b"\x01\x02ab\x02\x01c", 2), Some(&b"c"[..]));
        assert_eq!(part(b"\x01\x02ab\x02\x05c", 2), None);
    }
}
