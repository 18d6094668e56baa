//! How fast the state is written, loaded, copied and asked, on each database named.
//!
//! `cargo run -p wardlight-store --example state -- 100000 sqlite:PATH postgres://USER@HOST/NAME`, each new and empty.
//! Writes that many devices, twice as many facts, and as many contacts, 1,000 changes a commit; prints rows a second.

use std::net::IpAddr;
use std::time::Instant;
use wardlight_model::change::{Change, Contact, Known};
use wardlight_model::{Attribute, Claim, Device, Endpoint, Fact, Field, Id, Mac, Origin, Place, Scope, Subject, Time};
use wardlight_store::database::{ContactFilter, Database, PATIENCE, Settings, StoreError};

/// Changes of one commit.
const BATCH: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let mut arguments = std::env::args().skip(1);
    let size = arguments.next().and_then(|size| size.parse().ok()).unwrap_or(100_000);
    println!("{:<10} {:<22} {:>9} {:>8} {:>9} {:>9}", "engine", "step", "rows", "s", "rows/s", "MiB");
    for url in arguments {
        run(url, size).await?;
    }
    Ok(())
}

async fn run(url: String, size: u32) -> Result<(), StoreError> {
    let engine = url.split(':').next().unwrap_or_default().to_owned();
    let settings = Settings { url, site: Id([1; 16]), now: Time::default(), patience: PATIENCE };
    let database = Database::open(&settings).await?;
    let say = |step: &str, rows: usize, begin: Instant| {
        let seconds = begin.elapsed().as_secs_f64();
        let rate = f64::from(u32::try_from(rows).unwrap_or(u32::MAX)) / seconds;
        println!("{engine:<10} {step:<22} {rows:>9} {seconds:>8.2} {rate:>9.0} {:>9}", memory());
    };
    let mut sequence = 0;
    for (step, make) in [
        ("devices", device as fn(u32) -> Change),
        ("facts", fact),
        ("contacts", contact),
        ("contacts again", contact),
        ("devices again", device),
    ] {
        let rows = if step == "facts" { size * 2 } else { size };
        let changes: Vec<Change> = (0..rows).map(make).collect();
        let begin = Instant::now();
        for batch in changes.chunks(BATCH) {
            sequence += 1;
            let _ = database.commit(batch, sequence).await?;
        }
        say(step, changes.len(), begin);
    }
    let begin = Instant::now();
    let loaded = database.load().await?;
    say("load at start", loaded.facts.len(), begin);
    let begin = Instant::now();
    let found = database.devices("model 77", None, 100).await?;
    say("search of devices", found.len(), begin);
    let begin = Instant::now();
    let ip = Some((Scope(0), address(size / 2)));
    let found = database.contacts(&ContactFilter { ip, mac: None, hours: 0..i64::MAX, limit: 100 }).await?;
    say("contacts of an address", found.len(), begin);
    let begin = Instant::now();
    database.digest().await?;
    say("digest", count(size) * 4, begin);
    let folder = std::env::temp_dir().join(format!("wardlight-state-{}.db", std::process::id()));
    let begin = Instant::now();
    database.backup_to(&folder).await?;
    say("backup", count(size) * 4, begin);
    let _ = std::fs::remove_file(folder);
    Ok(())
}

fn device(n: u32) -> Change {
    let [a, b, c, d] = n.to_be_bytes();
    let mut id = [0; 16];
    id.iter_mut().zip([d, c, b, a]).for_each(|(byte, with)| *byte = with);
    let claim = |attribute, value: String| Claim {
        attribute,
        value,
        confidence: 0.9,
        rule: "self".into(),
        evidence: Vec::new(),
    };
    let device = Device {
        id: format!("mac:{}", mac(n)),
        macs: vec![mac(n)],
        addresses: vec![address(n)],
        keys: Vec::new(),
        via: None,
        claims: vec![
            claim(Attribute::Type, "infusion pump".into()),
            claim(Attribute::Maker, format!("maker {}", n % 50)),
            claim(Attribute::Model, format!("model {}", n % 1_000)),
            claim(Attribute::Serial, format!("SN{n:08}")),
        ],
        labels: Vec::new(),
        peers: Vec::new(),
        first: Time::from_seconds(1_700_000_000),
        last: Time::from_seconds(1_700_000_000 + i64::from(n)),
        origins: Vec::new(),
    };
    Change::Device(Box::new(Known { id: Id(id), device, features: Vec::new() }))
}

fn fact(n: u32) -> Change {
    Change::Fact(Fact {
        subject: Subject::Host(end(n)),
        field: Field::Serial,
        value: format!("SN{n:08}"),
        protocol: "hl7",
        first: Time::from_seconds(1_700_000_000),
        last: Time::from_seconds(1_700_000_000 + i64::from(n)),
        count: 1,
        place: Place::default(),
        origin: Origin { sequence: u64::from(n / 500) + 1, item: n % 500 },
    })
}

fn contact(n: u32) -> Change {
    Change::Contact(Contact {
        ends: [end(n), end(n % 100)],
        service: "hl7",
        hour: 472_222 + i64::from(n % 24),
        flows: 1,
        packets: [10, 12],
        ip_bytes: [1_000, 1_200],
        first: Time::from_seconds(1_700_000_000),
        last: Time::from_seconds(1_700_000_060),
    })
}

fn end(n: u32) -> Endpoint {
    Endpoint { scope: Scope(0), mac: Some(mac(n)), ip: Some(address(n)) }
}

fn address(n: u32) -> IpAddr {
    let [_, b, c, d] = n.to_be_bytes();
    IpAddr::from([10, b, c, d])
}

fn mac(n: u32) -> Mac {
    let [a, b, c, d] = n.to_be_bytes();
    Mac([0, 9, a, b, c, d])
}

fn count(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

/// Resident memory in MiB, where the system says it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default();
    (kib / 1_024).to_string()
}
