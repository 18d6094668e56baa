//! Where a device stands, as far as that is believed now, and where it was.

use crate::part::called;
use crate::part::words::moment;
use wardlight_inventory::resolve::{Asset, Whereabouts};
use wardlight_model::AssetField;

/// The place believed now, but for the bed: what kind of place, and which.
pub fn now(asset: Option<&Asset>) -> Vec<(String, String)> {
    let Some(stands) = stands(asset) else { return Vec::new() };
    let shown = stands.stay.place.iter().filter(|(field, _)| *field != AssetField::Bed);
    shown.map(|(field, value)| (called::field(*field), value.clone())).collect()
}

/// The bed believed now.
pub fn bed(asset: Option<&Asset>) -> Option<String> {
    let stands = stands(asset)?;
    stands.stay.place.iter().find(|(field, _)| *field == AssetField::Bed).map(|(_, value)| value.clone())
}

/// Who says where it stands, and as of when.
pub fn source(asset: Option<&Asset>) -> String {
    stands(asset).map(|stands| format!("{}, {}", stands.source, moment(stands.stay.last))).unwrap_or_default()
}

fn stands(asset: Option<&Asset>) -> Option<&Whereabouts> {
    let asset = asset?;
    asset.whereabouts.get(asset.stands?)
}
