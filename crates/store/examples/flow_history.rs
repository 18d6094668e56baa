//! Measures the flow history: `cargo run --release -p wardlight-store --example flow_history [rows] [folder]`.
//!
//! Invents two million flows of a hospital of 20,000 hosts from a seed (names, monitoring, pictures, messages,
//! chatter), writes them by the minute, merges, reads, and prints what it cost in CPU time.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Known, Mac, Scope, Service, Time, Transport};
use wardlight_store::history::{Batch, History, Hour, Manifest, Origin, Query, Rollup, mergeable};

const HOSTS: u64 = 20_000;
const BEGIN: i64 = 1_760_000_400;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: u64 = arguments.next().map_or(Ok(2_000_000), |rows| rows.parse())?;
    let folder = arguments.next().map_or_else(|| std::env::temp_dir().join("flow-history"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    let flows: Vec<Flow> = hospital(rows);
    for (name, files) in [("one file", 1), ("a file a minute", 60)] {
        let _ = std::fs::remove_dir_all(&folder);
        // It remembers which folders it made.
        let history = History::new(&folder);
        let mut manifest = Manifest::default();
        let cost = cpu(|| write(&history, &flows, files, &mut manifest));
        report(&format!("write, {name}"), rows, cost, manifest.bytes());
    }
    let mut manifest = Manifest::default();
    let _ = std::fs::remove_dir_all(&folder);
    let history = History::new(&folder);
    write(&history, &flows, 60, &mut manifest);
    let mut failed = None;
    let cost = cpu(|| {
        for group in mergeable(&manifest.clone(), Hour::of(Time::from_seconds(BEGIN + 7200))) {
            match history.compact(&group) {
                Ok(change) => {
                    manifest.apply(&change);
                    failed = history.remove(&change).err();
                }
                Err(error) => failed = Some(error),
            }
        }
    });
    failed.map_or(Ok(()), Err)?;
    report("merge the minutes", rows, cost, manifest.bytes());

    let mut count = 0;
    let cost = cpu(|| count = history.scan(&manifest, Query::default()).filter(Result::is_ok).count());
    report("read all", u64::try_from(count)?, cost, manifest.bytes());
    let query = Query { address: Some(host(HOSTS / 2)), ..Query::default() };
    let cost = cpu(|| count = history.scan(&manifest, query.clone()).filter(Result::is_ok).count());
    println!("{:28} {:>8.3} CPU s, {count} rows", "find one address", cost);
    let mut sums = Rollup::default();
    let cost = cpu(|| flows.iter().for_each(|flow| sums.add(flow)));
    report("roll up", rows, cost, 0);
    println!("{:28} {} sums", "", sums.len());
    Ok(())
}

fn write(history: &History, flows: &[Flow], files: usize, manifest: &mut Manifest) {
    let minute = flows.len().div_ceil(files);
    let mut batch = Batch::new("main");
    for (n, part) in (1_u64..).zip(flows.chunks(minute)) {
        batch.clear();
        for (m, record) in (0_u64..).zip(part.chunks(1000)) {
            let sequence = n * 10_000 + m;
            let recorded = record.last().map_or(Time::default(), |flow| flow.last);
            record.iter().for_each(|flow| batch.push(Origin { sensor: "core-1", sequence, recorded }, flow));
        }
        let flushed = history.flush(&batch);
        assert_eq!(flushed.shed_rows(), 0);
        manifest.apply(&flushed.change);
    }
}

fn report(name: &str, rows: u64, seconds: f64, bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (rows, bytes) = (rows as f64, bytes as f64);
    println!("{name:28} {seconds:>8.3} CPU s {:>8.2} M rows/CPU s {:>7.2} B/flow", rows / seconds / 1e6, bytes / rows);
}

/// CPU seconds that `work` took, kernel included.
fn cpu(work: impl FnOnce()) -> f64 {
    let begin = spent();
    work();
    spent() - begin
}

fn spent() -> f64 {
    let ticks = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name: Vec<&str> = ticks.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let both = [11, 12].map(|n: usize| after_name.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default());
    both.iter().sum::<f64>() / 100.0
}

/// A small generator with a fixed seed (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % limit.max(1)
    }

    /// A size whose order of magnitude is even.
    fn size(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits);
        (1 << bits) + self.below(1 << bits)
    }
}

