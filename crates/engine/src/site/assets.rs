//! The devices and the rows of other systems as they stand now, resolved to assets.
//!
//! In: what identification found, the rows, what people decided. Out: the assets. The present is the newest moment that
//! the journal knows of: claims age by what was seen, not by a clock, so that a replay gives the same.

use super::Settling;
use std::collections::BTreeMap;
use wardlight_inventory::resolve::{
    Decision, Input, Networked, Resolution, Rules, Source, SourceKind, Stay, resolve, stays,
};
use wardlight_inventory::{Identified, Knowledge};
use wardlight_model::journal::OwnerRule;
use wardlight_model::{AssetRecord, Id, Scope, Time};

/// The assets that `found` and the records of `site` make.
pub(super) fn resolved(
    site: &Settling,
    found: &[(Id, Identified<'_>)],
    knowledge: &Knowledge,
    rules: &Rules,
) -> Resolution {
    let whereabouts: Vec<Vec<Stay>> = found.iter().map(|(_, one)| stays(&one.facts)).collect();
    let devices = found.iter().zip(&whereabouts).map(|((id, one), stays)| Networked {
        id: *id,
        scope: one.scope,
        site: house(site, one.scope),
        device: &one.device,
        facts: &one.facts,
        stays,
    });
    let devices: Vec<Networked<'_>> = devices.collect();
    let mut rows: BTreeMap<&str, Vec<AssetRecord>> = BTreeMap::new();
    for (row, _) in site.records.now().filter(|(_, is_there)| *is_there) {
        rows.entry(&row.source).or_default().push(row.record.clone());
    }
    let sources: Vec<Source<'_>> = site
        .records
        .sources()
        .values()
        .map(|source| Source {
            name: &source.name,
            kind: SourceKind::of_importer(&source.importer),
            scope: Some(source.scope),
            site: house(site, source.scope),
            read: source.runs.last().map_or(Time::default(), |run| run.read),
            records: rows.get(&*source.name).map_or(&[], Vec::as_slice),
        })
        .collect();
    let decisions: Vec<Decision> = site
        .judged
        .values()
        .map(|judged| match judged.is_same {
            true => Decision::Same(judged.one, judged.other),
            false => Decision::Different(judged.one, judged.other),
        })
        .collect();
    let owners: Vec<OwnerRule> = site.owners.values().cloned().collect();
    let seen = found.iter().map(|(_, one)| one.device.last).chain(sources.iter().map(|source| source.read)).max();
    let input = Input {
        site: site.id,
        devices: &devices,
        sources: &sources,
        decisions: &decisions,
        owners: &owners,
        now: seen.unwrap_or_default(),
    };
    resolve(&input, rules, knowledge)
}

/// The hospital that the routing domain belongs to.
fn house(site: &Settling, scope: Scope) -> Option<&str> {
    let domain = site.domains.get(&scope)?;
    site.areas.get(&domain.site).map(|area| area.name.as_str())
}
