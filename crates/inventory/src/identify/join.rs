//! Which nodes are one device: joined by keys that stay with it wherever it is plugged in.
//!
//! A key that too many stations have at once names none of them: cloned images, serial numbers left at their default,
//! a certificate that ships in the firmware.

use super::address::{mac_of_duid, mac_of_eui64, mac_of_v6};
use super::holder::Station;
use super::node::{Node, Part};
use crate::Makers;
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::{Fact, Field, Key, KeyKind, Mac, Time};

/// Nodes with their parts, and which of them are one.
pub(super) struct Graph<'a> {
    nodes: Vec<(Node, Part<'a>)>,
    keys: Vec<BTreeSet<Key>>,
    parents: Vec<usize>,
}

/// One device's nodes with their parts, and its keys.
pub(super) type Component<'a> = (Vec<(Node, Part<'a>)>, BTreeSet<Key>);

impl<'a> Graph<'a> {
    /// Joins what belongs together of `nodes`, which are in order.
    pub(super) fn join(nodes: Vec<(Node, Part<'a>)>, makers: &Makers) -> Self {
        let keys = nodes.iter().map(|(node, part)| keys(node, part, makers)).collect();
        let mut graph = Self { parents: (0..nodes.len()).collect(), nodes, keys };
        graph.by_key();
        graph.by_address_inside();
        graph.by_sender();
        graph.by_instrument();
        graph.by_unit();
        graph.by_certificate();
        graph.by_name();
        graph.by_title(KeyKind::AeTitle, Field::AeTitle);
        graph.by_title(KeyKind::BacnetDevice, Field::BacnetDevice);
        graph
    }

    /// The devices' nodes, in the order of their lowest node.
    pub(super) fn components(mut self) -> Vec<Component<'a>> {
        let roots: Vec<_> = (0..self.nodes.len()).map(|at| self.root(at)).collect();
        let mut groups: Vec<Component<'a>> = roots.iter().map(|_| Component::default()).collect();
        for ((node, keys), root) in self.nodes.into_iter().zip(self.keys).zip(roots) {
            if let Some(group) = groups.get_mut(root) {
                group.0.push(node);
                group.1.extend(keys);
            }
        }
        groups.retain(|(nodes, _)| !nodes.is_empty());
        groups
    }

    fn by_key(&mut self) {
        let mut holders: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (at, keys) in self.keys.iter().enumerate() {
            for key in keys.iter().filter(|key| most(key.kind) > 0) {
                holders.entry(key.clone()).or_default().push(at);
            }
        }
        for (key, members) in holders {
            let hosts = members.iter().filter(|at| !self.is_nested(**at));
            if hosts.clone().count() <= most(key.kind) && !self.differ_by_name(hosts.copied(), key.kind) {
                self.unite(&members);
            } else {
                let nested: Vec<_> = members.into_iter().filter(|at| self.is_nested(*at)).collect();
                self.unite(&nested);
            }
        }
    }

    /// An EUI-64, a DUID or an IPv6 interface identifier made from a hardware address that was seen.
    fn by_address_inside(&mut self) {
        for at in 0..self.nodes.len() {
            for mac in self.inside(at) {
                let scopes = std::iter::once(None).chain(self.scope(at).map(Some));
                let found = scopes.filter_map(|scope| self.place(&Node::Station(Station { mac, scope })));
                if let Some(other) = found.into_iter().next() {
                    self.unite(&[at, other]);
                }
            }
        }
    }

