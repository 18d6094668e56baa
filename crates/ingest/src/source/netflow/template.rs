//! NetFlow v9 and IPFIX: sets of templates, and of records that follow them.

use super::Context;
use super::fields::{self, Spec};
use super::record::Seen;
use crate::bytes::{Cursor, Short};
use crate::item::{Row, Rows};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::Time;

/// Most templates of one exporter, and of all.
const TEMPLATES: usize = 1024;
const ALL: usize = 65_536;
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
    cursor.take(4)?;
    let domain = (context.sender.exporter, cursor.u32()?, false);
    let booted = Some(exported.plus(-i64::from(uptime) * 1000));
    sets(cursor, &Header { domain, exported, booted }, context, rows)
}

/// Reads an IPFIX message. Errors: [`Short`] when it ends before what it states.
pub fn ipfix(mut cursor: Cursor<'_>, context: &mut Context<'_>, rows: &mut Rows<'_>) -> Result<(), Short> {
    cursor.take(2)?;
    let length = usize::from(cursor.u16()?);
    let exported = Time::from_seconds(cursor.u32()?.into());
    cursor.take(4)?;
    let domain = (context.sender.exporter, cursor.u32()?, true);
    let whole = Cursor(cursor.take(length.checked_sub(16).ok_or(Short)?)?);
    sets(whole, &Header { domain, exported, booted: None }, context, rows)
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
        let all: usize = self.by_domain.values().map(BTreeMap::len).sum();
        let own = self.by_domain.entry(domain).or_default();
        if specs.is_empty() {
            own.remove(&id);
            return;
        }
        let least = specs.iter().map(|spec| if spec.length == VARIABLE { 1 } else { usize::from(spec.length) }).sum();
        if own.contains_key(&id) || own.len() < TEMPLATES && all < ALL {
            own.insert(id, Template { specs, is_options, least });
        }
    }
}

fn records(mut set: Cursor<'_>, id: u16, header: &Header, context: &mut Context<'_>, rows: &mut Rows<'_>) {
    let Some(template) = context.templates.by_domain.get(&header.domain).and_then(|own| own.get(&id)) else {
        rows.set_aside(context.number, format!("records by template {id}, which has not come"));
        return;
    };
    let template = template.clone();
    if template.least == 0 {
        rows.set_aside(context.number, format!("records by template {id}, which are empty"));
        return;
    }
    while set.left() >= template.least {
        let mut is_short = false;
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
            record.seen(interval).tell(options, row)
        });
        if let Some(told) = told.filter(|_| context.templates.intervals.len() < ALL) {
            context.templates.intervals.insert(header.domain, told);
        }
        if is_short {
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
