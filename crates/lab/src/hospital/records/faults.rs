//! The faults of people who type: wrong, lost and swapped characters, other forms of numbers, other names of makers.

use crate::hospital::chance::{Chance, narrow, wide};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `text` with one character wrong, lost or swapped with the next; letters and digits only.
pub(super) fn mistyped(chance: Chance, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let typed: Vec<usize> =
        letters.iter().enumerate().filter(|(_, letter)| letter.is_alphanumeric()).map(|(place, _)| place).collect();
    let Some(place) = chance.of(1).pick(&typed).copied() else { return text.to_owned() };
    match chance.of(2).below(4) {
        0 if letters.len() > 4 => {
            letters.remove(place);
        }
        1 if place + 1 < letters.len() && letters.get(place) != letters.get(place + 1) => {
            letters.swap(place, place + 1)
        }
        _ => {
            if let Some(letter) = letters.get_mut(place) {
                *letter = slipped(chance.of(3), *letter);
            }
        }
    }
    letters.into_iter().collect()
}

/// A character that is mistaken for this one, or lies beside it.
fn slipped(chance: Chance, letter: char) -> char {
    match letter {
        '0' => 'O',
        'O' => '0',
        '1' => 'I',
        'I' => '1',
        '5' => 'S',
        'S' => '5',
        '8' => 'B',
        'B' => '8',
        digit if digit.is_ascii_digit() => {
            let now = digit.to_digit(10).unwrap_or_default() + 1 + narrow::<u32>(chance.below(8));
            char::from_digit(now % 10, 10).unwrap_or('0')
        }
        other => {
            let near = char::from(b'A' + narrow::<u8>(chance.below(26)));
            if near == other.to_ascii_uppercase() { 'X' } else { near }
        }
    }
}

/// A hardware address with one digit wrong.
pub(super) fn wrong_digit(chance: Chance, mac: &str) -> String {
    let digits: Vec<usize> =
        mac.char_indices().filter(|(_, digit)| digit.is_ascii_hexdigit()).map(|(at, _)| at).collect();
    let Some(at) = chance.of(1).pick(&digits).copied() else { return mac.to_owned() };
    let swap = |(place, digit): (usize, char)| match digit.to_digit(16) {
        Some(value) if place == at => {
            char::from_digit((value + 1 + narrow::<u32>(chance.of(2).below(15))) % 16, 16).unwrap_or('0')
        }
        _ => digit,
    };
    mac.char_indices().map(swap).collect()
}

/// A hardware address as somebody writes it.
pub(super) fn written(chance: Chance, mac: &str) -> String {
    match chance.below(4) {
        0 => mac.to_owned(),
        1 => mac.to_uppercase(),
        2 => mac.replace(':', "-").to_uppercase(),
        _ => mac.replace(':', ""),
    }
}

/// The same number, written otherwise.
pub(super) fn reformatted(chance: Chance, serial: &str) -> String {
    otherwise(reshaped(chance, serial), serial, || format!("SN {serial}"))
}

/// `written`, or else another form when that is what stood there anyway.
fn otherwise(written: String, was: &str, or: impl FnOnce() -> String) -> String {
    if written == was { or() } else { written }
}

fn reshaped(chance: Chance, serial: &str) -> String {
    match chance.of(1).below(5) {
        0 => serial.to_lowercase(),
        1 => format!("SN {serial}"),
        2 if serial.starts_with('0') => serial.trim_start_matches('0').to_owned(),
        3 if serial.contains('-') => serial.replace('-', ""),
        _ => {
            let middle = wide(serial.chars().count()) / 2;
            let parts = (0..)
                .zip(serial.chars())
                .map(|(n, letter)| if n == middle { format!("-{letter}") } else { letter.to_string() });
            parts.collect()
        }
    }
}

/// Another name of the same maker.
pub(super) fn maker(chance: Chance, name: &str) -> String {
    if let Some(other) = spellings().get(name).and_then(|others| chance.of(1).pick(others)) {
        return other.clone();
    }
    let written = match chance.of(2).below(4) {
        0 => name.to_uppercase(),
        1 => format!("{name} Inc."),
        2 => format!("{name} GmbH"),
        _ => name.split(' ').next().unwrap_or(name).to_uppercase(),
    };
    otherwise(written, name, || format!("{name} Corp."))
}

/// Another name of the same model.
pub(super) fn model(chance: Chance, name: &str) -> String {
    let written = match chance.below(4) {
        0 => name.to_uppercase(),
        1 => name.replace(' ', "-"),
        2 => name.replace(' ', ""),
        _ => name.rsplit_once(' ').map_or(name, |(family, _)| family).to_owned(),
    };
    otherwise(written, name, || name.to_lowercase())
}

/// Another name of the same department.
pub(super) fn department(chance: Chance, name: &str) -> String {
    match chance.below(3) {
        0 => name.to_uppercase(),
        1 => name.replace(' ', "-"),
        _ => format!("Dept. {name}"),
    }
}

#[expect(clippy::expect_used, reason = "the committed file is read by the tests")]
fn spellings() -> &'static BTreeMap<String, Vec<String>> {
    #[derive(Deserialize)]
    struct List {
        spellings: BTreeMap<String, Vec<String>>,
    }
    static ALL: std::sync::LazyLock<BTreeMap<String, Vec<String>>> = std::sync::LazyLock::new(|| {
        toml::from_str::<List>(include_str!("../../../data/spellings.toml"))
            .expect("the committed names can be read")
            .spellings
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_number_is_another_one_but_nearly_the_same() {
        for key in 0..2_000 {
            let typed = mistyped(Chance::new(key), "PMP0012345");
            assert_ne!(typed, "PMP0012345");
            assert!(typed.len().abs_diff(10) <= 1);
        }
    }

    #[test]
    fn a_number_written_otherwise_means_the_same() {
        for key in 0..200 {
            let written = reformatted(Chance::new(key), "AB-00123");
            let bare = wardlight_model::bare(&written);
            assert!(bare == "AB00123" || bare == "SNAB00123", "{written}");
        }
    }

    #[test]
    fn a_wrong_digit_is_wrong() {
        for key in 0..200 {
            let typed = wrong_digit(Chance::new(key), "00:03:b1:90:00:3c");
            let differing = typed.chars().zip("00:03:b1:90:00:3c".chars()).filter(|(a, b)| a != b).count();
            assert_eq!((differing, typed.len()), (1, 17));
        }
    }
}