    /// A device that only one host speaks for, which calls itself by that device's name and by no other: it speaks of
    /// itself, whatever address the board in it has by now, or whatever router its packets came by.
    fn by_sender(&mut self) {
        for at in 0..self.nodes.len() {
            let Some((Node::Nested(Key { kind: KeyKind::Eui64 | KeyKind::Serial, text }, _), part)) =
                self.nodes.get(at)
            else {
                continue;
            };
            let mut speakers = part.via.iter();
            let speaker = speakers.next().filter(|_| speakers.next().is_none()).and_then(|via| self.place(via));
            let Some((speaker, (_, said))) = speaker.and_then(|at| Some((at, self.nodes.get(at)?))) else { continue };
            let mut names = said.facts.iter().filter_map(|fact| sender_name(fact)).peekable();
            if names.peek().is_some() && names.all(|name| name.is_some_and(|name| name.eq_ignore_ascii_case(text))) {
                self.unite(&[speaker, at]);
            }
        }
    }

    /// The only instrument that a host speaks for, when the host calls itself by its name: it speaks of itself.
    fn by_instrument(&mut self) {
        let mut spoken: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (node, part)) in self.nodes.iter().enumerate() {
            if matches!(node, Node::Nested(Key { kind: KeyKind::Instrument, .. }, _)) {
                part.via
                    .iter()
                    .filter_map(|via| self.place(via))
                    .for_each(|via| spoken.entry(via).or_default().push(at));
            }
        }
        for (speaker, instruments) in spoken {
            let [only] = instruments.as_slice() else { continue };
            let Some((Node::Nested(key, _), _)) = self.nodes.get(*only) else { continue };
            let said = self.nodes.get(speaker).into_iter().flat_map(|(_, part)| &part.facts);
            let mut names = said.filter(|fact| fact.field == Field::AstmSender).flat_map(|fact| fact.value.split('^'));
            if names.any(|name| name == key.text) {
                self.unite(&[speaker, *only]);
            }
        }
    }

    /// The only Modbus unit that a host speaks for: most servers that have no bus behind them answer as one unit.
    fn by_unit(&mut self) {
        let mut units: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, (node, part)) in self.nodes.iter().enumerate() {
            if matches!(node, Node::Nested(Key { kind: KeyKind::ModbusUnit, .. }, _)) {
                let speakers = part.via.iter().filter_map(|via| self.place(via));
                speakers.for_each(|speaker| units.entry(speaker).or_default().push(at));
            }
        }
        for (speaker, units) in units {
            if let [only] = units.as_slice() {
                self.unite(&[speaker, *only]);
            }
        }
    }

    fn place(&self, wanted: &Node) -> Option<usize> {
        self.nodes.binary_search_by(|(node, _)| node.cmp(wanted)).ok()
    }

    fn inside(&self, at: usize) -> Vec<Mac> {
        let Some((node, _)) = self.nodes.get(at) else { return Vec::new() };
        let from_keys = self.keys.get(at).into_iter().flatten().filter_map(|key| match key.kind {
            KeyKind::Eui64 => mac_of_eui64(&key.text),
            KeyKind::Duid => mac_of_duid(&key.text),
            _ => None,
        });
        let from_ip = match node {
            Node::Host(_, ip) => mac_of_v6(*ip),
            _ => None,
        };
        from_keys.chain(from_ip).collect()
    }

    fn scope(&self, at: usize) -> Option<wardlight_model::Scope> {
        match self.nodes.get(at).map(|(node, _)| node)? {
            Node::Station(station) => station.scope,
            Node::Host(scope, _) | Node::Nested(_, Some((scope, _))) => Some(*scope),
            Node::Nested(_, None) => None,
        }
    }

    /// The same certificate, shown by two hosts one after the other: a device that got another address.
    fn by_certificate(&mut self) {
        let shown = self.values(Field::CertificateHash, |_| true);
        for members in shown.into_values().filter(|members| members.len() == 2) {
            if self.registered(&members) <= 1 && !overlap(members.iter().map(|(_, first, last)| (*first, *last))) {
                self.unite_all(&members);
            }
        }
    }

    /// The same DHCP host name under made-up hardware addresses that were never there together.
    fn by_name(&mut self) {
        let named = self.values(Field::DhcpHostname, is_own_name);
        for members in named.into_values().filter(|members| members.len() > 1) {
            let stay = members.iter().filter_map(|(at, ..)| self.nodes.get(*at));
            let stay = stay.map(|(_, part)| (part.first, part.last));
            let registered = self.registered(&members);
            if registered <= 1 && registered < members.len() && !overlap(stay) {
                self.unite_all(&members);
            }
        }
    }

    /// A title, or a number of a BACnet device, that a message names and that exactly one host calls itself by.
    fn by_title(&mut self, kind: KeyKind, field: Field) {
        let mut owners = self.values(field, |_| true);
        for at in 0..self.nodes.len() {
            let Some((Node::Nested(key, Some((scope, None))), _)) = self.nodes.get(at) else { continue };
            if key.kind != kind {
                continue;
            }
            let owner = owners.get_mut(&(Some(*scope), key.text.clone()));
            if let Some([(owner, ..)]) = owner.map(|members| members.as_slice()) {
                let owner = *owner;
                self.unite(&[owner, at]);
            }
        }
    }

    /// Who said which value of `field` when, by scope and value.
    #[expect(clippy::type_complexity, reason = "read only by the three callers above")]
    fn values(
        &self,
        field: Field,
        wanted: impl Fn(&str) -> bool,
    ) -> BTreeMap<(Option<wardlight_model::Scope>, String), Vec<(usize, Time, Time)>> {
        let mut values: BTreeMap<_, BTreeMap<usize, (Time, Time)>> = BTreeMap::new();
        for (at, (node, part)) in self.nodes.iter().enumerate().filter(|(at, _)| !self.is_nested(*at)) {
            for fact in part.facts.iter().filter(|fact| fact.field == field && wanted(&fact.value)) {
                debug_assert!(!matches!(node, Node::Nested(..)), "filtered above");
                let key = (Some(fact.subject.endpoint().scope), fact.value.clone());
                let times = values.entry(key).or_default().entry(at).or_insert((fact.first, fact.last));
                *times = (times.0.min(fact.first), times.1.max(fact.last));
            }
        }
        let flat =
            |members: BTreeMap<usize, (Time, Time)>| members.into_iter().map(|(at, (a, b))| (at, a, b)).collect();
        values.into_iter().map(|(key, members)| (key, flat(members))).collect()
    }

    fn is_nested(&self, at: usize) -> bool {
        matches!(self.nodes.get(at), Some((Node::Nested(..), _)))
    }

    /// How many of them have a hardware address given by the registry.
    fn registered(&self, members: &[(usize, Time, Time)]) -> usize {
        let given =
            |at: &usize| matches!(self.nodes.get(*at), Some((Node::Station(station), _)) if !station.mac.is_local());
        members.iter().filter(|(at, ..)| given(at)).count()
    }

    /// Whether two of the hosts give themselves different names: a UUID left at its default names no device.
    fn differ_by_name(&self, hosts: impl Iterator<Item = usize>, kind: KeyKind) -> bool {
        if kind != KeyKind::Uuid {
            return false;
        }
        let mut names: Vec<BTreeSet<&str>> = Vec::new();
        for (_, part) in hosts.filter_map(|at| self.nodes.get(at)) {
            let own: BTreeSet<_> =
                part.facts.iter().filter(|fact| fact.field == Field::DhcpHostname).map(|fact| &*fact.value).collect();
            if !own.is_empty() && names.iter().any(|other| other.is_disjoint(&own)) {
                return true;
            }
            if !own.is_empty() {
                names.push(own);
            }
        }
        false
    }

    fn unite_all(&mut self, members: &[(usize, Time, Time)]) {
        let members: Vec<_> = members.iter().map(|(at, ..)| *at).collect();
        self.unite(&members);
    }

    fn unite(&mut self, members: &[usize]) {
        let Some((first, rest)) = members.split_first() else { return };
        for other in rest {
            let (a, b) = (self.root(*first), self.root(*other));
            if let Some(parent) = self.parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
    }

    fn root(&mut self, at: usize) -> usize {
        let mut root = at;
        while let Some(parent) = self.parents.get(root).copied().filter(|parent| *parent != root) {
            root = parent;
        }
        let mut at = at;
        while let Some(parent) = self.parents.get_mut(at).filter(|parent| **parent != root) {
            at = std::mem::replace(parent, root);
        }
        root
    }
}