fn host(n: u64) -> IpAddr {
    let [.., a, b] = n.to_be_bytes();
    Ipv4Addr::new(10, 20 + (a >> 6), a, b).into()
}

fn mac(n: u64) -> Mac {
    let [.., a, b, c] = (n * 7919).to_be_bytes();
    Mac([0, 0x09, 0xfb, a, b, c])
}

/// One hour of a hospital, in order of the ends of flows.
fn hospital(rows: u64) -> Vec<Flow> {
    let mut chance = Chance(0x5eed);
    let hour = 3_590_000_000 / i64::try_from(rows.max(1)).unwrap_or(i64::MAX).max(1);
    let mut end = Time::from_seconds(BEGIN);
    (1..=rows)
        .map(|id| {
            end = end.plus(hour.max(1));
            flow(id, end, &mut chance)
        })
        .collect()
}

/// Kinds of talk: service, transport, port, server out of how many, parts in a hundred.
const TALK: [(Option<&str>, Transport, u16, u64, u64); 8] = [
    (Some("dns"), Transport::UDP, 53, 2, 38),
    (Some("tls"), Transport::TCP, 443, 3000, 24),
    (Some("hl7"), Transport::TCP, 2575, 12, 8),
    (Some("dicom"), Transport::TCP, 104, 30, 4),
    (Some("ntp"), Transport::UDP, 123, 2, 6),
    (Some("snmp"), Transport::UDP, 161, 4000, 8),
    (Some("smb"), Transport::TCP, 445, 40, 4),
    (None, Transport::UDP, 5353, 600, 8),
];

const HISTORIES: [&str; 3] = ["ShADadFf", "ShADadfF", "ShADadR"];

fn narrow(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn flow(id: u64, last: Time, chance: &mut Chance) -> Flow {
    let mut part = chance.below(100);
    let talk = TALK.iter().find(|talk| match part.checked_sub(talk.4) {
        Some(rest) => {
            part = rest;
            false
        }
        None => true,
    });
    let (name, transport, port, servers, _) = *talk.unwrap_or(&TALK[0]);
    let (from, to) = (chance.below(HOSTS), HOSTS + port as u64 * 7 % 997 + chance.below(servers));
    let is_tcp = transport == Transport::TCP;
    let (out, back, last_for) = match name {
        Some("dns") => (28 + chance.below(30), 44 + chance.below(200), 300 + chance.below(40_000)),
        Some("ntp") => (48, 48, 200 + chance.below(3000)),
        Some("hl7") => (200 + chance.below(1200), 80 + chance.below(60), 10_000 + chance.below(500_000)),
        Some("snmp") => (43 + chance.below(8), 47 + chance.below(60), 400 + chance.below(9000)),
        Some("dicom") => (chance.size(24), 400 + chance.below(900), chance.size(26)),
        Some(_) => (500 + chance.size(14), 2000 + chance.size(20), chance.size(26)),
        None => (chance.below(300), 0, chance.below(2_000_000)),
    };
    let sent = [out, back].map(|bytes| {
        let packets = if is_tcp { 4 + bytes / 1400 } else { u64::from(bytes > 0) };
        Direction { packets, ip_bytes: bytes + packets * if is_tcp { 40 } else { 28 }, bytes, missed: 0 }
    });
    let is_refused = is_tcp && chance.below(50) == 0;
    let history = if is_tcp {
        HISTORIES.iter().cycle().nth(usize::from(id % 4 == 1) + usize::from(id % 7 == 2)).unwrap_or(&"")
    } else {
        "Dd"
    };
    Flow {
        id: FlowId(id),
        key: FlowKey {
            scope: Scope(0),
            transport,
            initiator: (host(from), if port == 123 { 123 } else { 32_768 + narrow(chance.below(28_000)) }),
            responder: (host(to), port),
        },
        macs: [Some(mac(from)), Some(mac(if to % 3 == 0 { to } else { 1 }))],
        hop_limits: [Some(if from % 4 == 0 { 128 } else { 64 }), (back > 0).then_some(63)],
        vlan: Some(100 + narrow(from / 256)),
        first: last.plus(-i64::try_from(last_for).unwrap_or_default()),
        last,
        state: if is_refused { ConnState::Rej } else { ConnState::SF },
        history: if is_refused { "Sr" } else { history }.to_owned(),
        sent,
        service: name.map(|name| Service { name, known: Known::PortAndContent }),
    }
}
