//! Real flow exports and Zeek logs, when `WARDLIGHT_CORPUS` names a folder of recordings; what other programs read in
//! them must be met.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    reason = "a test may fail where it stands"
)]
#![expect(clippy::disallowed_methods, reason = "a test reads recordings")]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use support::{damaged, options, read};
use wardlight_ingest::source::{Collector, Sender};
use wardlight_ingest::{Item, Tally};
use wardlight_model::{Flow, Time};

fn corpus(part: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("WARDLIGHT_CORPUS") else {
        println!("SKIPPED: WARDLIGHT_CORPUS names no folder of recordings");
        return None;
    };
    let folder = Path::new(&root).join(part);
    assert!(folder.is_dir(), "{} is not there", folder.display());
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// UDP payloads of a little-endian Ethernet capture with the sender's address.
fn payloads(pcap: &[u8]) -> Vec<(IpAddr, Vec<u8>)> {
    let mut found = Vec::new();
    let mut at = 24;
    while at + 16 <= pcap.len() {
        let length = u32::from_le_bytes(pcap[at + 8..at + 12].try_into().unwrap()) as usize;
        let mut frame = &pcap[at + 16..at + 16 + length];
        at += 16 + length;
        let mut kind = u16::from_be_bytes([frame[12], frame[13]]);
        frame = &frame[14..];
        while kind == 0x8100 {
            kind = u16::from_be_bytes([frame[2], frame[3]]);
            frame = &frame[4..];
        }
        let (source, header): (IpAddr, usize) = if kind == 0x0800 {
            (Ipv4Addr::new(frame[12], frame[13], frame[14], frame[15]).into(), usize::from(frame[0] & 15) * 4)
        } else {
            (<[u8; 16]>::try_from(&frame[8..24]).unwrap().into(), 40)
        };
        let protocol = if kind == 0x0800 { frame[9] } else { frame[6] };
        if protocol == 17 {
            found.push((source, frame[header + 8..].to_vec()));
        }
    }
    found
}

#[test]
fn flows_are_those_that_pmacct_reads() {
    let Some(folder) = corpus("flow_log/pmacct") else { return };
    let mut compared = 0;
    for case in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
        let mut collector = Collector::default();
        let mut flows = Vec::new();
        for (exporter, datagram) in payloads(&std::fs::read(case.join("traffic-00.pcap")).unwrap()) {
            let sender = Sender { exporter, time: Time::default() };
            collector.datagram(&datagram, sender, &options("x"), &mut |item| {
                if let Item::Flow(flow) = item {
                    flows.push(flow);
                }
            });
        }
        let mut ours = BTreeMap::new();
        for flow in &flows {
            *ours.entry(key(flow)).or_insert(0_u64) += 1;
        }
        let mut theirs = BTreeMap::new();
        for line in std::fs::read_to_string(case.join("output-flow-00.json")).unwrap().lines() {
            let said: Value = serde_json::from_str(line).unwrap();
            *theirs.entry(pmacct(&said)).or_insert(0_u64) += 1;
            compared += 1;
        }
        assert_eq!(ours, theirs, "{}", case.display());
    }
    println!("{compared} flows compared");
    assert!(compared >= 65);
}

type Key = (String, String, u64, u64, String, u64, u64, Option<i64>);

fn key(flow: &Flow) -> Key {
    let protocol = flow.key.transport.to_string().replace("icmpv6", "ipv6-icmp").replace("ip-112", "vrrp");
    let has_ports = matches!(flow.key.transport.0, 6 | 17);
    let port = |port: u16| if has_ports { u64::from(port) } else { 0 };
    (
        flow.key.initiator.0.to_string(),
        flow.key.responder.0.to_string(),
        port(flow.key.initiator.1),
        port(flow.key.responder.1),
        protocol,
        flow.sent[0].packets,
        flow.sent[0].ip_bytes,
        None,
    )
}

fn pmacct(said: &Value) -> Key {
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    let number = |name: &str| said[name].as_u64().unwrap();
    let (source, destination) = (text("ip_src"), text("ip_dst"));
    (
        source,
        destination,
        number("port_src"),
        number("port_dst"),
        text("ip_proto"),
        number("packets"),
        number("bytes"),
        None,
    )
}

