//! Remarks on devices: routers, virtual and made-up addresses, neighbours of medical devices, legacy.

use super::Identified;
use super::address::network;
use super::holder::Station;
use crate::Knowledge;
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::{Attribute, Claim, Device, Fact, Field, Label, Scope};

/// How sure a device's type must be for it to make its neighbours "shares segment with medical".
const SURE: f64 = 0.5;

/// What is remarked on one device by itself.
pub(super) fn own(stations: &[Station], facts: &[&Fact], claims: &[Claim], router: Option<&str>) -> BTreeSet<Label> {
    let label = |text: &str, reason: &str| Label { text: text.to_owned(), reason: reason.to_owned() };
    let mut labels = BTreeSet::new();
    labels.extend(router.map(|reason| label("router", reason)));
    for station in stations {
        if let Some(protocol) = super::address::virtual_router(station.mac) {
            labels.insert(label("virtual router", &format!("{} belongs to {protocol}", station.mac)));
        } else if station.mac.is_local() {
            labels.insert(label("made-up hardware address", &format!("{} was not given by the registry", station.mac)));
        }
    }
    labels.extend(facts.iter().filter_map(|fact| legacy(fact)));
    let runs = |claim: &&Claim| claim.attribute == Attribute::Type && claim.value == "virtual machine";
    let machine = claims.iter().find(runs).filter(|claim| claim.confidence >= SURE);
    labels.extend(machine.map(|claim| label("virtual machine", &format!("said by {}", claim.rule))));
    labels
}

/// Whether a fact shows something obsolete or unprotected in use.
fn legacy(fact: &Fact) -> Option<Label> {
    let of = |text: &str, what: &str| {
        let text = format!("legacy: {text}");
        let reason = format!("{what}, seen by {} in packet {}", fact.protocol, fact.place.packet);
        Some(Label { text, reason })
    };
    let value = &*fact.value;
    match fact.field {
        Field::Legacy => of(value, &format!("it uses {value}")),
        Field::TlsVersion
            if matches!(
                value.trim_start_matches("TLS ").trim(),
                "1.0" | "1.1" | "SSL 3.0" | "SSL 2.0" | "3.0" | "2.0"
            ) =>
        {
            of(
                &format!("tls{}", value.trim_start_matches(|c: char| !c.is_ascii_digit())),
                &format!("TLS version {value} (RFC 8996)"),
            )
        }
        Field::SmbDialect if value.starts_with("NT LM") || value.starts_with("LANMAN") || value == "1.0" => {
            of("smb1", &format!("SMB dialect {value}"))
        }
        Field::SnmpVersion if matches!(value, "1" | "2c") => {
            of("snmp-cleartext", &format!("SNMP version {value} (RFC 3410 §5)"))
        }
        _ => None,
    }
}

/// Marks operating systems whose support had ended when the device was last seen.
pub(super) fn unsupported(device: &Device, knowledge: &Knowledge) -> Option<Label> {
    let system = device.best(Attribute::OperatingSystem).filter(|claim| claim.confidence >= SURE)?;
    let (end, source) = knowledge.lifecycle.ended(&system.value, device.last)?;
    let reason = format!("support of {} ended on {end} ({source}); seen by rule {}", system.value, system.rule);
    Some(Label { text: "legacy: unsupported operating system".to_owned(), reason })
}

/// Whether a device is medical, by its type or by what it speaks.
pub(super) fn is_medical(device: &Device, knowledge: &Knowledge) -> bool {
    let sure = device.claims.iter().filter(|claim| claim.attribute == Attribute::Type && claim.confidence >= SURE);
    sure.into_iter().any(|claim| knowledge.types.is_medical(&claim.value))
}

/// Marks the other devices of a segment (same scope and network) that has a medical one.
pub(super) fn neighbours(devices: &mut [Identified<'_>], knowledge: &Knowledge) {
    let nets = |scope: Scope, device: &Device| -> BTreeSet<(Scope, bool, u128)> {
        let own = device
            .addresses
            .iter()
            .filter(|ip| super::address::is_private(**ip) && !super::address::is_link_local(**ip));
        own.map(|ip| (scope, ip.is_ipv4(), network(*ip))).collect()
    };
    let mut medical: BTreeMap<(Scope, bool, u128), String> = BTreeMap::new();
    let known: Vec<bool> = devices.iter().map(|found| is_medical(&found.device, knowledge)).collect();
    for (Identified { scope, device, .. }, _) in devices.iter().zip(&known).filter(|(_, known)| **known) {
        for net in nets(*scope, device) {
            medical.entry(net).or_insert_with(|| device.id.clone());
        }
    }
    for (Identified { scope, device, .. }, _) in devices.iter_mut().zip(&known).filter(|(_, known)| !**known) {
        let shared = nets(*scope, device).into_iter().find_map(|net| medical.get(&net));
        if let Some(other) = shared {
            let reason = format!("{other} in the same network is medical");
            device.labels.push(Label { text: "shares segment with medical".to_owned(), reason });
        }
    }
}
