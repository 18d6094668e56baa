//! `wardlight explain`: why we say what we say of a device, with the very bytes.
//!
//! The bytes are read again from the captures. Only those that state the value are shown; everything around them is
//! blanked, because it may be a patient's.

use super::Unwritten;
use super::watch::report_errors;
use crate::io::print;
use crate::io::read::{self, Go, InputError, Print};
use crate::io::run::{self, Reading};
use crate::io::sources::{self, Expanded, Source};
use anyhow::{Context as _, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use wardlight_inventory::Knowledge;
use wardlight_model::{Attribute, Claim, Device, Fact, Field, Place, Subject};

/// Bytes shown in one row.
const ROW: usize = 16;
/// Most bytes shown of one fact when more stands in them than its value.
const AROUND: usize = 32;

/// Shows each fact about a device with the packet and the bytes that say so.
#[derive(Args)]
pub struct Explain {
    /// Captures or folders of captures, then the device: its id, a hardware or network address, or its name. Without any
    /// source, a device of the made-up hospital ward that `watch` shows.
    #[arg(required = true, num_args = 1.., value_names = ["SOURCE", "DEVICE"])]
    words: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

impl Explain {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Some((device, named)) = self.words.split_last() else { bail!("expected SOURCE… DEVICE") };
        if named.is_empty() && device.exists() {
            bail!("{0} is a file: say which device in it, as in `wardlight explain {0} DEVICE`", device.display());
        }
        let Expanded { sources, mut errors } = sources::expand(named);
        if sources.is_empty() {
            return Ok(report_errors(&errors));
        }
        if let Some(pipe) = sources.iter().find(|source| source.is_pipe()) {
            bail!("{pipe}: a pipe can be read only once, but explaining reads the capture again: name a file");
        }
        let mut run = run::read(&sources, &self.reading.twice(), &mut ())?;
        errors.append(&mut run.errors);
        let code = report_errors(&errors);
        let picture = run.watch.picture(&Knowledge::shipped()?);
        let wanted = device.to_string_lossy();
        let found = picture.devices.iter().filter(|device| is_meant(device, &wanted)).collect::<Vec<_>>();
        let [device] = found[..] else { bail!(not_one(&found, &wanted, &picture.devices)) };
        let facts: Vec<&Fact> = picture.facts.iter().filter(|fact| concerns(fact, device)).collect();
        let (shown, changed) = excerpts(&sources, &run.prints, &facts);
        let note =
            if named.is_empty() { "No capture was given: this is a device of the made-up ward.\n\n" } else { "" };
        let text = note.to_owned() + &text(device, &facts, &shown, &sources);
        print::out(&text).context(Unwritten("to standard output".to_owned()))?;
        Ok(if changed.is_empty() { code } else { report_errors(&changed) })
    }
}

fn is_meant(device: &Device, wanted: &str) -> bool {
    let same = |text: &str| text.eq_ignore_ascii_case(wanted);
    same(&device.id)
        || device.macs.iter().any(|mac| Ok(*mac) == wanted.parse())
        || device.addresses.iter().any(|ip| Ok(*ip) == wanted.parse())
        || device.keys.iter().any(|key| same(&key.text))
        || device.claims.iter().any(|claim| claim.attribute == Attribute::Name && same(&claim.value))
}

fn not_one(found: &[&Device], wanted: &str, all: &[Device]) -> String {
    let list = |devices: &mut dyn Iterator<Item = &Device>| {
        devices.take(12).map(|d| d.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    if found.is_empty() {
        format!("no device is called {wanted:?}; there are {}: {}", all.len(), list(&mut all.iter()))
    } else {
        format!("{wanted:?} may be any of {}", list(&mut found.iter().copied()))
    }
}

/// Whether a fact is about `device`.
fn concerns(fact: &Fact, device: &Device) -> bool {
    match &fact.subject {
        Subject::Nested { key, .. } => device.keys.contains(key),
        Subject::Host(endpoint) => match (endpoint.mac, endpoint.ip) {
            (Some(mac), _) if device.macs.contains(&mac) => endpoint.ip.is_none_or(|ip| device.addresses.contains(&ip)),
            (_, Some(ip)) => device.addresses.contains(&ip),
            _ => false,
        },
    }
}

/// The bytes that say each fact, as hexadecimal rows, by place; and what came in between when a capture is not the same
/// as when its `prints` were taken: then none of its bytes are shown.
fn excerpts(sources: &[Source], prints: &[Print], facts: &[&Fact]) -> (BTreeMap<Place, String>, Vec<InputError>) {
    let mut wanted: BTreeMap<(u32, u64), Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        wanted.entry((fact.place.source, fact.place.packet)).or_default().push(fact);
    }
    let (mut shown, mut errors) = (BTreeMap::new(), Vec::new());
    for ((number, source), first) in (0..).zip(sources).zip(prints) {
        if !wanted.keys().any(|(source, _)| *source == number) {
            continue;
        }
        let (mut print, mut own) = (Print::default(), BTreeMap::new());
        let outcome = read::frames(source, number, |frame, _| {
            print.add(frame);
            for fact in wanted.get(&(number, frame.packet)).into_iter().flatten() {
                own.insert(fact.place, excerpt(fact, frame.bytes));
            }
            Go::On
        });
        if print == *first {
            // How it ends was reported when it was read the first time.
            shown.append(&mut own);
        } else {
            errors.extend(outcome.err());
            errors.push(InputError::Changed(source.path().to_owned()));
        }
    }
    (shown, errors)
}

fn excerpt(fact: &Fact, frame: &[u8]) -> String {
    let begin = fact.place.offset as usize;
    let end = begin.saturating_add(fact.place.length as usize).min(frame.len());
    let bytes = frame.get(begin..end).unwrap_or_default();
    if bytes.is_empty() {
        return "      drawn from a message that came in parts, which are not shown\n".to_owned();
    }
    if fact.field == Field::Legacy || !(spells(bytes, &fact.value) || holds(bytes, &fact.value)) {
        return format!("      drawn from bytes {begin} to {end} of the frame, which are not shown\n");
    }
    let mut text = String::new();
    for row in begin / ROW..end.div_ceil(ROW) {
        let (mut hex, mut letters) = (String::new(), String::new());
        for at in row * ROW..(row + 1) * ROW {
            match frame.get(at).filter(|_| (begin..end).contains(&at)) {
                Some(byte) => {
                    let _ = write!(hex, "{byte:02x} ");
                    letters.push(if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' });
                }
                None => {
                    hex.push_str("·· ");
                    letters.push('·');
                }
            }
        }
        let _ = writeln!(text, "      {:04x}  {hex} {letters}", row * ROW);
    }
    text
}

/// Whether `bytes` are the value itself: as text, or as two-byte text.
fn spells(bytes: &[u8], value: &str) -> bool {
    let plain = bytes.iter().copied().filter(|byte| *byte != 0);
    let trimmed = |byte: &u8| byte.is_ascii_whitespace();
    let plain = plain.skip_while(trimmed).map(|byte| byte.to_ascii_lowercase());
    let wanted = value.trim().bytes().map(|byte| byte.to_ascii_lowercase());
    plain.clone().take(value.trim().len()).eq(wanted) && plain.skip(value.trim().len()).all(|byte| trimmed(&byte))
}

/// Whether `bytes` are few and the value stands in them: as text, numbers, address or hexadecimal. What does not say
/// the value is not shown, however short: a name may stand there of which only a keyed hash was kept. Nor is it copied.
fn holds(bytes: &[u8], value: &str) -> bool {
    // Where words were left out of the value, they stand in the bytes.
    let is_whole = !value.contains('*');
    is_whole && bytes.len() <= AROUND && (holds_text(bytes, value) || holds_coded(bytes, value))
}

fn holds_text(bytes: &[u8], value: &str) -> bool {
    let letters = |text: &'_ str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let wanted: Vec<char> = letters(value);
    let said = bytes.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).filter(|c| c.is_alphanumeric());
    let said = said.flat_map(char::to_lowercase);
    let at = |begin: usize| said.clone().skip(begin).take(wanted.len()).eq(wanted.iter().copied());
    let surplus = said.clone().count().checked_sub(wanted.len());
    match surplus {
        Some(0) => !wanted.is_empty() && at(0),
        Some(surplus) => wanted.len() >= 4 && (0..=surplus).any(at),
        None => false,
    }
}

fn holds_coded(bytes: &[u8], value: &str) -> bool {
    let has = |part: &[u8]| !part.is_empty() && bytes.windows(part.len()).any(|window| window == part);
    match value.parse() {
        Ok(IpAddr::V4(ip)) => return has(&ip.octets()),
        Ok(IpAddr::V6(ip)) => return has(&ip.octets()),
        Err(_) => {}
    }
    let numbers: Option<Vec<u8>> = value.split(',').map(|number| number.parse().ok()).collect();
    let digits: String = value.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    let pairs = digits.as_bytes().as_chunks::<2>();
    let pair = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let coded: Option<Vec<u8>> = pairs.0.iter().map(pair).collect();
    numbers.is_some_and(|numbers| numbers == bytes)
        || (pairs.1.is_empty() && coded.is_some_and(|coded| coded.len() >= 4 && has(&coded)))
}

fn text(device: &Device, facts: &[&Fact], shown: &BTreeMap<Place, String>, sources: &[Source]) -> String {
    let mut text = header(device);
    text += "\nWHAT WE SAY OF IT\n";
    for attribute in Attribute::ALL {
        let claims: Vec<&Claim> = device.claims.iter().filter(|claim| claim.attribute == attribute).collect();
        if claims.is_empty() {
            let _ = writeln!(text, "  {}: cannot tell, nothing it sent says so", attribute.name());
        }
        claims.into_iter().for_each(|claim| text += &reasons(claim));
    }
    text += "\nWHAT IT SAYS\n";
    for fact in facts {
        text += &said(fact, sources);
        text += shown.get(&fact.place).map_or("", String::as_str);
    }
    text
}

fn header(device: &Device) -> String {
    let macs = device.macs.iter().map(ToString::to_string);
    let addresses = macs.chain(device.addresses.iter().map(ToString::to_string)).collect::<Vec<_>>();
    let mut text = format!("{}\n  addresses  {}\n", device.id, addresses.join(", "));
    if let Some(via) = &device.via {
        let _ = writeln!(text, "  behind     {via}");
    }
    let _ = writeln!(text, "  seen       {} to {}", device.first, device.last);
    for label in &device.labels {
        let _ = writeln!(text, "  {}: {}", label.text, label.reason);
    }
    text
}

fn reasons(claim: &Claim) -> String {
    let Claim { attribute, value, confidence, rule, evidence } = claim;
    let mut text = format!("  {}: {value}  {:.0} %  by {rule}\n", attribute.name(), confidence * 100.0);
    for fact in evidence {
        let (field, value) = (fact.field.name(), &fact.value);
        let _ = match fact.place.packet {
            0 => writeln!(text, "      because {field} = {value:?}, first seen at {}", fact.time),
            packet => writeln!(text, "      because {field} = {value:?} in packet {packet}"),
        };
    }
    text
}

fn said(fact: &Fact, sources: &[Source]) -> String {
    let source = usize::try_from(fact.place.source).ok().and_then(|at| sources.get(at));
    let from = source.filter(|_| sources.len() > 1).map(|source| format!("{source} ")).unwrap_or_default();
    let times = if fact.count > 1 { format!(", {} times until {}", fact.count, fact.last) } else { String::new() };
    let (field, packet) = (fact.field.name(), fact.place.packet);
    format!("  {field} = {}\n      {}: {from}packet {packet} at {}{times}\n", fact.value, fact.protocol, fact.first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Endpoint, Origin, Time};

    fn fact(value: &str, offset: u32, length: u32) -> Fact {
        Fact {
            subject: Subject::Host(Endpoint::default()),
            field: Field::AeTitle,
            value: value.to_owned(),
            protocol: "dicom",
            first: Time::default(),
            last: Time::default(),
            count: 1,
            place: Place { source: 0, packet: 1, offset, length },
            origin: Origin::default(),
        }
    }

    #[test]
    fn everything_but_the_value_is_blanked() {
        let shown = excerpt(&fact("CT1", 5, 3), b"DOE^JCT1^JANE");
        assert_eq!(shown, "      0000  ·· ·· ·· ·· ·· 43 54 31 ·· ·· ·· ·· ·· ·· ·· ··  ·····CT1········\n");
    }

    #[test]
    fn bytes_are_shown_only_where_they_state_the_value() {
        let is_shown = |value: &str, bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).expect("short");
            !excerpt(&fact(value, 0, length), bytes).contains("not shown")
        };
        assert!(is_shown("bed7.ward", b"\x04bed7\x04ward\0") && is_shown("bed7", b"\x04bed7\x05local\0"));
        assert!(is_shown("10.20.0.7", &[1, 10, 20, 0, 7]) && is_shown("1,3,6", &[1, 3, 6]));
        assert!(is_shown("00:09:fb:07:00:28", &[0, 9, 0xfb, 7, 0, 0x28]));
        assert!(!is_shown("iPhone #928d87f15f55a819", b"\x0cAnnas-iPhone"));
        assert!(!is_shown("1", b"MILLER^JANE^1"));
    }

    #[test]
    fn a_capture_that_changed_in_between_shows_no_bytes_and_says_so() {
        let fact = fact("CT1", 5, 3);
        let of = |prints: &[Print]| excerpts(&[Source::Sample], prints, &[&fact]);
        let (shown, errors) = of(&[Print::default()]);
        assert!(shown.is_empty() && matches!(&errors[..], [InputError::Changed(_)]), "{errors:?}");
        let mut same = Print::default();
        read::frames(&Source::Sample, 0, |frame, _| {
            same.add(frame);
            Go::On
        })
        .expect("the ward is read");
        let (shown, errors) = of(&[same]);
        assert!(shown.len() == 1 && errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn long_bytes_that_do_not_spell_the_value_are_not_shown() {
        let shown = excerpt(&fact("cleartext", 0, 40), &[b'x'; 40]);
        assert!(shown.contains("not shown") && !shown.contains("78"), "{shown}");
    }
}
