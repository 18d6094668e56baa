//! Words that name no person: makers, products, kinds of devices, places. In come single words, out goes what they are.
//!
//! Whatever is not among them may be somebody's name. The words stand in `words.txt`.

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

/// What `word` is, capitals or not; `None` when it may be a name.
#[must_use]
pub(crate) fn class(word: &str) -> Option<Class> {
    let word = word.to_lowercase();
    let at = WORDS.binary_search_by(|(known, _)| (*known).cmp(&word)).ok()?;
    WORDS.get(at).map(|(_, class)| *class)
}

/// Whether `word` is a maker's, a product's, a device's or a place's.
#[must_use]
pub(crate) fn names_a_device(word: &str) -> bool {
    matches!(class(word), Some(Class::Maker | Class::Device))
}

static WORDS: LazyLock<Vec<(&str, Class)>> = LazyLock::new(|| {
    let mut class = Class::Maker;
    let mut words = Vec::new();
    for line in include_str!("words.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line {
            "[maker]" => class = Class::Maker,
            "[device]" => class = Class::Device,
            "[page]" => class = Class::Page,
            word => words.push((word, class)),
        }
    }
    words.sort_unstable();
    words
});

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
        assert!(WORDS.windows(2).all(|pair| pair[0].0 != pair[1].0));
        assert!(WORDS.iter().all(|(word, _)| *word == word.to_lowercase() && !word.contains(' ')));
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
