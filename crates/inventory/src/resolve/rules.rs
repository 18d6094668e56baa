//! What resolution weighs by: `data/resolution.toml`.
//!
//! In: the file's text. Out: weights in thousandths of a natural logarithm, so that sums are exact and the same on every
//! machine; values that say nothing; what each kind of source is worth.

use crate::knowledge::LoadError;
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::AssetField;

const SHIPPED: &str = include_str!("../../../../data/resolution.toml");
/// Thousandths in a whole.
const WHOLE: f64 = 1000.0;
const MICROS_OF_A_DAY: i64 = 86_400 * 1_000_000;

macro_rules! marks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $words:literal,)+) => {
        /// What two rows can agree or differ in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Mark { $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+ }

        impl Mark {
            /// Every mark.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in data.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What people call it.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)+ }
            }
        }
    };
}

marks! {
    /// Serial number, bare.
    Serial = "serial" "serial number",
    /// Device identifier and serial number of the UDI.
    Udi = "udi" "UDI",
    /// Certificate.
    Certificate = "certificate" "certificate",
    /// Hardware address given by the registry.
    Mac = "mac" "hardware address",
    /// Hardware address that software chose.
    MadeUpMac = "mac_made_up" "made-up hardware address",
    /// The hospital's label.
    AssetTag = "asset_tag" "asset tag",
    /// Host name without its domain.
    Hostname = "hostname" "host name",
    /// DICOM application entity title.
    AeTitle = "ae_title" "AE title",
    /// IP address with its routing domain.
    Address = "address" "address",
    /// Device identifier of the UDI: the model.
    UdiDi = "udi_di" "UDI device identifier",
    /// Asset tag or serial number inside a host name.
    NameInside = "name_inside" "tag or serial number in the host name",
    /// Serial numbers that look alike.
    SerialLookAlike = "serial_look_alike" "serial number but for signs that look alike",
    /// Serial numbers of different form, one sign apart.
    SerialTyping = "serial_typing" "serial number but for one sign",
    /// Serial numbers with two neighbouring signs swapped.
    SerialSwapped = "serial_swapped" "serial number but for two swapped signs",
    /// Serial numbers with one other digit.
    SerialDigit = "serial_digit" "serial number but for one digit",
    /// Hardware addresses next to each other.
    MacNeighbour = "mac_neighbour" "neighbouring hardware address",
    /// Directory domain.
    Domain = "domain" "domain",
    /// Maker.
    Maker = "maker" "maker",
    /// Model.
    Model = "model" "model",
    /// Kind of device.
    Type = "type" "type",
    /// Campus or hospital.
    Site = "site" "site",
    /// Room.
    Place = "place" "place",
    /// Department.
    Department = "department" "department",
    /// Both rows are of one source.
    OneSource = "one_source" "source",
    /// Both were found on the network.
    OneNetwork = "one_network" "network",
}

/// What kind of system a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// What people of the hospital said in Wardlight.
    People,
    /// The network itself.
    Network,
    /// Maintenance system of the clinical engineers.
    Cmms,
    /// Purchasing or enterprise resource planning.
    Procurement,
    /// Directory of computers.
    Directory,
    /// Network access control.
    Nac,
    /// DHCP server.
    Dhcp,
    /// Address management.
    Ipam,
    /// Endpoint protection or device management.
    Endpoint,
    /// Scanner.
    Scanner,
    /// Any other.
    Other,
}

/// What one mark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) agrees: i32,
    pub(super) differs: i32,
    /// The most that one letter brings.
    pub(super) letter: i32,
    /// Most rows of one source with the same value.
    pub(super) most: usize,
}

/// How the answers to one field are weighed against each other.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Precedence {
    field: String,
    trust: BTreeMap<String, f64>,
    half_life_days: f64,
    /// Whether differing answers are work for somebody.
    #[serde(default)]
    pub(super) disputed: bool,
    #[serde(rename = "reason")]
    _reason: String,
}

impl Precedence {
    /// What an answer of a source of `kind`, said `age` microseconds ago with `confidence`, is worth.
    pub(super) fn worth(&self, kind: SourceKind, confidence: f64, age: i64) -> f64 {
        let name = kind.name();
        let trust = self.trust.get(name).or_else(|| self.trust.get("other")).copied().unwrap_or(0.5);
        #[allow(clippy::cast_precision_loss, reason = "whole days would do")]
        let days = age.max(0) as f64 / MICROS_OF_A_DAY as f64;
        trust * confidence * (-days / self.half_life_days).exp2()
    }
}

impl SourceKind {
    /// What kind of system the importer called `importer` reads.
    #[must_use]
    pub fn of_importer(importer: &str) -> Self {
        match importer {
            "cmms" => Self::Cmms,
            "procurement" => Self::Procurement,
            "directory" => Self::Directory,
            "netbox" => Self::Ipam,
            "dhcp" => Self::Dhcp,
            "nmap" => Self::Scanner,
            _ => Self::Other,
        }
    }

