//! `wardlight watch`: captures in, devices out.

use super::{INPUT, Unwritten};
use crate::io::print::{self, Column, column};
use crate::io::read::InputError;
use crate::io::run::{self, Reading};
use crate::io::sources;
use crate::io::sources::Expanded;
use crate::io::zeek::Logs;
use anyhow::Context as _;
use clap::Args;
use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wardlight_engine::Picture;
use wardlight_inventory::{Knowledge, MOST_PEERS};
use wardlight_model::{Attribute, Device, Endpoint, Mac};

/// Answers less sure than this are marked in the table.
const LIKELY: f64 = 0.7;

/// On a narrow screen what tells devices apart stays longest, then what they are, then the rest.
const DEVICES: [Column; 8] = [
    column("TYPE", 1, 14),
    column("MAKER", 3, 10),
    column("MODEL", 4, 10),
    column("FIRMWARE", 6, 8),
    column("SURE", 2, 5),
    column("PEERS", 7, 5),
    column("ADDRESS", 0, 33),
    column("NAME", 5, 10),
];
const PROTOCOLS: [Column; 5] =
    [column("PROTOCOL", 0, 9), column("OVER", 3, 4), column("FLOWS", 1, 5), column("BYTES", 2, 8), column("", 4, 12)];
const LOST: [Column; 2] = [column("LOST", 0, 4), column("", 1, 20)];
const ODD: [Column; 4] =
    [column("TIMES", 1, 5), column("WHAT", 0, 16), column("WHERE", 3, 16), column("MEANING", 2, 20)];

/// Reads captures and shows the devices in them.
#[derive(Args)]
pub struct Watch {
    /// Captures (pcap, pcapng; plain, .gz or .zst), folders of captures, or - for standard input. Without any, a small
    /// made-up hospital ward is shown.
    sources: Vec<PathBuf>,
    /// Writes JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Writes logs in Zeek's JSON form into this folder.
    #[arg(long, value_name = "DIR")]
    zeek_logs: Option<PathBuf>,
    /// Lets --zeek-logs put its logs in the place of those of an earlier run.
    #[arg(long, requires = "zeek_logs")]
    overwrite: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Watch {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let Expanded { sources, errors } = sources::expand(&self.sources);
        if sources.is_empty() {
            return Ok(report_errors(&errors));
        }
        let mut logs = self.logs()?;
        let mut run = match &mut logs {
            None => run::read(&sources, &self.reading, &mut ())?,
            Some(logs) => run::read(&sources, &self.reading, logs)?,
        };
        run.errors.splice(..0, errors);
        let knowledge = Knowledge::shipped()?;
        let picture = run.watch.picture(&knowledge);
        let shown = if self.json {
            print::stream(|to| write_json(&picture, to))
        } else {
            print::out(&text(&picture, self.sources.is_empty())).map_err(anyhow::Error::from)
        };
        // The logs are finished even when nobody reads the tables, and the tables are shown even when the logs are lost.
        let logged = logs.map_or(Ok(()), Logs::finish).with_context(|| self.logs_unwritten());
        let code = report_errors(&run.errors);
        // The process ends now: giving back each string of each device would cost a large run a twentieth of its time.
        std::mem::forget(picture);
        logged?;
        shown.context(Unwritten("to standard output".to_owned()))?;
        Ok(code)
    }

    fn logs(&self) -> anyhow::Result<Option<Logs>> {
        let logs = self.zeek_logs.as_ref().map(|folder| Logs::create(folder, self.overwrite)).transpose();
        logs.with_context(|| self.logs_unwritten())
    }

    fn logs_unwritten(&self) -> Unwritten {
        let folder = self.zeek_logs.as_deref().unwrap_or(Path::new("nowhere"));
        Unwritten(format!("logs into {}", folder.display()))
    }
}

/// Says on standard error what could not be read, one line each; the exit code says whether anything was.
pub fn report_errors(errors: &[InputError]) -> ExitCode {
    errors.iter().for_each(|error| eprintln!("wardlight: {error}"));
    if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(INPUT) }
}

fn text(picture: &Picture<'_>, is_sample: bool) -> String {
    let mut text = String::new();
    if is_sample {
        text += "No capture was given: this is a made-up ward. Try `wardlight watch FILE.pcap`.\n\n";
    }
    let devices = picture.devices.len();
    text += &format!("{devices} {}\n", if devices == 1 { "device" } else { "devices" });
    if devices > 0 {
        text += &print::table(&DEVICES, picture.devices.iter().map(device_row));
    }
    text += &protocols(picture);
    text += &losses(picture);
    text += &odd(picture);
    text
}

