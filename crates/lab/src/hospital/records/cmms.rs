//! The maintenance system's export, with headings as the two systems that hospitals use most have them.

use super::{Row, Table, faults, line};
use crate::hospital::calendar::Moment;
use crate::hospital::chance::{Chance, narrow, wide};
use crate::hospital::device::mac_text;
use crate::hospital::model::Model;
use crate::hospital::place::{SCOPES, Spot};
use crate::hospital::{DAY, Hospital, START};

/// Whose columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Headings {
    /// As a table of the Now platform.
    #[default]
    Nuvolo,
    /// As the older maintenance systems have them.
    Accruent,
}

type Column = (&'static str, fn(&Entry) -> String);

const NUVOLO: [Column; 20] = [
    ("Asset tag", |entry| entry.tag.clone()),
    ("Serial number", |entry| entry.serial.clone()),
    ("Manufacturer", |entry| entry.maker.clone()),
    ("Model", |entry| entry.model.clone()),
    ("Device type", |entry| entry.kind.clone()),
    ("Firmware version", |entry| entry.firmware.clone()),
    ("Asset state", |entry| entry.state.to_owned()),
    ("Location", |entry| entry.site.clone()),
    ("Building", |entry| entry.building.clone()),
    ("Floor", |entry| entry.floor.clone()),
    ("Room", |entry| entry.room.clone()),
    ("Department", |entry| entry.department.clone()),
    ("Owned by", |entry| entry.owner.clone()),
    ("MAC Address", |entry| entry.mac.clone()),
    ("IP Address", |entry| entry.ip.clone()),
    ("Host name", |entry| entry.host.clone()),
    ("Installed", |entry| Moment::at(entry.installed).iso()),
    ("Last PM date", |entry| Moment::at(entry.maintained).iso()),
    ("Next PM date", |entry| Moment::at(entry.maintained + 365 * DAY).iso()),
    ("Assigned to", |entry| entry.technician.clone()),
];

const ACCRUENT: [Column; 16] = [
    ("Control Number", |entry| entry.tag.clone()),
    ("Equipment Description", |entry| entry.kind.clone()),
    ("Mfr", |entry| entry.maker.clone()),
    ("Model #", |entry| entry.model.clone()),
    ("Serial #", |entry| entry.serial.clone()),
    ("Status", |entry| entry.state.to_owned()),
    ("Site", |entry| entry.site.clone()),
    ("Bldg", |entry| entry.building.clone()),
    ("Flr", |entry| entry.floor.clone()),
    ("Rm", |entry| entry.room.clone()),
    ("Owner Dept", |entry| entry.department.clone()),
    ("Acq Date", |entry| american(entry.installed)),
    ("Last PM", |entry| american(entry.maintained)),
    ("PM Tech", |entry| entry.technician.clone()),
    ("Network ID", |entry| entry.mac.clone()),
    ("Computer Name", |entry| entry.host.clone()),
];

fn american(seconds: u64) -> String {
    let moment = Moment::at(seconds);
    format!("{:02}/{:02}/{:04}", moment.month, moment.day, moment.year)
}

/// One row, before it is laid onto columns.
#[derive(Debug, Clone, Default)]
struct Entry {
    tag: String,
    serial: String,
    maker: String,
    model: String,
    kind: String,
    firmware: String,
    state: &'static str,
    site: String,
    building: String,
    floor: String,
    room: String,
    department: String,
    owner: String,
    mac: String,
    ip: String,
    host: String,
    technician: String,
    installed: u64,
    maintained: u64,
    about: Option<usize>,
    faults: Vec<&'static str>,
}

impl Hospital {
    pub(super) fn cmms(&self, headings: Headings) -> Table {
        let columns: &[Column] = match headings {
            Headings::Nuvolo => &NUVOLO,
            Headings::Accruent => &ACCRUENT,
        };
        let mut entries = self.entries();
        entries.sort_by(|a, b| a.tag.cmp(&b.tag));
        let mut table = Table { text: line(columns.iter().map(|(name, _)| *name), ','), rows: Vec::new() };
        for (place, entry) in (2..).zip(entries) {
            let values: Vec<String> = columns.iter().map(|(_, value)| value(&entry)).collect();
            table.text.push_str(&line(values.iter().map(String::as_str), ','));
            table.rows.push(Row { line: place, key: entry.tag, about: entry.about, faults: entry.faults });
        }
        table
    }

    fn entries(&self) -> Vec<Entry> {
        let rates = &self.noise.cmms;
        let own = |number: usize| self.chance.of(0xe417).of(wide(number));
        let mut entries: Vec<Entry> = Vec::new();
        for index in self.maintained() {
            let Some(entry) = self.entry(own(index), index) else { continue };
            if own(index).of(90).happens(rates.row_twice) {
                let again = self.entry(own(index).of(91), index);
                entries.extend(again.map(|again| Entry { tag: format!("{}A", entry.tag), ..again }.with("row_twice")));
            }
            entries.push(entry);
        }
        let count = f64::from(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        for (rate, fault, key) in [(rates.row_stale, "row_stale", 0x57a1), (rates.row_retired, "row_retired", 0x4e71)] {
            let whole = (0u32..).take_while(|n| f64::from(*n) < count * rate);
            entries.extend(whole.filter_map(|n| self.gone(self.chance.of(key).of(u64::from(n)), n, fault)));
        }
        entries
    }

    /// The row about a device, with its faults.
    fn entry(&self, own: Chance, index: usize) -> Option<Entry> {
        let rates = &self.noise.cmms;
        let (device, model, spot) = self.paper(index)?;
        let mut entry = Entry { tag: format!("BME{:06}", 100_000 + index), about: Some(index), ..Entry::default() };
        entry.described(own, model);
        entry.serial = device.serial.clone();
        entry.firmware = device.firmware.clone();
        entry.state = "In Use";
        entry.technician = own.of(20).pick(&self.staff).cloned().unwrap_or_default();
        let is_old = entry.has(own.of(1), rates.place_old, "place_old");
        self.place(&mut entry, own, if is_old { self.elsewhere(own.of(2), spot) } else { spot });
        entry.numbered(own, rates);
        if !device.is_random && !entry.has(own.of(7), rates.mac_missing, "mac_missing") {
            entry.mac = faults::written(own.of(8), &mac_text(device.first_mac));
            if entry.has(own.of(9), rates.mac_mistyped, "mac_mistyped") {
                entry.mac = faults::wrong_digit(own.of(10), &entry.mac);
            }
        }
        let is_fixed = model.dhcp.is_none() && device.behind.is_none();
        entry.ip = device.stays.first().filter(|_| is_fixed).map(|stay| stay.ip.to_string()).unwrap_or_default();
        if !entry.has(own.of(11), rates.host_missing, "host_missing") {
            entry.host = device.host.clone();
        }
        entry.named(own, rates);
        Some(entry)
    }

    /// A row about a device that is no more.
    fn gone(&self, own: Chance, number: u32, fault: &'static str) -> Option<Entry> {
        let model = self.gone_model(own.of(1), |model| model.is_medical() && model.role.is_empty())?;
        let base = if fault == "row_stale" { 700_000 } else { 800_000 };
        let mut entry = Entry { tag: format!("BME{}", base + number), ..Entry::default() }.with(fault);
        entry.described(own, model);
        entry.serial = format!("X{}", 1_000_000 + own.of(2).below(9_000_000));
        entry.state = if fault == "row_stale" { "In Use" } else { "Retired" };
        let area = narrow::<u32>(own.of(3).below(wide(self.areas.len())));
        self.place(&mut entry, own, self.area(area)?.spot(own.of(4), area));
        Some(entry)
    }

    fn place(&self, entry: &mut Entry, own: Chance, spot: Spot) {
        let Some(area) = self.area(spot.area) else { return };
        entry.site = SCOPES.get(usize::from(area.scope)).map_or("", |scope| scope.site).to_owned();
        entry.building = area.building.clone();
        entry.floor = area.floor.to_string();
        entry.room = format!("{}{:02}", area.floor, spot.room);
        entry.department = area.name.clone();
        let rates = &self.noise.cmms;
        if !entry.has(own.of(13), rates.owner_missing, "owner_missing") {
            entry.owner = format!("{} manager", area.name);
        }
        if entry.has(own.of(14), rates.department_spelled_otherwise, "department_spelled_otherwise") {
            entry.department = faults::department(own.of(15), &area.name);
        }
    }

    fn elsewhere(&self, own: Chance, spot: Spot) -> Spot {
        let area = narrow::<u32>(own.below(wide(self.areas.len())));
        self.area(area).map_or(spot, |found| found.spot(own.of(1), area))
    }
}

impl Entry {
    /// Whether a fault of this rate is made here; noted when it is.
    fn has(&mut self, chance: Chance, rate: f64, fault: &'static str) -> bool {
        let is = chance.happens(rate);
        if is {
            self.faults.push(fault);
        }
        is
    }

    fn with(mut self, fault: &'static str) -> Self {
        self.faults.push(fault);
        self
    }

    fn described(&mut self, own: Chance, model: &Model) {
        self.maker = model.maker.clone();
        self.model = model.name.clone();
        self.kind = model.kind.clone();
        self.installed = START - own.of(17).below(9 * 365) * DAY;
        self.maintained = START - own.of(18).below(365) * DAY;
    }

    fn numbered(&mut self, own: Chance, rates: &crate::hospital::noise::Cmms) {
        if self.has(own.of(3), rates.serial_missing, "serial_missing") {
            self.serial.clear();
        } else if self.has(own.of(4), rates.serial_mistyped, "serial_mistyped") {
            self.serial = faults::mistyped(own.of(5), &self.serial);
        } else if self.has(own.of(6), rates.serial_reformatted, "serial_reformatted") {
            self.serial = faults::reformatted(own.of(5), &self.serial);
        }
    }

    fn named(&mut self, own: Chance, rates: &crate::hospital::noise::Cmms) {
        if self.has(own.of(21), rates.maker_spelled_otherwise, "maker_spelled_otherwise") {
            self.maker = faults::maker(own.of(22), &self.maker);
        }
        if self.has(own.of(23), rates.model_spelled_otherwise, "model_spelled_otherwise") {
            self.model = faults::model(own.of(24), &self.model);
        }
    }
}
