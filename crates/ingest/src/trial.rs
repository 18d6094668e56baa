//! What tests of sources share.

use crate::{Item, Options, ReadError, Tally, Veil};
use std::borrow::Cow;
use wardlight_model::{AssetRecord, Keyed, Scope, Time};

/// Hides every person behind a hash without a key, and host names that hold `jane`.
pub struct Cloth;

impl Veil for Cloth {
    fn person(&self, text: &str) -> Keyed {
        let hash =
            text.bytes().fold(7_u128, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3).wrapping_add(byte.into()));
        Keyed(hash.to_be_bytes())
    }

    fn host<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if name.to_lowercase().contains("jane") {
            Cow::Owned(self.person(name).to_string())
        } else {
            Cow::Borrowed(name)
        }
    }
}

/// Options for a document called `name`, read on 2026-11-22 at noon.
pub fn options(name: &str) -> Options<'_> {
    Options {
        name,
        source: 0,
        scope: Scope(0),
        now: Time::from_seconds(1_795_348_800),
        ahead_s: 0,
        mapping: None,
        veil: &Cloth,
    }
}

/// What `read` gives.
pub fn items(read: impl FnOnce(&Options<'_>, &mut dyn FnMut(Item)) -> Result<Tally, ReadError>) -> (Vec<Item>, Tally) {
    let mut items = Vec::new();
    let tally = read(&options("test"), &mut |item| items.push(item)).unwrap();
    (items, tally)
}

/// The records among `items`.
pub fn records(items: &[Item]) -> Vec<&AssetRecord> {
    items.iter().filter_map(|item| if let Item::Record(record) = item { Some(record) } else { None }).collect()
}

/// The troubles among `items`: row, what, whether mended.
pub fn troubles(items: &[Item]) -> Vec<(u64, String, bool)> {
    let trouble = |item: &Item| match item {
        Item::Trouble(trouble) => Some((trouble.row, trouble.what.clone(), trouble.is_mended)),
        _ => None,
    };
    items.iter().filter_map(trouble).collect()
}
