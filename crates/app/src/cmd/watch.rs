//! `wardlight watch`: captures in, devices out.

use super::{INPUT, Unwritten};
use crate::io::read::InputError;
use crate::io::run::{self, Reading};
use crate::io::sources::Expanded;
use crate::io::zeek::Logs;
use crate::io::{print, sources};
use anyhow::Context as _;
use clap::Args;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wardlight_engine::Picture;
use wardlight_inventory::Knowledge;
use wardlight_model::{Attribute, Device};

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
        let head = ["TYPE", "MAKER", "MODEL", "FIRMWARE", "SURE", "PEERS", "ADDRESS", "NAME"];
        text += &print::table(&head, picture.devices.iter().map(device_row));
    }
    text += &protocols(picture);
    text += &losses(picture);
    text += &odd(picture);
    text
}

fn device_row(device: &Device) -> [String; 8] {
    let said = |attribute| device.best(attribute).map_or_else(|| "?".to_owned(), |claim| claim.value.clone());
    let sure = device.best(Attribute::Type).or_else(|| device.best(Attribute::Maker));
    let address =
        match (device.macs.first(), device.addresses.iter().find(|ip| ip.is_ipv4()).or(device.addresses.first())) {
            (Some(mac), Some(ip)) => format!("{ip} {mac}"),
            (Some(mac), None) => mac.to_string(),
            (None, Some(ip)) => ip.to_string(),
            (None, None) => {
                device.via.as_ref().map_or_else(|| device.id.clone(), |via| format!("{} via {via}", device.id))
            }
        };
    [
        said(Attribute::Type),
        said(Attribute::Maker),
        said(Attribute::Model),
        said(Attribute::Firmware),
        sure.map_or_else(|| "-".to_owned(), |claim| format!("{:.0} %", claim.confidence * 100.0)),
        device.peers.len().to_string(),
        address,
        device.best(Attribute::Name).map_or_else(String::new, |claim| claim.value.clone()),
    ]
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
    "\nPROTOCOLS\n".to_owned() + &print::table(&["PROTOCOL", "OVER", "FLOWS", "BYTES", ""], rows)
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
        text += &print::table(&["LOST", ""], rows);
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
    "\nLOOKED ODD\n".to_owned() + &print::table(&["TIMES", "WHAT", "WHERE", "MEANING"], rows)
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
