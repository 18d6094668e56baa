//! Copies of everything that must not be lost, cut at one journal offset while the server runs; and the way back.
//!
//! A copy is a folder: `state.db`, the files of the flow history that its manifest lists, the ledger up to that offset,
//! the journal from there on, and `backup.json` with the length and hash of each file, written last. Keys are never in
//! it. It appears under its name when it is complete and on disk.

use super::places::Places;
use super::{PATIENCE, keeper, now, server};
use crate::config::Config;
use crate::io::file::write_durably;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use wardlight_model::Id;
use wardlight_store::database::{Database, Settings};

/// Format of a copy.
const FORMAT: u32 = 1;
/// The name of the list of files.
const LIST: &str = "backup.json";

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contents {
    /// Format of the copy.
    pub format: u32,
    /// Whose it is.
    pub site: Id,
    /// The journal offset that it was cut at.
    pub sequence: u64,
    /// When, in µs since 1970.
    pub made: i64,
    /// Each file below the folder, with its length and SHA-256.
    pub files: BTreeMap<String, (u64, String)>,
}

/// Makes a copy in a new folder below that of the configuration, and gives it. Errors: what the disk says; the folder
/// is not there then.
pub async fn make(config: &Config) -> anyhow::Result<PathBuf> {
    let places = Places::of(config);
    let folder = &config.backup.folder;
    let name = now().to_string().replace([':', '.'], "-");
    let (part, whole) = (folder.join(format!(".{name}.part")), folder.join(&name));
    fs::create_dir_all(&part).with_context(|| format!("cannot make {}", part.display()))?;
    let made = fill(config, &places, &part).await;
    if let Err(error) = made {
        let _ = fs::remove_dir_all(&part);
        return Err(error).context("no backup was made");
    }
    sync_tree(&part)?;
    fs::rename(&part, &whole).with_context(|| format!("cannot name {}", whole.display()))?;
    fs::File::open(folder)?.sync_all()?;
    Ok(whole)
}

async fn fill(config: &Config, places: &Places, part: &Path) -> anyhow::Result<()> {
    let database = server::database(config).await?;
    let sequence = database.backup_to(&part.join("state.db")).await?;
    let copied = copy_of(part).await?;
    for segment in copied.manifest().await?.live() {
        let path = segment.path();
        copy(&places.data.join(&path), &part.join(&path)).with_context(|| format!("cannot copy {path}"))?;
    }
    copied.close().await;
    copy_flat(&places.ledger(), &part.join("ledger"), |name| name == "checkpoints.txt")?;
    copy_log(&places.ledger(), &part.join("ledger"))?;
    // What became durable since the state was copied comes along, and is taken in after a restore.
    copy_log(&places.journal(), &part.join("journal"))?;
    let contents =
        Contents { format: FORMAT, site: database.site().await?, sequence, made: now().micros(), files: list(part)? };
    write_durably(&part.join(LIST), &serde_json::to_vec_pretty(&contents)?)?;
    database.put_offset(keeper::BACKUP, sequence).await?;
    database.close().await;
    Ok(())
}

/// The copy's own state.
async fn copy_of(folder: &Path) -> anyhow::Result<Database> {
    let url = format!("sqlite:{}", folder.join("state.db").display());
    Ok(Database::open(&Settings { url, site: Id::default(), now: now(), patience: PATIENCE }).await?)
}

/// What the copy in `folder` holds, every file of it as it was written. Errors: the first that is not.
pub fn check(folder: &Path) -> anyhow::Result<Contents> {
    let path = folder.join(LIST);
    let text = fs::read(&path).with_context(|| format!("{}: this is no complete backup", path.display()))?;
    let contents: Contents = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    anyhow::ensure!(
        contents.format <= FORMAT,
        "{}: made by a later version (format {}): restore it with that",
        path.display(),
        contents.format
    );
    let found = list(folder)?;
    for (name, expected) in &contents.files {
        match found.get(name) {
            None => anyhow::bail!("{}: the file is missing", folder.join(name).display()),
            Some(is) if is != expected => {
                anyhow::bail!("{}: the file is not as it was written", folder.join(name).display())
            }
            Some(_) => {}
        }
    }
    Ok(contents)
}

/// Puts the copy in `folder` where the configuration says. Errors: it is damaged, or something is there already.
pub async fn restore(config: &Config, folder: &Path) -> anyhow::Result<Contents> {
    let contents = check(folder)?;
    let places = Places::of(config);
    places.make()?;
    for part in ["journal", "ledger", "flows"] {
        let there = fs::read_dir(places.data.join(part)).into_iter().flatten().next().is_some();
        anyhow::ensure!(
            !there,
            "{}: something is there already; restore into an empty data folder",
            places.data.join(part).display()
        );
    }
    for name in contents.files.keys().filter(|name| name.as_str() != "state.db") {
        copy(&folder.join(name), &places.data.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    write_durably(&places.site(), contents.site.to_string().as_bytes())?;
    let settings = Settings { url: places.database(config), site: contents.site, now: now(), patience: PATIENCE };
    let database = Database::open(&settings).await?;
    let sequence = database.restore_from(&folder.join("state.db")).await?;
    database.close().await;
    anyhow::ensure!(sequence == contents.sequence, "the state is at {sequence}, the backup says {}", contents.sequence);
    sync_tree(&places.data)?;
    Ok(contents)
}

/// The newest complete copy below `folder`.
pub fn newest(folder: &Path) -> Option<(PathBuf, Contents)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let complete = entries.filter_map(|entry| {
        let text = fs::read(entry.path().join(LIST)).ok()?;
        Some((entry.path(), serde_json::from_slice::<Contents>(&text).ok()?))
    });
    complete.max_by_key(|(_, contents)| contents.made)
}

/// Every file below `folder` but the list itself.
fn list(folder: &Path) -> anyhow::Result<BTreeMap<String, (u64, String)>> {
    let mut files = BTreeMap::new();
    for path in tree(folder)? {
        let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        if name != LIST {
            files.insert(name, hash(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(files)
}

fn tree(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(tree(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn hash(path: &Path) -> io::Result<(u64, String)> {
    let mut file = fs::File::open(path)?;
    let (mut hash, mut block, mut length) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            break;
        }
        length += read as u64;
        hash.update(block.get(..read).unwrap_or_default());
    }
    let text = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((length, text))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).map(drop)
}

/// A log that may be written meanwhile: its marks first, which must not be ahead of the segments copied after them.
pub fn copy_log(from: &Path, to: &Path) -> anyhow::Result<()> {
    copy_flat(from, to, |name| name == "synced")?;
    copy_flat(from, to, |name| name.ends_with(".seg"))
}

/// The files of `from` that are `wanted`, in the order of their names.
fn copy_flat(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    let mut names: Vec<String> = fs::read_dir(from)?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names.iter().filter(|name| wanted(name)) {
        match copy(&from.join(name), &to.join(name)) {
            // Released meanwhile: what it held is in the state.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome.with_context(|| format!("cannot copy {}", from.join(name).display()))?,
        }
    }
    Ok(())
}

fn sync_tree(folder: &Path) -> anyhow::Result<()> {
    for path in tree(folder)? {
        fs::File::open(&path)?.sync_all().with_context(|| path.display().to_string())?;
    }
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}
