//! Many clients that ask at one time: lists, searches, filters, sorts over every column.

use super::server::Server;
use super::{Plan, SEED, wire};
use anyhow::{Context as _, Result};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wardlight_lab::bulk::Hospital;
use wardlight_model::Id;
use wardlight_model::journal::{BodyKind, encode};
use wardlight_store::projection::{Column, Kind};

/// Kind of a message that asks; see `crates/app/src/io/ask.rs`.
const ASK: u16 = 0x8001;
/// What is asked, in turn.
const KINDS: [&str; 7] = [
    "list, sorted by any column",
    "list, sorted by three columns",
    "list from the middle",
    "search, few found",
    "search, many found",
    "filter on any column, sorted by any",
    "filter of five tests",
];
/// Columns shown of each device.
const SHOWN: [&str; 8] = ["name", "type", "maker", "model", "address", "mac", "operating_system", "last_seen"];

/// How many devices the server at `socket` knows.
pub(super) fn known(socket: &Path) -> Result<u64> {
    let told = ask(
        &wire::connect(socket)?,
        &serde_json::json!({"filter": "", "sort": [], "columns": [], "offset": 0, "limit": 0}),
    )?;
    told.pointer("/devices/known").and_then(serde_json::Value::as_u64).with_context(|| format!("told {told}"))
}

/// Lets the clients ask, and says how long they waited.
pub(super) fn run(server: &Server, plan: &Plan, is_busy: bool) -> Result<()> {
    let (stop, before) = (AtomicBool::new(false), server.cost());
    let socket = server.socket();
    let mut taken: Vec<(usize, Duration)> = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        let reports = scope.spawn(|| if is_busy { report(&socket, plan, &stop) } else { Ok(()) });
        let clients: Vec<_> = (0..plan.clients)
            .map(|client| {
                scope.spawn({
                    let (socket, stop) = (&socket, &stop);
                    move || client_asks(socket, client, plan, stop)
                })
            })
            .collect();
        std::thread::sleep(Duration::from_secs(plan.seconds));
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            taken.extend(client.join().map_err(|_| anyhow::anyhow!("a client broke off"))??);
        }
        reports.join().map_err(|_| anyhow::anyhow!("the sensor broke off"))?
    })?;
    let cost = server.cost().since(before);
    let beside = if is_busy { "while sensors report" } else { "and nothing else" };
    println!("\n{} clients, {} ms between questions, {beside}", plan.clients, plan.pause);
    println!("{:<40} {:>8} {:>9} {:>9} {:>9}", "", "answers", "p50 ms", "p99 ms", "most ms");
    for (n, kind) in KINDS.iter().enumerate() {
        line(kind, taken.iter().filter(|(of, _)| *of == n).map(|(_, time)| *time).collect());
    }
    let number = super::float(taken.len() as u64);
    line("all", taken.into_iter().map(|(_, time)| time).collect());
    println!("{:.2} CPU s of the server: {:.2} ms an answer", cost.cpu, cost.cpu * 1000.0 / number);
    Ok(())
}

pub(super) fn line(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!("{name:<40} {:>8} {:>9.2} {:>9.2} {:>9.2}", times.len(), at(50), at(99), at(100));
}

/// Reports what is known already once more: a batch ten times a second.
fn report(socket: &Path, plan: &Plan, stop: &AtomicBool) -> Result<()> {
    for round in 2.. {
        for seen in Hospital::new(SEED, plan.devices).observations(round) {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let items = seen.facts.items.len();
            wire::send(socket, std::iter::once((BodyKind::Observations, encode(&seen), items)), 1)?;
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    Ok(())
}

fn client_asks(socket: &Path, client: u64, plan: &Plan, stop: &AtomicBool) -> Result<Vec<(usize, Duration)>> {
    let stream = wire::connect(socket)?;
    let mut taken = Vec::new();
    let mut n = client * 1_000_000;
    while !stop.load(Ordering::Relaxed) {
        n += 1;
        let kind = usize::try_from(random(n)).unwrap_or_default() % KINDS.len();
        let question = question(kind, random(n + 500_000), plan);
        let begin = Instant::now();
        let told = ask(&stream, &question)?;
        taken.push((kind, begin.elapsed()));
        anyhow::ensure!(told.get("devices").is_some(), "{question} is answered with {told}");
        std::thread::sleep(Duration::from_millis(plan.pause));
    }
    Ok(taken)
}

fn ask(mut stream: &UnixStream, question: &serde_json::Value) -> Result<serde_json::Value> {
    let body = question.to_string();
    stream.write_all(&[&wire::head(Id([9; 16]), ASK, body.len()), body.as_bytes()].concat())?;
    let (_, code, _, told) = wire::answer(stream)?;
    anyhow::ensure!(code == 4, "{question} is answered with code {code}");
    Ok(serde_json::from_slice(&told)?)
}

/// A question of the kind that [`KINDS`] names.
fn question(kind: usize, chance: u64, plan: &Plan) -> serde_json::Value {
    let pick = |chance: u64| Column::ALL.get(usize::try_from(chance).unwrap_or_default() % Column::ALL.len());
    let any = |chance: u64| pick(chance).map_or("name", |column| column.name());
    let sign = if chance.is_multiple_of(2) { "-" } else { "" };
    let device = chance % u64::from(plan.devices);
    let (mut filter, mut sort, mut offset) = (String::new(), vec!["-last_seen".to_owned()], 0);
    match kind {
        0 => sort = vec![format!("{sign}{}", any(chance))],
        1 => sort = vec!["type".to_owned(), "-maker".to_owned(), any(chance).to_owned()],
        2 => {
            sort = vec!["name".to_owned()];
            offset = plan.devices / 2;
        }
        3 => filter = format!("\"-{device}\""),
        4 => filter = if chance.is_multiple_of(2) { "specimen" } else { "10.64." }.to_owned(),
        5 => {
            filter = pick(chance).map(|column| test(*column, chance)).unwrap_or_default();
            sort = vec![format!("{sign}{}", any(random(chance)))];
        }
        _ => {
            filter = format!(
                "type:\"infusion pump\",workstation maker:* last_seen>2025-10-01 -label:router 10.{}.0.0/12",
                64 + chance % 16
            );
        }
    }
    serde_json::json!({"filter": filter, "sort": sort, "columns": SHOWN, "offset": offset, "limit": 100})
}

/// A test that fits `column`.
fn test(column: Column, chance: u64) -> String {
    let name = column.name();
    match column.kind() {
        Kind::Text | Kind::List if column.is_address() => format!("{name}:10.{}.0.0/16", 64 + chance % 2),
        Kind::Text | Kind::List => format!("{name}~{}", chance % 100),
        Kind::Number => format!("{name}>{}", chance % 4),
        Kind::Time => format!("{name}>2025-10-09T09:00:1{}Z", chance % 10),
        Kind::Flag => format!("{name}:{}", if chance.is_multiple_of(2) { "yes" } else { "no" }),
    }
}

/// The `n`th number of a fixed sequence (splitmix64).
fn random(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
