//! All that ships as data, read once: what every rule of identification knows of the world.

use crate::{Fingerprints, Lifecycle, Makers, Oui, Panels, Phrases, Types};

/// The shipped OUI table.
pub(crate) const OUI: &str = include_str!("../../../data/oui.tsv");

macro_rules! files {
    ($($name:literal,)+) => {
        /// The shipped fingerprints, by file name.
        const FINGERPRINTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../data/fingerprints/", $name, ".toml"))),)+];
    };
}

files! {
    "analysers",
    "bedside",
    "building",
    "cloud",
    "consumer",
    "dicom",
    "imaging",
    "infrastructure",
    "laboratory",
    "medical",
    "recog-dhcp_vendor_class",
    "recog-ftp_banners",
    "recog-html_title",
    "recog-http_servers",
    "recog-http_wwwauth",
    "recog-imap_banners",
    "recog-mdns_device-info_txt",
    "recog-pop_banners",
    "recog-rtsp_servers",
    "recog-sip_banners",
    "recog-sip_user_agents",
    "recog-smb_native_lm",
    "recog-smb_native_os",
    "recog-smtp_banners",
    "recog-snmp_sysdescr",
    "recog-snmp_sysobjid",
    "recog-ssh_banners",
    "recog-telnet_banners",
    "recog-x509_issuers",
    "recog-x509_subjects",
    "system",
    "telephony",
}

