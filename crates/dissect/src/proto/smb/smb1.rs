//! SMB version 1: negotiation and session set-up.
//!
//! Source: MS-CIFS §2.2.4.52 (negotiate), §2.2.4.53 (session set-up); MS-SMB §2.2.4.5 and §2.2.4.6 for extended security.

use super::{Conversation, Heard, record_token, tell_token};
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ntlm::Words;
use crate::{About, Output};
use wardlight_model::Field;

pub(super) const NEGOTIATE: u8 = 0x72;
pub(super) const SESSION_SETUP: u8 = 0x73;

/// Known dialects, older ones first (MS-CIFS §1.7; MS-SMB2 §2.2.3 for the last two).
pub(super) const DIALECTS: [&str; 15] = [
    "PC NETWORK PROGRAM 1.0",
    "PCLAN1.0",
    "MICROSOFT NETWORKS 1.03",
    "MICROSOFT NETWORKS 3.0",
    "LANMAN1.0",
    "Windows for Workgroups 3.1a",
    "LM1.2X002",
    "DOS LM1.2X002",
    "DOS LANMAN2.1",
    "LANMAN2.1",
    "Samba",
    "NT LANMAN 1.0",
    "NT LM 0.12",
    SMB_2_0_2,
    SMB_2_ANY,
];
const SMB_2_0_2: &str = "SMB 2.002";
const SMB_2_ANY: &str = "SMB 2.???";
const EXTENDED_SECURITY: u32 = 0x8000_0000;

/// One message: header, parameter words, bytes.
struct Message<'a> {
    whole: &'a [u8],
    status: u32,
    is_reply: bool,
    unicode: bool,
    words: Cursor<'a>,
    bytes: Cursor<'a>,
}

impl<'a> Message<'a> {
    fn read(whole: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(whole);
        cursor.skip(5)?;
        let status = cursor.u32_le()?;
        let (flags, flags2) = (cursor.u8()?, cursor.u16_le()?);
        cursor.skip(20)?;
        let count = usize::from(cursor.u8()?);
        let words = cursor.within(2 * count)?;
        let count = usize::from(cursor.u16_le()?);
        let bytes = Cursor::new(cursor.take_at_most(count));
        Ok(Self { whole, status, is_reply: flags & 0x80 != 0, unicode: flags2 & 0x8000 != 0, words, bytes })
    }

    /// The next text: ended by a zero character or the message, and in UTF-16 at an even place.
    fn string(&mut self) -> Words<'a> {
        let unicode = self.unicode;
        if unicode {
            let at = self.bytes.rest().as_ptr().addr().wrapping_sub(self.whole.as_ptr().addr());
            let _ = self.bytes.take_at_most(at % 2);
            let pairs = self.bytes.rest().as_chunks::<2>().0;
            let end = pairs.iter().position(|pair| *pair == [0, 0]).unwrap_or(pairs.len());
            let raw = self.bytes.take_at_most(2 * end);
            let _ = self.bytes.take_at_most(2);
            return Words { raw, unicode };
        }
        let raw = self.bytes.until(0).unwrap_or_else(|Short| self.bytes.take_at_most(usize::MAX));
        Words { raw, unicode }
    }
}

pub(super) fn read(conversation: &mut Conversation, whole: &[u8], out: &mut Output<'_>) -> Result<Heard, Short> {
    let message = Message::read(whole)?;
    match (whole.get(4), message.is_reply) {
        (Some(&NEGOTIATE), false) => {
            offer(conversation, message, out);
            Ok(Heard::GoOn)
        }
        (Some(&NEGOTIATE), true) => choice(conversation, message, out).map(|()| Heard::GoOn),
        (_, false) => set_up(message, out).map(|()| Heard::GoOn),
        (_, true) => set_up_reply(message, out),
    }
}

/// The client's dialects.
fn offer(conversation: &mut Conversation, mut message: Message<'_>, out: &mut Output<'_>) {
    let raw = message.bytes.rest();
    let mut best = 0;
    conversation.offered1 = [0; 16];
    let mut places = conversation.offered1.iter_mut();
    while let (Ok(0x02), Ok(name)) = (message.bytes.u8(), message.bytes.until(0)) {
        let Some(place) = places.next() else { break };
        let known = DIALECTS.iter().position(|dialect| dialect.as_bytes() == name);
        *place = known.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or_default();
        best = best.max(*place);
    }
    match named(best) {
        None | Some(SMB_2_ANY) => {}
        Some(SMB_2_0_2) => out.fact(About::Sender, Field::SmbDialect, "2.0.2", raw),
        Some(dialect) => out.fact(About::Sender, Field::SmbDialect, dialect, raw),
    }
    let is_two = |place: &u8| matches!(named(*place), Some(SMB_2_0_2 | SMB_2_ANY));
    let offered = conversation.offered1.iter().filter(|place| **place != 0);
    match (offered.clone().any(is_two), offered.clone().any(|place| !is_two(place))) {
        (true, true) => out.fact(About::Sender, Field::Legacy, "smb1-offered", raw),
        (false, _) => out.fact(About::Sender, Field::Legacy, "smb1", raw),
        (true, false) => {}
    }
}

