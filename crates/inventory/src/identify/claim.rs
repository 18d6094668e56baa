//! What a device's facts say of it, weighed against each other.
//!
//! Every rule speaks for one value of one attribute with a confidence. Within one family of evidence (all of DHCP, all
//! of the names a device asks for…) the best counts once; families are taken as independent. What is said of a wider
//! answer (`smart home device`) speaks in part for the narrower one (`smart plug`) too. Values that exclude each other
//! share what is left: with the odds `o = s / (1 - s)` of each, the confidence is `o / (1 + sum of all o)`.

use crate::maker::{Kind, fold};
use crate::{Found, Knowledge};
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::{Attribute, Claim, Evidence, Fact, Field, Mac, Place, Subject, Time};

/// No claim is surer than this, whatever speaks for it.
const SUREST: f64 = 0.99;
/// No type is surer than this when a hardware address alone speaks for it: its maker may make other things too.
const ALONE: f64 = 0.85;
/// The family of what the registry of hardware addresses says.
const REGISTRY: &str = "oui";
/// How much of what speaks for a wider answer speaks for a narrower one.
const PART: f64 = 0.5;
/// A wider answer is left out when a narrower one is at least this sure.
const SETTLED: f64 = 0.9;
/// Claims below this are not made.
const LEAST: f64 = 0.05;
/// Most answers weighed for one attribute.
const MOST: usize = 64;
/// Most evidence shown for one claim.
const SHOWN: usize = 12;

/// One rule's word for one value.
#[derive(Debug, Clone)]
struct Word<'a> {
    attribute: Attribute,
    value: String,
    confidence: f64,
    rule: String,
    family: &'static str,
    fact: Option<&'a Fact>,
    /// The hardware address that it rests on, and when that was first seen.
    address: Option<(Mac, Time)>,
}

/// Draws the claims of one device from its facts and its hardware addresses, each with the time it was first seen.
pub(super) fn claims(facts: &[&Fact], macs: &[(Mac, Time)], knowledge: &Knowledge) -> Vec<Claim> {
    let mut words = Vec::new();
    words.extend(facts.iter().flat_map(|fact| own_words(fact, knowledge)));
    words.extend(facts.iter().filter_map(|fact| plain_word(fact, knowledge)));
    words.extend(prints(facts, knowledge));
    words.extend(panel(facts, knowledge));
    words.extend(macs.iter().flat_map(|address| registered(*address, knowledge)));
    quieten_errands(&mut words, knowledge);
    quieten_messengers(&mut words, knowledge);
    quieten_translators(&mut words, facts);
    quieten_applications(&mut words);
    let named: Vec<_> = words.iter().filter(|word| word.attribute == Attribute::Model).cloned().collect();
    let products: Vec<_> = named.iter().flat_map(|word| product(word, &words, knowledge)).collect();
    words.extend(products);
    weigh(words, facts, knowledge)
}

/// What the device says of itself in so many words.
fn own_words<'a>(fact: &'a Fact, knowledge: &Knowledge) -> Option<Word<'a>> {
    let (attribute, confidence) = match fact.field {
        Field::Manufacturer => (Attribute::Maker, 0.95),
        Field::Model => (Attribute::Model, 0.95),
        Field::ModelNumber if is_product_code(&fact.value) => (Attribute::Model, 0.5),
        Field::Serial => (Attribute::Serial, 0.95),
        Field::Firmware => (Attribute::Firmware, 0.95),
        Field::Software => (Attribute::Firmware, 0.9),
        Field::FriendlyName | Field::SnmpName | Field::LldpName | Field::CdpName => (Attribute::Name, 0.9),
        Field::HostName => (Attribute::Name, 0.8),
        Field::DhcpHostname | Field::NetbiosName | Field::NtlmComputer | Field::StationName => (Attribute::Name, 0.9),
        Field::MdnsName | Field::LlmnrName | Field::NtlmDnsName => (Attribute::Name, 0.85),
        Field::DnsName | Field::MdnsInstance | Field::AeTitle => (Attribute::Name, 0.6),
        _ => return None,
    };
    let is_software = attribute == Attribute::Maker && knowledge.makers.kind(&fact.value) == Some(Kind::Software);
    if is_placeholder(&fact.value) || is_software {
        return None;
    }
    let value = fact.value.clone();
    Some(Word {
        attribute,
        value,
        confidence,
        rule: "self".to_owned(),
        family: family(fact),
        fact: Some(fact),
        address: None,
    })
}

