//! Names and text of DNS-SD services (RFC 6763 §4 and §6).

use crate::codec::cursor::Cursor;
use crate::codec::dns::{Name, Text};
use crate::codec::{text, uuid};
use crate::{About, Output};
use wardlight_model::Field;

/// Keys of text records that makers set and that describe the device (Bonjour Printing 1.2.1 §9; HomeKit R2 §6.4; and
/// the keys that AirPlay, Cast, cameras and embedded web servers use alike), in lower case, without `_` and `-`. Keys
/// that people set, such as names, notes and places, are not among them.
const DESCRIBING: [&str; 40] = [
    "model",
    "md",
    "am",
    "ty",
    "product",
    "productname",
    "productid",
    "usbmfg",
    "usbmdl",
    "mfg",
    "mdl",
    "manufacturer",
    "vendor",
    "brand",
    "modelname",
    "modelid",
    "modelnumber",
    "devicemodel",
    "devicetype",
    "hwmodel",
    "platform",
    "osxvers",
    "ov",
    "fv",
    "fw",
    "fwver",
    "fwversion",
    "firmware",
    "firmwareversion",
    "swver",
    "swversion",
    "softwareversion",
    "srcvers",
    "vs",
    "version",
    "ver",
    "hw",
    "hwversion",
    "hardwarever",
    "rpmd",
];

/// Keys of text records that hold a serial number, written likewise.
const SERIAL: [&str; 4] = ["serial", "serialnumber", "serialno", "serialnum"];

/// Services whose instances are called after the people who use them.
const PERSONAL: [&[u8]; 9] = [
    b"_presence",
    b"_ichat",
    b"_home-sharing",
    b"_daap",
    b"_dpap",
    b"_dacp",
    b"_touch-able",
    b"_apple-mobdev2",
    b"_mi-connect",
];

/// A service, or one instance of it, by its name.
pub(super) struct Service<'a> {
    /// The instance's own name; none for the service as such.
    pub(super) instance: Option<&'a [u8]>,
    /// The whole name.
    pub(super) at: Name<'a>,
    application: &'a [u8],
    protocol: &'a [u8],
}

impl<'a> Service<'a> {
    /// Reads `name`: `_http._tcp.local`, `_printer._sub._http._tcp.local` or `Instance._http._tcp.local`. `None` for
    /// other names and for the list of all services.
    pub(super) fn of(name: &Name<'a>) -> Option<Self> {
        let (labels, count) = name.few_labels::<6>()?;
        let (front, [application, protocol, zone]) = labels.get(..count)?.split_last_chunk::<3>()?;
        let is_service = zone.eq_ignore_ascii_case(b"local")
            && [b"_tcp", b"_udp"].iter().any(|known| protocol.eq_ignore_ascii_case(*known))
            && application.len() > 1
            && application.first() == Some(&b'_')
            && !application.eq_ignore_ascii_case(b"_dns-sd");
        let instance = match front {
            [] => None,
            [instance] => Some(*instance),
            [_, sub] if sub.eq_ignore_ascii_case(b"_sub") => None,
            _ => return None,
        };
        is_service.then_some(Self { instance, at: *name, application, protocol })
    }

    /// Its kind, such as `_http._tcp`.
    pub(super) fn kind(&self) -> String {
        let mut kind = Text::default();
        kind.push(self.application);
        kind.push(self.protocol);
        text::clean(kind.as_ref()).into_owned()
    }

    /// Whether the instance is called after a person, or is no name at all.
    pub(super) fn is_personal(&self) -> bool {
        let is_structured = |name: &[u8]| name.first() == Some(&b'{') || name.contains(&b'@');
        PERSONAL.iter().any(|known| self.application.eq_ignore_ascii_case(known))
            || self.instance.is_some_and(is_structured)
    }

    /// Says that `about` offers it, as the bytes `raw` show.
    pub(super) fn tell(&self, about: About<'_>, raw: &[u8], out: &mut Output<'_>) {
        out.fact(about, Field::ServiceOffered, &self.kind(), raw);
        if let Some(instance) = self.instance.filter(|_| !self.is_personal()) {
            out.fact(about, Field::MdnsInstance, &text::clean(instance), raw);
        }
    }
}

