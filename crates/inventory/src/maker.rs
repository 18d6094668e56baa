//! Makers: one normal name for the many ways a maker is written, and what its address prefixes say of a product.
//!
//! In: `data/makers.toml`. Names are compared in a folded form: lower case, punctuation and legal forms dropped.

use crate::knowledge::LoadError;
use std::collections::BTreeMap;

/// What it says of a device that a maker registered its address prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The maker sells whole devices under its name: the device is almost surely its product.
    Product,
    /// It sells devices, but adapters for other makers' devices as well.
    Adapter,
    /// It sells chips, modules or contract work: who sells the device is unknown.
    Component,
    /// The address belongs to a virtual machine.
    Virtual,
    /// It writes software: as `manufacturer` in a self-description it names the program, not the device.
    Software,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    kind: Option<Kind>,
    /// What all its networked products are, with how sure that is.
    r#type: Option<String>,
    type_confidence: Option<f64>,
    /// Where this can be checked.
    #[serde(rename = "source")]
    _source: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "licence")]
    _licence: String,
    maker: Vec<Entry>,
}

/// The known makers.
#[derive(Debug, Clone, Default)]
pub struct Makers {
    entries: Vec<Entry>,
    /// Folded name or alias → index. An alias that ends in `*` stands in `prefixes`.
    exact: BTreeMap<String, usize>,
    prefixes: BTreeMap<String, usize>,
}

impl Makers {
    /// Reads `data/makers.toml`. Errors when it has not its form or one alias stands for two makers.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::form("makers", &error))?;
        let mut makers = Self { entries: file.maker, ..Self::default() };
        for (index, entry) in makers.entries.iter().enumerate() {
            for alias in std::iter::once(&entry.name).chain(&entry.aliases) {
                let (map, folded) = match alias.strip_suffix('*') {
                    Some(prefix) => (&mut makers.prefixes, fold(prefix)),
                    None => (&mut makers.exact, fold(alias)),
                };
                if map.insert(folded, index).is_some_and(|before| before != index) {
                    return Err(LoadError::Alias(alias.clone()));
                }
            }
        }
        Ok(makers)
    }

    /// The maker's normal name; a name that is not known stays as it is, without legal forms at its end.
    #[must_use]
    pub fn normal<'a>(&'a self, name: &'a str) -> &'a str {
        self.find(name).map_or_else(|| short(name), |entry| &entry.name)
    }

    /// What the maker's prefixes say of a product; `None` when the maker is not listed.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<Kind> {
        self.find(name).and_then(|entry| entry.kind)
    }

    /// What the maker's networked products are, with how sure that is.
    #[must_use]
    pub fn product(&self, name: &str) -> Option<(&str, f64)> {
        let entry = self.find(name)?;
        Some((entry.r#type.as_deref()?, entry.type_confidence.unwrap_or(0.5)))
    }

    /// The types that the list mentions, to be checked against the vocabulary.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| entry.r#type.as_deref())
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let folded = fold(name);
        let index = self.exact.get(&folded).or_else(|| self.prefixes.get(&folded)).or_else(|| self.shorter(&folded))?;
        self.entries.get(*index)
    }

    /// The entry whose prefix alias is the longest whole-word beginning of `folded`.
    fn shorter(&self, folded: &str) -> Option<&usize> {
        let ends = folded.char_indices().filter(|(_, c)| *c == ' ').map(|(at, _)| at);
        ends.rev().find_map(|end| self.prefixes.get(folded.get(..end)?))
    }
}

/// Words that name a company's legal form, not the company.
const FORMS: &[&str] = &[
    "inc",
    "incorporated",
    "ltd",
    "limited",
    "llc",
    "gmbh",
    "ag",
    "kg",
    "co",
    "corp",
    "corporation",
    "company",
    "bv",
    "nv",
    "sa",
    "sas",
    "spa",
    "srl",
    "ab",
    "as",
    "oy",
    "oyj",
    "plc",
    "pty",
    "pte",
    "kk",
    "mbh",
    "lp",
    "the",
];

/// The form in which names are compared: lower case, letters and digits only, no legal forms. Never empty for a name
/// that has a letter.
#[must_use]
pub(crate) fn fold(name: &str) -> String {
    let lower = name.to_lowercase().replace(['.', '\''], "");
    let words = || lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let kept: Vec<_> = words().filter(|word| !FORMS.contains(word)).collect();
    if kept.is_empty() { words().collect::<Vec<_>>().join(" ") } else { kept.join(" ") }
}

/// `name` without the legal forms and commas at its end.
fn short(name: &str) -> &str {
    let mut rest = name.trim();
    while let Some((before, last)) = rest.rsplit_once([' ', ',']) {
        let word = last.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('.', "");
        if before.trim().is_empty() || !(word.is_empty() || FORMS.contains(&word.as_str())) {
            break;
        }
        rest = before.trim_end_matches([' ', ',', '.', '&']);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makers() -> Makers {
        Makers::load(
            "[[maker]]\nname = 'Signify (Philips Hue)'\naliases = ['Signify*', 'Philips Lighting*']\nkind = 'product'\n\
             [[maker]]\nname = 'Philips'\naliases = ['Philips*', 'Royal Philips Electronics']\n",
        )
        .unwrap()
    }

    #[test]
    fn the_longest_alias_wins() {
        let makers = makers();
        assert_eq!(makers.normal("Philips Lighting B.V."), "Signify (Philips Hue)");
        assert_eq!(makers.normal("Signify Netherlands B.V."), "Signify (Philips Hue)");
        assert_eq!(makers.normal("PHILIPS"), "Philips");
        assert_eq!(makers.normal("Philips Patient Monitoring"), "Philips");
        assert_eq!(makers.normal("royal philips electronics N.V."), "Philips");
        assert_eq!(makers.normal("Philipsen Corp"), "Philipsen");
        assert_eq!(makers.kind("signify"), Some(Kind::Product));
    }

    #[test]
    fn legal_forms_do_not_count() {
        let makers = Makers::default();
        assert_eq!(fold("TP-LINK TECHNOLOGIES CO.,LTD."), "tp link technologies");
        assert_eq!(makers.normal("TP-LINK TECHNOLOGIES CO.,LTD."), "TP-LINK TECHNOLOGIES");
        assert_eq!(makers.normal("Acme, Inc."), "Acme");
        assert_eq!(makers.normal("AG"), "AG");
        assert_eq!(fold("Co. Ltd"), "co ltd");
    }

    #[test]
    fn one_alias_for_two_makers_is_refused() {
        let text = "[[maker]]\nname = 'A'\naliases = ['X']\n[[maker]]\nname = 'B'\naliases = ['x Inc.']\n";
        assert_eq!(Makers::load(text).unwrap_err(), LoadError::Alias("x Inc.".into()));
    }
}
