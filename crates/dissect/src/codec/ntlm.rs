//! NTLMSSP messages, wherever they travel: SMB, HTTP, LDAP, RPC.
//!
//! In comes one message or the token around it; out go the names and versions that either end says about its own
//! computer. Challenges and responses are never looked at, and a user name leaves as a keyed hash only.
//! Source: MS-NLMP §2.2.1 (messages), §2.2.2.1 (target information), §2.2.2.10 (version).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::{About, Output, Row};
use std::borrow::Cow;
use wardlight_model::{Field, Keyed};

const SIGNATURE: &[u8] = b"NTLMSSP\0";
const UNICODE: u32 = 0x0000_0001;
const WORKSTATION_SUPPLIED: u32 = 0x0000_2000;
const VERSION: u32 = 0x0200_0000;

/// Text of one field: its bytes on the wire, and how they are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Words<'a> {
    /// The bytes.
    pub raw: &'a [u8],
    /// UTF-16, else the sender's own code page (read as UTF-8 or Latin-1).
    pub unicode: bool,
}

impl<'a> Words<'a> {
    /// The text, tidied.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        if self.unicode { Cow::Owned(text::utf16(self.raw)) } else { text::clean(self.raw) }
    }

    /// The keyed hash of the text, the same for either encoding. For user names.
    #[must_use]
    pub(crate) fn keyed(&self, out: &Output<'_>) -> Keyed {
        let mut room = [0; 192];
        out.keyed(if self.unicode { text::utf16_within(self.raw, &mut room) } else { self.raw })
    }

    /// Writes the keyed hash of the text into a record, the same for either encoding. For user names.
    pub fn person(&self, name: &'static str, row: &mut Row<'_>) {
        let mut room = [0; 192];
        let plain = if self.unicode { text::utf16_within(self.raw, &mut room) } else { self.raw };
        row.person(name, plain);
    }
}

/// What a challenge says about the computer that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Target<'a> {
    /// NetBIOS name of the computer.
    pub computer: Words<'a>,
    /// NetBIOS name of its domain; the computer's own when it is in none.
    pub domain: Words<'a>,
    /// DNS name of the computer.
    pub dns_computer: Words<'a>,
    /// DNS name of its domain.
    pub dns_domain: Words<'a>,
    /// DNS name of its forest.
    pub dns_tree: Words<'a>,
}

/// `major.minor.build` with the bytes that say so.
pub type Version<'a> = ((u8, u8, u16), &'a [u8]);

/// One NTLMSSP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The client begins.
    Negotiate {
        /// Name of the client's computer; mostly empty.
        workstation: Words<'a>,
        /// Of the client's system.
        version: Option<Version<'a>>,
    },
    /// The server describes itself.
    Challenge {
        /// The names.
        target: Target<'a>,
        /// Of the server's system.
        version: Option<Version<'a>>,
    },
    /// The client proves who its user is.
    Authenticate {
        /// Name of the client's computer.
        workstation: Words<'a>,
        /// Domain of the user.
        domain: Words<'a>,
        /// The user. Names a person: see [`Words::person`].
        user: Words<'a>,
        /// Of the client's system.
        version: Option<Version<'a>>,
    },
}

/// The NTLMSSP message within `token`, which may be wrapped in SPNEGO (RFC 4178) or stand by itself.
#[must_use]
pub fn find(token: &[u8]) -> Option<Message<'_>> {
    let at = token.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
    read(token.get(at..)?).ok().flatten()
}

fn read(message: &[u8]) -> Result<Option<Message<'_>>, Short> {
    let mut cursor = Cursor::new(message);
    cursor.skip(SIGNATURE.len())?;
    Ok(match cursor.u32_le()? {
        1 => Some(negotiate(message, cursor)?),
        2 => Some(challenge(message, cursor)?),
        3 => Some(authenticate(message, cursor)?),
        _ => None,
    })
}

fn negotiate<'a>(message: &'a [u8], mut cursor: Cursor<'a>) -> Result<Message<'a>, Short> {
    let flags = cursor.u32_le()?;
    let (_domain, workstation) = (part(message, &mut cursor), part(message, &mut cursor));
    let supplied = flags & WORKSTATION_SUPPLIED != 0;
    let workstation = Words { raw: workstation.filter(|_| supplied).unwrap_or_default(), unicode: false };
    Ok(Message::Negotiate { workstation, version: version(flags, cursor) })
}

fn challenge<'a>(message: &'a [u8], mut cursor: Cursor<'a>) -> Result<Message<'a>, Short> {
    cursor.skip(8)?;
    let flags = cursor.u32_le()?;
    cursor.skip(16)?;
    let pairs = part(message, &mut cursor).unwrap_or_default();
    Ok(Message::Challenge { target: target(pairs), version: version(flags, cursor) })
}

fn authenticate<'a>(message: &'a [u8], mut cursor: Cursor<'a>) -> Result<Message<'a>, Short> {
    cursor.skip(16)?;
    let [domain, user, workstation] = [(); 3].map(|()| part(message, &mut cursor).unwrap_or_default());
    let payload =
        [domain, user, workstation].iter().filter(|raw| !raw.is_empty()).map(|raw| offset(message, raw)).min();
    cursor.skip(8)?;
    let flags = cursor.u32_le()?;
    let version = version(flags, cursor).filter(|_| payload.is_none_or(|at| at >= 72));
    let unicode = flags & UNICODE != 0;
    let [workstation, domain, user] = [workstation, domain, user].map(|raw| Words { raw, unicode });
    Ok(Message::Authenticate { workstation, domain, user, version })
}

