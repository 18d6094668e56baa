//! Where a person's name or account hides in text about devices: host names such as `Annas-iPhone`, e-mail addresses
//! and `user=` in product strings.

/// The product word in a personal host name, when `name` is one: a consumer product beside some other word.
///
/// `Annas-iPhone` gives `iPhone`, so that what the thing is stays known while whose it is does not. A bare `iPhone`,
/// and names of machines that say no product, are not personal.
#[must_use]
pub fn product_of_personal_name(name: &str) -> Option<&'static str> {
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
