//! Where a person's name or account hides in text about devices: host names such as `Annas-iPhone` or `MUELLER-NB`,
//! e-mail addresses and `user=` in product strings.
//!
//! A name that people give is readable only as far as it is made of words for devices, makers and places
//! (`words`), of numbers, and of codes such as serial numbers, hardware addresses and models.

use super::words::names_a_device;

/// The product word in a personal host name, when `name` is one: a consumer product beside some other word.
///
/// `Annas-iPhone` gives `iPhone`, so that what the thing is stays known while whose it is does not. A bare `iPhone`,
/// and names of machines that say no product, are not personal.
#[must_use]
pub(crate) fn product_of_personal_name(name: &str) -> Option<&'static str> {
    const PRODUCTS: [&str; 14] = [
        "iPhone",
        "iPad",
        "iPod",
        "MacBook",
        "iMac",
        "Apple-Watch",
        "AppleWatch",
        "Galaxy",
        "Pixel",
        "OnePlus",
        "Huawei",
        "Redmi",
        "Laptop",
        "Phone",
    ];
    let bytes = name.as_bytes();
    for product in PRODUCTS {
        let Some(at) = find_ignoring_case(bytes, product.as_bytes()) else { continue };
        let around = name.get(..at).into_iter().chain(name.get(at + product.len()..));
        let other_words =
            around.flat_map(|part| part.split(|c: char| !c.is_alphabetic())).filter(|word| word.len() > 2);
        if other_words.filter(|word| !PLAIN.iter().any(|plain| word.eq_ignore_ascii_case(plain))).count() > 0 {
            return Some(product);
        }
    }
    let possessive = bytes.contains(&b'\'') && (name.contains("'s ") || name.contains("'s-")) || name.contains('’');
    possessive.then_some("personal device")
}

/// What is left of `name` when it may hold a person's name: its words that name none, joined by blanks, perhaps none at
/// all. `None` when all of it may be read.
#[must_use]
pub(crate) fn without_names(name: &str) -> Option<String> {
    let runs = || name.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    if runs().all(is_readable) || is_default_of_windows(name) {
        return None;
    }
    // Beside a name even a number may be one's own, such as a date of birth.
    let whole = |run: &str| names_a_device(run) && run.chars().count() > 1;
    let mut kept: Vec<&str> = Vec::new();
    for run in runs() {
        let parts = if whole(run) { vec![run] } else { words_of(run) };
        kept.extend(parts.into_iter().filter(|part| whole(part)));
    }
    kept.truncate(4);
    Some(kept.join(" "))
}

/// Whether a name asked for from afar says whose computer it is: a word for one beside a word that is unknown.
#[must_use]
pub(crate) fn is_own_computer(name: &str) -> bool {
    const COMPUTERS: [&str; 8] = ["pc", "nb", "laptop", "notebook", "desktop", "mac", "macbook", "imac"];
    without_names(name).is_some_and(|kept| {
        kept.split(' ').any(|word| COMPUTERS.iter().any(|computer| word.eq_ignore_ascii_case(computer)))
    })
}

