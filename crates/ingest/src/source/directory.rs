//! Exports of a directory: computers, never people. LDIF (RFC 2849), or CSV as `csvde` and administrators write it.

mod ldif;

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::mapping::{Mapping, Meaning, words};
use crate::{Item, Options, ReadError, Tally, records, table, value};
use ldif::{Entries, Entry};
use std::io::Read;
use wardlight_model::{AssetField, AssetRecord, Time};

pub(super) const ENTRY: Directory = Directory;

pub(super) struct Directory;

impl Source for Directory {
    fn info(&self) -> &'static Info {
        &Info {
            name: "directory",
            what: "directories' exports of computers, LDIF or CSV",
            source: "RFC 2849; MS-ADTS §2 (attributes of the class computer); RFC 4180",
            gives: Gives::Records,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        let text = head.text();
        if is_ldif(&text) {
            return Sureness::Sure;
        }
        let Some(mapping) = head.columns() else { return Sureness::No };
        let has = |field| mapping.columns.iter().any(|column| column.is == Some(Meaning::Field(field)));
        if has(AssetField::DistinguishedName) { Sureness::Sure } else { Sureness::No }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let lines = crate::lines::Lines::new(from)?;
        if !is_ldif(&lines.peek()) {
            let mapping = own();
            let own = records::Own { mapping: Some(&mapping), refuses: Some(no_computer) };
            let known = |headers: &[String]| records::known(headers, options, own);
            return table::with(&mut lines.into_inner(), &known, |table| records::read(table, options, own, give));
        }
        let mut entries = Entries::new(lines);
        let mut rows = Rows::new(give);
        while let Some(entry) = entries.next()? {
            rows.row(entry.line, |row| tell(&entry, options, row));
        }
        Ok(rows.tally())
    }

    fn mapping(&self, from: &mut dyn Read, options: &Options<'_>) -> Result<Option<Mapping>, ReadError> {
        let lines = crate::lines::Lines::new(from)?;
        if is_ldif(&lines.peek()) {
            return Ok(None);
        }
        table::with(&mut lines.into_inner(), &|_| 0, |table| {
            Ok(Some(records::plan(table, options.mapping, Some(&own()))?.mapping))
        })
    }
}

/// What a directory's headers mean beside those that everybody knows.
fn own() -> Mapping {
    let column = |(header, is): (&str, Meaning)| crate::mapping::Column {
        header: header.to_owned(),
        is: Some(is),
        by: crate::mapping::By::Header,
        confidence: 95,
    };
    let known = [
        ("cn", Meaning::Field(AssetField::Name)),
        ("sAMAccountName", Meaning::Field(AssetField::Hostname)),
        ("objectGUID", Meaning::Key),
        ("location", Meaning::Field(AssetField::Room)),
        ("description", Meaning::Ignored),
        ("managedBy", Meaning::Ignored),
        ("objectClass", Meaning::Ignored),
        ("objectCategory", Meaning::Ignored),
        ("sAMAccountType", Meaning::Ignored),
    ];
    Mapping { system: None, columns: known.into_iter().map(column).collect() }
}

/// Classes of what is a device (MS-ADTS; RFC 2307 §3; RFC 4519 §3.4).
const CLASSES: &[&str] = &["computer", "device", "ieee802device", "iphost"];
/// What `sAMAccountType` says of a computer's account (MS-SAMR §2.2.1.9, SAM_MACHINE_ACCOUNT).
const MACHINE: &str = "805306369";