/// Most stations that may be one device by a key of `kind`; where more have it, it was copied. 0: it joins nobody.
const fn most(kind: KeyKind) -> usize {
    match kind {
        KeyKind::Eui64 => usize::MAX,
        KeyKind::Duid | KeyKind::DhcpClientId => 8,
        KeyKind::Uuid | KeyKind::Serial => 4,
        KeyKind::AeTitle | KeyKind::Instrument | KeyKind::BacnetDevice | KeyKind::ModbusUnit => 0,
    }
}

/// Whether any two of the times overlap.
fn overlap(times: impl Iterator<Item = (Time, Time)>) -> bool {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times.windows(2).any(|pair| matches!(pair, [(_, end), (begin, _)] if begin <= end))
}

/// The keys that `node` has by itself and by what it said.
fn keys(node: &Node, part: &Part<'_>, makers: &Makers) -> BTreeSet<Key> {
    let key = |kind, text: String| Some(Key { kind, text });
    let said = part.facts.iter().flat_map(|fact| {
        let text = || fact.value.to_ascii_lowercase();
        match fact.field {
            Field::Eui64 => key(KeyKind::Eui64, text()),
            Field::Uuid => Some(text()).filter(|text| is_uuid(text)).and_then(|text| key(KeyKind::Uuid, text)),
            Field::Duid => key(KeyKind::Duid, text().split('/').next().unwrap_or_default().to_owned()),
            Field::DhcpClientId => client(&text()),
            _ => None,
        }
    });
    let own = match node {
        Node::Nested(key, _) if key.kind == KeyKind::Serial => Some(serial_key(key, makers)),
        Node::Nested(key, _) => Some(key.clone()),
        Node::Host(_, ip) => mac_of_v6(*ip).filter(|mac| !mac.is_local()).map(eui64),
        Node::Station(_) => None,
    };
    said.chain(own).chain(serials(part, makers)).filter(|key| !key.text.is_empty()).collect()
}

