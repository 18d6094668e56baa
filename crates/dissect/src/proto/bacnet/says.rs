//! What a service's parameters say about the device that sends them.
//!
//! Read are object identifiers, and of the device object the properties that say what the device is. The values of all
//! other properties and objects are passed over: names of users and cards of access control are among them.
//!
//! Source: ANSI/ASHRAE 135-2020 clauses 12.11 (device object), 15.5 and 15.7 (reading), 16.9 to 16.11, 13.1 to 13.9;
//! 21 (numbers of properties).

use super::apdu::{self, Apdu, Kind};
use super::names;
use super::tag::{self, Part, Tag, Tags};
use crate::codec::cursor::Short;
use crate::codec::text;
use crate::{About, Output};
use std::borrow::Cow;
use wardlight_model::{Field, KeyKind};

/// Type of the device object.
const DEVICE: u16 = 8;
/// Instance of a device that was given none yet.
const NO_INSTANCE: u32 = 0x3f_ffff;
const OBJECT_LIST: u32 = 76;
const VENDOR_IDENTIFIER: u32 = 120;
/// Most bytes of one text that are read.
const LONGEST: usize = 512;

/// What was read of one message, for its record.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) device: Option<u32>,
    pub(super) vendor: Option<u32>,
    pub(super) max_apdu: Option<u32>,
    pub(super) segmentation: Option<u32>,
    /// Numbers of the properties read, each once, in order.
    pub(super) properties: Vec<u32>,
}

/// Where the device stands that a message describes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stand<'a> {
    /// It is this host.
    Host(About<'a>),
    /// It is behind the router that sent the message: only its number tells it from others.
    Behind,
    /// A BBMD forwards for an address that no host can have.
    Nowhere,
}

/// Says what `apdu` tells. Errors: [`Short`] when its parameters are not as the standard has them, where they are read.
pub(super) fn tell(apdu: &Apdu<'_>, stand: Stand<'_>, out: &mut Output<'_>) -> Result<Told, Short> {
    let mut told = Told::default();
    let said = match (apdu.kind, apdu.service) {
        _ if !apdu.begins() => Ok(()),
        (Kind::Unconfirmed, Some(apdu::I_AM)) => i_am(apdu.body, stand, &mut told, out),
        (Kind::Unconfirmed, Some(apdu::I_HAVE)) => i_have(apdu.body, stand, &mut told, out),
        (Kind::Unconfirmed, Some(apdu::WHO_AM_I)) => who_am_i(apdu.body, stand, &mut told, out),
        _ if apdu.notifies() => notification(apdu.body, stand, &mut told, out),
        (Kind::ComplexAck, Some(apdu::READ_PROPERTY)) => property(apdu.body, stand, &mut told, out),
        (Kind::ComplexAck, Some(apdu::READ_PROPERTY_MULTIPLE)) => properties(apdu.body, stand, &mut told, out),
        _ => Ok(()),
    };
    // A segment ends where it ends.
    if apdu.segment.is_none() {
        said?;
    }
    Ok(told)
}

fn i_am(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let raw = tags.application(tag::OBJECT_IDENTIFIER)?;
    let instance = device(raw)?;
    told.max_apdu = tag::unsigned(tags.application(tag::UNSIGNED)?);
    told.segmentation = tag::unsigned(tags.application(tag::ENUMERATED)?);
    let vendor = tags.application(tag::UNSIGNED)?;
    told.vendor = tag::unsigned(vendor);
    describe((instance, raw), stand, told, out, |about, out| say_vendor(about, vendor, out));
    Ok(())
}

fn i_have(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let raw = tags.application(tag::OBJECT_IDENTIFIER)?;
    let instance = device(raw)?;
    let object = tags.application(tag::OBJECT_IDENTIFIER)?;
    let name = tags.application(tag::CHARACTER_STRING)?;
    describe((instance, raw), stand, told, out, |about, out| {
        say_object(about, object, out);
        if tag::object(object) == tag::object(raw) {
            say_text(about, Field::FriendlyName, name, out);
        }
    });
    Ok(())
}

/// A device without a number asks to be given one, and says what it is.
fn who_am_i(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let vendor = tags.application(tag::UNSIGNED)?;
    let model = tags.application(tag::CHARACTER_STRING)?;
    let serial = tags.application(tag::CHARACTER_STRING)?;
    told.vendor = tag::unsigned(vendor);
    if let Stand::Host(about) = stand {
        say_vendor(about, vendor, out);
        say_text(about, Field::Model, model, out);
        say_text(about, Field::Serial, serial, out);
    }
    Ok(())
}

fn notification(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let _subscriber = tags.context(0)?;
    let raw = tags.context(1)?;
    let instance = device(raw)?;
    let object = tags.context(2)?;
    describe((instance, raw), stand, told, out, |about, out| say_object(about, object, out));
    Ok(())
}

fn property(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let object = tags.context(0)?;
    let number = tag::unsigned(tags.context(1)?).ok_or(Short)?;
    let mut next = tags.next()?;
    if matches!(next, Some(Tag { number: 2, is_context: true, part: Part::Value(_) })) {
        next = tags.next()?;
    }
    match next {
        Some(Tag { number: 3, is_context: true, part: Part::Open }) => {
            let (value, is_whole) = tags.inside();
            read(object, (number, value), stand, told, out);
            if is_whole { Ok(()) } else { Err(Short) }
        }
        _ => Err(Short),
    }
}