/// Why a row with `cells` under `headers` is not of a computer, as far as it has a column that tells.
fn no_computer(headers: &[String], cells: &[String]) -> Option<Reason> {
    let said = |wanted: &str| {
        let at = headers.iter().position(|header| words(header) == wanted)?;
        cells.get(at).map(|cell| cell.trim().to_lowercase()).filter(|cell| !value::is_blank(cell))
    };
    let is_device =
        |text: &str| text.split([';', '|', ',', '=', ' ', '\n']).any(|class| CLASSES.contains(&class.trim()));
    let class = said("objectclass").or_else(|| said("objectcategory"));
    let is_one = class.map(|class| is_device(&class)).or_else(|| said("samaccounttype").map(|kind| kind == MACHINE));
    // A computer's account ends so (MS-ADTS §3.1.1.8.1); one that has a name in the DNS or a system is one all the same.
    let by_account = || {
        let account = said("samaccountname")?;
        Some(account.ends_with('$') || said("dnshostname").is_some() || said("operatingsystem").is_some())
    };
    (is_one.or_else(by_account) == Some(false)).then(|| "is no computer".into())
}

fn is_ldif(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let first = first.to_lowercase();
    first.starts_with("dn:") || first.starts_with("version: 1") || first.starts_with("version:1")
}

/// Says the computer that `entry` is; nothing of anything else. Errors: why it is set aside.
fn tell(entry: &Entry, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
    if let Some(broken) = entry.broken {
        return Err(broken.into());
    }
    let is = |class: &str| entry.all("objectclass").any(|held| held.eq_ignore_ascii_case(class));
    // What else is in a directory is people, and is passed over unread.
    if !is("computer") && !is("device") && !is("ieee802Device") && !is("ipHost") {
        return Ok(());
    }
    entry.notes.iter().for_each(|note| row.note(*note));
    let dn = options.distinguished(&value::plain(&entry.dn));
    let mut says = Vec::new();
    let mut say = |field: AssetField, text: Option<String>| {
        says.extend(text.filter(|text| !text.is_empty()).map(|text| (field, text)))
    };
    let veil = |name: String| options.veil.host(&name).into_owned();
    let text = |name: &str| entry.all(name).next().map(value::plain);
    say(AssetField::DistinguishedName, Some(dn.clone()));
    say(AssetField::Name, text("cn").map(veil));
    say(AssetField::Hostname, text("dnshostname").as_deref().and_then(value::host).map(veil));
    say(AssetField::Hostname, text("samaccountname").as_deref().and_then(value::host).map(veil));
    say(AssetField::OperatingSystem, text("operatingsystem"));
    say(AssetField::OsVersion, text("operatingsystemversion"));
    say(AssetField::Serial, text("serialnumber"));
    say(AssetField::Room, text("location").or_else(|| text("l")));
    for held in entry.all("macaddress") {
        say(AssetField::Mac, value::mac(held).map(|mac| mac.to_string()));
    }
    for held in entry.all("iphostnumber").chain(entry.all("networkaddress")) {
        say(AssetField::Ip, value::ip(held).map(|ip| ip.to_string()));
    }
    say(
        AssetField::LastSeen,
        text("lastlogontimestamp").and_then(|ticks| filetime(&ticks)).map(|time| time.to_string()),
    );
    says.sort();
    says.dedup();
    let as_of = text("whenchanged").or_else(|| text("modifytimestamp")).and_then(|text| generalized(&text));
    let key = text("objectguid").unwrap_or_else(|| dn.to_lowercase());
    row.give(Item::Record(AssetRecord { key, row: entry.line, says, as_of }));
    Ok(())
}

/// Hundreds of nanoseconds since 1601 (MS-DTYP §2.3.3).
fn filetime(ticks: &str) -> Option<Time> {
    let ticks: i64 = ticks.parse().ok().filter(|ticks| *ticks > 0 && *ticks < i64::MAX)?;
    Some(Time::from_micros(ticks / 10 - 11_644_473_600_000_000))
}

/// `20261122100000.0Z` (X.680 §46).
fn generalized(text: &str) -> Option<Time> {
    let digits = text.get(..14).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let part = |range: std::ops::Range<usize>| digits.get(range);
    let (date, time) = ((part(0..4)?, part(4..6)?, part(6..8)?), (part(8..10)?, part(10..12)?, part(12..14)?));
    let text = format!("{}-{}-{}T{}:{}:{}", date.0, date.1, date.2, time.0, time.1, time.2);
    crate::said::moment(text.parse().ok()?, 0)
}
