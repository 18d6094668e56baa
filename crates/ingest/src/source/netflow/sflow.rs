//! sFlow version 5: samples of packets.

use super::Context;
use super::record::Seen;
use super::sequence::Unit;
use crate::bytes::{Cursor, Short};
use crate::item::Rows;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use wardlight_model::Mac;

/// Reads the samples of a datagram. Errors: [`Short`] when it ends before what it states.
pub fn read(mut cursor: Cursor<'_>, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    cursor.take(4)?;
    let address = if cursor.u32()? == 1 { 4 } else { 16 };
    cursor.take(address)?;
    let (agent, sequence) = (cursor.u32()?, cursor.u32()?);
    context.sequences.came((context.sender.exporter, Unit::Datagram, agent.into()), sequence, Some(1));
    cursor.take(4)?;
    let count = cursor.u32()?;
    for _ in 0..count {
        let kind = cursor.u32()?;
        let length = usize::try_from(cursor.u32()?).map_err(|_| Short)?;
        let sample = Cursor(cursor.take(length)?);
        let id = context.flow();
        rows.row(context.number, |row| {
            let seen = match kind {
                1 | 3 => flow(sample, kind == 3, context).map_err(|Short| "a sample ends before what it states")?,
                // Counters of interfaces, and what other makers send.
                _ => None,
            };
            seen.map_or(Ok(()), |seen| seen.tell(id, context.options, row))
        });
    }
    Ok(())
}

/// A sample of a packet; nothing when it is not one of IP.
fn flow(mut sample: Cursor<'_>, is_expanded: bool, context: &Context<'_>) -> Result<Option<Seen>, Short> {
    sample.take(if is_expanded { 12 } else { 8 })?;
    let rate = u64::from(sample.u32()?).max(1);
    sample.take(8)?;
    sample.take(if is_expanded { 16 } else { 8 })?;
    let mut seen = Seen::at(context.sender.time);
    for _ in 0..sample.u32()? {
        let kind = sample.u32()?;
        let length = usize::try_from(sample.u32()?).map_err(|_| Short)?;
        let mut record = Cursor(sample.take(length.next_multiple_of(4).min(sample.left().max(length)))?);
        match kind {
            1 => raw(&mut record, &mut seen)?,
            3 | 4 if seen.addresses[0].is_none() => plain(&mut record, kind == 3, &mut seen)?,
            1001 if seen.vlan.is_none() => seen.vlan = u16::try_from(record.u32()?).ok(),
            _ => {}
        }
    }
    seen.sent[0].packets = rate;
    seen.sent[0].ip_bytes = seen.sent[0].ip_bytes.saturating_mul(rate);
    Ok(seen.addresses[0].is_some().then_some(seen))
}

/// A packet's addresses as the switch read them.
fn plain(record: &mut Cursor<'_>, is_v4: bool, seen: &mut Seen) -> Result<(), Short> {
    seen.sent[0].ip_bytes = record.u32()?.into();
    seen.protocol = u8::try_from(record.u32()?).unwrap_or_default();
    seen.addresses = [Some(ip(record, is_v4)?), Some(ip(record, is_v4)?)];
    let port = |bits: u32| u16::try_from(bits).unwrap_or_default();
    seen.ports = [port(record.u32()?), port(record.u32()?)];
    Ok(())
}

/// The begin of a frame. One that is not Ethernet or not IP says nothing; one cut short says what is there.
fn raw(record: &mut Cursor<'_>, seen: &mut Seen) -> Result<(), Short> {
    const ETHERNET: u32 = 1;
    let link = record.u32()?;
    let (length, _stripped, held) = (record.u32()?, record.u32()?, record.u32()?);
    let frame = record.take(usize::try_from(held).map_err(|_| Short)?)?;
    if link != ETHERNET {
        return Ok(());
    }
    let _cut = ethernet(Cursor(frame), length, seen);
    Ok(())
}

fn ethernet(mut frame: Cursor<'_>, length: u32, seen: &mut Seen) -> Result<(), Short> {
    let [destination, source] = [Mac::from_slice(frame.take(6)?), Mac::from_slice(frame.take(6)?)];
    let mut kind = frame.u16()?;
    let mut header = 14;
    while matches!(kind, 0x8100 | 0x88a8) {
        let tag = frame.u16()?;
        seen.vlan = seen.vlan.or(Some(tag & 0x0fff));
        kind = frame.u16()?;
        header += 4;
    }
    let is_v4 = match kind {
        0x0800 => true,
        0x86dd => false,
        _ => return Ok(()),
    };
    // Behind the packet stands the frame's checksum.
    seen.sent[0].ip_bytes = u64::from(length).saturating_sub(header + 4);
    let options = if is_v4 {
        let begin = frame.u8()?;
        frame.take(8)?;
        seen.protocol = frame.u8()?;
        frame.take(2)?;
        usize::from(begin & 0x0f).saturating_sub(5) * 4
    } else {
        frame.take(6)?;
        seen.protocol = frame.u8()?;
        frame.take(1)?;
        0
    };
    seen.addresses = [Some(ip(&mut frame, is_v4)?), Some(ip(&mut frame, is_v4)?)];
    seen.macs = [source, destination];
    frame.take(options)?;
    if matches!(seen.protocol, 6 | 17 | 132) {
        seen.ports = [frame.u16()?, frame.u16()?];
    } else if matches!(seen.protocol, 1 | 58) {
        seen.icmp = Some(frame.u16()?);
    }
    Ok(())
}

fn ip(cursor: &mut Cursor<'_>, is_v4: bool) -> Result<IpAddr, Short> {
    let bytes = cursor.take(if is_v4 { 4 } else { 16 })?;
    let v4 = || bytes.first_chunk::<4>().map(|four| IpAddr::V4(Ipv4Addr::from(*four)));
    let v6 = || bytes.first_chunk::<16>().map(|all| IpAddr::V6(Ipv6Addr::from(*all)));
    if is_v4 { v4() } else { v6() }.ok_or(Short)
}
