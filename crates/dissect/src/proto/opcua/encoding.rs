//! The binary encoding of OPC UA, as far as services of discovery need it.
//!
//! Source: OPC 10000-6 1.05 §5.2.2.

use crate::codec::cursor::{Cursor, Short};

/// A string or byte string; a missing one is empty. Errors: [`Short`].
pub(super) fn string<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    match cursor.u32_le()? {
        u32::MAX => Ok(&[]),
        length => cursor.take(usize::try_from(length).map_err(|_| Short)?),
    }
}

/// How many elements an array has; a missing one has none. Errors: [`Short`].
pub(super) fn count(cursor: &mut Cursor<'_>) -> Result<u32, Short> {
    Ok(match cursor.u32_le()? {
        u32::MAX => 0,
        count => count,
    })
}

/// The number of a node in namespace 0; 0 for any other node. Errors: [`Short`].
pub(super) fn node(cursor: &mut Cursor<'_>) -> Result<u32, Short> {
    let form = cursor.u8()?;
    let number = match form & 0x3f {
        0 => u32::from(cursor.u8()?),
        1 => {
            let (namespace, number) = (cursor.u8()?, cursor.u16_le()?);
            if namespace == 0 { u32::from(number) } else { 0 }
        }
        2 => {
            let (namespace, number) = (cursor.u16_le()?, cursor.u32_le()?);
            if namespace == 0 { number } else { 0 }
        }
        3 | 5 => {
            cursor.skip(2)?;
            string(cursor)?;
            0
        }
        4 => {
            cursor.skip(2 + 16)?;
            0
        }
        _ => return Err(Short),
    };
    if form & 0x80 != 0 {
        string(cursor)?;
    }
    if form & 0x40 != 0 {
        cursor.skip(4)?;
    }
    Ok(number)
}

/// The text of a localised text. Errors: [`Short`].
pub(super) fn localized<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Short> {
    let mask = cursor.u8()?;
    if mask & 1 != 0 {
        string(cursor)?;
    }
    if mask & 2 != 0 { string(cursor) } else { Ok(&[]) }
}

/// Passes over an extension object, and gives its type and body. Errors: [`Short`].
pub(super) fn extension<'a>(cursor: &mut Cursor<'a>) -> Result<(u32, &'a [u8]), Short> {
    let kind = node(cursor)?;
    let body = if cursor.u8()? == 0 { &[][..] } else { string(cursor)? };
    Ok((kind, body))
}

/// Passes over the head of a request, and gives its handle. Errors: [`Short`].
pub(super) fn request(cursor: &mut Cursor<'_>) -> Result<u32, Short> {
    node(cursor)?;
    cursor.skip(8)?;
    let (handle, _diagnostics) = (cursor.u32_le()?, cursor.u32_le()?);
    string(cursor)?;
    let _timeout = cursor.u32_le()?;
    extension(cursor)?;
    Ok(handle)
}

/// Passes over the head of a response, and gives its handle and whether it tells success. Errors: [`Short`], also when it
/// holds diagnostics, which servers send to those only who ask for them.
pub(super) fn response(cursor: &mut Cursor<'_>) -> Result<(u32, bool), Short> {
    cursor.skip(8)?;
    let (handle, result) = (cursor.u32_le()?, cursor.u32_le()?);
    if cursor.u8()? != 0 {
        return Err(Short);
    }
    for _ in 0..count(cursor)? {
        string(cursor)?;
    }
    extension(cursor)?;
    Ok((handle, result & 0x8000_0000 == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_read_in_every_form() {
        let read = |raw: &[u8]| {
            let mut cursor = Cursor::new(raw);
            (node(&mut cursor), cursor.left())
        };
        assert_eq!(read(&[0, 7]), (Ok(7), 0));
        assert_eq!(read(&[1, 0, 0xae, 0x01]), (Ok(430), 0));
        assert_eq!(read(&[1, 2, 0xae, 0x01]), (Ok(0), 0));
        assert_eq!(read(&[2, 0, 0, 1, 0, 1, 0]), (Ok(65_537), 0));
        assert_eq!(read(&[3, 1, 0, 1, 0, 0, 0, b'x']), (Ok(0), 0));
        assert_eq!(read(&[9, 1]).0, Err(Short));
    }
}
