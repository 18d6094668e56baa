//! Measures the device projection: `cargo run --release -p wardlight-store --example projection [devices] [seconds]`.
//!
//! Invents devices from a seed (60 types, 300 makers, 2,000 models, names, serials and addresses of their own), loads
//! them, then lets 8 threads list, search, filter, sort and count while another changes 100 devices ten times a second.
//! Prints how long it took to load, what memory it holds, and how long each kind of query takes: once with each thread
//! asking without a pause, once with a pause of 100 ms after each answer.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wardlight_model::change::{Change, Known};
use wardlight_model::{Attribute, Claim, Device, Endpoint, Id, Key, KeyKind, Label, Mac, Peer, Scope, Time};
use wardlight_store::projection::{Column, Filter, ParseFilterError, Projection, Query, Snapshot, Sort, parse};

const CLIENTS: u64 = 8;
const BEGIN: i64 = 1_760_000_000;

fn main() -> Result<(), ParseFilterError> {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let devices = arguments.next().unwrap_or(100_000);
    let seconds = arguments.next().unwrap_or(20);
    let projection = Projection::default();
    let empty = memory();
    let mut applied = Duration::ZERO;
    for first in (0..devices).step_by(1000) {
        let batch: Vec<Change> = (first..devices.min(first + 1000)).map(|n| device(n, 0)).collect();
        let begin = Instant::now();
        projection.apply(&batch);
        applied += begin.elapsed();
    }
    println!("{} devices, {} columns", projection.snapshot().len(), Column::ALL.len());
    println!("loaded by 1,000 in {:.2} s, {} MiB resident before, {} after", applied.as_secs_f64(), empty, memory());
    for pause in [0, 100] {
        measure(&projection, devices, Duration::from_secs(seconds), Duration::from_millis(pause))?;
    }
    Ok(())
}

fn measure(projection: &Projection, devices: u64, length: Duration, pause: Duration) -> Result<(), ParseFilterError> {
    let (stop, taken, written) = (AtomicBool::new(false), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| write(projection, devices, &stop, &written));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (stop, taken) = (&stop, &taken);
                scope.spawn(move || read(projection, client, pause, stop, taken))
            })
            .collect();
        std::thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().try_for_each(|client| client.join().unwrap_or(Ok(())))
    })?;
    let mut taken = taken.into_inner().unwrap_or_default();
    println!("\n{CLIENTS} threads, {} ms between queries, {} MiB resident", pause.as_millis(), memory());
    println!("{:<32} {:>8} {:>9} {:>9} {:>9}", "", "number", "p50 ms", "p99 ms", "max ms");
    for (n, kind) in KINDS.iter().enumerate() {
        report(kind, taken.iter().filter(|(of, _)| *of == n).map(|(_, time)| *time).collect());
    }
    let (cpu, clock): (Vec<_>, Vec<_>) = taken.drain(..).partition(|(kind, _)| *kind >= KINDS.len());
    report("all queries", clock.into_iter().map(|(_, time)| time).collect());
    for (n, kind) in KINDS.iter().enumerate() {
        let times = cpu.iter().filter(|(of, _)| *of == n + KINDS.len()).map(|(_, time)| *time);
        report(&format!("CPU: {kind}"), times.collect());
    }
    report("write of 100 devices", written.into_inner().unwrap_or_default());
    Ok(())
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!("{name:<32} {:>8} {:>9.2} {:>9.2} {:>9.2}", times.len(), at(50), at(99), at(100));
}

fn write(projection: &Projection, devices: u64, stop: &AtomicBool, written: &Mutex<Vec<Duration>>) {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let changes: Vec<Change> = (0..100).map(|n| device(random(round * 1000 + n) % devices, round)).collect();
        let begin = Instant::now();
        projection.apply(&changes);
        written.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(begin.elapsed());
        std::thread::sleep(Duration::from_millis(100));
    }
}

const KINDS: [&str; 10] = [
    "list by last seen",
    "list by three columns",
    "list from the middle",
    "search, few found",
    "search, many found",
    "search, one letter",
    "filter of five tests",
    "filter and sort by name",
    "count types",
    "count a column of 100,000",
];

fn read(
    projection: &Projection,
    client: u64,
    pause: Duration,
    stop: &AtomicBool,
    taken: &Mutex<Vec<(usize, Duration)>>,
) -> Result<(), ParseFilterError> {
    let mut own = Vec::new();
    let mut n = client * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let kind = usize::try_from(random(n) % 10).unwrap_or(0);
        let (begin, spent) = (Instant::now(), cpu());
        std::hint::black_box(ask(&projection.snapshot(), kind, random(n + 500_000))?);
        own.push((kind, begin.elapsed()));
        own.push((kind + KINDS.len(), cpu().saturating_sub(spent)));
        std::thread::sleep(pause);
    }
    taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(own);
    Ok(())
}

