//! The standard's names for its numbers, from the lists beside this file.
//!
//! Source: ANSI/ASHRAE 135-2020 clause 21 (types of objects, services), clause 6.2.4 (network messages), annex J.2.

use std::sync::LazyLock;

/// `<number> <name>`, a line each, from 0 up without holes.
const OBJECTS: &str = include_str!("objects.txt");
/// `<list><number> <name>`, a line each; `c` confirmed and `u` unconfirmed services, `b` BVLC functions, `n` network
/// messages.
const SERVICES: &str = include_str!("services.txt");

/// The standard type of object with this number; `None` for makers' own (128 and above).
pub(super) fn object_type(number: u16) -> Option<&'static str> {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| OBJECTS.lines().filter_map(|line| Some(line.split_once(' ')?.1)).collect());
    NAMES.get(usize::from(number)).copied()
}

/// The name of a confirmed service; empty when the standard has none.
pub(super) fn confirmed(number: u8) -> &'static str {
    named('c', number)
}

/// The name of an unconfirmed service; empty when the standard has none.
pub(super) fn unconfirmed(number: u8) -> &'static str {
    named('u', number)
}

/// The name of a BVLC function; empty when the standard has none.
pub(super) fn function(number: u8) -> &'static str {
    named('b', number)
}

/// The name of a network layer message; empty when the standard has none.
pub(super) fn network(number: u8) -> &'static str {
    named('n', number)
}

fn named(list: char, number: u8) -> &'static str {
    let is = |line: &&str| {
        let number_of = line.strip_prefix(list).and_then(|rest| rest.split(' ').next());
        number_of.and_then(|text| text.parse().ok()) == Some(number)
    };
    SERVICES.lines().find(is).and_then(|line| line.split_once(' ')).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_no_holes() {
        for (n, line) in OBJECTS.lines().enumerate() {
            assert!(line.starts_with(&format!("{n} ")), "{line}");
        }
        assert_eq!(object_type(30), Some("access-door"));
        assert_eq!(object_type(128), None);
        assert_eq!([confirmed(14), unconfirmed(0), function(4)], ["read-property-multiple", "i-am", "forwarded-npdu"]);
        assert_eq!([network(19), confirmed(99)], ["network-number-is", ""]);
    }
}
