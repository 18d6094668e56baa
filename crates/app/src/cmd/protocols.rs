//! `wardlight protocols`: what is understood, and by which specification.

use super::Unwritten;
use crate::io::print::{self, Column, column};
use anyhow::Context as _;
use clap::Args;
use std::process::ExitCode;
use wardlight_dissect::entry::{Carrier, Info};
use wardlight_dissect::proto::ENTRIES;

const COLUMNS: [Column; 4] =
    [column("NAME", 0, 8), column("PROTOCOL", 1, 12), column("CARRIED BY", 2, 10), column("SPECIFICATION", 3, 16)];

/// Lists the protocols that are understood, with ports, carriers and specification.
#[derive(Args)]
pub struct Protocols {
    /// Writes JSON, one object a protocol, with the fields of its records.
    #[arg(long)]
    json: bool,
}

impl Protocols {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let infos = ENTRIES.iter().map(|entry| entry.info());
        let text = if self.json {
            serde_json::to_string_pretty(&infos.map(object).collect::<Vec<_>>())? + "\n"
        } else {
            let rows =
                infos.map(|info| [info.name.to_owned(), info.title.to_owned(), carriers(info), info.source.to_owned()]);
            print::table(&COLUMNS, rows)
        };
        print::out(&text).context(Unwritten("to standard output".to_owned()))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn carriers(info: &Info) -> String {
    let ports: Vec<String> = info.ports.iter().map(u16::to_string).collect();
    let ports = if ports.is_empty() { String::new() } else { format!(" {}", ports.join(" ")) };
    let names: Vec<String> = info.carriers.iter().map(|carrier| carrier_name(*carrier)).collect();
    format!("{}{ports}", names.join(", "))
}

fn carrier_name(carrier: Carrier) -> String {
    match carrier {
        Carrier::Tcp => "tcp".to_owned(),
        Carrier::Udp => "udp".to_owned(),
        Carrier::Ethertype(ethertype) => format!("ethertype {ethertype:#06x}"),
        Carrier::Snap(organisation, protocol) => format!("snap {organisation:06x}:{protocol:04x}"),
        Carrier::Llc(to, from) => format!("llc {to:02x}:{from:02x}"),
        Carrier::Link(number) => format!("link type {number}"),
        Carrier::Ip(protocol) => format!("ip protocol {protocol}"),
        Carrier::Body(media) => media.to_owned(),
        Carrier::Exchange => "http exchange".to_owned(),
    }
}

fn object(info: &'static Info) -> serde_json::Value {
    let fields = info.record.iter().map(|field| {
        serde_json::json!({ "name": field.name, "type": field.kind, "privacy": field.privacy, "meaning": field.meaning })
    });
    serde_json::json!({
        "name": info.name,
        "title": info.title,
        "source": info.source,
        "carriers": info.carriers.iter().map(|carrier| carrier_name(*carrier)).collect::<Vec<_>>(),
        "ports": info.ports,
        "record": fields.collect::<Vec<_>>(),
        "weirds": info.weirds.iter().map(|(name, meaning)| serde_json::json!({ "name": name, "meaning": meaning })).collect::<Vec<_>>(),
    })
}