/// One query of the kind that [`KINDS`] names, and how many devices it found.
fn ask(snapshot: &Snapshot, kind: usize, chance: u64) -> Result<usize, ParseFilterError> {
    let list = |filter: Filter, columns: &[(Column, bool)], offset| {
        let sort =
            columns.iter().map(|(column, is_descending)| Sort { column: *column, is_descending: *is_descending });
        snapshot.list(&Query { filter, sort: sort.collect(), offset, limit: 100 }).total
    };
    let by_time = [(Column::LastSeen, true)];
    Ok(match kind {
        0 => list(parse("")?, &by_time, 0),
        1 => list(parse("")?, &[(Column::Type, false), (Column::Maker, true), (Column::Address, false)], 0),
        2 => list(parse("")?, &[(Column::Name, false)], snapshot.len() / 2),
        3 => list(parse(&format!("\"sn-{:06}\"", chance % 100_000))?, &by_time, 0),
        4 => list(parse(&format!("\"maker {}\"", chance % 30))?, &by_time, 0),
        5 => list(parse("7")?, &by_time, 0),
        6 => {
            let (kind, net) = (chance % 60, chance % 64);
            let filter =
                format!("type:\"type {kind}\",pump maker:* last_seen>2025-10-09 -label:router 10.{net}.0.0/10");
            list(parse(&filter)?, &by_time, 0)
        }
        7 => list(parse("model~\"model 1\" OR is_router:yes")?, &[(Column::Name, true)], 0),
        8 => snapshot.facets(&parse("last_seen>2025-10-09")?, Column::Type, 20).distinct,
        _ => snapshot.facets(&parse("")?, Column::Name, 20).distinct,
    })
}

/// Device `n` as it is after `round` changes.
fn device(n: u64, round: u64) -> Change {
    let chance = random(n);
    let byte = |shift: u32| u8::try_from(chance >> shift & 0xff).unwrap_or(0);
    let model = chance % 2000;
    let claim = |attribute, value: String| Claim {
        attribute,
        value,
        confidence: f64::from(byte(8)) / 255.0,
        rule: format!("rule-{}", chance % 700),
        evidence: Vec::new(),
    };
    let claims = [
        claim(Attribute::Type, format!("type {}", model % 60)),
        claim(Attribute::Maker, format!("Maker {} Medizintechnik", model % 300)),
        claim(Attribute::Model, format!("Model {model}")),
        claim(Attribute::OperatingSystem, format!("System {}", chance % 80)),
        claim(Attribute::Firmware, format!("{}.{}.{}", byte(0) % 4, byte(4) % 10, byte(12) % 20)),
        claim(Attribute::Serial, format!("SN-{n:06}-{:04x}", chance & 0xffff)),
        claim(Attribute::Name, format!("{}-{n:05}", pick(&["icu", "ward", "or", "lab"], chance >> 16))),
        claim(Attribute::Type, format!("type {}", chance % 60)),
    ];
    let [_, b, c, d] = u32::try_from(n).unwrap_or(0).to_be_bytes();
    let ip = |last: u8| IpAddr::from([10, byte(20) % 64, c, last]);
    let endpoint = |n: u64| {
        let [.., c, d] = (n % 40_000).to_be_bytes();
        Endpoint { scope: Scope(0), mac: None, ip: Some(IpAddr::from([10, 200, c, d])) }
    };
    let services = ["dicom", "hl7", "dns", "tls", "http", "-"];
    let peers = (0..chance % 9).map(|peer| Peer {
        endpoint: endpoint(random(chance ^ peer)),
        service: pick(&services, peer).to_owned(),
        ip_bytes: (chance >> 30) + round,
        flows: peer + round,
    });
    let mut labels = vec![Label { text: "shares segment with medical".to_owned(), reason: String::new() }];
    if chance.is_multiple_of(50) {
        labels.push(Label { text: "router".to_owned(), reason: String::new() });
    }
    let mac = Mac([0, 9, 0xfb, b, c, d]);
    let seen = i64::try_from(chance % 1_000_000 + round).unwrap_or(0);
    let device = Device {
        id: format!("mac:{mac}"),
        macs: vec![mac],
        addresses: if chance.is_multiple_of(3) {
            vec![ip(d), IpAddr::from([0xfe80, 0, 0, 0, 0, 0, c.into(), d.into()])]
        } else {
            vec![ip(d)]
        },
        keys: vec![Key { kind: KeyKind::Uuid, text: format!("{:016x}", random(chance)) }],
        via: (chance.is_multiple_of(20)).then(|| format!("mac:{}", Mac([0, 9, 0xfb, 0, 0, d]))),
        claims: claims.into_iter().take(if chance.is_multiple_of(10) { 2 } else { 8 }).collect(),
        labels,
        peers: peers.collect(),
        first: Time::from_seconds(BEGIN),
        last: Time::from_micros((BEGIN + seen) * 1_000_000 + i64::from(byte(40))),
        origins: Vec::new(),
    };
    let mut id = [0x80; 16];
    id.iter_mut().zip(random(n ^ 0xabcd).to_be_bytes()).for_each(|(to, from)| *to = from);
    Change::Device(Box::new(Known { id: Id(id), device, features: Vec::new() }))
}

fn pick<'a>(texts: &[&'a str], chance: u64) -> &'a str {
    let place = usize::try_from(chance).unwrap_or(0) % texts.len();
    texts.get(place).copied().unwrap_or_default()
}

/// The `n`th number of a fixed sequence (splitmix64).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// What this thread has run so far, without what it waited for a processor.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// Resident memory in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) / 1024
}