fn device_row(device: &Device) -> [String; 8] {
    let shown = [Attribute::Type, Attribute::Maker, Attribute::Model, Attribute::Firmware, Attribute::Name]
        .map(|attribute| answer(device, attribute));
    let sure = shown.iter().filter_map(|(_, sure)| *sure).min_by(f64::total_cmp);
    let [kind, maker, model, firmware, name] = shown.map(|(text, _)| text);
    let address =
        match (device.macs.first(), device.addresses.iter().find(|ip| ip.is_ipv4()).or(device.addresses.first())) {
            (Some(mac), Some(ip)) => format!("{ip} {mac}"),
            (Some(mac), None) => mac.to_string(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => {
                device.via.as_ref().map_or_else(|| device.id.clone(), |via| format!("{} via {via}", device.id))
            }
        };
    let or_unknown = |text: String| if text.is_empty() { "?".to_owned() } else { text };
    let sure = sure.map_or_else(|| "-".to_owned(), percent);
    let [kind, maker, model, firmware] = [kind, maker, model, firmware].map(or_unknown);
    [kind, maker, model, firmware, sure, peers(device), address, name]
}

/// What is shown of `attribute`, and how sure it is. What is not likely is marked, bears its own figure, says how many
/// others are as likely, and does not count for `SURE`.
fn answer(device: &Device, attribute: Attribute) -> (String, Option<f64>) {
    let Some(best) = device.best(attribute) else { return (String::new(), None) };
    if best.confidence >= LIKELY {
        return (best.value.clone(), Some(best.confidence));
    }
    let tied = device.claims.iter().filter(|claim| claim.attribute == attribute);
    let tied: Vec<&str> =
        tied.filter(|claim| claim.confidence >= best.confidence).map(|claim| claim.value.as_str()).collect();
    let value = match tied[..] {
        [one, other] => format!("{one} or {other}"),
        [one, _, _, ..] => format!("{one} or {} others", tied.len() - 1),
        _ => best.value.clone(),
    };
    (format!("{value}? {}", percent(best.confidence)), None)
}

fn percent(confidence: f64) -> String {
    format!("{:.0} %", confidence * 100.0)
}

/// How many other ends the device talked to, groups of stations left out; with `+` when not all peers were kept.
fn peers(device: &Device) -> String {
    let others = device.peers.iter().filter_map(|peer| other_end(&peer.endpoint));
    let others: BTreeSet<_> = others.filter(|end| end.1.is_none_or(|ip| !device.addresses.contains(&ip))).collect();
    let more = if device.peers.len() >= MOST_PEERS { "+" } else { "" };
    format!("{}{more}", others.len())
}

/// The one station or host that an endpoint is: by its network address, else by its hardware address.
fn other_end(end: &Endpoint) -> Option<(Option<Mac>, Option<IpAddr>)> {
    let is_group = match end.ip {
        Some(IpAddr::V4(ip)) => ip.is_multicast() || ip.is_broadcast() || ip.is_unspecified(),
        Some(IpAddr::V6(ip)) => ip.is_multicast() || ip.is_unspecified(),
        None => false,
    };
    if is_group || end.mac.is_some_and(Mac::is_group) {
        return None;
    }
    let mac = end.mac.filter(|mac| end.ip.is_none() && mac.is_station());
    (end.ip.is_some() || mac.is_some()).then_some((mac, end.ip))
}

fn protocols(picture: &Picture<'_>) -> String {
    let mut spoken: Vec<_> = picture.services.iter().collect();
    spoken.sort_by_key(|(_, spoken)| std::cmp::Reverse(spoken.ip_bytes));
    let rows = spoken.into_iter().map(|((transport, name), spoken)| {
        let name = if *name == "-" { "not known" } else { name };
        let by_port = if spoken.by_port > 0 { format!("{} by port only", spoken.by_port) } else { String::new() };
        [name.to_owned(), transport.to_string(), spoken.flows.to_string(), print::bytes(spoken.ip_bytes), by_port]
    });
    let rows: Vec<[String; 5]> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    "\nPROTOCOLS\n".to_owned() + &print::table(&PROTOCOLS, rows)
}

fn losses(picture: &Picture<'_>) -> String {
    let counts = picture.counts;
    let mut text =
        format!("\nREAD  {} frames, {}, {} flows\n", counts.frames, print::bytes(counts.bytes), counts.flows);
    let kept = ("facts and contacts beyond the bounds", picture.dropped);
    let rows = counts.losses().into_iter().chain([kept]).filter(|(_, count)| *count > 0);
    let rows: Vec<[String; 2]> = rows.map(|(what, count)| [count.to_string(), what.to_owned()]).collect();
    if rows.is_empty() {
        text += "LOST  nothing\n";
    } else {
        text += &print::table(&LOST, rows);
    }
    text
}

fn odd(picture: &Picture<'_>) -> String {
    if picture.weirds.is_empty() {
        return String::new();
    }
    let mut rows: Vec<_> = picture.weirds.iter().collect();
    rows.sort_by_key(|(name, odd)| (std::cmp::Reverse(odd.count), **name));
    let rows = rows.into_iter().map(|(name, odd)| {
        [
            odd.count.to_string(),
            (*name).to_owned(),
            format!("first in packet {}", odd.first.place.packet),
            meaning(name).to_owned(),
        ]
    });
    "\nLOOKED ODD\n".to_owned() + &print::table(&ODD, rows)
}

fn meaning(name: &str) -> &'static str {
    let entry = name.split('.').next().and_then(wardlight_dissect::proto::named);
    let known = entry.and_then(|entry| entry.info().weirds.iter().find(|(weird, _)| *weird == name));
    known.map_or("", |(_, meaning)| meaning)
}