/// The type that it says in plain words.
fn plain_word<'a>(fact: &'a Fact, knowledge: &Knowledge) -> Option<Word<'a>> {
    let (value, confidence) = super::plain::said(fact, &knowledge.phrases)?;
    let found =
        Found { attribute: Attribute::Type, value: value.to_owned(), confidence, rule: "plain-words".to_owned() };
    Some(word(found, family(fact), Some(fact)))
}

/// What the fingerprints say of every fact.
fn prints<'a>(facts: &[&'a Fact], knowledge: &Knowledge) -> Vec<Word<'a>> {
    let mut by_field: BTreeMap<Field, Vec<&str>> = BTreeMap::new();
    for fact in facts {
        by_field.entry(fact.field).or_default().push(&fact.value);
    }
    let others = |field: Field| by_field.get(&field).cloned().unwrap_or_default();
    let said = facts.iter().flat_map(|fact| {
        let found = knowledge.fingerprints.read(fact.field, &fact.value, &others);
        found.into_iter().map(|found| word(found, family(fact), Some(fact)))
    });
    said.collect()
}

/// What the laboratory tests it reports say of its kind. Whoever measures says so under an instrument's name, in a
/// protocol of analysers or both; else it may pass on what others measured.
fn panel<'a>(facts: &[&'a Fact], knowledge: &Knowledge) -> Vec<Word<'a>> {
    let shows = |fact: &&&'a Fact| matches!(fact.field, Field::LaboratoryTest | Field::PoctMessage);
    let measures = |fact: &&'a Fact| fact.protocol != "hl7" || matches!(fact.subject, Subject::Nested { .. });
    let (own, passed_on): (Vec<&Fact>, Vec<&Fact>) = facts.iter().filter(shows).copied().partition(measures);
    let (said, by_hearsay) = if own.is_empty() { (passed_on, true) } else { (own, false) };
    let tests = said.iter().filter(|fact| fact.field == Field::LaboratoryTest).map(|fact| fact.value.as_str());
    let protocols: BTreeSet<&str> = said.iter().map(|fact| fact.protocol).collect();
    let Some((kind, confidence)) = knowledge.panels.kind(&tests.collect(), &protocols, by_hearsay) else {
        return Vec::new();
    };
    let found = || Found { attribute: Attribute::Type, value: kind.to_owned(), confidence, rule: "panel".to_owned() };
    said.iter().map(|fact| word(found(), "lab", Some(fact))).collect()
}

fn word<'a>(found: Found, family: &'static str, fact: Option<&'a Fact>) -> Word<'a> {
    let Found { attribute, value, confidence, rule } = found;
    Word { attribute, value, confidence, rule, family, fact, address: None }
}

/// What the registry says of a hardware address.
fn registered(address: (Mac, Time), knowledge: &Knowledge) -> Vec<Word<'static>> {
    let Some(name) = knowledge.oui.organisation(address.0) else { return Vec::new() };
    let word = |attribute, value: &str, confidence| Word {
        attribute,
        value: value.to_owned(),
        confidence,
        rule: "oui".to_owned(),
        family: REGISTRY,
        fact: None,
        address: Some(address),
    };
    let maker = |confidence| word(Attribute::Maker, name, confidence);
    let product = knowledge.makers.product(name);
    let product = product.map(|(product, confidence)| word(Attribute::Type, product, confidence));
    let maker = match knowledge.makers.kind(name) {
        Some(Kind::Product) => maker(0.93),
        Some(Kind::Adapter) => maker(0.85),
        Some(Kind::Component) => maker(0.3),
        Some(Kind::Virtual | Kind::Software) => return product.into_iter().collect(),
        None => maker(0.75),
    };
    std::iter::once(maker).chain(product).collect()
}

