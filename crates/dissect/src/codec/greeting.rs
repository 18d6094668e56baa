//! What servers greet with, as far as it names products: text that people may have written anything into.
//!
//! In: a line. Out: its words for makers, products, devices and services, numbers of versions and codes, in the order and with
//! the punctuation they had; `*` stands for every other word, for addresses, names of hosts, clocks and identifiers. The
//! words are those of [`words`](super::words) and of `greeting.txt`.

use super::words;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

/// Words of `greeting.txt`, each with whether it names a program or system.
static GREETINGS: LazyLock<HashMap<&str, bool>> = LazyLock::new(|| {
    let lines = include_str!("greeting.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let words = lines.scan(false, |is_product, line| {
        *is_product = if line.starts_with('[') { line == "[product]" } else { *is_product };
        Some((line, *is_product))
    });
    words.collect()
});
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Longest run of digits, or of digits and letters, that is a version or model and not an identifier.
const LONGEST_NUMBER: usize = 6;
const LONGEST_CODE: usize = 12;

/// The words of `raw` that name products; nothing when none of them does.
pub fn plain(raw: &[u8]) -> String {
    let text = super::text::clean(raw);
    let mut said: Vec<&str> = Vec::new();
    let mut names_product = false;
    for token in text.split_whitespace() {
        // What follows is the time of day, new in each greeting.
        if WEEKDAYS.iter().any(|day| token.trim_matches(|c: char| !c.is_alphabetic()).eq_ignore_ascii_case(day)) {
            break;
        }
        let is_said = is_readable(token);
        names_product |= is_said && runs(token).any(is_product);
        match said.last() {
            Some(&"*") if !is_said => {}
            _ => said.push(if is_said { token } else { "*" }),
        }
    }
    if names_product { said.join(" ") } else { String::new() }
}

fn runs(token: &str) -> impl Iterator<Item = &str> {
    token.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty())
}

/// Whether all of `token` may be read: known words, versions and codes.
fn is_readable(token: &str) -> bool {
    let core = token.trim_matches(|c: char| !c.is_alphanumeric());
    // Numbers by themselves are mostly those of sessions.
    let is_number = core.len() > 4 && core.bytes().all(|byte| byte.is_ascii_digit());
    let is_marked =
        is_number || token.contains(['@', '<', '\\', '=']) || is_clock(core) || core.parse::<IpAddr>().is_ok();
    !is_marked && !is_host(core) && runs(token).all(|run| is_known(run) || is_version(run))
}

fn is_known(word: &str) -> bool {
    words::class(word).is_some() || greeting(word).is_some()
}

/// Whether `word` is one of greetings, and then whether it is a program or system.
fn greeting(word: &str) -> Option<bool> {
    if word.len() <= 24 { GREETINGS.get(word.to_ascii_lowercase().as_str()).copied() } else { None }
}

/// Whether `word` says what a server is: a program, a maker, or a kind of device or service of more than two letters.
fn is_product(word: &str) -> bool {
    greeting(word) == Some(true) || word.len() > 2 && words::names_a_device(word)
}

/// Whether a run has digits, and known words or up to two letters in a row beside them.
fn is_version(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    let stretches = || run.split(|c: char| !c.is_alphabetic()).filter(|stretch| !stretch.is_empty());
    let is_short = run.len() <= if digits == run.len() { LONGEST_NUMBER } else { LONGEST_CODE };
    let is_single = digits == 0 && run.len() == 1;
    let is_name = |stretch: &str| !is_known(stretch) && stretch.chars().count() > 2;
    is_single || digits > 0 && is_short && stretches().count() <= 2 && !stretches().any(is_name)
}

/// Whether `core` is written as a name of a host: two labels with letters, the last of letters only, none of digits and
/// points.
fn is_host(core: &str) -> bool {
    let last = core.rsplit('.').next().unwrap_or_default();
    let has_letters = |label: &str| label.chars().any(char::is_alphabetic);
    let labels = core.split('.').filter(|label| has_letters(label)).count();
    labels > 1 && last.len() > 1 && last.chars().all(char::is_alphabetic)
}

fn is_clock(core: &str) -> bool {
    let parts: Vec<&str> = core.split(':').collect();
    parts.len() > 1 && parts.iter().all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_versions_stay_and_all_else_goes() {
        for (raw, kept) in [
            ("ProFTPD 1.3.5rc3 Server (Anna Mueller's films) [10.0.0.7]", "ProFTPD 1.3.5rc3 Server *"),
            ("mx7.planted.example ESMTP Postfix (Debian/GNU)", "* ESMTP Postfix (Debian/GNU)"),
            (
                "a.example Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at  Mon, 3 Jan 2022",
                "* Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at",
            ),
            ("POP3 server ready <1896.697170952@planted.example>", "POP3 server ready *"),
            ("mx.example ESMTP a12si1234567abc.123 - gsmtp", "* ESMTP * - gsmtp"),
            ("Axis 206M Network Camera 4.10 ready.", "Axis 206M Network Camera 4.10 ready."),
            ("Welcome to you, Planted Patience", ""),
            ("Acme FTP server ready 104568", "* FTP server ready *"),
            ("Local time is 14:32", "Local time is *"),
            ("Planted Patience", ""),
            ("220", ""),
        ] {
            assert_eq!(plain(raw.as_bytes()), kept, "{raw}");
        }
    }
}
