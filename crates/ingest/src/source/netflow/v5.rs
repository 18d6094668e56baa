//! NetFlow v5: fixed records.

use super::Context;
use super::record::Seen;
use super::sequence::Unit;
use crate::bytes::{Cursor, Short};
use crate::item::Rows;
use std::net::{IpAddr, Ipv4Addr};
use wardlight_model::Time;

/// Reads the records of a datagram. Errors: [`Short`] when it has fewer than it states.
pub fn read(mut cursor: Cursor<'_>, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    cursor.take(2)?;
    let count = cursor.u16()?;
    let uptime = cursor.u32()?;
    let (seconds, nanos) = (cursor.u32()?, cursor.u32()?);
    let sequence = cursor.u32()?;
    let engine = cursor.u16()?;
    let stream = (context.sender.exporter, Unit::Flow, engine.into());
    context.sequences.came(stream, sequence, Some(count.into()));
    // The two high bits say how it samples.
    let interval = u64::from(cursor.u16()? & 0x3fff).max(1);
    let exported = Time::from_seconds(seconds.into()).plus(i64::from(nanos / 1000));
    for _ in 0..count {
        let mut record = Cursor(cursor.take(48)?);
        let mut seen = Seen::at(exported);
        let ip = |bits: u32| Some(IpAddr::V4(Ipv4Addr::from_bits(bits)));
        seen.addresses = [ip(record.u32()?), ip(record.u32()?)];
        record.take(8)?;
        seen.sent[0].packets = u64::from(record.u32()?) * interval;
        seen.sent[0].ip_bytes = u64::from(record.u32()?) * interval;
        let since = |millis: u32| exported.plus((i64::from(millis) - i64::from(uptime)) * 1000);
        (seen.first, seen.last) = (Some(since(record.u32()?)), Some(since(record.u32()?)));
        seen.ports = [record.u16()?, record.u16()?];
        record.take(1)?;
        let flags = record.u8()?;
        seen.flags[0] = (interval == 1).then_some(flags);
        seen.protocol = record.u8()?;
        let id = context.flow();
        rows.row(context.number, |row| seen.tell(id, context.options, row));
    }
    Ok(())
}
