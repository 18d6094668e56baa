//! A-ASSOCIATE-RQ and -AC: bytes in, borrowed parts out (PS3.8 §9.3.2, §9.3.3; user information PS3.7 annex D.3.3).
//!
//! Of a user identity only its type is read: the fields behind it are never looked at.

use crate::codec::cursor::{Cursor, Short};

/// What an association request or its acceptance says.
#[derive(Debug, Default)]
pub(super) struct Associate<'a> {
    pub version: u16,
    pub called: &'a [u8],
    pub calling: &'a [u8],
    pub application: &'a [u8],
    pub contexts: Vec<Context<'a>>,
    pub user: User<'a>,
    /// Breaches met while reading; what stood before them is kept.
    pub weirds: Vec<&'static str>,
}

/// A presentation context, proposed or answered.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Context<'a> {
    pub id: u8,
    /// 0 accepted, 1 to 4 why not; only in an answer.
    pub result: u8,
    /// Empty in an answer.
    pub abstract_syntax: &'a [u8],
    /// The first transfer syntax.
    pub transfer: &'a [u8],
    /// How many transfer syntaxes there are.
    pub transfers: usize,
    /// The whole item.
    pub item: &'a [u8],
}

/// The user information item.
#[derive(Debug, Default)]
pub(super) struct User<'a> {
    pub max_pdu: Option<u32>,
    pub implementation: &'a [u8],
    pub version: &'a [u8],
    /// Most operations invoked and performed at once.
    pub window: Option<(u16, u16)>,
    pub roles: Vec<Role<'a>>,
    /// SOP classes with extended negotiation.
    pub extended: Vec<&'a [u8]>,
    /// Type of the user identity a request carries.
    pub identity: Option<u8>,
    /// Whether an acceptance answers a user identity.
    pub identity_answered: bool,
}

/// One SCP/SCU role selection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role<'a> {
    pub class: &'a [u8],
    pub user: bool,
    pub provider: bool,
}

/// Most items of one list that are read.
const MOST: usize = 256;

/// Reads the body of an A-ASSOCIATE-RQ or -AC, which stands behind the PDU's length.
pub(super) fn parse(body: &[u8]) -> Associate<'_> {
    let mut read = Associate::default();
    if fill(&mut read, body).is_err() {
        read.weirds.push("dicom.short_item");
    }
    read
}

fn fill<'a>(read: &mut Associate<'a>, body: &'a [u8]) -> Result<(), Short> {
    let mut cursor = Cursor::new(body);
    read.version = cursor.u16()?;
    cursor.skip(2)?;
    read.called = cursor.take(16)?;
    read.calling = cursor.take(16)?;
    cursor.skip(32)?;
    while !cursor.is_empty() {
        let (kind, item, whole) = item(&mut cursor)?;
        match kind {
            0x10 => read.application = item,
            0x20 | 0x21 if read.contexts.len() < MOST => {
                let context = context(item, whole)?;
                read.contexts.push(context);
            }
            0x50 => user(&mut read.user, item)?,
            0x20 | 0x21 => {}
            _ => read.weirds.push("dicom.item_type"),
        }
    }
    Ok(())
}

/// Type, value and the whole of the next item.
fn item<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, &'a [u8], &'a [u8]), Short> {
    let begin = cursor.rest();
    let kind = cursor.u8()?;
    cursor.skip(1)?;
    let length = cursor.u16()?;
    let value = cursor.take(usize::from(length))?;
    Ok((kind, value, begin.get(..4 + value.len()).unwrap_or_default()))
}

fn context<'a>(value: &'a [u8], whole: &'a [u8]) -> Result<Context<'a>, Short> {
    let mut cursor = Cursor::new(value);
    let mut context = Context { item: whole, ..Context::default() };
    context.id = cursor.u8()?;
    cursor.skip(1)?;
    context.result = cursor.u8()?;
    cursor.skip(1)?;
    while !cursor.is_empty() {
        match item(&mut cursor)? {
            (0x30, syntax, _) => context.abstract_syntax = syntax,
            (0x40, syntax, _) => {
                if context.transfers == 0 {
                    context.transfer = syntax;
                }
                context.transfers += 1;
            }
            _ => {}
        }
    }
    Ok(context)
}

fn user<'a>(user: &mut User<'a>, value: &'a [u8]) -> Result<(), Short> {
    let mut cursor = Cursor::new(value);
    while !cursor.is_empty() {
        let (kind, value, _) = item(&mut cursor)?;
        let mut inner = Cursor::new(value);
        match kind {
            0x51 => user.max_pdu = Some(inner.u32()?),
            0x52 => user.implementation = value,
            0x53 => user.window = Some((inner.u16()?, inner.u16()?)),
            0x54 if user.roles.len() < MOST => user.roles.push(role(&mut inner)?),
            0x55 => user.version = value,
            0x56 | 0x57 if user.extended.len() < MOST => {
                let length = inner.u16()?;
                user.extended.push(inner.take(usize::from(length))?);
            }
            0x58 => user.identity = Some(inner.u8()?),
            0x59 => user.identity_answered = true,
            _ => {}
        }
    }
    Ok(())
}

fn role<'a>(cursor: &mut Cursor<'a>) -> Result<Role<'a>, Short> {
    let length = cursor.u16()?;
    let class = cursor.take(usize::from(length))?;
    Ok(Role { class, user: cursor.u8()? == 1, provider: cursor.u8()? == 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(items: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 1, 0, 0];
        body.extend_from_slice(b"PACS            CT1             ");
        body.extend_from_slice(&[0; 32]);
        body.extend_from_slice(items);
        body
    }

    #[test]
    fn items_before_a_breach_are_kept() {
        let body = body(&[0x10, 0, 0, 3, b'1', b'.', b'2', 0x50, 0, 0, 99, 0x51]);
        let read = parse(&body);
        assert_eq!(read.calling, b"CT1             ");
        assert_eq!(read.application, b"1.2");
        assert_eq!(read.weirds, ["dicom.short_item"]);
    }

    #[test]
    fn of_a_user_identity_only_the_type_is_read() {
        let body = body(&[0x50, 0, 0, 10, 0x58, 0, 0, 6, 2, 1, 0, 9, b'x', b'y']);
        assert_eq!(parse(&body).user.identity, Some(2));
        assert!(parse(&body).weirds.is_empty());
    }
}
