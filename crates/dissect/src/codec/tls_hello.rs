//! Client and server hello, borrowed from the message (RFC 8446 §4.1, RFC 5246 §7.4.1).

use crate::codec::cursor::{Cursor, Short};
use crate::entry::Probe;

const SERVER_NAME: u16 = 0x0000;
const SIGNATURE_ALGORITHMS: u16 = 0x000d;
const ALPN: u16 = 0x0010;
const PRE_SHARED_KEY: u16 = 0x0029;
const SUPPORTED_VERSIONS: u16 = 0x002b;

/// SHA-256 of `HelloRetryRequest`, which stands as the random of a server hello that asks again (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// A hello of either end.
#[derive(Debug, Default, Clone, Copy)]
pub struct Hello<'a> {
    /// Version that the message itself states.
    pub version: u16,
    /// Versions of the `supported_versions` extension, two bytes each.
    pub versions: &'a [u8],
    /// Cipher suites, two bytes each; of a server, the chosen one.
    pub ciphers: &'a [u8],
    /// All extensions as they stand.
    pub extensions: &'a [u8],
    /// First host name of the server name extension.
    pub server_name: Option<&'a [u8]>,
    /// First protocol of the ALPN extension.
    pub protocol: &'a [u8],
    /// Signature algorithms, two bytes each.
    pub signatures: &'a [u8],
    /// A pre-shared key is offered or chosen.
    pub has_key: bool,
    /// The server asks for another hello.
    pub is_retry: bool,
}

impl<'a> Hello<'a> {
    /// Reads a client hello. Errors: [`Short`] when a length points beyond the end.
    pub fn client(message: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(message);
        let version = cursor.u16()?;
        cursor.skip(32)?;
        sized_8(&mut cursor)?;
        if is_datagram(version) {
            // The cookie of DTLS (RFC 6347 §4.2.1).
            sized_8(&mut cursor)?;
        }
        let ciphers = sized_16(&mut cursor)?;
        sized_8(&mut cursor)?;
        let mut hello = Self { version, ciphers, ..Self::default() };
        hello.read_extensions(cursor, true)?;
        Ok(hello)
    }

    /// Reads a server hello. Errors: [`Short`] when a length points beyond the end.
    pub fn server(message: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(message);
        let version = cursor.u16()?;
        let is_retry = cursor.array::<32>()? == RETRY;
        // The drafts of TLS 1.3 before 22 left out session id and compression.
        let is_old_draft = version >> 8 == 0x7f;
        if !is_old_draft {
            sized_8(&mut cursor)?;
        }
        let ciphers = cursor.take(2)?;
        if !is_old_draft {
            cursor.skip(1)?;
        }
        let mut hello = Self { version, ciphers, is_retry, ..Self::default() };
        hello.read_extensions(cursor, false)?;
        Ok(hello)
    }

    /// The best version stated: in the extension when it is there, else in the message.
    #[must_use]
    pub fn best_version(&self) -> u16 {
        let listed = numbers(self.versions).filter(|version| !is_grease(*version));
        // Those of DTLS count downwards.
        let listed = if is_datagram(self.version) { listed.min() } else { listed.max() };
        listed.unwrap_or(self.version)
    }

    /// The types of all extensions in order.
    pub fn extension_types(&self) -> impl Iterator<Item = u16> + 'a {
        let mut cursor = Cursor::new(self.extensions);
        std::iter::from_fn(move || extension(&mut cursor).ok().map(|(kind, _)| kind))
    }

    fn read_extensions(&mut self, mut cursor: Cursor<'a>, is_client: bool) -> Result<(), Short> {
        if cursor.is_empty() {
            return Ok(());
        }
        self.extensions = sized_16(&mut cursor)?;
        let mut cursor = Cursor::new(self.extensions);
        while !cursor.is_empty() {
            let (kind, content) = extension(&mut cursor)?;
            self.read_extension(kind, Cursor::new(content), is_client);
        }
        Ok(())
    }

    /// Reads one extension; one that is malformed in itself says nothing.
    fn read_extension(&mut self, kind: u16, mut content: Cursor<'a>, is_client: bool) {
        match kind {
            SERVER_NAME if is_client => self.server_name = Some(server_name(content).unwrap_or_default()),
            SIGNATURE_ALGORITHMS => self.signatures = sized_16(&mut content).unwrap_or_default(),
            ALPN => self.protocol = first_protocol(content).unwrap_or_default(),
            PRE_SHARED_KEY => self.has_key = true,
            SUPPORTED_VERSIONS if is_client => self.versions = sized_8(&mut content).unwrap_or_default(),
            SUPPORTED_VERSIONS => self.versions = content.rest(),
            _ => {}
        }
    }
}

