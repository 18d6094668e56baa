//! JA4: one fingerprint of a TLS client from its hello (FoxIO, technical_details/JA4.md; BSD 3-Clause).

use super::tls_hello::{Hello, is_grease, numbers};
use crate::codec::text;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const SERVER_NAME: u16 = 0x0000;
const ALPN: u16 = 0x0010;
const NOTHING: &str = "000000000000";

/// The fingerprint of a hello; `carrier` is `t` for TCP, `q` for QUIC, `d` for DTLS.
#[must_use]
pub fn fingerprint(carrier: char, hello: &Hello<'_>) -> String {
    let mut ciphers: Vec<u16> = numbers(hello.ciphers).filter(|cipher| !is_grease(*cipher)).collect();
    let mut extensions: Vec<u16> = hello.extension_types().filter(|kind| !is_grease(*kind)).collect();
    let domain = if hello.server_name.is_some() { 'd' } else { 'i' };
    let (many_ciphers, many_extensions) = (ciphers.len().min(99), extensions.len().min(99));
    let (version, [first, last]) = (version(hello.best_version()), ends(hello.protocol));
    ciphers.sort_unstable();
    extensions.sort_unstable();
    extensions.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    let signatures: Vec<u16> = numbers(hello.signatures).filter(|signature| !is_grease(*signature)).collect();
    let (ciphers, extensions) = (hash(&ciphers, &[]), hash(&extensions, &signatures));
    format!("{carrier}{version}{domain}{many_ciphers:02}{many_extensions:02}{first}{last}_{ciphers}_{extensions}")
}

const fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol; of its hexadecimal form when one of them is no letter or digit.
fn ends(protocol: &[u8]) -> [char; 2] {
    let (Some(first), Some(last)) = (protocol.first(), protocol.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)];
    }
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

/// First 12 digits of the SHA-256 of `list`, then `_` and `more`; zeros when `list` is empty.
fn hash(list: &[u16], more: &[u16]) -> String {
    if list.is_empty() {
        return NOTHING.to_owned();
    }
    let mut text = String::with_capacity(5 * (list.len() + more.len()));
    for (n, value) in list.iter().enumerate() {
        let _ = write!(text, "{}{value:04x}", if n == 0 { "" } else { "," });
    }
    for (n, value) in more.iter().enumerate() {
        let _ = write!(text, "{}{value:04x}", if n == 0 { '_' } else { ',' });
    }
    let digest = Sha256::digest(text.as_bytes());
    text::hex(digest.get(..6).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_hold() {
        let ciphers = [
            0x002f, 0x0035, 0x009c, 0x009d, 0x1301, 0x1302, 0x1303, 0xc013, 0xc014, 0xc02b, 0xc02c, 0xc02f, 0xc030,
            0xcca8, 0xcca9,
        ];
        assert_eq!(hash(&ciphers, &[]), "8daaf6152771");
        let extensions = [5, 10, 11, 13, 18, 21, 23, 27, 35, 0x2b, 0x2d, 0x33, 0x4469, 0xff01];
        assert_eq!(hash(&extensions, &[0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601]), "e5627efa2ab1");
        assert_eq!(hash(&extensions, &[]), "6d807ffa2a79");
        for (protocol, expected) in [
            (&b"h2"[..], "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            (b"", "00"),
            (b"\xab", "ab"),
            (b"\xab\xcd", "ad"),
            (b"\x30\xab", "3b"),
            (b"\x30\x31\xab\xcd", "3d"),
            (b"\x30\xab\xcd\x31", "01"),
        ] {
            assert_eq!(ends(protocol).iter().collect::<String>(), expected);
        }
    }
}