/// What `fact` calls its sender by, when its field is one that does: `None` within for a sender without such a name.
fn sender_name(fact: &Fact) -> Option<Option<&str>> {
    match fact.field {
        Field::Hl7Application => Some(sender_eui64(&fact.value)),
        Field::PoctDevice => Some(Some(&fact.value)),
        _ => None,
    }
}

/// The EUI-64 in the name of a sending application, `name^0123456789ABCDEF^EUI-64` (IHE DEV TF-2 appendix B.1).
fn sender_eui64(application: &str) -> Option<&str> {
    let mut components = application.split('^').skip(1);
    let (universal, system) = (components.next()?, components.next()?);
    (system == "EUI-64" && universal.len() == 16).then_some(universal)
}

/// The EUI-64 that an interface identifier made from `mac` stands for (RFC 4291 appendix A).
fn eui64(mac: Mac) -> Key {
    let [a, b, c, d, e, f] = mac.0;
    Key { kind: KeyKind::Eui64, text: format!("{a:02x}{b:02x}{c:02x}fffe{d:02x}{e:02x}{f:02x}") }
}

/// A DHCP client identifier as a key: as a DUID when it holds one (RFC 4361), not at all when it is only the hardware
/// address again or too short to be anybody's own.
fn client(text: &str) -> Option<Key> {
    match text.strip_prefix("ff").and_then(|rest| rest.get(8..)) {
        Some(duid) if duid.len() >= 8 => Some(Key { kind: KeyKind::Duid, text: duid.to_owned() }),
        _ if text.len() < 8 || text.starts_with("01") && text.len() == 14 => None,
        _ => Some(Key { kind: KeyKind::DhcpClientId, text: text.to_owned() }),
    }
}

