//! Words that name no person: makers, products, kinds of devices, places. In come single words, out goes what they are.
//!
//! Whatever is not among them may be somebody's name. The words stand in `words.txt`.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::LazyLock;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A maker or product.
    Maker,
    /// A kind of device, a place, a role.
    Device,
    /// A word that pages of devices use; too common to be sure of it elsewhere.
    Page,
}

/// Longest of the words, in bytes.
const LONGEST: usize = 32;

/// What `word` is, capitals or not; `None` when it may be a name. Asked for every name on the wire, so that nothing is
/// allocated for words in ASCII.
#[must_use]
pub(crate) fn class(word: &str) -> Option<Class> {
    if !word.is_ascii() {
        return WORDS.get(word.to_lowercase().as_str()).copied();
    }
    let mut room = [0; LONGEST];
    let small = room.get_mut(..word.len())?;
    small.copy_from_slice(word.as_bytes());
    small.make_ascii_lowercase();
    WORDS.get(std::str::from_utf8(small).ok()?).copied()
}

/// Whether `word` is a maker's, a product's, a device's or a place's.
#[must_use]
pub(crate) fn names_a_device(word: &str) -> bool {
    matches!(class(word), Some(Class::Maker | Class::Device))
}

static WORDS: LazyLock<HashMap<&str, Class, FixedState>> = LazyLock::new(|| lines().collect());

/// The words as they stand in the file, each with its class.
fn lines() -> impl Iterator<Item = (&'static str, Class)> {
    let lines = include_str!("words.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .scan(Class::Maker, |class, line| {
            let title = match line {
                "[maker]" => Some(Class::Maker),
                "[device]" => Some(Class::Device),
                "[page]" => Some(Class::Page),
                _ => None,
            };
            *class = title.unwrap_or(*class);
            Some((title.is_none()).then_some((line, *class)))
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_names_are_not() {
        assert_eq!(class("PHILIPS"), Some(Class::Maker));
        assert_eq!(class("Pump"), Some(Class::Device));
        assert_eq!(class("Login"), Some(Class::Page));
        for name in NAMES.split_whitespace() {
            assert_eq!(class(name), None, "{name}");
        }
    }

    #[test]
    fn every_word_stands_once_and_in_small_letters() {
        assert_eq!(lines().count(), WORDS.len());
        assert!(lines().all(|(word, _)| word == word.to_lowercase() && !word.contains(' ') && word.len() <= LONGEST));
    }

    /// Frequent names of several countries, among them those of makers.
    const NAMES: &str = "james mary john patricia robert jennifer michael linda david elizabeth william barbara richard \
        susan joseph jessica thomas karen christopher sarah charles lisa daniel nancy matthew sandra anthony ashley mark \
        emily donald kim steven michelle andrew carol paul amanda joshua melissa kenneth deborah kevin laura brian anna \
        george emma edward ruth jason alice lee max moritz jan jana jens uwe hans peter wolfgang klaus jurgen dieter \
        sabine petra monika ursula heike birgit lena leon lukas finn marie sophie jane doe ann ada eva ina ali omar fatima \
        mohammed ahmed maria jose juan carlos luis ana carmen jean pierre louise chloe ivan olga dmitri wei li ming chen \
        smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson \
        anderson taylor moore jackson martin perez thompson white harris sanchez clark ramirez lewis robinson young \
        allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell carter \
        mueller müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter klein wolf \
        neumann schwarz zimmermann braun hofmann hartmann lange schmitt werner krause meier lehmann schmid maier köhler \
        herrmann walter könig mayer huber kaiser fuchs peters lang scholz möller weiss jung hahn vogel friedrich keller \
        günther frank berger winkler roth beck lorenz baumann franke albrecht schuster simon ludwig böhm winter kraus \
        draeger dräger abbott baxter beckman fisher stryker welch roche zeiss storz philip dell'acqua";
}
