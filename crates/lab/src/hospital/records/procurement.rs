//! The purchasing system's export: orders, with semicolons and decimal commas as continental systems write them.

use super::{Row, Table, faults, line};
use crate::hospital::calendar::Moment;
use crate::hospital::chance::wide;
use crate::hospital::{DAY, Hospital, START};

const HEADINGS: [&str; 10] = [
    "PO Number",
    "Order Date",
    "Supplier",
    "Manufacturer",
    "Model",
    "Description",
    "Serial Number",
    "Net Price",
    "Cost Center",
    "Delivery Date",
];
const SUPPLIERS: [&str; 4] = ["MedSupply AG", "Northern Healthcare Trading", "IT-Haus Meyer", "Global Biomed Partners"];

impl Hospital {
    pub(super) fn procurement(&self) -> Table {
        let rates = &self.noise.procurement;
        let mut table = Table { text: line(HEADINGS, ';'), rows: Vec::new() };
        for index in 0..self.len() {
            let own = self.chance.of(0x940c).of(wide(index));
            let Some((device, model, spot)) = self.paper(index) else { continue };
            if model.personal || !own.happens(rates.known) {
                continue;
            }
            let mut wrong = Vec::new();
            let mut has = |key: u64, rate: f64, fault: &'static str| {
                let is = own.of(key).happens(rate);
                wrong.extend(is.then_some(fault));
                is
            };
            let supplier = own.of(1).pick(&SUPPLIERS).copied().unwrap_or_default();
            let maker = if has(2, rates.maker_is_supplier, "maker_is_supplier") { supplier } else { &model.maker };
            let serial = if has(3, rates.serial_missing, "serial_missing") {
                String::new()
            } else if has(4, rates.serial_mistyped, "serial_mistyped") {
                faults::mistyped(own.of(5), &device.serial)
            } else {
                device.serial.clone()
            };
            let ordered = START - (30 + own.of(6).below(6 * 365)) * DAY;
            let (date, delivered) = (Moment::at(ordered), Moment::at(ordered + (5 + own.of(7).below(60)) * DAY));
            let price = format!("{},{:02}", 100 + own.of(8).below(90_000), own.of(9).below(100));
            let key = format!("45{:08}", 10_000_000 + index);
            let centre = self
                .area(spot.area)
                .map_or_else(String::new, |area| format!("KST {} {}", 1_000 + spot.area, area.name));
            let german = |moment: Moment| format!("{:02}.{:02}.{:04}", moment.day, moment.month, moment.year);
            let values = [
                &key,
                &german(date),
                supplier,
                maker,
                &model.name,
                &model.kind,
                &serial,
                &price,
                &centre,
                &german(delivered),
            ];
            table.text.push_str(&line(values, ';'));
            let place = wide(table.rows.len()) + 2;
            table.rows.push(Row { line: place, key, about: Some(index), faults: wrong });
        }
        table
    }
}