fn is_uuid(text: &str) -> bool {
    let hex = text.bytes().filter(u8::is_ascii_hexdigit).count();
    hex == 32 && text.bytes().any(|byte| !matches!(byte, b'0' | b'-' | b'f'))
}

/// Maker and serial number together, when each is said exactly once.
fn serials(part: &Part<'_>, makers: &Makers) -> Option<Key> {
    let only = |field| {
        let mut values = part.facts.iter().filter(|fact| fact.field == field).map(|fact| &*fact.value);
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    };
    let (maker, serial) = (only(Field::Manufacturer)?, only(Field::Serial)?);
    is_own_serial(serial).then(|| serial_key(&Key { kind: KeyKind::Serial, text: format!("{maker}/{serial}") }, makers))
}

fn serial_key(key: &Key, makers: &Makers) -> Key {
    let (maker, serial) = key.text.split_once('/').unwrap_or(("", &key.text));
    let maker = crate::maker::fold(makers.normal(maker));
    Key { kind: key.kind, text: format!("{maker}/{}", serial.trim().to_ascii_uppercase()) }
}

/// Whether a serial number is long enough and no placeholder.
pub(super) fn is_own_serial(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let placeholder = "0123456789012345678901234567890123456789".contains(text) || "abcdefgh".contains(text);
    let alike = digits.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
    digits.len() >= 5 && !alike && !placeholder && digits.iter().any(u8::is_ascii_digit)
}

/// Whether a host name is likely to be one device's own, not what every device of its kind calls itself.
pub(crate) fn is_own_name(text: &str) -> bool {
    const KINDS: &[&str] = &[
        "android",
        "iphone",
        "ipad",
        "ipod",
        "macbook",
        "galaxy",
        "pixel",
        "redmi",
        "xiaomi",
        "huawei",
        "honor",
        "oneplus",
        "localhost",
        "unknown",
        "none",
        "watch",
        "espressif",
        "esp32",
        "esp8266",
        "raspberrypi",
        "ubuntu",
        "debian",
        "windows",
        "desktop",
        "laptop",
        "phone",
        "device",
        "host",
        "client",
        "wlan0",
        "openwrt",
        "mi",
        "oppo",
        "vivo",
    ];
    let lower = text.to_lowercase();
    let is_kind = |kind: &&str| lower.strip_prefix(*kind).is_some_and(|rest| tail(rest) < 5);
    text.contains('#') || (text.len() >= 4 && !KINDS.iter().any(is_kind))
}

/// Length of the longest run of letters and digits with a digit in it: what tells one device's name from its kind's.
fn tail(rest: &str) -> usize {
    let words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| word.bytes().any(|b| b.is_ascii_digit()));
    words.map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_serials_are_nobodys() {
        for text in ["12345", "1234567890", "00000000", "N/A", "none", "1", "XXXXXXX", "0123456789"] {
            assert!(!is_own_serial(text), "{text}");
        }
        for text in ["231447B010097E", "SN-10045", "KEQ0817541"] {
            assert!(is_own_serial(text), "{text}");
        }
    }

    #[test]
    fn names_of_a_kind_are_nobodys() {
        for text in ["iPhone", "Galaxy-S21", "android", "Pixel-7", "localhost", "pc"] {
            assert!(!is_own_name(text), "{text}");
        }
        for text in ["iPhone #00ff", "android-3fa9c1d2e4b5a697", "DESKTOP-7QK2L1M", "ward3-cart"] {
            assert!(is_own_name(text), "{text}");
        }
    }

    #[test]
    fn a_client_id_is_a_key_only_when_it_says_more_than_the_hardware_address() {
        assert_eq!(client("01001b213c4d5e"), None);
        assert_eq!(client("ff0000000100030001001b213c4d5e").unwrap().text, "00030001001b213c4d5e");
        assert_eq!(client("00636973636f2d31").unwrap().kind, KeyKind::DhcpClientId);
        assert_eq!(client("0001"), None);
    }
}
