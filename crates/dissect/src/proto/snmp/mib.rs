//! The managed objects that describe a device, and what field each one is.
//!
//! Source: SNMPv2-MIB (RFC 3418), HOST-RESOURCES-MIB (RFC 2790), Printer-MIB (RFC 3805), UPS-MIB (RFC 1628),
//! ENTITY-MIB (RFC 6933), SNMP-COMMUNITY-MIB (RFC 3584), PWG 5107.2 (IEEE 1284 device ids of printers).

use super::message::{Pdu, PduKind};
use crate::codec::ber::{self, Element, Oid, Sub};
use crate::{About, Output};
use wardlight_model::Field;

/// 1.3.6.1.2.1, encoded.
const MIB_2: &[u8] = &[0x2b, 6, 1, 2, 1];
/// 1.3.6.1.4.1, encoded.
const ENTERPRISES: &[u8] = &[0x2b, 6, 1, 4, 1];
/// snmpTrapAddress.0, encoded.
const TRAP_ADDRESS: &[u8] = &[0x2b, 6, 1, 6, 3, 18, 1, 3, 0];
/// hrDevicePrinter, encoded.
const PRINTER: &[u8] = &[0x2b, 6, 1, 2, 1, 25, 3, 1, 5];
/// Objects whose value is an IEEE 1284 device id: of HP (gdStatusId.0), and of the Printer Working Group.
const DEVICE_IDS: [&[u8]; 2] =
    [&[0x2b, 6, 1, 4, 1, 11, 2, 3, 9, 1, 1, 7, 0], &[0x2b, 6, 1, 4, 1, 0x95, 0x0b, 1, 2, 1, 2, 1, 1, 3]];

/// Single objects below [`MIB_2`] that describe a device.
const OBJECTS: [(&[u8], Field); 8] = [
    (&[1, 1, 0], Field::SnmpDescription),
    (&[1, 5, 0], Field::SnmpName),
    (&[1, 6, 0], Field::SnmpLocation),
    (&[33, 1, 1, 1, 0], Field::Manufacturer),
    (&[33, 1, 1, 2, 0], Field::Model),
    (&[33, 1, 1, 3, 0], Field::Firmware),
    (&[33, 1, 1, 4, 0], Field::Software),
    (&[33, 1, 1, 5, 0], Field::FriendlyName),
];

/// What the conversation has told so far about the numbering of a device's parts.
#[derive(Default)]
pub(super) struct Described {
    /// Index of the chassis among the physical entities, once a class was seen.
    chassis: Option<u32>,
    /// Index of the printer among the host's devices, once anything of a printer was seen.
    printer: Option<u32>,
}

impl Described {
    /// Says what the values of `pdu` tell about the device `about`.
    pub(super) fn tell(&mut self, pdu: &Pdu<'_>, about: About<'_>, out: &mut Output<'_>) {
        for (name, value) in pdu.bindings().flatten() {
            if let Some(sub) = name.below(MIB_2) {
                self.learn(sub, value);
            }
        }
        for (name, value) in pdu.bindings().flatten() {
            self.object(name, value, about, out);
        }
        // For the generic traps of RFC 1215 the enterprise is sysObjectID, or snmpTraps where a proxy made the trap.
        let of_a_maker = |oid: Oid<'_>| oid.below(ENTERPRISES).is_some_and(|sub| sub.count() > 1);
        if let Some(trap) = pdu.trap.filter(|trap| trap.generic < 6 && of_a_maker(trap.enterprise)) {
            out.fact(about, Field::SnmpObjectId, &trap.enterprise.to_string(), trap.enterprise.0);
        }
    }

    fn object(&self, name: Oid<'_>, value: Element<'_>, about: About<'_>, out: &mut Output<'_>) {
        if let (Some(sub), ber::OBJECT_IDENTIFIER) = (name.below(MIB_2), value.tag) {
            if sub.0 == [1, 2, 0] {
                out.fact(about, Field::SnmpObjectId, &Oid(value.content).to_string(), value.content);
            }
            return;
        }
        if value.tag != ber::OCTET_STRING || value.content.is_empty() {
            return;
        }
        if let Some(field) = name.below(MIB_2).and_then(|sub| self.field(sub)) {
            out.text(about, field, value.content);
        } else if DEVICE_IDS.iter().any(|prefix| name.below(prefix).is_some()) {
            device_id(value.content, about, out);
        }
    }

