//! What an installation holds, counted, and compared with what was sent to it.

use super::bed::Bed;
use super::load::{self, Effects};
use super::wire::Sent;
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;
use wardlight_ledger::{Checkpoint, Entry, Signer};
use wardlight_model::{Id, Time};
use wardlight_store::database::{ContactFilter, Database, Settings};
use wardlight_store::history::{History, Manifest, Query};
use wardlight_store::segment::{Log, Options, Record};

/// Differences that an error names.
const SHOWN: usize = 8;

/// Compares what `bed` holds with what was acknowledged. Errors: what is missing, what is there more than once, a ledger
/// that is not sound, or damage that a server found.
pub(super) fn compare(bed: &Bed, sent: &Sent) -> Result<()> {
    let mut wanted = Effects::new();
    sent.stored.keys().for_each(|n| load::expect(*n, &mut wanted));
    let there = read(bed)?;
    let names: BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
    let count = |effects: &Effects, name: &String| effects.get(name).copied().unwrap_or_default();
    let differences: Vec<String> = names
        .into_iter()
        .filter_map(|name| match (count(&wanted, name), count(&there, name)) {
            (wanted, there) if there < wanted => Some(format!("{name}: lost, {there} instead of {wanted}")),
            (wanted, there) if there > wanted => Some(format!("{name}: repeated, {there} instead of {wanted}")),
            _ => None,
        })
        .collect();
    if !differences.is_empty() {
        let shown: Vec<&str> = differences.iter().take(SHOWN).map(String::as_str).collect();
        bail!("{} differences: {}", differences.len(), shown.join("; "));
    }
    let output = bed.run(&["ledger", "verify"])?;
    ensure!(output.status.success(), "the ledger is not sound: {}", String::from_utf8_lossy(&output.stdout).trim());
    // No power was lost in the midst of what was acknowledged, and no disk rots here.
    ensure!(!bed.said().contains("damaged"), "a server found damage");
    Ok(())
}

/// Looks, before any server starts, whether the disk itself keeps what was promised by what was acknowledged: each batch
/// as a record of the journal, unless that was released; each decision as an entry that a checkpoint vouches for; the
/// site under its lasting name. Gives the first sequence that the journal holds. Errors: the first promise that is not
/// kept.
pub(super) fn promised(bed: &Bed, sent: &Sent, site: Option<&str>) -> Result<u64> {
    let data = bed.root().join("data");
    if sent.stored.is_empty() {
        return Ok(1);
    }
    let found = fs::read_to_string(data.join("site.id")).context("the site's name")?;
    ensure!(site.is_none_or(|site| site == found), "the site is called {found} now");
    let (first, records) = records(&data.join("journal")).context("the journal")?;
    let ids: BTreeMap<u64, Id> = records.into_iter().map(|record| (record.sequence, Id(record.id.0))).collect();
    for (n, sequence) in sent.stored.iter().filter(|(_, sequence)| **sequence >= first) {
        let found =
            ids.get(sequence).with_context(|| format!("batch {n}, journal record {sequence}, is not on disk"))?;
        ensure!(*found == load::batch(*n).id, "journal record {sequence} is another than batch {n}");
    }
    let decisions: BTreeSet<String> = sent.stored.keys().filter_map(|n| load::entry_of(*n)).collect();
    if !decisions.is_empty() {
        vouched(bed, &decisions)?;
    }
    Ok(first)
}

/// Whether `bed` holds nothing of what was ever sent. Errors: it cannot be read.
pub(super) fn is_new(bed: &Bed) -> Result<bool> {
    Ok(read(bed)?.is_empty())
}