/// The bytes that the next field (length, room, offset) points to.
fn part<'a>(message: &'a [u8], cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let (length, _room, at) = (cursor.u16_le().ok()?, cursor.u16_le().ok()?, cursor.u32_le().ok()?);
    let at = usize::try_from(at).ok()?;
    message.get(at..at.checked_add(usize::from(length))?)
}

fn offset(message: &[u8], raw: &[u8]) -> usize {
    raw.as_ptr().addr().saturating_sub(message.as_ptr().addr())
}

fn version<'a>(flags: u32, mut cursor: Cursor<'a>) -> Option<Version<'a>> {
    let raw = cursor.rest().get(..4)?;
    let (major, minor, build) = (cursor.u8().ok()?, cursor.u8().ok()?, cursor.u16_le().ok()?);
    (flags & VERSION != 0 && major != 0).then_some(((major, minor, build), raw))
}

fn target(pairs: &[u8]) -> Target<'_> {
    let mut target = Target::default();
    let mut cursor = Cursor::new(pairs);
    while let (Ok(kind @ 1..), Ok(length)) = (cursor.u16_le(), cursor.u16_le()) {
        let Ok(raw) = cursor.take(usize::from(length)) else { break };
        let words = Words { raw, unicode: true };
        match kind {
            1 => target.computer = words,
            2 => target.domain = words,
            3 => target.dns_computer = words,
            4 => target.dns_domain = words,
            5 => target.dns_tree = words,
            _ => {}
        }
    }
    target
}

/// Says what the sender of `message` tells about its own computer.
pub fn tell(message: &Message<'_>, out: &mut Output<'_>) {
    let version = match message {
        Message::Challenge { target, version } => {
            tell_target(target, out);
            version
        }
        Message::Negotiate { workstation, version } | Message::Authenticate { workstation, version, .. } => {
            say(Field::NtlmComputer, workstation, out);
            version
        }
    };
    if let Some(((major, minor, build), raw)) = version {
        out.fact(About::Sender, Field::NtlmVersion, &format!("{major}.{minor}.{build}"), raw);
    }
}

fn tell_target(target: &Target<'_>, out: &mut Output<'_>) {
    say(Field::NtlmComputer, &target.computer, out);
    say(Field::NtlmDnsName, &target.dns_computer, out);
    // A computer outside any domain gives its own name in place of the domain's.
    let alone = [target.computer.text(), target.dns_computer.text()];
    for domain in [&target.domain, &target.dns_domain] {
        let text = domain.text();
        if !alone.iter().any(|name| name.eq_ignore_ascii_case(&text)) {
            out.fact(About::Sender, Field::Domain, &text, domain.raw);
        }
    }
}

fn say(field: Field, words: &Words<'_>, out: &mut Output<'_>) {
    out.fact(About::Sender, field, &words.text(), words.raw);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn field(length: usize, at: usize) -> Vec<u8> {
        let length = u16::try_from(length).expect("short").to_le_bytes();
        [&length[..], &length, &u32::try_from(at).expect("short").to_le_bytes()].concat()
    }

    fn authenticate(flags: u32, workstation: &str) -> Vec<u8> {
        let (domain, user, station) = (wide("WARD"), wide("nurse"), wide(workstation));
        let parts = [field(0, 72), field(0, 72), field(8, 72), field(10, 80), field(station.len(), 90), field(0, 72)];
        let flags = flags.to_le_bytes();
        let head = [SIGNATURE, &[3, 0, 0, 0], &parts.concat(), &flags, &[10, 0, 0x63, 0x45, 0, 0, 0, 15]].concat();
        [head, domain, user, station].concat()
    }

    #[test]
    fn an_authenticate_message_names_the_client() {
        let bytes = [&b"\x60\x48\x06"[..], &authenticate(UNICODE | VERSION, "CT-CONSOLE")].concat();
        let Some(Message::Authenticate { workstation, domain, user, version }) = find(&bytes) else {
            panic!("no authenticate message")
        };
        assert_eq!(
            (workstation.text(), domain.text(), user.text()),
            ("CT-CONSOLE".into(), "WARD".into(), "nurse".into())
        );
        assert_eq!(version.map(|(version, _)| version), Some((10, 0, 17763)));
    }

    #[test]
    fn fields_beyond_the_message_are_empty() {
        let mut bytes = authenticate(UNICODE, "CT");
        bytes.truncate(80);
        let Some(Message::Authenticate { workstation, user, version, .. }) = find(&bytes) else {
            panic!("no authenticate message")
        };
        assert_eq!((workstation.raw, user.raw, version), (&[][..], &[][..], None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(kind in 0u8..5, rest in prop::collection::vec(any::<u8>(), 0..160)) {
            let _ = find(&[SIGNATURE, &[kind, 0, 0, 0], &rest].concat());
        }
    }
}