    /// What the object at `sub` below [`MIB_2`] says about the device itself, not about a part of it.
    fn field(&self, sub: Sub<'_>) -> Option<Field> {
        if let Some((_, field)) = OBJECTS.iter().find(|(object, _)| *object == sub.0) {
            return Some(*field);
        }
        match column(sub)? {
            (Table::Entity(column), index) if index == self.chassis.unwrap_or(1) => entity(column),
            (Table::Device(3), index) if Some(index) == self.printer => Some(Field::Model),
            (Table::PrinterGeneral(17), _) => Some(Field::Serial),
            _ => None,
        }
    }

    fn learn(&mut self, sub: Sub<'_>, value: Element<'_>) {
        const NO_SUCH: std::ops::RangeInclusive<u8> = 0x80..=0x82;
        if NO_SUCH.contains(&value.tag) || value.tag == 0x05 {
            return;
        }
        match column(sub) {
            Some((Table::Entity(5), index)) if self.chassis.is_none() && ber::integer(value.content) == Some(3) => {
                self.chassis = Some(index);
            }
            Some((Table::Device(2), index)) if value.content == PRINTER => self.printer = Some(index),
            Some((Table::HostPrinter | Table::PrinterGeneral(_) | Table::PrinterPart, index)) => {
                self.printer = self.printer.or(Some(index));
            }
            _ => {}
        }
    }
}

/// A table of parts, with the column where it matters.
enum Table {
    /// entPhysicalTable.
    Entity(u32),
    /// hrDeviceTable.
    Device(u32),
    /// hrPrinterTable.
    HostPrinter,
    /// prtGeneralTable.
    PrinterGeneral(u32),
    /// Other tables of the Printer-MIB that begin with the device's index.
    PrinterPart,
}

/// The table that `sub` lies in, and the first index.
fn column(mut sub: Sub<'_>) -> Option<(Table, u32)> {
    let (mib, group) = (sub.next()?, sub.next()?);
    let table = match (mib, group) {
        (47, 1) => {
            (sub.next()? == 1 && sub.next()? == 1 && sub.next()? == 1).then_some(())?;
            Table::Entity(sub.next()?)
        }
        (25, 3) => {
            let table = sub.next()?;
            (sub.next()? == 1).then_some(())?;
            match (table, sub.next()?) {
                (2, column) => Table::Device(column),
                (5, _) => Table::HostPrinter,
                _ => return None,
            }
        }
        (43, 5..=18) => {
            (sub.next()? == 1 && sub.next()? == 1).then_some(())?;
            let column = sub.next()?;
            if group == 5 { Table::PrinterGeneral(column) } else { Table::PrinterPart }
        }
        _ => return None,
    };
    Some((table, sub.next()?))
}

/// What a column of entPhysicalTable says about the entity.
const fn entity(column: u32) -> Option<Field> {
    Some(match column {
        8 => Field::Hardware,
        9 => Field::Firmware,
        10 => Field::Software,
        11 => Field::Serial,
        12 => Field::Manufacturer,
        13 => Field::Model,
        _ => return None,
    })
}

/// Says maker, model and serial number out of an IEEE 1284 device id: `KEY:value;KEY:value;`.
fn device_id(raw: &[u8], about: About<'_>, out: &mut Output<'_>) {
    for pair in raw.split(|byte| *byte == b';').take(32) {
        let Some(colon) = pair.iter().position(|byte| *byte == b':') else { continue };
        let (key, value) = pair.split_at(colon);
        let field = match key.trim_ascii() {
            b"MFG" | b"MANUFACTURER" => Field::Manufacturer,
            b"MDL" | b"MODEL" => Field::Model,
            b"SN" | b"SERN" | b"SERIALNUMBER" => Field::Serial,
            _ => continue,
        };
        out.text(about, field, value.get(1..).unwrap_or_default());
    }
}

/// The address in snmpTrapAddress.0, which a proxy adds to the traps it forwards (RFC 3584 §3.1).
pub(super) fn trap_address<'a>(pdu: &Pdu<'a>) -> Option<&'a [u8]> {
    let traps = matches!(pdu.kind, PduKind::TrapV2 | PduKind::Inform);
    let mut bindings = pdu.bindings().flatten().filter(|_| traps);
    bindings.find(|(name, _)| name.0 == TRAP_ADDRESS).map(|(_, value)| value.content)
}

/// sysDescr.0, when `pdu` gives it.
pub(super) fn description<'a>(pdu: &Pdu<'a>) -> Option<&'a [u8]> {
    let is_description = |name: &Oid<'_>| name.below(MIB_2).is_some_and(|sub| sub.0 == [1, 1, 0]);
    let mut bindings = pdu.bindings().flatten();
    bindings
        .find(|(name, value)| is_description(name) && value.tag == ber::OCTET_STRING)
        .map(|(_, value)| value.content)
}
