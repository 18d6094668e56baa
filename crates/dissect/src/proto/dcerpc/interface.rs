//! Interfaces by their UUIDs, and the byte order that a sender writes in (C706 §14.1, annex A).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::uuid;
use crate::{About, Output};
use wardlight_model::Field;

/// `<uuid> <name>`, a line each.
const NAMES: &str = include_str!("interfaces.txt");

/// Byte order of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl Order {
    /// The next number of two bytes. Errors: [`Short`].
    pub fn u16(self, cursor: &mut Cursor<'_>) -> Result<u16, Short> {
        if self == Self::Big { cursor.u16() } else { cursor.u16_le() }
    }

    /// The interface that the 16 bytes `raw` name.
    pub fn uuid(self, raw: &[u8]) -> Interface {
        let text = if self == Self::Big { uuid::text(raw) } else { uuid::mixed_endian(raw) };
        Interface::of(&text.unwrap_or_default())
    }
}

/// One interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface([u8; 36]);

impl Interface {
    fn of(text: &str) -> Self {
        let mut bytes = [b'0'; 36];
        bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Self(bytes)
    }

    /// Its name, when it is known.
    pub fn name(&self) -> Option<&'static str> {
        let uuid = std::str::from_utf8(&self.0).ok()?;
        NAMES.lines().find_map(|line| line.strip_prefix(uuid).map(str::trim))
    }

    /// Its name, else its UUID.
    pub fn text(&self) -> &str {
        self.name().unwrap_or(std::str::from_utf8(&self.0).unwrap_or_default())
    }

    /// Says that `about` offers or looks for it, when it is a known one: others tell only who wrote a program.
    pub fn say(&self, about: About<'_>, field: Field, raw: &[u8], out: &mut Output<'_>) {
        if let Some(name) = self.name() {
            out.fact(about, field, &format!("dcerpc:{name}"), raw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_once_and_are_found_in_both_orders() {
        let mut seen = std::collections::BTreeSet::new();
        let mut is_new = |line: &'static str| {
            line.split_once(' ')
                .is_some_and(|(uuid, name)| uuid::is_uuid(uuid) && !name.is_empty() && seen.insert(uuid))
        };
        assert!(NAMES.lines().all(&mut is_new));
        let raw = crate::trial::bytes("0883afe1 1f5d c911 91a4 08002b14a0fa");
        assert_eq!(Order::Little.uuid(&raw).name(), Some("epmapper"));
        let raw = crate::trial::bytes("e1af8308 5d1f 11c9 91a4 08002b14a0fa");
        assert_eq!(Order::Big.uuid(&raw).name(), Some("epmapper"));
        assert_eq!(Order::Big.uuid(&[1; 16]).name(), None);
    }
}