/// Why shipped or refreshed data cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The file has not the form of its kind.
    Form {
        /// The file.
        file: String,
        /// What the reader says.
        why: String,
    },
    /// A fingerprint that cannot be right.
    Entry(String, &'static str),
    /// A rule of resolution that cannot be right.
    Rule(String, &'static str),
    /// A type that is none, or is a kind of none.
    Type(String),
    /// A maker's alias that stands for two.
    Alias(String),
    /// A date that is none.
    Date(String),
}

impl LoadError {
    pub(crate) fn form(file: &str, error: &toml::de::Error) -> Self {
        Self::Form { file: file.to_owned(), why: error.to_string() }
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form { file, why } => write!(out, "{file}: {why}"),
            Self::Entry(id, what) => write!(out, "fingerprint {id} has {what}"),
            Self::Rule(name, what) => write!(out, "resolution: {name} has {what}"),
            Self::Type(name) => write!(out, "device type {name} is not in the vocabulary"),
            Self::Alias(name) => write!(out, "{name} stands for two makers"),
            Self::Date(text) => write!(out, "{text} is not a date"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Everything the rules of identification look up.
#[derive(Debug, Default)]
pub struct Knowledge {
    /// Who registered a hardware address prefix.
    pub oui: Oui<'static>,
    /// Patterns over facts.
    pub fingerprints: Fingerprints,
    /// Makers and their names.
    pub makers: Makers,
    /// Device types.
    pub types: Types,
    /// Ends of support.
    pub lifecycle: Lifecycle,
    /// What people call the types.
    pub phrases: Phrases,
    /// Which kind of analyser reports which tests.
    pub panels: Panels,
}

impl Knowledge {
    /// What ships with the program. Errors only when the shipped files are broken, which a test rules out.
    pub fn shipped() -> Result<Self, LoadError> {
        let knowledge = Self {
            oui: Oui::load(OUI),
            fingerprints: Fingerprints::load(FINGERPRINTS.iter().copied())?,
            makers: Makers::load(include_str!("../../../data/makers.toml"))?,
            types: Types::shipped()?,
            lifecycle: Lifecycle::load(include_str!("../../../data/lifecycle.toml"))?,
            phrases: Phrases::load(include_str!("../../../data/type-phrases.toml"))?,
            panels: Panels::load(
                include_str!("../../../data/panels.toml"),
                include_str!("../../../data/laboratory-tests.tsv"),
            )?,
        };
        let given = knowledge.fingerprints.entries().filter_map(|entry| entry.gives.get("type"));
        let given = given.map(String::as_str).chain(knowledge.makers.types());
        let lost = given
            .chain(knowledge.phrases.types())
            .chain(knowledge.panels.types())
            .find(|name| !knowledge.types.knows(name));
        match lost {
            Some(name) => Err(LoadError::Type(name.to_owned())),
            None => Ok(knowledge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Example;
    use std::collections::{BTreeMap, BTreeSet};
    use wardlight_model::{Attribute, Field};

    fn shipped() -> Knowledge {
        Knowledge::shipped().unwrap_or_else(|error| panic!("{error}"))
    }

    fn given(knowledge: &Knowledge, entry: &crate::Fingerprint, example: &Example) -> BTreeMap<String, String> {
        let field = Field::named(entry.field.split('|').next().unwrap()).unwrap();
        said(knowledge, entry, field, example)
    }

    fn said(
        knowledge: &Knowledge,
        entry: &crate::Fingerprint,
        field: Field,
        example: &Example,
    ) -> BTreeMap<String, String> {
        let also: Vec<(Field, &str)> =
            example.also.iter().map(|(name, text)| (Field::named(name).unwrap(), text.as_str())).collect();
        let others = |field| also.iter().filter(|(of, _)| *of == field).map(|(_, text)| *text).collect();
        let found = knowledge.fingerprints.read(field, &example.text, &others);
        let own = found.into_iter().filter(|found| found.rule == entry.id);
        own.map(|found| match found.attribute {
            Attribute::OperatingSystem => ("os".to_owned(), found.value),
            attribute => (attribute.name().to_owned(), found.value),
        })
        .collect()
    }

    #[test]
    fn every_example_says_what_it_should() {
        let knowledge = shipped();
        let mut wrong = Vec::new();
        for entry in knowledge.fingerprints.entries() {
            for example in &entry.example {
                let given = given(&knowledge, entry, example);
                // An earlier entry of a file where only the first counts may have taken the text.
                if given != example.gives && !(given.is_empty() && entry.id.starts_with("recog-")) {
                    wrong.push(format!("{}: {:?} gives {given:?}, not {:?}", entry.id, example.text, example.gives));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn what_only_looks_alike_is_not_matched() {
        let knowledge = shipped();
        let mut wrong = BTreeSet::new();
        for entry in knowledge.fingerprints.entries() {
            // What meets the further conditions is there: the text alone must be what does not fit.
            let also = entry.example.first().map(|example| example.also.clone()).unwrap_or_default();
            for (text, name) in entry.not.iter().flat_map(|text| entry.field.split('|').map(move |name| (text, name))) {
                let example = Example { text: text.clone(), also: also.clone(), gives: BTreeMap::new() };
                if !said(&knowledge, entry, Field::named(name).unwrap(), &example).is_empty() {
                    wrong.insert(format!("{} matches {text:?} in {name}", entry.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    }

    #[test]
    fn every_entry_written_by_hand_has_a_text_that_it_must_not_match() {
        let knowledge = shipped();
        let own = knowledge.fingerprints.entries().filter(|entry| !entry.id.starts_with("recog-"));
        let without: Vec<&str> = own.filter(|entry| entry.not.is_empty()).map(|entry| entry.id.as_str()).collect();
        assert!(without.is_empty(), "{} without: {without:?}", without.len());
    }

    #[test]
    fn every_entry_has_an_example_and_a_source_that_is_no_capture() {
        for entry in shipped().fingerprints.entries() {
            assert!(!entry.example.is_empty(), "{} has no example", entry.id);
            let source = entry.source.to_lowercase();
            for word in
                ["sentinel", "unsw", "iotsec-lab", "tapirx", "corpus", ".pcap", "ja4", "p0f", "satori", "fingerbank"]
            {
                assert!(!source.contains(word), "{} cites {word}", entry.id);
            }
        }
    }
}
