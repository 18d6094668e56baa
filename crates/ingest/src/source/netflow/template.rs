//! NetFlow v9 and IPFIX: sets of templates, and of records that follow them.

use super::Context;
use super::fields::{self, Spec};
use super::record::Seen;
use super::sequence::Unit;
use crate::bytes::{Cursor, Short};
use crate::item::{Row, Rows};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::Time;

/// Most templates of one exporter, and of all.
const TEMPLATES: usize = 1024;
const ALL: usize = 65_536;
/// Most fields of all templates together.
const SPECS: usize = 1 << 20;
/// Most fields of a template.
const FIELDS: usize = 512;
/// Length of a field that says its own length in each record (RFC 7011 §7).
const VARIABLE: u16 = u16::MAX;

/// Who gave a template: exporter, domain, and whether by IPFIX.
type Domain = (IpAddr, u32, bool);

/// Templates of all exporters, and how each samples.
#[derive(Debug, Default)]
pub struct Templates {
    by_domain: BTreeMap<Domain, BTreeMap<u16, Template>>,
    intervals: BTreeMap<Domain, u64>,
    templates: usize,
    specs: usize,
}

#[derive(Debug, Clone)]
struct Template {
    specs: Vec<Spec>,
    /// Whether its records speak of the exporter.
    is_options: bool,
    /// Fewest bytes of a record.
    least: usize,
}

/// What a datagram's header says.
struct Header {
    domain: Domain,
    exported: Time,
    /// When the exporter was started, where the header tells.
    booted: Option<Time>,
}

/// Reads a NetFlow v9 datagram. Errors: [`Short`] when it ends before what it states.
pub fn v9(mut cursor: Cursor<'_>, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    cursor.take(4)?;
    let uptime = cursor.u32()?;
    let exported = Time::from_seconds(cursor.u32()?.into());
    let sequence = cursor.u32()?;
    let domain = (context.sender.exporter, cursor.u32()?, false);
    context.sequences.came((domain.0, Unit::Datagram, domain.1.into()), sequence, Some(1));
    let booted = Some(exported.plus(-i64::from(uptime) * 1000));
    sets(cursor, &Header { domain, exported, booted }, context, rows)
}

/// Reads an IPFIX message. Errors: [`Short`] when it ends before what it states.
pub fn ipfix(mut cursor: Cursor<'_>, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    cursor.take(2)?;
    let length = usize::from(cursor.u16()?);
    let exported = Time::from_seconds(cursor.u32()?.into());
    let sequence = cursor.u32()?;
    let domain = (context.sender.exporter, cursor.u32()?, true);
    let whole = Cursor(cursor.take(length.checked_sub(16).ok_or(Short)?)?);
    let read = sets(whole, &Header { domain, exported, booted: None }, context, rows);
    let records = context.records.filter(|_| read.is_ok());
    // A domain of IPFIX counts beside one of NetFlow v5 with the same number.
    context.sequences.came((domain.0, Unit::Flow, u64::from(domain.1) + (1 << 32)), sequence, records);
    read
}

fn sets(mut cursor: Cursor<'_>, header: &Header, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    let is_ipfix = header.domain.2;
    while cursor.left() >= 4 {
        let id = cursor.u16()?;
        let length = usize::from(cursor.u16()?).checked_sub(4).ok_or(Short)?;
        let set = Cursor(cursor.take(length)?);
        match (id, is_ipfix) {
            (0, false) | (2, true) => templates(set, header, false, context)?,
            (1, false) | (3, true) => templates(set, header, true, context)?,
            (256.., _) => records(set, id, header, context, rows),
            _ => rows.remark(context.number, "a set of a kind that is not known: passed over"),
        }
    }
    Ok(())
}

fn templates(mut set: Cursor<'_>, header: &Header, is_options: bool, context: &mut Context<'_>) -> Result<(), Short> {
    let is_ipfix = header.domain.2;
    // What is left then is padding.
    while set.left() >= 4 {
        let id = set.u16()?;
        if id < 256 {
            return Ok(());
        }
        let count = match (is_options, is_ipfix) {
            // Lengths in bytes of scopes and of fields, four bytes each.
            (true, false) => (usize::from(set.u16()?) + usize::from(set.u16()?)) / 4,
            (true, true) => {
                let count = usize::from(set.u16()?);
                if count > 0 {
                    set.take(2)?;
                }
                count
            }
            (false, _) => usize::from(set.u16()?),
        };
        let mut specs = Vec::new();
        for _ in 0..count {
            let spec = Spec::read(&mut set, is_ipfix)?;
            if specs.len() < FIELDS {
                specs.push(spec);
            }
        }
        context.templates.keep(header.domain, id, specs, is_options);
    }
    Ok(())
}