    /// Its name in data.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Network => "network",
            Self::Cmms => "cmms",
            Self::Procurement => "procurement",
            Self::Directory => "directory",
            Self::Nac => "nac",
            Self::Dhcp => "dhcp",
            Self::Ipam => "ipam",
            Self::Endpoint => "endpoint",
            Self::Scanner => "scanner",
            Self::Other => "other",
        }
    }
}

/// The rules of resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub(super) prior: i32,
    pub(super) accept: i32,
    pub(super) review: i32,
    pub(super) margin: i32,
    pub(super) crowd: f64,
    /// A device that goes by more host names speaks for others.
    pub(super) most_names: usize,
    pub(super) most_pairs: usize,
    pub(super) most_asked: usize,
    pub(super) near: i64,
    pub(super) grace: i64,
    weights: BTreeMap<Mark, Weight>,
    void: BTreeMap<Mark, BTreeSet<String>>,
    retired: BTreeSet<String>,
    confirming: BTreeSet<SourceKind>,
    precedence: Vec<Precedence>,
    /// Which of `precedence` speaks for each field.
    by_field: BTreeMap<AssetField, usize>,
}

impl Rules {
    /// Those that ship with the program. Errors only when the shipped file is broken, which a test rules out.
    pub fn shipped() -> Result<Self, LoadError> {
        Self::load(SHIPPED)
    }

    /// Reads `data/resolution.toml`. Errors when it has not its form, lacks a weight, or names a field that is none.
    pub fn load(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::form("resolution", &error))?;
        let mut weights = BTreeMap::new();
        for entry in &file.evidence {
            weights.insert(entry.mark, entry.weight());
        }
        let wrong = |name: &str, what| Err(LoadError::Rule(name.to_owned(), what));
        if let Some(mark) = Mark::ALL.iter().find(|mark| !weights.contains_key(mark)) {
            return wrong(mark.name(), "no weight in data/resolution.toml");
        }
        if let Some(entry) = file.precedence.iter().find(|entry| !names_fields(&entry.field)) {
            return wrong(&entry.field, "a precedence, but is no field");
        }
        if file.precedence.iter().any(|entry| entry.half_life_days <= 0.0) || file.review >= file.accept {
            return wrong("resolution", "a half-life that is not positive, or asks beyond what it accepts");
        }
        let mut void: BTreeMap<Mark, BTreeSet<String>> = BTreeMap::new();
        for entry in &file.void {
            entry.marks.iter().for_each(|mark| void.entry(*mark).or_default().extend(entry.values.iter().cloned()));
        }
        let by_field = AssetField::ALL.iter().filter_map(|field| Some((*field, speaks_for(&file.precedence, *field)?)));
        Ok(Self {
            prior: thousandths(file.prior),
            accept: thousandths(file.accept),
            review: thousandths(file.review),
            margin: thousandths(file.margin),
            crowd: file.crowd,
            most_pairs: file.most_pairs,
            most_names: file.most_names,
            most_asked: file.most_asked,
            near: file.near_days.saturating_mul(MICROS_OF_A_DAY),
            grace: file.grace_days.saturating_mul(MICROS_OF_A_DAY),
            weights,
            void,
            retired: file.retired.into_iter().flat_map(|entry| entry.words).collect(),
            confirming: file.kind.iter().filter(|kind| kind.confirms).map(|kind| kind.name).collect(),
            by_field: by_field.collect(),
            precedence: file.precedence,
        })
    }

    pub(super) fn weight(&self, mark: Mark) -> Weight {
        self.weights.get(&mark).copied().unwrap_or(Weight { agrees: 0, differs: 0, letter: 0, most: 0 })
    }

    /// Whether `bare` is what stands in a field that nobody filled in.
    pub(super) fn is_void(&self, mark: Mark, bare: &str) -> bool {
        let mut letters = bare.chars();
        let first = letters.next();
        letters.all(|letter| Some(letter) == first) || self.void.get(&mark).is_some_and(|void| void.contains(bare))
    }

    /// Whether a state says that the device is no more.
    pub(super) fn is_retired(&self, state: &str) -> bool {
        let lower = state.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| self.retired.contains(word))
    }

    /// Whether a row of such a source shows that somebody has looked at the device or paid for it.
    pub(super) fn confirms(&self, kind: SourceKind) -> bool {
        self.confirming.contains(&kind)
    }

    pub(super) fn precedence(&self, field: AssetField) -> Option<&Precedence> {
        self.precedence.get(*self.by_field.get(&field)?)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "licence")]
    _licence: String,
    prior: f64,
    accept: f64,
    review: f64,
    margin: f64,
    crowd: f64,
    most_pairs: usize,
    most_names: usize,
    most_asked: usize,
    near_days: i64,
    grace_days: i64,
    evidence: Vec<EvidenceEntry>,
    void: Vec<VoidEntry>,
    retired: Vec<RetiredEntry>,
    kind: Vec<KindEntry>,
    precedence: Vec<Precedence>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceEntry {
    mark: Mark,
    agrees: f64,
    #[serde(default)]
    differs: f64,
    #[serde(default)]
    letter: f64,
    most: Option<usize>,
    #[serde(rename = "reason")]
    _reason: String,
}

