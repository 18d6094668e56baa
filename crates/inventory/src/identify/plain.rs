//! What a device says it is in plain words: `Acme Office Printer 5` is a printer, whoever Acme is.
//!
//! In: one fact out of a field in which products describe themselves. Out: the type that its words mean in
//! `data/type-phrases.toml`, the list of the words that maintenance systems use. Words that speak of a program for such
//! devices, or of what stands between them (`viewer`, `driver`, `server`), mean no device.
//!
//! Sources of the fields: RFC 3418 (`sysDescr`), IEEE 802.1AB §8.5.8, RFC 2132 §9.13, RFC 9110 §10.1.5, RFC 3261 §20.41.

use crate::Phrases;
use std::collections::BTreeSet;
use wardlight_model::{Fact, Field};

/// Words beside which the name of a kind of device means something else.
const ABOUT: &[&str] = &[
    "admin",
    "agent",
    "api",
    "app",
    "application",
    "browser",
    "client",
    "connect",
    "console",
    "controller",
    "driver",
    "emulator",
    "finder",
    "for",
    "gateway",
    "library",
    "management",
    "manager",
    "monitoring",
    "plugin",
    "portal",
    "properties",
    "proxy",
    "sdk",
    "server",
    "service",
    "setup",
    "simulator",
    "spooler",
    "tool",
    "updater",
    "utility",
    "viewer",
];

/// The type that `fact` says in plain words, and how sure that is.
pub(super) fn said<'p>(fact: &Fact, phrases: &'p Phrases) -> Option<(&'p str, f64)> {
    let confidence = match fact.field {
        Field::SnmpDescription | Field::LldpDescription | Field::CdpPlatform | Field::DhcpVendorClass => 0.92,
        Field::HttpTitle | Field::Model | Field::UserAgent | Field::SipUserAgent => 0.9,
        _ => return None,
    };
    Some((meaning(&fact.value, phrases)?, confidence))
}

fn meaning<'p>(text: &str, phrases: &'p Phrases) -> Option<&'p str> {
    let apart = apart(text).to_lowercase();
    let words: BTreeSet<&str> = apart.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    phrases.self_told(&words, ABOUT)
}

/// `text` with a blank wherever programmers begin a new word: `NurseCall RTLSAnchor` is `Nurse Call RTLS Anchor`.
fn apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut signs = text.chars().peekable();
    let mut last = ' ';
    while let Some(sign) = signs.next() {
        let ends = last.is_lowercase() || (last.is_uppercase() && signs.peek().is_some_and(|next| next.is_lowercase()));
        if sign.is_uppercase() && ends {
            out.push(' ');
        }
        out.push(sign);
        last = sign;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knowledge;
    use std::collections::BTreeMap;
    use wardlight_model::Attribute;

    fn of(text: &str) -> Option<String> {
        meaning(text, &Knowledge::shipped().unwrap().phrases).map(str::to_owned)
    }

    #[test]
    fn a_product_that_names_its_kind_is_of_that_kind() {
        for (text, wanted) in [
            ("Acme Office Printer 5", "printer"),
            ("Acme NurseCall RoomStation/2.1", "nurse call system"),
            ("AcmeRTLS/4", "location gateway"),
            ("Acme-Defibrillator/2.1 sn=77", "defibrillator"),
            ("Acme 48-port managed switch, software 4.2", "switch"),
            ("Acme 10k UPS network card 3", "ups"),
            ("Acme S8 serial device server 3", "serial device server"),
            ("Acme WardPhone/3", "telephone"),
        ] {
            assert_eq!(of(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_speaks_of_devices_is_none() {
        for text in [
            "Acme Printer Server",
            "PrinterDriver/2.0",
            "IP Camera Viewer",
            "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Tablet PC 2.0)",
            "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) NF/6.0",
            "Remote Desktop Web Access",
            "Web Server",
            "Nurse Call Monitoring Software",
            "sprinter",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    /// Texts of recog's examples that name a kind of device in plain words, against what recog says that they are.
    #[test]
    fn plain_words_agree_with_what_others_found_out() {
        let knowledge = Knowledge::shipped().unwrap();
        let mut rows: BTreeMap<bool, Vec<String>> = BTreeMap::new();
        let recog = knowledge.fingerprints.entries().filter(|entry| entry.id.starts_with("recog-"));
        for entry in recog.filter(|entry| entry.id.contains("snmp_sysdescr") || entry.id.contains("html_title")) {
            for example in &entry.example {
                let Some(truth) = example.gives.get(Attribute::Type.name()) else { continue };
                let Some(said) = meaning(&example.text, &knowledge.phrases) else { continue };
                let kind = |one: &str, other: &str| one == other || knowledge.types.is_kind_of(one, other);
                let is_right = kind(truth, said) || kind(said, truth);
                rows.entry(is_right).or_default().push(format!("{said}, not {truth}: {}", example.text));
            }
        }
        let (right, wrong) = (rows.get(&true).map_or(0, Vec::len), rows.remove(&false).unwrap_or_default());
        assert!(right >= 200, "only {right} examples speak plainly");
        assert!(wrong.len() * 30 <= right, "{right} right, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}