/// The results of reading several properties: for each object a list of properties with their values or errors.
fn properties(body: &[u8], stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) -> Result<(), Short> {
    let mut tags = Tags::new(body);
    let mut object: &[u8] = &[];
    let mut number = None;
    while let Some(tag) = tags.next()? {
        match (tag.number, tag.part) {
            _ if !tag.is_context => return Err(Short),
            (0, Part::Value(value)) => object = value,
            (1, Part::Open | Part::Close) | (3, Part::Value(_)) => {}
            (2, Part::Value(value)) => number = tag::unsigned(value),
            (4 | 5, Part::Open) => {
                let (value, is_whole) = tags.inside();
                if let Some(number) = number.take().filter(|_| tag.number == 4) {
                    read(object, (number, value), stand, told, out);
                }
                if !is_whole {
                    return Err(Short);
                }
            }
            _ => return Err(Short),
        }
    }
    Ok(())
}

/// Says what the value of one property of `object` tells.
fn read(object: &[u8], (number, value): (u32, &[u8]), stand: Stand<'_>, told: &mut Told, out: &mut Output<'_>) {
    if !told.properties.contains(&number) && told.properties.len() < 64 {
        told.properties.push(number);
    }
    match device(object) {
        Ok(instance) => {
            if number == VENDOR_IDENTIFIER {
                told.vendor = first(value, tag::UNSIGNED).and_then(tag::unsigned);
            }
            describe((instance, object), stand, told, out, |about, out| say_property(about, number, value, out));
        }
        // Of whom a device behind a router is, only its device object tells.
        Err(Short) => {
            if let Stand::Host(about) = stand {
                say_object(about, object, out);
            }
        }
    }
}

/// Has `say` said of the device with number `instance`, and that it has this number.
fn describe(
    (instance, raw): (u32, &[u8]),
    stand: Stand<'_>,
    told: &mut Told,
    out: &mut Output<'_>,
    say: impl FnOnce(About<'_>, &mut Output<'_>),
) {
    told.device = Some(instance);
    let name = instance.to_string();
    let about = match stand {
        Stand::Host(about) => about,
        Stand::Nowhere => return,
        Stand::Behind if instance == NO_INSTANCE => return,
        Stand::Behind => About::Named(KeyKind::BacnetDevice, &name),
    };
    if instance != NO_INSTANCE {
        out.fact(about, Field::BacnetDevice, &name, raw);
    }
    if matches!(stand, Stand::Behind) {
        out.fact(about, Field::BacnetRole, "device", raw);
    }
    say(about, out);
}

fn say_property(about: About<'_>, number: u32, value: &[u8], out: &mut Output<'_>) {
    let field = match number {
        12 => Field::Software,
        28 => Field::BacnetDescription,
        44 => Field::Firmware,
        58 => Field::BacnetLocation,
        70 => Field::Model,
        77 => Field::FriendlyName,
        121 => Field::Manufacturer,
        372 => Field::Serial,
        VENDOR_IDENTIFIER => {
            return if let Some(vendor) = first(value, tag::UNSIGNED) {
                say_vendor(about, vendor, out)
            };
        }
        OBJECT_LIST => return say_objects(about, value, out),
        _ => return,
    };
    if let Some(text) = first(value, tag::CHARACTER_STRING) {
        say_text(about, field, text, out);
    }
}

fn say_objects(about: About<'_>, list: &[u8], out: &mut Output<'_>) {
    let mut tags = Tags::new(list);
    let mut last = None;
    while let Ok(Some(tag)) = tags.next() {
        let Some(object) = tag.application(tag::OBJECT_IDENTIFIER) else { continue };
        let kind = tag::object(object).map(|(kind, _)| kind);
        // Lists are mostly sorted, and may have thousands of objects.
        if kind != last {
            say_object(about, object, out);
        }
        last = kind;
    }
}

fn say_object(about: About<'_>, object: &[u8], out: &mut Output<'_>) {
    let kind = tag::object(object).and_then(|(kind, _)| names::object_type(kind));
    if let Some(kind) = kind.filter(|kind| *kind != "device") {
        out.fact(about, Field::BacnetObjectType, kind, object);
    }
}

fn say_vendor(about: About<'_>, raw: &[u8], out: &mut Output<'_>) {
    if let Some(vendor) = tag::unsigned(raw).filter(|vendor| u16::try_from(*vendor).is_ok()) {
        out.fact(about, Field::BacnetVendor, &vendor.to_string(), raw);
    }
}

/// Says a character string (clause 20.2.9). Those in code pages of IBM or in JIS are passed over.
fn say_text(about: About<'_>, field: Field, raw: &[u8], out: &mut Output<'_>) {
    let Some((set, letters)) = raw.split_first() else { return };
    let letters = letters.get(..LONGEST).unwrap_or(letters);
    let text = match set {
        0 | 5 => text::clean(letters),
        3 => Cow::Owned(utf32(letters)),
        4 => Cow::Owned(text::utf16_be(letters)),
        _ => return,
    };
    out.fact(about, field, &text, raw);
}

fn utf32(raw: &[u8]) -> String {
    let points = raw.as_chunks::<4>().0.iter().map(|four| u32::from_be_bytes(*four));
    points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The value of the first tag, when it is application tag `number`.
fn first(value: &[u8], number: u8) -> Option<&[u8]> {
    Tags::new(value).application(number).ok()
}

/// The instance of a device object.
fn device(raw: &[u8]) -> Result<u32, Short> {
    tag::object(raw).filter(|(kind, _)| *kind == DEVICE).map(|(_, instance)| instance).ok_or(Short)
}