/// Says what of a text record's value describes the device.
pub(super) fn describe(value: &[u8], about: About<'_>, out: &mut Output<'_>) {
    let mut cursor = Cursor::new(value);
    while let Ok(length) = cursor.u8() {
        let string = cursor.take_at_most(usize::from(length));
        let Some(at) = string.iter().position(|byte| *byte == b'=') else { continue };
        let Some((key, value)) = string.split_at_checked(at).and_then(|(key, rest)| Some((key, rest.get(1..)?))) else {
            continue;
        };
        if key.eq_ignore_ascii_case(b"uuid") {
            identify(value, about, out);
        } else if is_among(key, &SERIAL) {
            out.text(about, Field::Serial, value);
        } else if !value.is_empty() && is_among(key, &DESCRIBING) {
            out.text(about, Field::MdnsText, string);
        }
    }
}

/// Whether `key` is one of `known`, letters compared without case, `_` and `-` passed over.
fn is_among(key: &[u8], known: &[&str]) -> bool {
    let letters = || key.iter().filter(|byte| !matches!(byte, b'_' | b'-')).map(u8::to_ascii_lowercase);
    known.iter().any(|known| letters().eq(known.bytes()))
}

/// Says the device's UUID (Bonjour Printing 1.2.1 §9.2.13).
fn identify(value: &[u8], about: About<'_>, out: &mut Output<'_>) {
    let text = text::clean(value).to_ascii_lowercase();
    let text = text.strip_prefix("urn:uuid:").unwrap_or(&text);
    if uuid::is_uuid(text) {
        out.fact(about, Field::Uuid, text, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{bytes, hear};

    #[test]
    fn names_are_told_apart() {
        for (name, expected) in [
            ("05\"_http\"04\"_tcp\"05\"local\"00", Some((None, "_http._tcp"))),
            ("05\"Pump7\"05\"_http\"04\"_TCP\"05\"local\"00", Some((Some(&b"Pump7"[..]), "_http._TCP"))),
            ("08\"_printer\"04\"_sub\"05\"_http\"04\"_tcp\"05\"local\"00", Some((None, "_http._tcp"))),
            ("09\"_services\"07\"_dns-sd\"04\"_udp\"05\"local\"00", None),
            ("05\"pump7\"05\"local\"00", None),
            ("05\"_http\"04\"_tcp\"03\"org\"00", None),
        ] {
            let bytes = bytes(name);
            let service = Service::of(&Name::alone(&bytes));
            let found = service.as_ref().map(|service| (service.instance, service.kind()));
            assert_eq!(found, expected.map(|(instance, kind)| (instance, kind.to_owned())), "{name}");
        }
    }

    #[test]
    fn only_what_describes_the_device_is_handed_on() {
        let text = "0a\"ty=Laser 9\"10\"note=Anna's room\"07\"fn=Anna\"06\"model=\"03\"bin\"0e\"Model-Name=L9X\"0b\"serial=S123\"29\"UUID=03020100-0504-0706-0809-0a0b0c0d0e0f\"";
        let length = bytes(text).len();
        let heard = hear(&format!(
            "udp 10.0.0.5:5353 > 224.0.0.251:5353\n> 0000 8400 0000 0001 0000 0000 \
             05\"Laser\"04\"_ipp\"04\"_tcp\"05\"local\"00 0010 8001 00001194 {length:04x} {text}"
        ));
        assert_eq!(
            heard.facts,
            [
                "10.0.0.5 bind.uuid = 03020100-0504-0706-0809-0a0b0c0d0e0f",
                "10.0.0.5 mdns.instance = Laser",
                "10.0.0.5 mdns.text = Model-Name=L9X",
                "10.0.0.5 mdns.text = ty=Laser 9",
                "10.0.0.5 self.serial = S123",
                "10.0.0.5 self.service = _ipp._tcp"
            ]
        );
    }
}