/// Looks whether checkpoints vouch for the entries called `decisions`.
fn vouched(bed: &Bed, decisions: &BTreeSet<String>) -> Result<()> {
    let folder = bed.root().join("data/ledger");
    let key = fs::read(bed.root().join("keys/ledger.key")).context("the ledger's key")?;
    let key = Signer::from_seed(key.as_slice().try_into().context("the ledger's key")?).public();
    let text = fs::read(folder.join("checkpoints.txt")).unwrap_or_default();
    let whole = Checkpoint::parse_all(&String::from_utf8_lossy(&text)).into_iter().flatten();
    let size = whole.filter(|one| one.is_signed_by(key)).map(|one| one.head.size).max().unwrap_or_default();
    let (_, records) = records(&folder).context("the ledger")?;
    let vouched = records.iter().take(usize::try_from(size)?).filter_map(told_by).collect::<BTreeSet<_>>();
    let missing: Vec<&String> = decisions.difference(&vouched).take(SHOWN).collect();
    ensure!(missing.is_empty(), "checkpoints vouch for {size} of {} entries, not for {missing:?}", records.len());
    Ok(())
}

fn read(bed: &Bed) -> Result<Effects> {
    let mut effects = Effects::new();
    let data = bed.root().join("data");
    let manifest = state(&bed.store(), &mut effects)?;
    for row in History::new(&data).scan(&manifest, Query::default()) {
        add(&mut effects, load::row(row?.id), 1);
    }
    let (_, records) = records(&data.join("ledger"))?;
    records.iter().filter_map(told_by).for_each(|name| add(&mut effects, name, 1));
    Ok(effects)
}

fn state(url: &str, effects: &mut Effects) -> Result<Manifest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = url.to_owned();
    let settings = Settings { url, site: Id::default(), now: Time::default(), patience: Duration::from_secs(10) };
    let database = runtime.block_on(Database::open(&settings))?;
    let loaded = runtime.block_on(database.load())?;
    loaded.facts.iter().for_each(|fact| add(effects, load::fact(fact), fact.count));
    loaded.presences.iter().for_each(|presence| add(effects, load::presence(presence), presence.packets));
    loaded.oddities.iter().for_each(|odd| add(effects, load::oddity(odd), odd.count));
    loaded.areas.iter().for_each(|area| add(effects, load::area(area), 1));
    let all = ContactFilter { ip: None, mac: None, hours: 0..i64::from(i32::MAX), limit: 1 << 20 };
    for contact in runtime.block_on(database.contacts(&all))? {
        let [Some(from), Some(to)] = contact.ends.map(|end| end.ip) else { bail!("a contact without addresses") };
        let [there, back] = contact.packets;
        load::contact(from, to, [contact.flows, there, back], |name, count| add(effects, name, count));
    }
    let manifest = runtime.block_on(database.manifest())?;
    runtime.block_on(database.close());
    Ok(manifest)
}

/// The first sequence of the log in `folder`, and its records. It is read in a copy: opening it would write to it.
fn records(folder: &Path) -> Result<(u64, Vec<Record>)> {
    let copy = tempfile::tempdir()?;
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "synced" || name.to_string_lossy().ends_with(".seg") {
            fs::copy(entry.path(), copy.path().join(name))?;
        }
    }
    let log = Log::open(copy.path(), Options { reserve_bytes: 0, ..Options::default() })?;
    ensure!(log.rot().is_empty(), "it is damaged: {:?}", log.rot());
    let records = log.reader(log.first()).collect::<Result<Vec<_>, _>>()?;
    Ok((log.first(), records))
}

/// The name of the ledger's entry in `record`, when it is about a place.
fn told_by(record: &Record) -> Option<String> {
    let entry = Entry::read(&record.body).ok()?;
    let detail = entry.detail().ok().flatten()?;
    let body = serde_json::from_slice::<serde_json::Value>(detail.body).ok()?;
    named(body.get("detail")?).map(load::entry)
}

/// The first text called `name` in `value`.
fn named(value: &serde_json::Value) -> Option<&str> {
    let object = value.as_object()?;
    object.get("name").and_then(serde_json::Value::as_str).or_else(|| object.values().find_map(named))
}

fn add(effects: &mut Effects, name: String, count: u64) {
    *effects.entry(name).or_default() += count;
}