/// Whether a version is one of DTLS.
const fn is_datagram(version: u16) -> bool {
    version >> 8 == 0xfe
}

/// Whether bytes begin with a client hello in the format of SSL 2.0 (RFC 5246 §E.2).
#[must_use]
pub fn begins_ssl2(bytes: &[u8]) -> Probe {
    fn fits(bytes: &[u8]) -> Result<bool, Short> {
        let length = ssl2_length(bytes)?;
        let mut cursor = Cursor::new(bytes);
        cursor.skip(2)?;
        if cursor.u8()? != 1 {
            return Ok(false);
        }
        if !matches!(cursor.u16()?, 0x0002 | 0x0300..=0x0304) {
            return Ok(false);
        }
        let (ciphers, session, challenge) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        let is_whole = 9 + usize::from(ciphers) + usize::from(session) + usize::from(challenge) == length;
        Ok(is_whole && ciphers > 0 && ciphers % 3 == 0 && matches!(session, 0 | 16) && matches!(challenge, 16..=32))
    }
    match fits(bytes) {
        Ok(true) => Probe::Yes,
        Ok(false) => Probe::No,
        Err(Short) => Probe::More,
    }
}

/// Length of the record in the format of SSL 2.0 that bytes begin with, without its two bytes of length.
pub fn ssl2_length(bytes: &[u8]) -> Result<usize, Short> {
    Cursor::new(bytes).u16().map(|length| usize::from(length & 0x7fff))
}

/// The numbers of two bytes each that `list` holds.
pub fn numbers(list: &[u8]) -> impl Iterator<Item = u16> + '_ {
    list.as_chunks::<2>().0.iter().map(|pair| u16::from_be_bytes(*pair))
}

/// Whether a value is there only to keep others tolerant (RFC 8701 §2).
#[must_use]
pub const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && high & 0x0f == 0x0a
}

fn extension<'a>(cursor: &mut Cursor<'a>) -> Result<(u16, &'a [u8]), Short> {
    Ok((cursor.u16()?, sized_16(cursor)?))
}

fn server_name(mut content: Cursor<'_>) -> Result<&[u8], Short> {
    let mut list = Cursor::new(sized_16(&mut content)?);
    loop {
        let (kind, name) = (list.u8()?, sized_16(&mut list)?);
        if kind == 0 {
            return Ok(name);
        }
    }
}

fn first_protocol(mut content: Cursor<'_>) -> Result<&[u8], Short> {
    let mut list = Cursor::new(sized_16(&mut content)?);
    sized_8(&mut list)
}

fn sized_8<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = cursor.u8()?;
    cursor.take(length.into())
}

fn sized_16<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let length = cursor.u16()?;
    cursor.take(length.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_is_known() {
        assert!([0x0a0a, 0x1a1a, 0xfafa].iter().all(|value| is_grease(*value)));
        assert!([0x0a1a, 0x1301, 0xabab].iter().all(|value| !is_grease(*value)));
    }

    #[test]
    fn an_ssl_2_hello_is_known_by_its_lengths() {
        let hello = crate::trial::bytes("80 1f 01 0301 0006 0000 0010 00002f 000035 00112233445566778899aabbccddeeff");
        assert_eq!(begins_ssl2(&hello), Probe::Yes);
        assert_eq!(begins_ssl2(&hello[..8]), Probe::More);
        assert_eq!(begins_ssl2(&[0x80, 0x20, 2]), Probe::No);
    }

    #[test]
    fn a_hello_without_extensions_is_whole() {
        let hello = [&[3, 1][..], &[0; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
        let hello = Hello::client(&hello).expect("whole");
        assert_eq!((hello.best_version(), hello.ciphers), (0x0301, &[0, 0x2f][..]));
        assert!(Hello::client(&[3, 1, 0]).is_err());
    }
}
