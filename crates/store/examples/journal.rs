//! How fast records become durable, beside a plain write and fdatasync of the same bytes in the same run.
//!
//! `cargo run --release -p wardlight-store --example journal -- [FOLDER]`: groups of 1 MiB of records with bodies of 200
//! bytes. Rounds alternate between the two, so that a busy disk strikes both; the ratio is that of the medians.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wardlight_store::journal::{Journal, Options, Ticket};
use wardlight_store::segment::{Draft, Id};

const BODY: usize = 200;
/// Bytes of a record on disk.
const RECORD: usize = BODY + 52;
const GROUP: usize = (1 << 20) / RECORD;
const GROUPS: usize = 32;
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("journal-rate-{}", std::process::id()));
    let outcome = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let journal = Journal::open(folder, Options::default())?;
    let mut plain = File::create(folder.join("plain"))?;
    let bytes = vec![0x5a; GROUP * RECORD];
    let (mut ours, mut raw, mut many) = (Vec::new(), Vec::new(), Vec::new());
    let mut made = 0_u128;
    for _ in 0..ROUNDS {
        let mut groups = Vec::new();
        for _ in 0..GROUPS * 2 {
            groups.push((0..GROUP).map(|_| draft(&mut made)).collect::<Vec<_>>());
        }
        let one_by_one = groups.split_off(GROUPS);
        ours.push(timed(|| groups.into_iter().try_for_each(|group| await_ticket(journal.submit(group)?)))?);
        raw.push(timed(|| {
            (0..GROUPS).try_for_each(|_| Ok(plain.write_all(&bytes).and_then(|()| plain.sync_data())?))
        })?);
        many.push(timed(|| flood(&journal, one_by_one))?);
    }
    let records = |time: Duration| (GROUP * GROUPS) as f64 / time.as_secs_f64();
    let [ours, raw, many] = [median(ours), median(raw), median(many)];
    println!("one group at a time {:>10.0} records/s durable, {:.2} of plain", records(ours), ratio(raw, ours));
    println!("many small batches  {:>10.0} records/s durable, {:.2} of plain", records(many), ratio(raw, many));
    println!("plain write + sync  {:>10.0} records/s of {RECORD} bytes in groups of {}", records(raw), bytes.len());
    Ok(())
}

/// Submits the records of `groups` sixteen at a time, and waits for all.
fn flood(journal: &Journal, groups: Vec<Vec<Draft>>) -> Result<(), Box<dyn Error>> {
    let mut tickets = Vec::new();
    for group in groups {
        let mut group = group.into_iter().peekable();
        while group.peek().is_some() {
            tickets.push(journal.submit(group.by_ref().take(16).collect())?);
        }
    }
    tickets.into_iter().try_for_each(await_ticket)
}

fn await_ticket(ticket: Ticket) -> Result<(), Box<dyn Error>> {
    ticket.wait()?;
    Ok(())
}

fn draft(made: &mut u128) -> Draft {
    *made += 1;
    Draft { id: Id(made.to_be_bytes()), kind: 1, version: 1, is_vital: false, body: vec![0x5a; BODY] }
}

fn timed(work: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(plain: Duration, ours: Duration) -> f64 {
    plain.as_secs_f64() / ours.as_secs_f64()
}
