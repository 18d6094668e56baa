//! Exports of purchasing: delimited text or spreadsheets, one item bought a row.

use super::{Gives, Head, Info, Source, Sureness};
use crate::mapping::{Mapping, Meaning};
use crate::records::Own;
use crate::{Item, Options, ReadError, Tally, records, table};
use std::io::Read;
use wardlight_model::AssetField;

pub(super) const ENTRY: Procurement = Procurement;

pub(super) struct Procurement;

impl Source for Procurement {
    fn info(&self) -> &'static Info {
        &Info {
            name: "procurement",
            what: "purchasing systems' exports, CSV or XLSX",
            source: "RFC 4180; ECMA-376 part 1 §18; headers of data/columns.toml",
            gives: Gives::Records,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        if head.is_sheet() {
            return Sureness::Maybe;
        }
        let Some(mapping) = head.columns() else { return Sureness::No };
        let has = |field: &AssetField| mapping.columns.iter().any(|column| column.is == Some(Meaning::Field(*field)));
        let bought =
            [AssetField::PurchaseOrder, AssetField::PurchaseDate, AssetField::PurchaseCost, AssetField::Supplier];
        let maintained = [AssetField::LastMaintenance, AssetField::NextMaintenance, AssetField::Technician];
        match bought.iter().filter(|field| has(field)).count() {
            2.. if !maintained.iter().any(has) && has(&AssetField::PurchaseOrder) => Sureness::Sure,
            2.. if !maintained.iter().any(has) => Sureness::Likely,
            1.. => Sureness::Maybe,
            _ => Sureness::No,
        }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let known = |headers: &[String]| records::known(headers, options, Own::default());
        table::with(from, &known, |table| records::read(table, options, Own::default(), give))
    }

    fn mapping(&self, from: &mut dyn Read, options: &Options<'_>) -> Result<Option<Mapping>, ReadError> {
        let known = |headers: &[String]| records::known(headers, options, Own::default());
        table::with(from, &known, |table| Ok(Some(records::plan(table, options.mapping, None)?.mapping)))
    }
}
