//! What happened with a device, newest first: seen, moved, listed, labelled.

use super::label::Label;
use crate::part::called;
use crate::part::words::moment;
use wardlight_inventory::resolve::Asset;
use wardlight_model::{AssetField, Device, Time};

/// Moments shown.
const MOST: usize = 24;

/// One moment.
pub struct Moment {
    /// When.
    pub at: Time,
    /// The same in words.
    pub when: String,
    /// Which mark stands beside it.
    pub mark: &'static str,
    /// What happened.
    pub what: String,
}

/// The moments of `device`.
pub fn timeline(device: &Device, asset: Option<&Asset>, labels: &[Label]) -> Vec<Moment> {
    let moment_of = |at, mark, what: String| Moment { at, when: moment(at), mark, what };
    let mut all = vec![
        moment_of(device.first, "defer", "First seen on the network.".to_owned()),
        moment_of(device.last, "ok", "Last seen on the network.".to_owned()),
    ];
    for stay in asset.map_or(&[][..], |asset| &asset.whereabouts) {
        let shown = stay.stay.place.iter().filter(|(field, _)| *field != AssetField::Bed);
        let place =
            shown.map(|(field, value)| format!("{} {value}", called::field(*field))).collect::<Vec<_>>().join(", ");
        if !place.is_empty() && stay.stay.first > Time::MIN {
            all.push(moment_of(stay.stay.first, "defer", format!("At {place}, as {} says.", stay.source)));
        }
    }
    all.extend(
        labels.iter().map(|label| moment_of(label.at, "scheduled", format!("{} said {}.", label.who, label.says))),
    );
    all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.what.cmp(&b.what)));
    all.truncate(MOST);
    all
}