/// A phone, a computer or a router asks for the servers of many makers: then the names it asks for say nothing of
/// itself. They also say nothing against the maker that the device names or its hardware address shows.
fn quieten_errands(words: &mut Vec<Word<'_>>, knowledge: &Knowledge) {
    let maker_of = |word: &Word<'_>| fold(knowledge.makers.normal(&word.value));
    let asked = words.iter().filter(|word| word.family == "asked" && word.attribute == Attribute::Maker);
    let asked: BTreeSet<_> = asked.map(maker_of).collect();
    let firm = words
        .iter()
        .filter(|word| word.family != "asked" && word.attribute == Attribute::Maker && word.confidence >= 0.8);
    let firm: BTreeSet<_> = firm.map(maker_of).collect();
    let strange: BTreeSet<String> = match asked.len() {
        0 => return,
        1 | 2 if firm.is_empty() => BTreeSet::new(),
        _ => asked.difference(&firm).cloned().collect(),
    };
    let rules: BTreeSet<String> = words
        .iter()
        .filter(|word| {
            word.family == "asked" && word.attribute == Attribute::Maker && strange.contains(&maker_of(word))
        })
        .map(|word| word.rule.clone())
        .collect();
    words.retain(|word| word.family != "asked" || !rules.contains(&word.rule));
}

/// Who speaks HL7 or ASTM in the name of several makers passes on what others say, or plays them: then those names say
/// little of itself.
fn quieten_messengers(words: &mut [Word<'_>], knowledge: &Knowledge) {
    for family in ["hl7", "astm"] {
        let own = words.iter().filter(|word| word.family == family && word.attribute == Attribute::Maker);
        let makers: BTreeSet<_> = own.map(|word| fold(knowledge.makers.normal(&word.value))).collect();
        if makers.len() > 1 {
            words.iter_mut().filter(|word| word.family == family).for_each(|word| word.confidence *= 0.5);
        }
    }
}

/// Who goes by many host names passes on what hosts behind it say, as a router that translates addresses does: only what
/// it says as a neighbour or to those who manage it is its own.
fn quieten_translators(words: &mut [Word<'_>], facts: &[&Fact]) {
    const MOST: usize = 4;
    let names = [Field::DhcpHostname, Field::NetbiosName, Field::NtlmComputer];
    let names = facts.iter().filter(|fact| names.contains(&fact.field)).map(|fact| fact.value.to_lowercase());
    if names.collect::<BTreeSet<String>>().len() > MOST {
        let others = words.iter_mut().filter(|word| ![REGISTRY, "lldp", "cdp", "snmp"].contains(&word.family));
        others.for_each(|word| word.confidence *= 0.5);
    }
}

/// What states the versions of its firmware and of an application apart, as every BACnet device must, means its firmware
/// by the former.
fn quieten_applications(words: &mut [Word<'_>]) {
    let says = |word: &Word<'_>, field| word.fact.is_some_and(|fact| fact.field == field);
    let own = words.iter().filter(|word| says(word, Field::Firmware));
    let families: BTreeSet<&str> = own.map(|word| word.family).collect();
    let others = words.iter_mut().filter(|word| says(word, Field::Software) && families.contains(word.family));
    others.for_each(|word| word.confidence *= 0.3);
}

/// What is known of a model that some rule named: the fingerprints of `self.model` read it as if the device had said it.
fn product<'a>(model: &Word<'a>, words: &[Word<'a>], knowledge: &Knowledge) -> Vec<Word<'a>> {
    if model.fact.is_some_and(|fact| fact.field == Field::Model) {
        return Vec::new();
    }
    let makers: Vec<_> = words.iter().filter(|word| word.attribute == Attribute::Maker).collect();
    let makers: Vec<&str> = makers.iter().map(|word| word.value.as_str()).collect();
    let others = |field| if field == Field::Manufacturer { makers.clone() } else { Vec::new() };
    let found = knowledge.fingerprints.read(Field::Model, &model.value, &others);
    let found = found.into_iter().filter(|found| found.attribute != Attribute::Model);
    found
        .map(|mut found| {
            found.confidence *= model.confidence;
            word(found, model.family, model.fact)
        })
        .collect()
}

/// The evidence that is one source, however many facts it has.
fn family(fact: &Fact) -> &'static str {
    match fact.field {
        Field::DnsQuery | Field::TlsServerName | Field::HttpHost => "asked",
        field => match field.name().split('.').next() {
            Some("self" | "bind") | None => fact.protocol,
            Some(place) => place,
        },
    }
}

/// One value with all that speaks for it.
#[derive(Debug)]
struct Answer<'a> {
    shown: String,
    key: String,
    words: Vec<Word<'a>>,
    support: f64,
}

fn weigh(mut words: Vec<Word<'_>>, facts: &[&Fact], knowledge: &Knowledge) -> Vec<Claim> {
    words.sort_by(|a, b| {
        let order =
            |word: &Word<'_>| (word.attribute, word.value.clone(), word.rule.clone(), word.fact.map(|fact| fact.place));
        order(a).cmp(&order(b)).then(b.confidence.total_cmp(&a.confidence))
    });
    let mut claims = Vec::new();
    for attribute in Attribute::ALL {
        let own = words.iter().filter(|word| word.attribute == attribute);
        let answers = answers(own.cloned(), knowledge);
        let drawn = answers.iter().map(|answer| draw(answer, &answers, knowledge));
        let drawn =
            drawn.zip(&answers).map(|(claim, answer)| Claim { evidence: evidence(&answer.words, facts), ..claim });
        let drawn: Vec<_> = drawn.collect();
        let settled: Vec<_> = drawn
            .iter()
            .filter(|claim| claim.confidence >= SETTLED)
            .map(|claim| keyed(attribute, &claim.value))
            .collect();
        let is_outdone = |claim: &Claim| {
            settled.iter().any(|narrow| narrows(attribute, narrow, &keyed(attribute, &claim.value), knowledge))
        };
        let mut drawn: Vec<_> = drawn.into_iter().filter(|claim| !is_outdone(claim)).collect();
        drawn.retain(|claim| claim.confidence >= LEAST);
        drawn.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.value.cmp(&b.value)));
        claims.extend(drawn);
    }
    claims
}

