//! DHCP servers' logs and lease files: which station holds which address since when, and how it calls itself.
//!
//! Which server wrote a line is seen from the line, so that a log in which several are mixed can be read as well.

mod isc;
mod lease;
mod microsoft;
mod syslog;
mod tables;

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::lines::{FOREIGN, Line, Lines};
use crate::{Item, Options, ReadError, Tally};
use isc::Blocks;
use lease::Lease;
use std::io::Read;
use tables::Columns;

pub(super) const ENTRY: Dhcp = Dhcp;

pub(super) struct Dhcp;

impl Source for Dhcp {
    fn info(&self) -> &'static Info {
        &Info {
            name: "dhcp",
            what: "DHCP servers' logs and leases: ISC dhcpd, Kea, Microsoft, dnsmasq",
            source: "dhcpd.leases(5), dhcpd(8); Kea ARM §8.2.3, §9.2.2.1, messages DHCP4_LEASE_*; Microsoft: analyse DHCP server log files; dnsmasq(8)",
            gives: Gives::Traffic,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        let text = head.text();
        let has = |marks: &[&str]| marks.iter().any(|mark| text.contains(mark));
        if text.starts_with("address,hwaddr,client_id,") || text.starts_with("address,duid,valid_lifetime,") {
            return Sureness::Sure;
        }
        if has(&["ID,Date,Time,Description,IP Address,Host Name", "lease {", "\nlease ", "server-duid "])
            || is_dnsmasq_lease(&text)
        {
            return if text.contains('{') || text.contains(',') || is_dnsmasq_lease(&text) {
                Sureness::Sure
            } else {
                Sureness::Likely
            };
        }
        if has(&["DHCPACK", "DHCPDISCOVER", "DHCP4_LEASE_ALLOC", "DHCP6_LEASE_ALLOC"]) {
            Sureness::Likely
        } else {
            Sureness::No
        }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let mut lines = Lines::new(from)?;
        let mut rows = Rows::new(give);
        let mut columns = Columns::default();
        let mut blocks = Blocks::default();
        while let Some(line) = lines.next()? {
            let text = line.text.trim();
            if text.is_empty() || text.starts_with('#') || columns.header(text) {
                continue;
            }
            // A lease of ISC's is a block of lines and counts as one row.
            if let Some(taken) = blocks.take(line.number, text) {
                for (number, block) in taken {
                    rows.row(number, |row| block.tell(options, row));
                }
                continue;
            }
            rows.row(line.number, |row| read(&line, &columns, options, row));
        }
        if let Some((number, block)) = blocks.end() {
            rows.row(number, |row| block.tell(options, row));
        }
        Ok(rows.tally())
    }
}

/// Reads one line. Errors: why it is set aside.
fn read(line: &Line, columns: &Columns, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
    if line.is_cut {
        return Err("longer than a line may be".into());
    }
    if line.is_foreign {
        row.note(FOREIGN);
    }
    let text = line.text.trim();
    if let Some(lease) = columns.lease(text, row)? {
        lease.tell(options, row);
        return Ok(());
    }
    if let Some(told) = microsoft::read(text, options) {
        told?.tell(options, row);
        return Ok(());
    }
    if let Some(lease) = tables::dnsmasq(text) {
        Lease { time: Some(options.now), ..lease? }.tell(options, row);
        return Ok(());
    }
    match syslog::read(text, options) {
        Some(told) => told?.tell(options, row),
        // Other programs' lines, and what servers say of themselves.
        None if is_log(text) || is_head(text) => {}
        None => return Err("is no line of a log or of leases that is known".into()),
    }
    Ok(())
}

fn is_log(text: &str) -> bool {
    ["dhcpd", "kea", "dnsmasq", "DHCP", "dhcp"].iter().any(|word| text.contains(word))
}

/// Lines of a lease file or an audit log that speak of the server or explain the others.
fn is_head(text: &str) -> bool {
    let number = text.split_whitespace().next().unwrap_or_default();
    let explains = number.bytes().all(|byte| byte.is_ascii_digit()) && text.contains('\t') && !text.contains(',');
    let heads = ["duid ", "server-duid ", "authoring-byte-order ", "failover ", "Event ID", "ID,Date,Time"];
    explains || heads.iter().any(|head| text.starts_with(head))
}

fn is_dnsmasq_lease(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    matches!(tables::dnsmasq(first), Some(Ok(_)))
}
