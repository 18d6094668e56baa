//! Protocol towers in the answers of an endpoint mapper: which interface lives at which port (C706 annex I and L).

use super::interface::Order;
use crate::codec::cursor::{Cursor, Short};
use crate::{About, Output};
use wardlight_model::Field;

/// Most towers read of one answer.
const MOST: usize = 64;
/// A floor that names an interface: length of its left side, kind 13 (UUID).
const UUID_FLOOR: [u8; 3] = [0x13, 0x00, 0x0d];

/// Says of the sender of `answer` at which ports known interfaces live. Towers are looked for by their form, so that
/// the answers to a lookup and to a map are read alike.
pub fn say(answer: &[u8], out: &mut Output<'_>) {
    let mut rest = answer;
    for _ in 0..MOST {
        let begin = |window: &[u8]| matches!(window, [3..=7, 0, floor @ ..] if *floor == UUID_FLOOR);
        let Some(at) = rest.windows(5).position(begin) else { return };
        let tower = rest.get(at..).unwrap_or_default();
        let read = read(tower);
        let length = read.as_ref().map_or(5, |(_, length)| *length);
        if let Ok((Some(place), _)) = read {
            out.fact(About::Sender, Field::ServiceOffered, &place, tower.get(..length).unwrap_or(tower));
        }
        rest = tower.get(length..).unwrap_or_default();
    }
}

/// What one tower says, when its interface is known and it lies at a port, and how long it is.
fn read(tower: &[u8]) -> Result<(Option<String>, usize), Short> {
    let mut cursor = Cursor::new(tower);
    let floors = cursor.u16_le()?;
    let (mut name, mut place) = (None, None);
    for floor in 0..floors {
        let length = cursor.u16_le()?;
        let mut left = cursor.within(length.into())?;
        let length = cursor.u16_le()?;
        let right = cursor.take(length.into())?;
        match (floor, left.u8()?, right) {
            (0, 0x0d, _) => name = Order::Little.uuid(left.take(16)?).name(),
            (_, 0x07, [high, low]) => place = Some(("tcp", u16::from_be_bytes([*high, *low]))),
            (_, 0x08, [high, low]) => place = Some(("udp", u16::from_be_bytes([*high, *low]))),
            _ => {}
        }
    }
    let said = name.zip(place).map(|(name, (carrier, port))| format!("dcerpc:{name}@{carrier}/{port}"));
    Ok((said, tower.len() - cursor.left()))
}
