//! NTP: who gives the time and who asks for it, and what a time service says it runs on.
//!
//! In: datagrams of versions 1 to 4. Out: roles of the ends, the clock of a server of stratum 1, version and system of the
//! service when it answers a request for its variables; one record a message. Keys and digests are passed over.
//!
//! Source: RFC 5905 §7.3; RFC 4330; RFC 9327 (mode 6); mode 7 as ntpd has it.

use crate::codec::address;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, network, say_service};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Ntp = Ntp;

/// NTP.
pub(super) struct Ntp;

static INFO: Info = Info {
    name: "ntp",
    title: "Network Time Protocol",
    source: "RFC 5905 §7.3; RFC 9327",
    carriers: &[Carrier::Udp],
    ports: &[123],
    record: &[
        device("version", Kind::Number, "version of the protocol"),
        device("mode", Kind::Number, "3 asks, 4 answers, 5 tells everybody, 6 and 7 control the service"),
        device("stratum", Kind::Number, "distance from a clock"),
        network("ref_id", Kind::Text, "clock of a server of stratum 1, else the address of its own server"),
        device("opcode", Kind::Number, "what a message of mode 6 asks for"),
    ],
    weirds: &[("ntp.short", "a message ends within its fixed part")],
    window: 0,
};

/// Codes of clocks by RFC 5905 §7.3 and the registry of NTP reference identifiers.
const CLOCKS: &[&str] = &[
    "GOES", "GPS", "GAL", "PPS", "IRIG", "WWVB", "DCF", "HBG", "MSF", "JJY", "LORC", "TDF", "CHU", "WWV", "WWVH",
    "NIST", "ACTS", "USNO", "PTB", "MRS", "XFUN", "DCFa", "DCFp", "GPSs", "LOCL", "ATOM", "PTP", "GNSS", "GLON", "BDS",
    "PZF",
];

impl Dissector for Ntp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Some([first, second, ..]) = hello.bytes.first_chunk::<2>() else { return Probe::No };
        let (version, mode, length) = (first >> 3 & 7, first & 7, hello.bytes.len());
        let is_clock = matches!(mode, 1..=5) && length >= 48 && length % 4 == 0 && *second <= 16;
        match version {
            1..=4 if is_clock && is_plausible(hello.bytes) => Probe::Yes,
            1..=4 if is_clock => Probe::Likely,
            1..=4 if mode == 6 && length >= 12 && first >> 6 == 0 => Probe::Likely,
            1..=4 if mode == 7 && length >= 8 => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

/// Whether a message is no other protocol's: of version 3 or 4, of usual length, poll and precision within their bounds,
/// and sent in this century.
fn is_plausible(bytes: &[u8]) -> bool {
    let Some([first, _, poll, precision]) = bytes.first_chunk::<4>() else { return false };
    let sent = bytes.get(40..44).and_then(|raw| <[u8; 4]>::try_from(raw).ok()).map_or(0, u32::from_be_bytes);
    // Seconds since 1900: from 2000 to the end of the era in 2036.
    let is_recent = sent >= 0xbc17_c200;
    let is_bounded = *poll <= 17 && (*precision == 0 || *precision >= 0xe0);
    matches!(first >> 3 & 7, 3 | 4)
        && matches!(first & 7, 3..=5)
        && matches!(bytes.len(), 48 | 68 | 72)
        && is_bounded
        && is_recent
}

impl Parser for Ntp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if tell(bytes, out).is_err() {
            out.weird("ntp.short");
        }
        Step::Take(bytes.len())
    }
}

fn tell(bytes: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(bytes);
    let (first, second) = (cursor.u8()?, cursor.u8()?);
    let (version, mode) = (first >> 3 & 7, first & 7);
    let raw = bytes.get(..1).unwrap_or_default();
    let clock = match mode {
        1..=5 => {
            cursor.skip(10)?;
            let reference = cursor.take(4)?;
            cursor.skip(32)?;
            say_service(mode != 3, "_ntp._udp", raw, out);
            clock(mode, second, reference, out)
        }
        6 => {
            control(second, &mut cursor, out)?;
            String::new()
        }
        _ => {
            let is_answer = first & 0x80 != 0;
            say_service(is_answer, "_ntp._udp", raw, out);
            if is_answer {
                out.fact(About::Sender, Field::Legacy, "ntp-mode7", raw);
            }
            String::new()
        }
    };
    out.record(|row| {
        row.number("version", version);
        row.number("mode", mode);
        match mode {
            6 => row.number("opcode", second & 0x1f),
            7 => {}
            _ => row.number("stratum", second),
        }
        row.text("ref_id", clock);
    });
    Ok(())
}

/// The clock that a server of stratum 1 names, or the server that it has its time from.
fn clock(mode: u8, stratum: u8, raw: &[u8], out: &mut Output<'_>) -> String {
    let name = raw.split(|byte| *byte == 0).next().unwrap_or_default();
    let known = CLOCKS.iter().find(|clock| clock.as_bytes() == name.trim_ascii());
    match (mode, stratum, known) {
        (4 | 5, 1, Some(clock)) => {
            out.fact(About::Sender, Field::NtpReference, clock, raw);
            (*clock).to_owned()
        }
        // Behind IPv6 it is a part of a digest (RFC 5905 §7.3).
        (4 | 5, 2..=15, _) if out.context().ends.iter().all(|end| end.ip.is_none_or(|ip| ip.is_ipv4())) => {
            address::host(raw).map(|ip: IpAddr| ip.to_string()).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// An answer to a request for variables (RFC 9327 §2): response bit, opcode 2, text of `name=value` with commas between.
fn control(second: u8, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    cursor.skip(6)?;
    let (offset, count) = (cursor.u16()?, cursor.u16()?);
    let values = cursor.take_at_most(usize::from(count));
    let is_answer = second & 0x80 != 0;
    say_service(is_answer, "_ntp._udp", values, out);
    if !is_answer || second & 0x1f != 2 || offset != 0 {
        return Ok(());
    }
    let version = variable(values, b"version");
    // Behind the version stands when and where it was built.
    let end = version.iter().enumerate().filter(|(_, byte)| **byte == b' ').nth(1).map_or(version.len(), |(at, _)| at);
    let version = version.get(..end).unwrap_or_default();
    let version = version.split(|byte| *byte == b'@').next().unwrap_or_default();
    out.text(About::Sender, Field::NtpVersion, version);
    let (system, processor) = (variable(values, b"system"), variable(values, b"processor"));
    let runs_on = format!("{} {}", text::clean(system), text::clean(processor));
    out.fact(About::Sender, Field::NtpSystem, &runs_on, if system.is_empty() { processor } else { system });
    if !(version.is_empty() && system.is_empty()) {
        out.fact(About::Sender, Field::Legacy, "ntp-mode6", values);
    }
    Ok(())
}

/// The value of a variable, without its quotes.
fn variable<'a>(values: &'a [u8], name: &[u8]) -> &'a [u8] {
    let mut rest = values;
    while !rest.is_empty() {
        let mut is_quoted = false;
        let is_end = |byte: &u8| {
            is_quoted ^= *byte == b'"';
            *byte == b',' && !is_quoted
        };
        let end = rest.iter().position(is_end).unwrap_or(rest.len());
        let (pair, behind) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        if let Some(value) = pair.trim_ascii().strip_prefix(name).and_then(|value| value.strip_prefix(b"=")) {
            return value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    &[]
}
