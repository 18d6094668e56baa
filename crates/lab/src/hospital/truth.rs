//! The truth: one row a device, as JSON lines, to judge by what others conclude.

use super::census::scope_name;
use super::device::{Device, Stay, mac_text};
use super::records::{Records, Table};
use super::{Hospital, SCOPES};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is true of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Its number in this hospital.
    pub id: usize,
    /// What kind of device it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its maker.
    pub maker: String,
    /// Its model.
    pub model: String,
    /// Whether its model is held out: it must be known by what it speaks.
    pub held_out: bool,
    /// Whether it is of medical use.
    pub medical: bool,
    /// Serial number.
    pub serial: String,
    /// Version of its firmware or system.
    pub firmware: String,
    /// Host name; empty without one.
    pub host: String,
    /// Application entity title; empty without one.
    pub ae_title: String,
    /// Its routing domain.
    pub scope: String,
    /// The address on the board that it was bought with.
    pub board: String,
    /// All hardware addresses that it bore on the network.
    pub macs: Vec<String>,
    /// Whether those are random.
    pub random_mac: bool,
    /// The device that speaks for it, by number.
    pub behind: Option<usize>,
    /// Whether that one translates addresses.
    pub translated: bool,
    /// Where it was when.
    pub stays: Vec<Whereabouts>,
    /// Lines of the maintenance export about it.
    pub cmms: Vec<u64>,
    /// Lines of the purchasing export about it.
    pub procurement: Vec<u64>,
    /// Lines of the directory export about it.
    pub directory: Vec<u64>,
}

/// A time at one place with one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Whereabouts {
    /// Seconds since 1970.
    pub from: u64,
    /// Seconds since 1970; `None` when it still lasts.
    pub until: Option<u64>,
    /// Hardware address.
    pub mac: String,
    /// IP address; `None` for nested devices.
    pub ip: Option<String>,
    /// VLAN.
    pub vlan: u16,
    /// Site.
    pub site: String,
    /// Building.
    pub building: String,
    /// Floor.
    pub floor: u8,
    /// Care area or department.
    pub area: String,
    /// Room.
    pub room: u16,
    /// Bed; 0 where there are none.
    pub bed: u8,
    /// The switch or access point, by its number in this hospital.
    pub at: Option<usize>,
    /// Port of the switch; 0 at an access point.
    pub port: u16,
}

impl Hospital {
    /// The truth about every device, and which rows of `records` are about it.
    #[must_use]
    pub fn truth(&self, records: &Records) -> Vec<Truth> {
        let [cmms, procurement, directory] = [&records.cmms, &records.procurement, &records.directory].map(lines);
        let of = |lines: &BTreeMap<usize, Vec<u64>>, index: usize| lines.get(&index).cloned().unwrap_or_default();
        let rows = self.devices.iter().enumerate().filter_map(|(id, device)| {
            let mut truth = self.true_of(id, device)?;
            truth.cmms = of(&cmms, id);
            truth.procurement = of(&procurement, id);
            truth.directory = of(&directory, id);
            Some(truth)
        });
        rows.collect()
    }

    fn true_of(&self, id: usize, device: &Device) -> Option<Truth> {
        let model = self.models.get(device.model)?;
        let mut macs: Vec<String> = device.stays.iter().map(|stay| mac_text(stay.mac)).collect();
        macs.sort_unstable();
        macs.dedup();
        let is_heard = device.behind.is_none();
        Some(Truth {
            id,
            kind: model.kind.clone(),
            maker: model.maker.clone(),
            model: model.name.clone(),
            held_out: model.held_out,
            medical: model.is_medical(),
            serial: device.serial.clone(),
            firmware: device.firmware.clone(),
            host: device.host.clone(),
            ae_title: device.ae.clone(),
            scope: scope_name(device.scope).to_owned(),
            board: mac_text(device.first_mac),
            macs: if is_heard { macs } else { Vec::new() },
            random_mac: device.is_random,
            behind: device.behind,
            translated: device.is_translated,
            stays: device.stays.iter().filter_map(|stay| self.whereabouts(stay, is_heard)).collect(),
            cmms: Vec::new(),
            procurement: Vec::new(),
            directory: Vec::new(),
        })
    }

    fn whereabouts(&self, stay: &Stay, is_heard: bool) -> Option<Whereabouts> {
        let area = self.area(stay.spot.area)?;
        Some(Whereabouts {
            from: stay.from,
            until: Some(stay.until).filter(|until| *until != u64::MAX),
            mac: mac_text(stay.mac),
            ip: is_heard.then(|| stay.ip.to_string()),
            vlan: area.vlan,
            site: SCOPES.get(usize::from(area.scope)).map_or("", |scope| scope.site).to_owned(),
            building: area.building.clone(),
            floor: area.floor,
            area: area.name.clone(),
            room: stay.spot.room,
            bed: stay.spot.bed,
            at: stay.at,
            port: stay.port,
        })
    }
}

impl Truth {
    /// The row as one line of JSON, without its end.
    #[must_use]
    #[expect(clippy::expect_used, reason = "texts and numbers can always be written as JSON")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a row of truth is texts and numbers")
    }
}

/// The lines of a table, by the device that they are about.
fn lines(table: &Table) -> BTreeMap<usize, Vec<u64>> {
    let mut all: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (row, about) in table.rows.iter().filter_map(|row| Some((row, row.about?))) {
        all.entry(about).or_default().push(row.line);
    }
    all
}
