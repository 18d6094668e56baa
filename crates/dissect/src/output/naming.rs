//! Names of hosts and devices: what may be a person's in them is put as a keyed hash.
//!
//! In: a name, and whose it is. Out: the same name, with the hash in place of what names a person.

use super::About;
use crate::codec::keyed::PrivacyKey;
use crate::codec::person;
use std::borrow::Cow;
use std::net::IpAddr;
use wardlight_model::Field;

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// A device's own, as people named it: only words for devices are readable.
    Own,
    /// A host's somewhere, or a domain: a name with dots is hidden only where it tells whose computer it is.
    Asked,
}

/// `name` with what may be a person's name in it put as a keyed hash, behind the words that name none: single labels of
/// a host name, all of a name with blanks. Letters are hashed without case, since protocols write the same name in
/// either.
pub(super) fn masked<'b>(key: &PrivacyKey, name: &'b str, naming: Naming) -> Cow<'b, str> {
    if name.parse::<IpAddr>().is_ok() {
        return Cow::Borrowed(name);
    }
    let is_service = ["_tcp", "_udp"].iter().any(|transport| name.contains(transport));
    if is_service && name.starts_with('_') {
        // A kind of service, not one of them.
        return Cow::Borrowed(name);
    }
    if let Some((instance, service)) = name.split_once("._").filter(|(instance, _)| !instance.is_empty()) {
        // An instance of DNS-SD may have dots and blanks, its service has neither.
        return match masked_label(key, instance, Naming::Own) {
            Cow::Borrowed(_) => Cow::Borrowed(name),
            Cow::Owned(hidden) => Cow::Owned(format!("{hidden}._{service}")),
        };
    }
    if name.contains(char::is_whitespace) || !name.contains('.') {
        return masked_label(key, name, Naming::Own);
    }
    let count = name.split('.').count();
    // Else it may be a person's name with dots.
    let has_domain = name.rsplit('.').next().is_some_and(is_ending) && !name.ends_with(".local");
    let of = |(n, label): (usize, &'b str)| {
        let is_domain = has_domain && n > 0 && n + 2 >= count;
        masked_label(key, label, if is_domain { Naming::Asked } else { naming })
    };
    let labels: Vec<_> = name.split('.').enumerate().map(of).collect();
    if labels.iter().all(|label| matches!(label, Cow::Borrowed(_))) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(labels.join("."))
}

/// Whether domains end so: with a country, a kind of house, or what houses use inside (RFC 2606, 6761, 6762 appendix G).
fn is_ending(label: &str) -> bool {
    const ENDINGS: [&str; 24] = [
        "arpa",
        "care",
        "clinic",
        "cloud",
        "coop",
        "corp",
        "domain",
        "example",
        "health",
        "home",
        "hospital",
        "info",
        "intern",
        "internal",
        "intra",
        "intranet",
        "invalid",
        "local",
        "localdomain",
        "museum",
        "network",
        "private",
        "site",
        "test",
    ];
    let is_short = (2..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_short || ENDINGS.iter().any(|ending| label.eq_ignore_ascii_case(ending))
}

fn masked_label<'b>(key: &PrivacyKey, label: &'b str, naming: Naming) -> Cow<'b, str> {
    if is_masked(label) {
        return Cow::Borrowed(label);
    }
    key.instead(label, naming as u8, || hidden(key, label, naming)).map_or(Cow::Borrowed(label), Cow::Owned)
}

impl PrivacyKey {
    /// `name`, which a host or device has itself, with what carries a person's name in it put as its product and a keyed
    /// hash: for names that other systems' records say.
    #[must_use]
    pub fn masked<'n>(&self, name: &'n str) -> Cow<'n, str> {
        masked(self, name, Naming::Own)
    }
}

/// The words of `label` that name nobody with the hash of all of it; `None` when all of it may be read.
fn hidden(key: &PrivacyKey, label: &str, naming: Naming) -> Option<String> {
    let words = match (person::product_of_personal_name(label), naming) {
        (Some(product), _) => Some(product.to_owned()),
        (None, Naming::Own) => person::without_names(label),
        (None, Naming::Asked) if person::is_own_computer(label) => person::without_names(label),
        (None, Naming::Asked) => None,
    }?;
    let hidden = format!("{words} {}", key.hash(label.to_lowercase().as_bytes()));
    Some(hidden.trim_start().to_owned())
}

/// Whether `label` was masked before.
fn is_masked(label: &str) -> bool {
    let hash = label.rsplit_once('#').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whose name a field is, when it is one.
pub(super) fn naming(field: Field, about: About<'_>) -> Option<Naming> {
    match field {
        Field::DhcpHostname
        | Field::MdnsName
        | Field::MdnsInstance
        | Field::LlmnrName
        | Field::NetbiosName
        | Field::NtlmComputer
        | Field::NtlmDnsName
        | Field::FriendlyName
        | Field::SnmpName
        | Field::SnmpLocation
        | Field::BacnetLocation
        | Field::BacnetDescription
        | Field::BedLabel
        | Field::LldpName
        | Field::CdpName
        | Field::NetworkName
        | Field::ProfinetName
        | Field::StationName
        | Field::HostName
        | Field::MqttClient => Some(Naming::Own),
        Field::DnsName => match about {
            About::Host(ip) | About::Holder(_, ip) if !is_of_site(ip) => Some(Naming::Asked),
            _ => Some(Naming::Own),
        },
        Field::Domain => Some(Naming::Asked),
        _ => None,
    }
}

/// Whether an address is one of a site's own, where hosts are named by its people (RFC 1918, 6598, 3927, 4193).
const fn is_of_site(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