#[test]
fn exports_of_every_vendor_are_accounted_for() {
    let Some(folder) = corpus("flow_log/netflow_dat") else { return };
    // Templates lie in files of their own: those of one vendor are read before its records.
    let (mut flows, mut sum) = (0, Tally::default());
    let mut vendors: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in files(&folder) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let vendor = name
            .split(
                ["_tpl", "_data", "_opttpl"]
                    .iter()
                    .filter_map(|mark| name.find(mark).map(|at| &name[at..]))
                    .max_by_key(|rest| rest.len())
                    .unwrap_or("\0"),
            )
            .next()
            .unwrap()
            .to_owned();
        vendors.entry(vendor).or_default().push(path);
    }
    for paths in vendors.values_mut() {
        paths.sort_by_key(|path| !path.to_str().unwrap().contains("tpl"));
        let mut collector = Collector::default();
        for path in paths {
            let sender = Sender { exporter: Ipv4Addr::LOCALHOST.into(), time: Time::default() };
            let mut aside = 0;
            let mut here = 0;
            let tally = collector.datagram(&std::fs::read(&*path).unwrap(), sender, &options("x"), &mut |item| {
                here += u64::from(matches!(item, Item::Flow(_)));
                aside += u64::from(support::is_set_aside(&item));
            });
            assert!(tally.adds_up() && aside == tally.set_aside);
            println!(
                "{:<70} {here:>4} flows {:>3} set aside",
                path.file_name().unwrap().to_str().unwrap(),
                tally.set_aside
            );
            flows += here;
            sum.rows += tally.rows;
            sum.set_aside += tally.set_aside;
        }
    }
    println!("{flows} flows in {} rows, {} set aside", sum.rows, sum.set_aside);
    assert!(flows >= 198, "{flows}");
}

#[test]
fn zeek_logs_are_read_whole() {
    let Some(root) = corpus("") else { return };
    let mut rows = 0;
    for part in ["flow_log/rita_zeek", "flow_log/brim_zeek", "c2_malware_pcap/slips_dataset"] {
        let logs = files(&root.join(part)).into_iter().filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.contains(".log") || name.contains(".json")
        });
        for path in logs {
            let Some(bytes) = unpacked(&path) else { continue };
            let name = path.file_name().unwrap().to_str().unwrap();
            let (items, tally) = read("zeek", name, &bytes);
            let tally = tally.unwrap();
            assert!(tally.adds_up());
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count();
            assert_eq!(tally.rows, lines as u64, "{}", path.display());
            let told = items.iter().filter(|item| matches!(item, Item::Trouble(_))).take(3).collect::<Vec<_>>();
            println!("{:<60} {tally:?} {told:?}", path.strip_prefix(&root).unwrap().display());
            // Two logs have a row that lacks fields, one of them on purpose.
            assert!(tally.set_aside <= 1, "{}", path.display());
            rows += tally.rows;
            for (how, bytes) in damaged(&bytes[..bytes.len().min(20_000)]) {
                let (_, tally) = read("zeek", name, &bytes);
                assert!(tally.is_ok_and(|tally| tally.adds_up()), "{} {how}", path.display());
            }
        }
    }
    println!("{rows} rows");
    assert!(rows > 10_000);
}

#[test]
fn the_same_traffic_reads_the_same_as_text_and_as_json() {
    let Some(folder) = corpus("flow_log/brim_zeek") else { return };
    for path in files(&folder.join("zeek-default")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let json = folder.join("zeek-json").join(name.replace(".log", ".json"));
        let facts = |path: &Path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let items = read("zeek", name, &unpacked(path).unwrap()).0;
            let mut facts: Vec<String> = items
                .iter()
                .filter_map(|item| match item {
                    Item::Fact(fact) => {
                        Some(format!("{:?} {} {:?} {}", fact.subject, fact.field.name(), fact.first, fact.value))
                    }
                    Item::Presence(presence) => Some(format!("{:?} {:?}", presence.endpoint, presence.first)),
                    _ => None,
                })
                .collect();
            facts.sort();
            facts
        };
        assert_eq!(facts(&path), facts(&json), "{name}");
    }
}

fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path).unwrap();
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(bytes);
    }
    let mut at = 10;
    if bytes[3] & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    }
    for flag in [8, 16] {
        if bytes[3] & flag != 0 {
            at += bytes[at..].iter().position(|byte| *byte == 0).unwrap() + 1;
        }
    }
    miniz_oxide::inflate::decompress_to_vec(&bytes[at..]).ok()
}
