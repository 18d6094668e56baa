//! NetBox: devices, virtual machines and IP addresses, as its REST interface lists them or as CSV exports.

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::json::{Object, Objects};
use crate::mapping::{By, Column, Mapping, Meaning};
use crate::value::{self, DateOrder};
use crate::{Item, Options, ReadError, Tally, decode, records, table};
use std::io::Read;
use wardlight_model::{AssetField, AssetRecord, Form, Time};

pub(super) const ENTRY: Netbox = Netbox;

pub(super) struct Netbox;

impl Source for Netbox {
    fn info(&self) -> &'static Info {
        &Info {
            name: "netbox",
            what: "NetBox's devices, virtual machines and IP addresses, JSON or CSV",
            source: "NetBox 4 documentation, REST API overview, models Device, VirtualMachine, IPAddress",
            gives: Gives::Records,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        let text = head.text();
        let begin = text.trim_start();
        if begin.starts_with(['{', '[']) {
            let is_list = begin.starts_with('[') || text.contains("\"results\"");
            let is_own = ["/api/dcim/devices/", "/api/ipam/ip-addresses/", "/api/virtualization/virtual-machines/"];
            return if is_list && is_own.iter().any(|path| text.contains(path)) {
                Sureness::Sure
            } else {
                Sureness::No
            };
        }
        if head.columns().is_some_and(|mapping| mapping.system.as_deref() == Some("netbox")) {
            Sureness::Sure
        } else {
            Sureness::No
        }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let text = decode::Decoded::new(from)?;
        if !text.peek().trim_start().starts_with(['{', '[']) {
            let own = own();
            let own = records::Own { mapping: Some(&own), refuses: None };
            let known = |headers: &[String]| records::known(headers, options, own);
            return table::with(&mut { text }, &known, |table| records::read(table, options, own, give));
        }
        let mut objects = Objects::new(text);
        let mut rows = Rows::new(give);
        while let Some(found) = objects.next()? {
            rows.row(found.number, |row| {
                if found.is_half {
                    return Err("ends within an object".into());
                }
                let bytes = found.bytes.as_deref().ok_or("longer than an object may be")?;
                let object = Object::read(bytes).map_err(Reason::from)?;
                if object.doubled > 0 {
                    row.note("a name comes more than once: its first value is taken");
                }
                tell(&object, found.number, options, row)
            });
        }
        Ok(rows.tally())
    }

    fn mapping(&self, from: &mut dyn Read, options: &Options<'_>) -> Result<Option<Mapping>, ReadError> {
        let text = decode::Decoded::new(from)?;
        if text.peek().trim_start().starts_with(['{', '[']) {
            return Ok(None);
        }
        table::with(&mut { text }, &|_| 0, |table| {
            Ok(Some(records::plan(table, options.mapping, Some(&own()))?.mapping))
        })
    }
}

/// What NetBox's headers mean beside those that everybody knows.
fn own() -> Mapping {
    let column = |(header, is): (&str, Meaning)| Column {
        header: header.to_owned(),
        is: Some(is),
        by: By::Header,
        confidence: 95,
    };
    let known = [
        ("id", Meaning::Key),
        ("device_type", Meaning::Field(AssetField::Model)),
        ("type", Meaning::Field(AssetField::Model)),
        ("role", Meaning::Field(AssetField::Type)),
        ("location", Meaning::Field(AssetField::Building)),
        ("description", Meaning::Ignored),
        ("comments", Meaning::Ignored),
    ];
    Mapping { system: None, columns: known.into_iter().map(column).collect() }
}

/// Fields and where they stand in an object; of several the first that is there.
const FIELDS: &[(AssetField, &[&str])] = &[
    (AssetField::Name, &["name"]),
    (AssetField::Maker, &["device_type.manufacturer.name", "device_type.manufacturer.display"]),
    (AssetField::Model, &["device_type.model", "device_type.display"]),
    (AssetField::ProductCode, &["device_type.part_number"]),
    (AssetField::Serial, &["serial"]),
    (AssetField::Type, &["role.name", "device_role.name"]),
    (AssetField::AssetTag, &["asset_tag"]),
    (AssetField::State, &["status.value"]),
    (AssetField::Site, &["site.name"]),
    (AssetField::Building, &["location.name"]),
    (AssetField::Room, &["rack.name"]),
    (AssetField::Department, &["tenant.name"]),
    (AssetField::OperatingSystem, &["platform.name"]),
    (AssetField::Ip, &["primary_ip4.address"]),
    (AssetField::Ip, &["primary_ip6.address"]),
    (AssetField::Ip, &["oob_ip.address"]),
];

/// Says the device, machine or address that `object` is. Errors: why it is set aside.
fn tell(object: &Object, number: u64, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
    let id = object.number("id").ok_or("has no id")?;
    let url = object.text("url").unwrap_or_default();
    let mut record = AssetRecord { row: number, ..AssetRecord::default() };
    if object.at("address").is_some() {
        let Some(owner) = ["assigned_object.device", "assigned_object.virtual_machine"]
            .iter()
            .find(|owner| object.at(owner).is_some())
        else {
            // An address that is nobody's.
            return Ok(());
        };
        let kind = if owner.ends_with("device") { "device" } else { "machine" };
        let device = object.number(&format!("{owner}.id")).ok_or("is assigned to what has no id")?;
        record.key = format!("{kind} {device} address {id}");
        say(&mut record, AssetField::Name, object.text(&format!("{owner}.name")), options, row);
        say(&mut record, AssetField::Ip, object.text("address"), options, row);
        say(&mut record, AssetField::Hostname, object.text("dns_name"), options, row);
    } else {
        let is_machine =
            url.contains("/virtual-machines/") || object.at("cluster").is_some() && object.at("device_type").is_none();
        record.key = format!("{} {id}", if is_machine { "machine" } else { "device" });
        if is_machine {
            record.says.push((AssetField::IsVirtual, "yes".to_owned()));
        }
        for (field, paths) in FIELDS {
            say(&mut record, *field, paths.iter().find_map(|path| object.text(path)), options, row);
        }
    }
    if record.says.is_empty() {
        return Err("says nothing that is known".into());
    }
    record.says.sort();
    record.says.dedup();
    let changed = object.text("last_updated").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    record.as_of = changed.map(|moment| Time::from_micros(moment.as_microsecond()));
    row.give(Item::Record(record));
    Ok(())
}

fn say(record: &mut AssetRecord, field: AssetField, text: Option<String>, options: &Options<'_>, row: &mut Row) {
    let Some(text) = text.filter(|text| !value::is_blank(text)) else { return };
    match value::put(field.form(), &text, DateOrder::DayFirst) {
        Some(value) if field.form() == Form::Host || field == AssetField::Name => {
            record.says.push((field, options.veil.host(&value).into_owned()));
        }
        Some(value) => record.says.push((field, value)),
        None => row.note(format!("`{}` cannot be read: left out", field.name())),
    }
}