/// The dialect the server chose.
fn choice(conversation: &Conversation, mut message: Message<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let count = message.words.left();
    let raw = message.words.rest().get(..2).unwrap_or_default();
    let index = usize::from(message.words.u16_le()?);
    if index == 0xffff {
        return Ok(());
    }
    for about in [About::Sender, About::Receiver] {
        out.fact(about, Field::Legacy, "smb1", raw);
    }
    // Only NT LM 0.12 is answered with 17 words (MS-CIFS §2.2.4.52.2).
    let offered = conversation.offered1.get(index).and_then(|place| named(*place));
    let dialect = offered.or((count == 34).then_some("NT LM 0.12"));
    out.fact(About::Sender, Field::SmbDialect, dialect.unwrap_or_default(), raw);
    let required = message.words.u8().is_ok_and(|mode| mode & 0x08 != 0) && count == 34;
    if count == 34 {
        domain_and_server(&mut message, out)?;
    }
    out.record(|row| {
        row.number("version", 1u64);
        row.text("command", "negotiate");
        row.number("status", message.status);
        row.text("dialect", dialect.unwrap_or_default());
        row.list("dialects", conversation.offered1.iter().filter_map(|place| named(*place)));
        row.flag("signing_required", required);
    });
    Ok(())
}

/// Without extended security the server names its domain, and mostly itself, behind its challenge.
fn domain_and_server(message: &mut Message<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    message.words.skip(16)?;
    let capabilities = message.words.u32_le()?;
    message.words.skip(10)?;
    let challenge = usize::from(message.words.u8()?);
    if capabilities & EXTENDED_SECURITY != 0 || message.bytes.skip(challenge).is_err() {
        return Ok(());
    }
    for field in [Field::Domain, Field::NetbiosName] {
        // Unlike elsewhere these are not padded to even places.
        let pairs = message.bytes.rest().as_chunks::<2>().0;
        let end = pairs.iter().position(|pair| *pair == [0, 0]).unwrap_or(pairs.len());
        let raw = message.bytes.take_at_most(2 * end);
        let _ = message.bytes.take_at_most(2);
        out.fact(About::Sender, field, &Words { raw, unicode: true }.text(), raw);
    }
    Ok(())
}

fn named(place: u8) -> Option<&'static str> {
    DIALECTS.get(usize::from(place).checked_sub(1)?).copied()
}

/// The client's session set-up, in the form that its number of words says.
fn set_up(mut message: Message<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let words = message.words.left() / 2;
    let (token, account, domain) = match words {
        12 => {
            message.words.skip(14)?;
            let length = message.words.u16_le()?;
            (Some(message.bytes.take(usize::from(length))?), Words::default(), Words::default())
        }
        10 | 13 => {
            message.words.skip(14)?;
            let length = usize::from(message.words.u16_le()?);
            let wide = if words == 13 { usize::from(message.words.u16_le()?) } else { 0 };
            message.bytes.skip(length + wide)?;
            (None, message.string(), message.string())
        }
        _ => return Err(Short),
    };
    let (system, lanman) = (message.string(), message.string());
    say_system(&system, &lanman, out);
    let message = token.and_then(|token| tell_token(token, out));
    out.record(|row| {
        row.number("version", 1u64);
        row.text("command", "session_setup");
        record_system(&system, &lanman, row);
        match &message {
            Some(message) => record_token(message, row),
            None => {
                account.person("username", row);
                row.asked("domainname", domain.text().as_bytes());
            }
        }
    });
    Ok(())
}

/// The server's answer to it.
fn set_up_reply(mut message: Message<'_>, out: &mut Output<'_>) -> Result<Heard, Short> {
    let words = message.words.left() / 2;
    let mut token = &[][..];
    match words {
        // Refused.
        0 => {}
        3 => {}
        4 => {
            message.words.skip(6)?;
            token = message.bytes.take(usize::from(message.words.u16_le()?))?;
        }
        _ => return Err(Short),
    }
    let (system, lanman) = (message.string(), message.string());
    say_system(&system, &lanman, out);
    let domain = if words == 3 { message.string() } else { Words::default() };
    out.fact(About::Sender, Field::Domain, &domain.text(), domain.raw);
    let ntlm = tell_token(token, out);
    let status = message.status;
    out.record(|row| {
        row.number("version", 1u64);
        row.text("command", "session_setup");
        row.number("status", status);
        record_system(&system, &lanman, row);
        if let Some(message) = &ntlm {
            record_token(message, row);
        }
    });
    Ok(if status == 0 && words != 0 { Heard::SetUp } else { Heard::GoOn })
}

fn say_system(system: &Words<'_>, lanman: &Words<'_>, out: &mut Output<'_>) {
    out.fact(About::Sender, Field::SmbNativeOs, &system.text(), system.raw);
    out.fact(About::Sender, Field::SmbNativeLanman, &lanman.text(), lanman.raw);
}

fn record_system(system: &Words<'_>, lanman: &Words<'_>, row: &mut crate::Row<'_>) {
    row.text("native_os", system.text().as_bytes());
    row.text("native_lanman", lanman.text().as_bytes());
}
