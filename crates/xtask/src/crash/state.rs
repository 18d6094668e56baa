//! What an installation holds, counted, and compared with what was sent to it.

use super::load::{self, Effects};
use super::wire::Sent;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use wardlight_ledger::Entry;
use wardlight_model::{Id, Time};
use wardlight_store::database::{ContactFilter, Database, Settings};
use wardlight_store::history::{History, Manifest, Query};
use wardlight_store::segment::{Log, Options};

/// Differences that an error names.
const SHOWN: usize = 8;

/// Compares what is below `root` with what was acknowledged. Errors: what is missing, what is there more than once, or a
/// ledger that is not sound.
pub(super) fn compare(program: &Path, config: &Path, root: &Path, sent: &Sent) -> Result<()> {
    let mut wanted = Effects::new();
    sent.stored.keys().for_each(|n| load::expect(*n, &mut wanted));
    let there = read(&root.join("data"))?;
    let names: std::collections::BTreeSet<&String> = wanted.keys().chain(there.keys()).collect();
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
    let mut verify = Command::new(program);
    verify.args(["ledger", "verify", "--config"]).arg(config);
    let output = verify.output().context("cannot start the program")?;
    anyhow::ensure!(
        output.status.success(),
        "the ledger is not sound: {}",
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Ok(())
}

fn read(folder: &Path) -> Result<Effects> {
    let mut effects = Effects::new();
    let manifest = state(folder, &mut effects)?;
    for row in History::new(folder).scan(&manifest, Query::default()) {
        add(&mut effects, load::row(row?.id), 1);
    }
    ledger(&folder.join("ledger"), &mut effects)?;
    Ok(effects)
}

fn state(folder: &Path, effects: &mut Effects) -> Result<Manifest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("sqlite:{}", folder.join("state.db").display());
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

/// Counts the entries about places in a copy of the ledger: opening the ledger itself would write to it.
fn ledger(folder: &Path, effects: &mut Effects) -> Result<()> {
    let copy = tempfile::tempdir()?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "synced" || name.to_string_lossy().ends_with(".seg") {
            fs::copy(entry.path(), copy.path().join(name))?;
        }
    }
    let log = Log::open(copy.path(), Options { reserve_bytes: 0, ..Options::default() })?;
    for record in log.reader(log.first()) {
        let stored = record?.body;
        let entry = Entry::read(&stored).context("cannot read an entry of the ledger")?;
        let Some(detail) = entry.detail().ok().flatten() else { continue };
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(detail.body) else { continue };
        let name = body.get("detail").and_then(|detail| detail.get("name")?.as_str());
        if let Some(name) = name {
            add(effects, load::entry(name), 1);
        }
    }
    Ok(())
}

fn add(effects: &mut Effects, name: String, count: u64) {
    *effects.entry(name).or_default() += count;
}
