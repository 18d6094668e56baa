//! SMB versions 2 and 3: negotiation and session set-up.
//!
//! Source: MS-SMB2 §2.2.1 (header), §2.2.3 and §2.2.4 (negotiate), §2.2.5 and §2.2.6 (session set-up).

use super::{Conversation, Heard, record_token, tell_token};
use crate::codec::cursor::{Cursor, Short};
use crate::{About, Output};
use wardlight_model::Field;

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const LOGOFF: u16 = 2;
const HEADER: usize = 64;
/// "Some dialect of version 2": an answer to a version 1 negotiation that is followed by another negotiation.
const WILDCARD: u16 = 0x02ff;
const SIGNING_REQUIRED: u16 = 2;

/// What a header says that matters here.
struct Header {
    status: u32,
    command: u16,
    is_response: bool,
}

impl Header {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Short> {
        cursor.skip(8)?;
        let (status, command, _credit) = (cursor.u32_le()?, cursor.u16_le()?, cursor.u16_le()?);
        Ok(Self { status, command, is_response: cursor.u32_le()? & 1 == 1 })
    }
}

/// Whether the message that begins with `head` negotiates, or sets up or ends a session.
pub(super) fn is_about_the_session(head: &[u8]) -> bool {
    Header::read(&mut Cursor::new(head)).is_ok_and(|header| header.command <= LOGOFF)
}

pub(super) fn read(conversation: &mut Conversation, whole: &[u8], out: &mut Output<'_>) -> Result<Heard, Short> {
    let mut cursor = Cursor::new(whole);
    let header = Header::read(&mut cursor)?;
    cursor = Cursor::new(whole.get(HEADER..).ok_or(Short)?);
    match (header.command, header.is_response) {
        (NEGOTIATE, false) => offer(conversation, cursor, out).map(|()| Heard::GoOn),
        // An error response has another body.
        (NEGOTIATE, true) if header.status == 0 => choice(conversation, cursor, out).map(|()| Heard::GoOn),
        (SESSION_SETUP, false) => {
            cursor.skip(12)?;
            set_up(&header, whole, cursor, out)?;
            Ok(Heard::GoOn)
        }
        (SESSION_SETUP, true) => {
            cursor.skip(4)?;
            set_up(&header, whole, cursor, out)?;
            Ok(if header.status == 0 { Heard::SetUp } else { Heard::GoOn })
        }
        _ => Ok(Heard::GoOn),
    }
}

/// The client's dialects.
fn offer(conversation: &mut Conversation, mut body: Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    body.skip(2)?;
    let count = body.u16_le()?;
    body.skip(32)?;
    let raw = body.take(2 * usize::from(count))?;
    conversation.offered2 = [0; 16];
    for (place, [low, high]) in conversation.offered2.iter_mut().zip(raw.as_chunks::<2>().0) {
        *place = u16::from_le_bytes([*low, *high]);
    }
    let best = conversation.offered2.iter().filter_map(|revision| Some((*revision, name(*revision)?))).max();
    if let Some((_, name)) = best {
        out.fact(About::Sender, Field::SmbDialect, name, raw);
    }
    Ok(())
}

/// The dialect the server chose.
fn choice(conversation: &Conversation, mut body: Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    body.skip(2)?;
    let mode = body.u16_le()?;
    let raw = body.rest().get(..2).unwrap_or_default();
    let revision = body.u16_le()?;
    if revision == WILDCARD {
        return Ok(());
    }
    let dialect = name(revision).unwrap_or_default();
    out.fact(About::Sender, Field::SmbDialect, dialect, raw);
    out.record(|row| {
        row.number("version", 2u64);
        row.text("command", "negotiate");
        row.number("status", 0u64);
        row.text("dialect", dialect);
        row.list("dialects", conversation.offered2.iter().filter_map(|revision| name(*revision)));
        row.flag("signing_required", mode & SIGNING_REQUIRED != 0);
    });
    Ok(())
}

/// Either end's part in a session set-up; `fields` begins where the place of its token stands.
fn set_up(header: &Header, whole: &[u8], mut fields: Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let (at, length) = (usize::from(fields.u16_le()?), usize::from(fields.u16_le()?));
    let token = whole.get(at..at + length).ok_or(Short)?;
    let message = tell_token(token, out);
    if message.is_none() && !header.is_response {
        return Ok(());
    }
    out.record(|row| {
        row.number("version", 2u64);
        row.text("command", "session_setup");
        if header.is_response {
            row.number("status", header.status);
        }
        if let Some(message) = &message {
            record_token(message, row);
        }
    });
    Ok(())
}

/// A dialect revision as people write it.
const fn name(revision: u16) -> Option<&'static str> {
    Some(match revision {
        0x0202 => "2.0.2",
        0x0210 => "2.1",
        0x0300 => "3.0",
        0x0302 => "3.0.2",
        0x0311 => "3.1.1",
        _ => return None,
    })
}