impl EvidenceEntry {
    fn weight(&self) -> Weight {
        Weight {
            agrees: thousandths(self.agrees),
            differs: thousandths(self.differs),
            letter: thousandths(self.letter),
            most: self.most.unwrap_or(usize::MAX),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct VoidEntry {
    marks: Vec<Mark>,
    values: Vec<String>,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RetiredEntry {
    words: Vec<String>,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct KindEntry {
    name: SourceKind,
    confirms: bool,
    #[serde(rename = "reason")]
    _reason: String,
}

/// In thousandths; weights are small, so that nothing is cut off.
#[allow(clippy::cast_possible_truncation, reason = "kept within the range first")]
pub(super) fn thousandths(weight: f64) -> i32 {
    (weight * WHOLE).round().clamp(-1e9, 1e9) as i32
}

/// The probability that a score stands for, to four places.
pub(super) fn probability(score: i32) -> f64 {
    ((1.0 / (1.0 + (-f64::from(score) / WHOLE).exp())) * 1e4).round() / 1e4
}

fn names_fields(pattern: &str) -> bool {
    AssetField::ALL.iter().any(|field| exactness(pattern, *field).is_some())
}

/// How exactly `pattern` names `field`; `None` when it does not.
fn exactness(pattern: &str, field: AssetField) -> Option<u8> {
    let name = field.name();
    match pattern.strip_suffix('*') {
        None => (pattern == name).then_some(2),
        Some("") => Some(0),
        Some(group) => (group.ends_with('.') && name.starts_with(group)).then_some(1),
    }
}

fn speaks_for(precedence: &[Precedence], field: AssetField) -> Option<usize> {
    let fitting = precedence.iter().enumerate().filter_map(|(at, one)| Some((exactness(&one.field, field)?, at)));
    fitting.max().map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Rules {
        Rules::shipped().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_shipped_rules_are_whole() {
        let rules = shipped();
        assert!(AssetField::ALL.iter().all(|field| rules.precedence(*field).is_some()));
        assert_eq!(rules.weight(Mark::Serial).agrees, 11_000);
        assert!((probability(rules.accept) - 0.95).abs() < 0.001);
        assert!(rules.confirms(SourceKind::Cmms) && !rules.confirms(SourceKind::Nac));
    }

    #[test]
    fn agreement_never_speaks_against_and_difference_never_for() {
        let rules = shipped();
        for mark in Mark::ALL.iter().filter(|mark| !matches!(mark, Mark::OneSource | Mark::OneNetwork)) {
            assert!(rules.weight(*mark).agrees >= 0 && rules.weight(*mark).differs <= 0, "{mark:?}");
        }
    }

    #[test]
    fn placeholders_are_void() {
        let rules = shipped();
        for text in ["NA", "UNKNOWN", "0000", "XXXXXX", "", "7", "12345"] {
            assert!(rules.is_void(Mark::Serial, text), "{text}");
        }
        assert!(rules.is_void(Mark::AeTitle, "STORESCU") && !rules.is_void(Mark::Hostname, "STORESCU"));
        assert!(!rules.is_void(Mark::Serial, "DE4521"));
        assert!(rules.is_retired("Retired - Sold") && !rules.is_retired("In Service"));
    }

    #[test]
    fn what_was_said_long_ago_of_a_place_is_worth_less_than_a_switch_port_of_today() {
        let rules = shipped();
        let room = rules.precedence(AssetField::Room).unwrap();
        let old = room.worth(SourceKind::Cmms, 1.0, 730 * MICROS_OF_A_DAY);
        assert!(old < 0.1 && room.worth(SourceKind::Network, 0.9, 0) > 0.8, "{old}");
        let serial = rules.precedence(AssetField::Serial).unwrap();
        assert!(serial.worth(SourceKind::Cmms, 1.0, 730 * MICROS_OF_A_DAY) > 0.8);
    }

    #[test]
    fn a_file_without_a_weight_or_with_a_strange_field_is_refused() {
        let lacks = SHIPPED.replace("mark = \"domain\"", "mark = \"site\"");
        assert_eq!(
            Rules::load(&lacks).unwrap_err().to_string(),
            "resolution: domain has no weight in data/resolution.toml"
        );
        let strange = SHIPPED.replace("field = \"owner.*\"", "field = \"oner.*\"");
        assert!(Rules::load(&strange).is_err());
    }
}