impl Templates {
    /// Keeps a template; one without fields takes the earlier away (RFC 7011 §8.1).
    fn keep(&mut self, domain: Domain, id: u16, specs: Vec<Spec>, is_options: bool) {
        if let Some(own) = self.by_domain.get_mut(&domain)
            && let Some(earlier) = own.remove(&id)
        {
            self.templates -= 1;
            self.specs -= earlier.specs.len();
            if own.is_empty() {
                self.by_domain.remove(&domain);
            }
        }
        let own = self.by_domain.get(&domain).map_or(0, BTreeMap::len);
        let has_room = own < TEMPLATES && self.templates < ALL && self.specs + specs.len() <= SPECS;
        if specs.is_empty() || !has_room {
            return;
        }
        let least = specs.iter().map(|spec| if spec.length == VARIABLE { 1 } else { usize::from(spec.length) }).sum();
        self.templates += 1;
        self.specs += specs.len();
        self.by_domain.entry(domain).or_default().insert(id, Template { specs, is_options, least });
    }
}

fn records(mut set: Cursor<'_>, id: u16, header: &Header, context: &mut Context<'_>, rows: &mut Rows<'_>) {
    let Some(template) = context.templates.by_domain.get(&header.domain).and_then(|own| own.get(&id)) else {
        rows.set_aside(context.number, format!("records by template {id}, which has not come"));
        context.records = None;
        return;
    };
    let template = template.clone();
    if template.least == 0 {
        rows.set_aside(context.number, format!("records by template {id}, which are empty"));
        context.records = None;
        return;
    }
    while set.left() >= template.least {
        let mut is_short = false;
        let flow = context.flow();
        context.records = context.records.map(|records| records.saturating_add(1));
        let (number, options) = (context.number, context.options);
        let interval = context.templates.intervals.get(&header.domain).copied().unwrap_or(1);
        let mut told = None;
        rows.row(number, |row: &mut Row| {
            let mut record = fields::Record::new(Seen::at(header.exported), header.booted);
            for spec in &template.specs {
                let Ok(value) = value(&mut set, spec.length) else {
                    is_short = true;
                    return Err("ends within a record".into());
                };
                record.take(spec, value);
            }
            if template.is_options {
                told = record.interval();
                return Ok(());
            }
            record.seen(interval).tell(flow, options, row)
        });
        if let Some(told) = told.filter(|_| context.templates.intervals.len() < ALL) {
            context.templates.intervals.insert(header.domain, told);
        }
        if is_short {
            context.records = None;
            return;
        }
    }
}

/// A field's bytes; of one of variable length, behind its own length.
fn value<'b>(set: &mut Cursor<'b>, length: u16) -> Result<&'b [u8], Short> {
    if length != VARIABLE {
        return set.take(length.into());
    }
    match set.u8()? {
        255 => {
            let length = set.u16()?;
            set.take(length.into())
        }
        short => set.take(short.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn exporters_that_nobody_knows_cannot_fill_the_memory() {
        let mut templates = Templates::default();
        let spec = || Spec::read(&mut Cursor(&[0, 8, 0, 4]), false).unwrap();
        for n in 0..20_000_u32 {
            let domain = (IpAddr::V4(Ipv4Addr::from_bits(n)), n, false);
            templates.keep(domain, 300, vec![spec(); 200], false);
            templates.keep(domain, 301, Vec::new(), false);
        }
        let held: usize = templates.by_domain.values().flat_map(BTreeMap::values).map(|held| held.specs.len()).sum();
        assert!(held <= SPECS && held == templates.specs && templates.by_domain.len() == templates.templates);
        let first = (IpAddr::V4(Ipv4Addr::from_bits(0)), 0, false);
        templates.keep(first, 300, Vec::new(), false);
        templates.keep(first, 302, vec![spec(); 100], false);
        assert!(templates.by_domain[&first].contains_key(&302), "what was withdrawn makes room");
    }
}