fn answers<'a>(words: impl Iterator<Item = Word<'a>>, knowledge: &Knowledge) -> Vec<Answer<'a>> {
    let mut answers: BTreeMap<String, Answer<'a>> = BTreeMap::new();
    for word in words {
        let shown = match word.attribute {
            Attribute::Maker => knowledge.makers.normal(&word.value).to_owned(),
            _ => word.value.clone(),
        };
        let key = keyed(word.attribute, &shown);
        let new = || Answer { shown: shown.clone(), key: key.clone(), words: Vec::new(), support: 0.0 };
        let answer = answers.entry(key.clone()).or_insert_with(new);
        // Of two ways to write one value, the one that stands first in the alphabet: any would do, always the same.
        if shown < answer.shown {
            answer.shown.clone_from(&shown);
        }
        answer.words.push(word);
    }
    for answer in answers.values_mut() {
        let mut families: BTreeMap<&str, f64> = BTreeMap::new();
        for word in &answer.words {
            let best = families.entry(word.family).or_default();
            *best = best.max(word.confidence);
        }
        answer.support = 1.0 - families.values().map(|confidence| 1.0 - confidence).product::<f64>();
    }
    let mut answers: Vec<_> = answers.into_values().collect();
    answers.sort_by(|a, b| b.support.total_cmp(&a.support).then_with(|| a.key.cmp(&b.key)));
    answers.truncate(MOST);
    answers
}

/// The form in which answers are compared: types are words of our vocabulary already, hyphens and all.
fn keyed(attribute: Attribute, value: &str) -> String {
    if attribute == Attribute::Type { value.to_lowercase() } else { fold(value) }
}

fn draw(answer: &Answer<'_>, all: &[Answer<'_>], knowledge: &Knowledge) -> Claim {
    let attribute = answer.words.first().map_or(Attribute::Name, |word| word.attribute);
    let odds = |support: f64| support.min(SUREST) / (1.0 - support.min(SUREST));
    let wider = all.iter().filter(|other| narrows(attribute, &answer.key, &other.key, knowledge));
    let support =
        wider.clone().fold(answer.support, |support, other| 1.0 - (1.0 - support) * (1.0 - PART * other.support));
    // What is said of a narrower answer is said of the wider one too.
    let narrower = all.iter().filter(|other| narrows(attribute, &other.key, &answer.key, knowledge));
    let support = narrower.clone().fold(support, |support, other| support.max(other.support));
    let speakers = std::iter::once(answer).chain(wider).chain(narrower);
    let is_alone =
        attribute == Attribute::Type && speakers.flat_map(|one| &one.words).all(|word| word.family == REGISTRY);
    let support = if is_alone { support.min(ALONE) } else { support };
    let rivals = all.iter().filter(|other| excludes(attribute, &answer.key, &other.key, knowledge));
    let against: f64 = rivals.map(|rival| odds(rival.support)).sum();
    let own = odds(support);
    let best = answer.words.iter().max_by(|a, b| a.confidence.total_cmp(&b.confidence).then(b.rule.cmp(&a.rule)));
    Claim {
        attribute,
        value: answer.shown.clone(),
        confidence: ((own / (1.0 + own + against)) * 1e4).round() / 1e4,
        rule: best.map(|word| word.rule.clone()).unwrap_or_default(),
        evidence: Vec::new(),
    }
}

