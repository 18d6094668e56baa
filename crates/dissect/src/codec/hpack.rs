//! Header fields of HTTP/2 without their history: what the static table and literals say.
//!
//! In comes a block; out go names and values as they stand in it. What refers to fields sent before is passed over, since
//! these are not kept. Source: RFC 7541 §5 (integers, strings), §6 (representations), appendices A and B.

use super::cursor::{Cursor, Short};
use std::sync::LazyLock;

/// Names of the static table, from 1 on (appendix A).
const NAMES: &str = ":authority :method :method :path :path :scheme :scheme :status :status :status :status :status \
    :status :status accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age \
    allow authorization cache-control content-disposition content-encoding content-language content-length \
    content-location content-range content-type cookie date etag expect expires from host if-match if-modified-since \
    if-none-match if-range if-unmodified-since last-modified link location max-forwards proxy-authenticate \
    proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security \
    transfer-encoding user-agent vary via www-authenticate";
/// Values of `:status` in the static table, from 8 on.
const STATUSES: [&str; 7] = ["200", "204", "206", "304", "400", "404", "500"];
const FIRST_STATUS: usize = 8;
/// Entries of the static table.
const ENTRIES: usize = 61;

/// Lengths of the codes of ` ` to `~` in appendix B: `a` is one bit.
const LENGTHS: &str = "fjjlmfhkjjhkhfffeeefffffffghofljmfgggggggggggggggggggggghghmsmnfoefefefffeggfffefgfeefgggggoknm";
/// Length of the code of a zero byte; no other character that is not printed has so short a one.
const ZERO: u32 = 13;
const LONGEST_CODE: u32 = 19;

/// A name or value as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text<'a> {
    /// As it is.
    Plain(&'a [u8]),
    /// In the code of appendix B.
    Coded(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The characters, in `room` when they have to be put there. `None` when they do not fit, or are not all printable.
    pub(crate) fn decode<'b>(&self, room: &'b mut [u8]) -> Option<&'b [u8]>
    where
        'a: 'b,
    {
        match self {
            Text::Plain(raw) => Some(raw),
            Text::Coded(raw) => decode(raw, room),
        }
    }

    /// The bytes that say it.
    pub(crate) const fn raw(&self) -> &'a [u8] {
        match self {
            Text::Plain(raw) | Text::Coded(raw) => raw,
        }
    }
}

/// Gives `each` name and value of the fields in `block`, in order. Errors: [`Short`] when it is cut or malformed.
pub(crate) fn fields<'a>(block: &'a [u8], mut each: impl FnMut(Text<'a>, Text<'a>)) -> Result<(), Short> {
    let mut cursor = Cursor::new(block);
    while let Some(first) = cursor.rest().first() {
        let prefix = match first {
            0x80.. => 7,
            0x40.. => 6,
            0x20.. => 5,
            _ => 4,
        };
        let index = integer(&mut cursor, prefix)?;
        match prefix {
            7 => {
                if let Some((name, value)) = entry(index) {
                    each(Text::Plain(name), Text::Plain(value));
                }
            }
            // The size of the table changes.
            5 => {}
            _ => {
                let name =
                    if index == 0 { Some(text(&mut cursor)?) } else { entry(index).map(|(name, _)| Text::Plain(name)) };
                let value = text(&mut cursor)?;
                if let Some(name) = name {
                    each(name, value);
                }
            }
        }
    }
    Ok(())
}

/// Name and value of an entry of the static table; the value is known of `:status` only.
fn entry(index: usize) -> Option<(&'static [u8], &'static [u8])> {
    let name = NAMES.split_whitespace().nth(index.checked_sub(1).filter(|_| index <= ENTRIES)?)?;
    let value = index.checked_sub(FIRST_STATUS).and_then(|at| STATUSES.get(at)).copied().unwrap_or_default();
    Some((name.as_bytes(), value.as_bytes()))
}

/// An integer with a prefix of so many bits (§5.1).
fn integer(cursor: &mut Cursor<'_>, prefix: u32) -> Result<usize, Short> {
    let most = (1usize << prefix) - 1;
    let mut value = usize::from(cursor.u8()?) & most;
    if value < most {
        return Ok(value);
    }
    for shift in [0, 7, 14] {
        let byte = cursor.u8()?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Short)
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, Short> {
    let is_coded = cursor.rest().first().is_some_and(|first| first & 0x80 != 0);
    let length = integer(cursor, 7)?;
    let raw = cursor.take(length)?;
    Ok(if is_coded { Text::Coded(raw) } else { Text::Plain(raw) })
}

/// For each length of code: the first code of that length, and the characters that have one, in order.
static CODES: LazyLock<Vec<(u32, u32, Vec<u8>)>> = LazyLock::new(|| {
    let (mut code, mut codes) = (0u32, Vec::new());
    for length in 1..=LONGEST_CODE {
        code <<= 1;
        let mut has_it: Vec<u8> = if length == ZERO { vec![0] } else { Vec::new() };
        let printed = (b' '..=b'~').zip(LENGTHS.bytes());
        has_it.extend(printed.filter(|(_, letter)| u32::from(letter - b'a') + 1 == length).map(|(c, _)| c));
        let first = code;
        code += u32::try_from(has_it.len()).unwrap_or_default();
        codes.push((length, first, has_it));
    }
    codes
});

fn decode<'b>(raw: &[u8], room: &'b mut [u8]) -> Option<&'b [u8]> {
    let (mut code, mut length, mut used) = (0u32, 0u32, 0usize);
    for bit in raw.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        (code, length) = (code << 1 | u32::from(bit), length + 1);
        let (_, first, characters) = CODES.get(usize::try_from(length).ok()?.checked_sub(1)?)?;
        let at = code.checked_sub(*first).and_then(|at| usize::try_from(at).ok());
        if let Some(character) = at.and_then(|at| characters.get(at)) {
            *room.get_mut(used)? = *character;
            (code, length, used) = (0, 0, used + 1);
        }
    }
    // What is left are the first bits of the end mark, all ones.
    (length < 8 && code == (1 << length) - 1).then_some(())?;
    room.get(..used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    fn read(block: &str) -> Result<Vec<String>, Short> {
        let mut heard = Vec::new();
        fields(&bytes(block), |name, value| {
            let (mut one, mut other) = ([0; 64], [0; 64]);
            let [name, value] = [name.decode(&mut one), value.decode(&mut other)].map(|text| text.unwrap_or(b"?"));
            heard.push(format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
        })
        .map(|()| heard)
    }

    #[test]
    fn the_examples_of_the_specification_hold() {
        // RFC 7541 §C.2.1, §C.4.1 and §C.6.1.
        assert_eq!(
            read("400a 637573746f6d2d6b6579 0d 637573746f6d2d686561646572"),
            Ok(vec!["custom-key=custom-header".to_owned()])
        );
        let heard = read("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff").expect("whole");
        assert_eq!(heard, [":method=", ":scheme=", ":path=", ":authority=www.example.com"]);
        let heard = read(
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        );
        let heard = heard.expect("whole");
        assert_eq!(heard[0], ":status=302");
        assert_eq!(heard[2], "date=Mon, 21 Oct 2013 20:13:21 GMT");
        assert_eq!(heard[3], "location=https://www.example.com");
    }

    #[test]
    fn what_is_cut_or_refers_to_the_past_says_nothing() {
        assert_eq!(read("be"), Ok(Vec::new()));
        assert_eq!(read("400a 6375"), Err(Short));
        assert_eq!(read("7fffffffff00"), Err(Short));
        assert_eq!(read("40 01 61 81 00"), Ok(vec!["a=?".to_owned()]));
    }
}
