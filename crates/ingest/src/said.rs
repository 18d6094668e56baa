//! What traffic sources say, put as facts of the model.

use crate::item::Row;
use crate::{Item, Options};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::net::IpAddr;
use wardlight_model::cbor::Name;
use wardlight_model::{Endpoint, Fact, Field, Mac, Origin, Place, Presence, Subject, Time};

/// Says facts of one row of one log.
pub(crate) struct Teller<'a> {
    /// The source's name, which stands as the fact's protocol.
    pub protocol: Name,
    pub options: &'a Options<'a>,
    /// When the row was written.
    pub time: Time,
}

impl Teller<'_> {
    /// Says that `value` is the `field` of the host with these addresses; nothing when the value or the host is empty.
    /// Names of hosts go through the veil.
    pub fn fact(&self, out: &mut Row, host: (Option<Mac>, Option<IpAddr>), field: Field, value: &str) {
        let value = crate::value::plain(value);
        let mac = host.0.filter(|mac| mac.is_station());
        let ip = host.1.filter(|ip| !ip.is_unspecified() && !ip.is_multicast());
        if value.is_empty() || mac.is_none() && ip.is_none() {
            return;
        }
        let value = if is_name(field) { self.options.veil.host(&value).into_owned() } else { value };
        let place = Place { source: self.options.source, packet: out.number, offset: 0, length: 0 };
        let subject = Subject::Host(Endpoint { scope: self.options.scope, mac, ip });
        let (first, last) = (self.time, self.time);
        let origin = Origin::default();
        out.give(Item::Fact(Fact {
            subject,
            field,
            value,
            protocol: self.protocol,
            first,
            last,
            count: 1,
            place,
            origin,
        }));
    }

    /// Says that the host with these addresses was there.
    pub fn presence(&self, out: &mut Row, mac: Option<Mac>, ip: Option<IpAddr>) {
        if mac.is_none() && ip.is_none() {
            return;
        }
        let endpoint = Endpoint { scope: self.options.scope, mac, ip };
        let (first, last) = (self.time, self.time);
        out.give(Item::Presence(Presence {
            endpoint,
            first,
            last,
            packets: 1,
            ttl: 0,
            sent: true,
            origin: Origin::default(),
        }));
    }
}

/// Whether `field` holds a name that people give to a host.
const fn is_name(field: Field) -> bool {
    matches!(
        field,
        Field::DhcpHostname
            | Field::DnsName
            | Field::DnsQuery
            | Field::MdnsName
            | Field::NetbiosName
            | Field::NtlmComputer
            | Field::NtlmDnsName
            | Field::SnmpName
            | Field::FriendlyName
    )
}

/// The moment of a local time that is `ahead_s` seconds ahead of UTC.
pub(crate) fn moment(local: DateTime, ahead_s: i32) -> Option<Time> {
    let offset = Offset::from_seconds(ahead_s).ok()?;
    offset.to_timestamp(local).ok().map(|moment| Time::from_micros(moment.as_microsecond()))
}