/// Whether two answers cannot both be right. A device has many names; one answer may also say the same more exactly.
fn excludes(attribute: Attribute, one: &str, other: &str, knowledge: &Knowledge) -> bool {
    let is_near = narrows(attribute, one, other, knowledge)
        || narrows(attribute, other, one, knowledge)
        || (attribute == Attribute::Type && knowledge.types.can_be_both(one, other));
    let platform = |name| attribute == Attribute::Type && knowledge.types.is_platform(name);
    attribute != Attribute::Name && one != other && !is_near && platform(one) == platform(other)
}

/// Whether `narrow` says the same as `wide`, and more: a kind of it, or a version or variant of it.
fn narrows(attribute: Attribute, narrow: &str, wide: &str, knowledge: &Knowledge) -> bool {
    narrow != wide
        && match attribute {
            Attribute::Type => knowledge.types.is_kind_of(narrow, wide),
            _ => narrow.strip_prefix(wide).is_some_and(|rest| rest.starts_with(' ')),
        }
}

/// The facts that `words` rest on, and the hardware addresses, each with the packet of the first of `facts` about it.
fn evidence(words: &[Word<'_>], facts: &[&Fact]) -> Vec<Evidence> {
    let addresses: BTreeSet<_> = words.iter().filter_map(|word| word.address).collect();
    let borne = addresses.into_iter().map(|(mac, time)| {
        let about = facts.iter().filter(|fact| fact.subject.endpoint().mac == Some(mac));
        let first = about.min_by_key(|fact| (fact.first, fact.place));
        Evidence {
            field: Field::HardwareAddress,
            value: mac.to_string(),
            protocol: first.map_or("-", |fact| fact.protocol),
            place: first.map_or(Place::default(), |fact| Place { offset: 0, length: 0, ..fact.place }),
            time: first.map_or(time, |fact| fact.first),
        }
    });
    let said: BTreeMap<_, _> = words
        .iter()
        .filter_map(|word| word.fact)
        .map(|fact| ((fact.field, &fact.value, fact.protocol), fact))
        .collect();
    let said = said.into_values().map(|fact| Evidence {
        field: fact.field,
        value: fact.value.clone(),
        protocol: fact.protocol,
        place: fact.place,
        time: fact.first,
    });
    said.chain(borne).take(SHOWN).collect()
}

/// Whether a model number looks like a product's, not like a version.
fn is_product_code(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.bytes().any(|byte| test(&byte));
    text.len() >= 4 && has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit) && !text.starts_with(['v', 'V'])
}

/// Whether `text` is what stands in a field that nobody filled in.
fn is_placeholder(text: &str) -> bool {
    const EMPTY: &[&str] = &[
        "unspecified",
        "unknown",
        "none",
        "n a",
        "na",
        "default",
        "null",
        "undefined",
        "manufacturer",
        "model",
        "serial",
        "serial number",
        "model name",
        "to be filled by oem",
        "not available",
        "not specified",
        "generic",
        "0",
        "test",
        "localhost",
        "system manufacturer",
        "system product name",
        "device",
    ];
    let folded = fold(text);
    folded.is_empty() || EMPTY.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_numbers_that_are_versions_are_not_models() {
        assert!(is_product_code("BSB002") && is_product_code("929000226503a"));
        assert!(!is_product_code("1.0") && !is_product_code("v1.0b") && !is_product_code("1"));
    }

    #[test]
    fn placeholders_say_nothing() {
        assert!(is_placeholder("Unspecified") && is_placeholder("N/A") && is_placeholder("To Be Filled By O.E.M."));
        assert!(!is_placeholder("D-Link"));
    }
}
