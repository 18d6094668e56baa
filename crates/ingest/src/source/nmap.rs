//! Nmap's XML output: hosts with their addresses, names, open ports and what was guessed of them.

use super::{Gives, Head, Info, Source, Sureness};
use crate::item::{Reason, Row, Rows};
use crate::value::{host, ip, mac, plain};
use crate::xml::{Said, Tag, Xml};
use crate::{Item, Options, ReadError, Tally};
use std::io::Read;
use wardlight_model::{AssetField, AssetRecord, Time};

pub(super) const ENTRY: Nmap = Nmap;

/// Most open ports of one host that are kept.
const PORTS: usize = 1024;

pub(super) struct Nmap;

impl Source for Nmap {
    fn info(&self) -> &'static Info {
        &Info {
            name: "nmap",
            what: "Nmap scans in XML (-oX)",
            source: "nmap.dtd, XML output version 1.05; XML 1.0",
            gives: Gives::Records,
        }
    }

    fn probe(&self, head: &Head<'_>) -> Sureness {
        if head.text().contains("<nmaprun") { Sureness::Sure } else { Sureness::No }
    }

    fn read(&self, from: &mut dyn Read, options: &Options<'_>, give: &mut dyn FnMut(Item)) -> Result<Tally, ReadError> {
        let mut rows = Rows::new(give);
        let mut xml = Xml::new(from);
        let mut count = 0;
        let read = hosts(&mut xml, |host| {
            count += 1;
            rows.row(count, |row| host.tell(count, options, row));
        });
        match read {
            Err(ReadError::Damaged { what, .. }) if count > 0 || rows.tally().rows > 0 => {
                // The scan was stopped, or its end is lost: what stands before it is whole.
                rows.set_aside(count + 1, what);
                Ok(rows.tally())
            }
            Err(error) => Err(error),
            Ok(()) => Ok(rows.tally()),
        }
    }
}

/// One host while its element is read.
#[derive(Default)]
struct Host {
    is_up: bool,
    end: Option<i64>,
    ips: Vec<String>,
    mac: Option<String>,
    maker: Option<String>,
    names: Vec<String>,
    ports: Vec<String>,
    system: Option<String>,
    kind: Option<String>,
    /// The port that is being read, until its state is known.
    port: Option<String>,
}

/// Gives each host to `take`. Errors: when the document is damaged or none of Nmap's.
fn hosts(xml: &mut Xml<&mut dyn Read>, mut take: impl FnMut(Host)) -> Result<(), ReadError> {
    let mut is_nmap = false;
    let mut open: Option<Host> = None;
    while let Some(said) = xml.next()? {
        match said {
            Said::Begin(tag) if !is_nmap => {
                if tag.name != "nmaprun" {
                    return Err(ReadError::Other { wanted: "a scan of Nmap", why: "its first element is another" });
                }
                is_nmap = true;
            }
            Said::Begin(tag) if tag.name == "host" => {
                let end = tag.get("endtime").or_else(|| tag.get("starttime")).and_then(|end| end.parse().ok());
                open = Some(Host { end, ..Host::default() });
            }
            Said::Begin(tag) => {
                if let Some(host) = &mut open {
                    host.take(&tag);
                }
            }
            Said::End(name) if name == "host" => open.take().into_iter().for_each(&mut take),
            Said::End(_) | Said::Text(_) => {}
        }
    }
    Ok(())
}

impl Host {
    fn take(&mut self, tag: &Tag) {
        let text = |name: &str| tag.get(name).map(plain).filter(|text| !text.is_empty());
        match tag.name.as_str() {
            "status" => self.is_up = tag.get("state") == Some("up"),
            "address" if tag.get("addrtype") == Some("mac") => {
                self.mac = tag.get("addr").and_then(mac).map(|mac| mac.to_string());
                self.maker = text("vendor");
            }
            "address" if self.ips.len() < 16 => self.ips.extend(tag.get("addr").and_then(ip).map(|ip| ip.to_string())),
            "hostname" if self.names.len() < 16 => self.names.extend(tag.get("name").and_then(host)),
            "port" => {
                self.port =
                    Some(format!("{}/{}", tag.get("protocol").unwrap_or("tcp"), tag.get("portid").unwrap_or("?")));
            }
            "state" if tag.get("state") == Some("open") && self.ports.len() < PORTS => {
                self.ports.extend(self.port.take())
            }
            "osmatch" if self.system.is_none() => self.system = text("name"),
            "osclass" if self.kind.is_none() => self.kind = text("type"),
            _ => {}
        }
    }

    /// Says the host. Errors: why it is set aside.
    fn tell(self, number: u64, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
        if !self.is_up {
            return Ok(());
        }
        if self.ips.is_empty() && self.mac.is_none() {
            return Err("has no address".into());
        }
        let key = self.mac.clone().or_else(|| self.ips.first().cloned()).unwrap_or_default();
        let mut says = Vec::new();
        let veil = |name: &String| options.veil.host(name).into_owned();
        says.extend(self.mac.map(|mac| (AssetField::Mac, mac)));
        says.extend(self.maker.map(|maker| (AssetField::Maker, maker)));
        says.extend(self.ips.into_iter().map(|ip| (AssetField::Ip, ip)));
        says.extend(self.names.iter().map(|name| (AssetField::Hostname, veil(name))));
        says.extend(self.ports.into_iter().map(|port| (AssetField::OpenPort, port)));
        says.extend(self.system.map(|system| (AssetField::OperatingSystem, system)));
        says.extend(self.kind.map(|kind| (AssetField::Type, kind)));
        says.sort_by_key(|(field, _)| *field);
        let as_of = self.end.map(Time::from_seconds);
        row.give(Item::Record(AssetRecord { key, row: number, says, as_of }));
        Ok(())
    }
}