/// Whether Windows made the name up: capitals and digits mixed, not a word with a number behind it.
fn is_default_of_windows(name: &str) -> bool {
    const DEFAULTS: [(&str, usize); 3] = [("DESKTOP-", 7), ("LAPTOP-", 8), ("WIN-", 11)];
    DEFAULTS.iter().any(|(prefix, length)| {
        let code = name.strip_prefix(prefix).unwrap_or_default();
        let behind = code.trim_start_matches(|c: char| c.is_ascii_uppercase());
        let is_mixed = behind.contains(|c: char| c.is_ascii_uppercase());
        code.len() == *length && is_mixed && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// Whether a run of letters and digits is made of words for devices, numbers and codes.
fn is_readable(run: &str) -> bool {
    names_a_device(run) || is_address(run) || words_of(run).into_iter().all(is_plain) || is_prefixed_address(run)
}

/// Whether a word by itself, or a part of a run, names nobody.
fn is_plain(word: &str) -> bool {
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters < 3 || names_a_device(word) || (letters < 5 && has_no_vowel(word)) || is_joined(word)
}

/// Whether nobody is called so, since nobody could say it.
fn has_no_vowel(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphabetic() && !"aeiouyAEIOUY".contains(c))
}

/// Whether `word` is two words for devices, such as `CTSCAN`.
fn is_joined(word: &str) -> bool {
    let lengths = |at: usize| at.min(word.len() - at) >= 2 && at.max(word.len() - at) >= 4;
    let halves = (2..word.len().saturating_sub(1)).filter(|at| lengths(*at)).filter_map(|at| word.split_at_checked(at));
    halves.into_iter().any(|(one, other)| names_a_device(one) && names_a_device(other))
}

/// Whether a run is a hardware address or a part of one, as devices are called by: six or more hexadecimal digits that
/// are not a word of the letters a to f with a number behind it, such as `Ada1975`.
fn is_address(run: &str) -> bool {
    let word = run.chars().take_while(char::is_ascii_alphabetic).count();
    let is_word_and_number = word > 2 && run.chars().skip(word).all(|c| c.is_ascii_digit());
    let is_hexadecimal = run.chars().all(|c| c.is_ascii_hexdigit()) && run.chars().any(|c| c.is_ascii_digit());
    is_hexadecimal && run.len() >= 6 && (run.len() >= 12 || !is_word_and_number)
}

/// Whether a run is the prefix of a maker and a hardware address, such as `HP288023D2CB2F`.
fn is_prefixed_address(run: &str) -> bool {
    let letters = run.chars().take_while(char::is_ascii_alphabetic).count();
    let mut ends = (2..=letters).filter_map(|at| run.split_at_checked(at));
    ends.any(|(prefix, rest)| is_plain(prefix) && is_address(rest))
}

/// The words of a run: its stretches of letters, whole when they are a word, else cut where a capital follows a small
/// letter or begins the last word of several capitals. Digits separate.
fn words_of(run: &str) -> Vec<&str> {
    let stretches = run.split(|c: char| !c.is_alphabetic()).filter(|stretch| !stretch.is_empty());
    let cut = |stretch| if is_plain(stretch) { vec![stretch] } else { pieces(stretch) };
    stretches.flat_map(cut).collect()
}

fn pieces(stretch: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = stretch.char_indices().collect();
    let is_begin = |three: &[(usize, char)]| match three {
        [(_, before), (_, here), after @ ..] => {
            let is_last_capital = before.is_uppercase() && after.first().is_some_and(|(_, after)| after.is_lowercase());
            here.is_uppercase() && (before.is_lowercase() || is_last_capital)
        }
        _ => false,
    };
    let begins = (0..letters.len()).filter_map(|at| letters.get(at..letters.len().min(at + 3)));
    let cuts: Vec<usize> =
        begins.filter(|three| is_begin(three)).filter_map(|three| three.get(1).map(|(at, _)| *at)).collect();
    let begins = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([stretch.len()]);
    begins.zip(ends).filter_map(|(begin, end)| stretch.get(begin..end)).collect()
}

/// Where `part` begins in `whole`, capitals or not.
fn find_ignoring_case(whole: &[u8], part: &[u8]) -> Option<usize> {
    let first = part.first()?.to_ascii_lowercase();
    let last = whole.len().checked_sub(part.len())?;
    let fits = |at: &usize| whole.get(*at..*at + part.len()).is_some_and(|here| here.eq_ignore_ascii_case(part));
    let begins = whole.iter().take(last + 1).enumerate().filter(|(_, byte)| byte.to_ascii_lowercase() == first);
    begins.map(|(at, _)| at).find(fits)
}

/// Words beside a product name that name no person.
const PLAIN: [&str; 20] = [
    "local", "pro", "air", "mini", "max", "plus", "ultra", "lite", "note", "tab", "android", "sip", "voip", "smart",
    "head", "micro", "mega", "desktop", "win", "ipphone",
];

/// What of a product string stands before an e-mail address or the like of `user=`: all of it when it has none.
#[must_use]
pub fn before_person(raw: &[u8]) -> &[u8] {
    const KEYS: [&str; 9] = ["user", "username", "usr", "uid", "login", "account", "email", "mail", "mailto"];
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'%');
    let word_before = |at: usize| {
        let before = raw.get(..at).unwrap_or_default();
        before.len() - before.iter().rev().take(64).take_while(|byte| is_word(byte)).count()
    };
    let cut = raw.iter().enumerate().find_map(|(at, byte)| {
        let begin = word_before_mark(*byte).then(|| word_before(at))?;
        let word = raw.get(begin..at).unwrap_or_default();
        let is_key = || KEYS.iter().any(|key| word.eq_ignore_ascii_case(key.as_bytes()));
        let names_someone = if *byte == b'@' { !word.is_empty() } else { is_key() };
        names_someone.then_some(begin)
    });
    let kept = raw.get(..cut.unwrap_or(raw.len())).unwrap_or_default();
    match cut {
        Some(_) => {
            let kept = kept.strip_suffix(b"mailto:").unwrap_or(kept);
            let open =
                kept.iter().rev().take_while(|byte| matches!(byte, b' ' | b'(' | b';' | b',' | b'<' | b'"')).count();
            kept.get(..kept.len() - open).unwrap_or_default()
        }
        None => kept,
    }
}

const fn word_before_mark(byte: u8) -> bool {
    matches!(byte, b'@' | b'=' | b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_a_product_is_personal() {
        for (name, product) in
            [("Annas-iPhone", "iPhone"), ("iPad-von-Jonas", "iPad"), ("Maria's MacBook Pro", "MacBook")]
        {
            assert_eq!(product_of_personal_name(name), Some(product), "{name}");
        }
        assert_eq!(product_of_personal_name("Dr. Lee's computer"), Some("personal device"));
    }

    #[test]
    fn names_of_people_are_taken_out() {
        for (name, kept) in [
            ("JaneDoe-PC", "PC"),
            ("MUELLER-NB", "NB"),
            ("PC-Dr-Schmidt", "PC"),
            ("LAPTOP-ANNA", "LAPTOP"),
            ("DESKTOP-SCHMIDT", "DESKTOP"),
            ("DESKTOP-ANNA199", "DESKTOP"),
            ("Jane Doe", ""),
            ("janes-mac", "mac"),
            ("anna1990", ""),
            ("Ada1975", ""),
            ("Ada-1975-04-03", ""),
            ("MüllerPC", "PC"),
            ("Brother HL-2270DW (Jana)", "Brother HL"),
            ("smith", ""),
            ("Doe-Pump-3", "Pump"),
        ] {
            assert_eq!(without_names(name).as_deref(), Some(kept), "{name}");
        }
        assert!(is_own_computer("jdoe-pc") && !is_own_computer("updates") && !is_own_computer("pc-12"));
    }

    #[test]
    fn names_of_devices_stay_as_they_are() {
        for name in [
            "pump-7",
            "ICU-MON-07",
            "CT-WS1",
            "CTSCAN3",
            "PACS01",
            "sw-icu-2",
            "NPI012345",
            "HP288023D2CB2F",
            "EPSON010203",
            "BRN001BA9010203",
            "BRWACDE48001122",
            "XRX9C934EFACADE",
            "ESP_0A1B2C",
            "WIN-LJ2Q1K3M4N5",
            "Withings-0102AF",
            "DCS-935L-B0C554000102",
            "axis-accc8e010203",
            "Philips Hue - 010203",
            "OpenWrt",
            "android-3fa9c1d2e4b5a697",
            "raspberrypi",
            "D-Link DCS-935L Configuration Utility (2)",
            "KEQ0523864",
            "Front camera",
            "localcam",
            "HF-LPB100",
            "Tapo_Camera_0102",
            "MacBook-Pro",
            "Galaxy-S21",
            "iPhone",
            "shelly1-010203ABCDEF",
            "SEP001122AABBCC",
            "Monitor 12",
            "ups-or-3",
            "DESKTOP-7QK2L1M",
            "DESKTOP-7UGAT1M",
        ] {
            assert_eq!(without_names(name), None, "{name}");
        }
    }

    #[test]
    fn device_names_are_not_personal() {
        for name in ["iPhone", "MacBook-Pro-2", "CT-SCANNER-3", "Philips-hue", "galaxy-tab-s7", "SIP-Phone-12"] {
            assert_eq!(product_of_personal_name(name), None, "{name}");
        }
    }

    #[test]
    fn product_strings_end_before_a_person() {
        for (raw, kept) in [
            ("Philips-ISCV/4.1 (WinNT; user=amueller)", "Philips-ISCV/4.1 (WinNT"),
            ("ProbeBot/2 (+http://a.example; bot@a.example)", "ProbeBot/2 (+http://a.example"),
            ("Agent mailto:anna@example.org", "Agent"),
            ("gSOAP/2.8 @ build", "gSOAP/2.8 @ build"),
            ("Mozilla/5.0 (X11; rv:109.0)", "Mozilla/5.0 (X11; rv:109.0)"),
            ("Login: x", ""),
        ] {
            assert_eq!(before_person(raw.as_bytes()), kept.as_bytes(), "{raw}");
        }
    }
}
