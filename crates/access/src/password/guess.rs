//! Whether a password is among the first that are guessed.
//!
//! A guesser tries the commonest words, one or two of them, with digits and marks around and letters swapped for digits that
//! look alike; and runs of keys and numbers. The words stand in `data/passwords.txt`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Most digits and marks around common words that make them no better.
const MOST_AROUND: usize = 10;
/// A password that only repeats as many characters as this is guessed.
const LONGEST_REPEATED: usize = 5;
/// A name shorter than this may stand in a password: it would be refused by chance.
const SHORTEST_NAME: usize = 4;

static WORDS: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    include_str!("../../../../data/passwords.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
});

/// Whether `text` holds `name`, or what stands before its `@`, in any case.
pub fn holds_name(text: &str, name: &str) -> bool {
    let name = name.split('@').next().unwrap_or_default().to_lowercase();
    name.chars().count() >= SHORTEST_NAME && text.to_lowercase().contains(&name)
}

/// Whether `text` is among the first that are guessed.
pub fn is_easy(text: &str) -> bool {
    let text = text.to_lowercase();
    repeats(&text) || runs(&text) || is_of_listed_words(&text)
}

/// Whether it is a few characters, over and over.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=LONGEST_REPEATED).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b))
}

/// Whether each character is the next, or the one before, as in `abcdef` and `98765`; behind 9 stands 0.
fn runs(text: &str) -> bool {
    let next = |a: char, b: char| u32::from(a) + 1 == u32::from(b) || (a, b) == ('9', '0');
    let pairs = || text.chars().zip(text.chars().skip(1));
    pairs().all(|(a, b)| next(a, b)) || pairs().all(|(a, b)| next(b, a))
}

fn is_of_listed_words(text: &str) -> bool {
    let around = text.chars().filter(|c| !c.is_alphabetic()).count();
    let plain: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    let inner = text.trim_matches(|c: char| !c.is_alphabetic());
    let swapped: String = inner.chars().map(letter).filter(|c| c.is_alphabetic()).collect();
    around <= MOST_AROUND && (is_one_or_two(&plain) || is_one_or_two(&swapped))
}

fn is_one_or_two(letters: &str) -> bool {
    let is_word = |word: &str| WORDS.contains(word);
    let splits = || letters.char_indices().filter_map(|(at, _)| letters.split_at_checked(at));
    is_word(letters) || splits().any(|(first, second)| is_word(first) && is_word(second))
}

/// The letter that a digit or mark is put for.
const fn letter(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_guessers_try_first_is_easy() {
        for text in [
            "password1234",
            "P@ssw0rd!2026",
            "passwordpassword",
            "Summer2026!!",
            "winter2025Spring",
            "qwertyuiop[]",
            "1qaz2wsx3edc",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "123456789012",
            "210987654321",
            "abcdefghijklm",
            "121212121212",
            "letmein_please_1",
            "correcthorsebatterystaple",
            "Michael-Jordan-23",
            "hospital.2026",
        ] {
            assert!(is_easy(text), "{text}");
        }
    }

    #[test]
    fn what_they_do_not_is_not() {
        for text in [
            "kettle orbit marzipan",
            "dragon tiger summer wolf",
            "winter-4829-7716-3305",
            "vb8Kq2-rT0xLw",
            "902174468315",
            "пароль и чайник",
        ] {
            assert!(!is_easy(text), "{text}");
        }
    }

    #[test]
    fn short_names_are_no_reason() {
        assert!(!holds_name("a day at the sea", "ada") && !holds_name("a day at the sea", ""));
        assert!(holds_name("kettle LOVELACE 7", "Lovelace"));
    }

    #[test]
    fn the_list_is_lower_case_letters_sorted_and_short() {
        let lines: Vec<&str> = include_str!("../../../../data/passwords.txt").lines().collect();
        let words: Vec<&&str> = lines.iter().filter(|line| !line.starts_with('#')).collect();
        assert!(words.len() > 1_000 && lines.len() <= 3_000, "{}", words.len());
        assert!(words.is_sorted() && words.iter().all(|word| word.chars().all(|c| c.is_lowercase())));
    }
}