/// The picture as one JSON object, a device a line, written as it is made: a large hospital's does not fit memory twice.
fn write_json(picture: &Picture<'_>, to: &mut dyn io::Write) -> anyhow::Result<()> {
    let services = picture.services.iter().map(|((transport, name), spoken)| {
        serde_json::json!({
            "transport": transport.to_string(), "service": name, "flows": spoken.flows, "by_port": spoken.by_port,
            "ip_bytes": spoken.ip_bytes, "packets": spoken.packets,
        })
    });
    let losses = picture.counts.losses().map(|(what, count)| serde_json::json!({ "what": what, "count": count }));
    let weirds = picture.weirds.iter().map(|(name, odd)| {
        serde_json::json!({ "name": name, "count": odd.count, "packet": odd.first.place.packet, "meaning": meaning(name) })
    });
    let rest = Rest {
        protocols: services.collect(),
        frames: picture.counts.frames,
        bytes: picture.counts.bytes,
        flows: picture.counts.flows,
        losses: losses.to_vec(),
        beyond_bounds: picture.dropped,
        weirds: weirds.collect(),
    };
    let mut line = Vec::new();
    to.write_all(b"{\"devices\":[")?;
    for (at, device) in picture.devices.iter().enumerate() {
        line.clear();
        line.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut line, device)?;
        to.write_all(&line)?;
    }
    let rest = serde_json::to_string(&rest)?;
    writeln!(to, "\n],\n{}", rest.strip_prefix('{').unwrap_or(&rest))?;
    Ok(())
}

/// What `--json` writes after the devices.
#[derive(serde::Serialize)]
struct Rest {
    protocols: Vec<serde_json::Value>,
    frames: u64,
    bytes: u64,
    flows: u64,
    losses: Vec<serde_json::Value>,
    beyond_bounds: u64,
    weirds: Vec<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Claim, Peer, Time};

    fn device(claims: &[(Attribute, &str, f64)], peers: &[(&str, &str)]) -> Device {
        let claim = |(attribute, value, confidence): &(Attribute, &str, f64)| Claim {
            attribute: *attribute,
            value: (*value).to_owned(),
            confidence: *confidence,
            rule: "test".to_owned(),
            evidence: Vec::new(),
        };
        let peer = |(mac, ip): &(&str, &str)| Peer {
            endpoint: Endpoint { mac: mac.parse().ok(), ip: ip.parse().ok(), ..Endpoint::default() },
            service: "dns".to_owned(),
            ip_bytes: 1,
            flows: 1,
        };
        Device {
            id: "test".to_owned(),
            macs: Vec::new(),
            addresses: vec!["10.0.0.5".parse().expect("an address")],
            keys: Vec::new(),
            via: None,
            claims: claims.iter().map(claim).collect(),
            labels: Vec::new(),
            peers: peers.iter().map(peer).collect(),
            first: Time::default(),
            last: Time::default(),
            origins: Vec::new(),
        }
    }

    #[test]
    fn sure_is_the_least_sure_of_what_is_not_marked() {
        let row = device_row(&device(
            &[
                (Attribute::Type, "pacs", 0.95),
                (Attribute::Maker, "Acme", 0.8),
                (Attribute::Model, "LightSpeed", 0.33),
                (Attribute::Model, "Optima", 0.2),
                (Attribute::Name, "ct-1", 0.9),
            ],
            &[],
        ));
        assert_eq!(row[..5], ["pacs", "Acme", "LightSpeed? 33 %", "?", "80 %"]);
        assert_eq!(row[7], "ct-1");
    }

    #[test]
    fn answers_that_are_as_likely_are_said() {
        let of = |values: &[&str]| {
            let claims: Vec<_> = values.iter().map(|value| (Attribute::Model, *value, 0.33)).collect();
            device_row(&device(&claims, &[]))
        };
        assert_eq!(of(&["A", "B"])[2], "A or B? 33 %");
        assert_eq!(of(&["A", "B", "C"])[2], "A or 2 others? 33 %");
        assert_eq!(of(&["A"])[4], "-");
    }

    #[test]
    fn peers_are_other_ends_not_services_or_groups() {
        let router = "00:1b:21:00:00:01";
        let row = device_row(&device(
            &[],
            &[
                (router, "10.0.0.1"),
                (router, "10.0.0.1"),
                (router, "8.8.8.8"),
                ("00:1b:21:00:00:02", "-"),
                ("01:00:5e:00:00:fb", "224.0.0.251"),
                ("ff:ff:ff:ff:ff:ff", "10.0.0.255"),
                ("-", "255.255.255.255"),
                ("33:33:00:00:00:fb", "ff02::fb"),
                (router, "10.0.0.5"),
            ],
        ));
        assert_eq!(row[5], "3");
    }
}
