//! Copies of everything that must not be lost, cut at one journal offset while the server runs; and the way back.
//!
//! A copy is a folder: `state.db`, the files of the flow history that its manifest lists, the ledger up to that offset,
//! the journal from there on, and `backup.json` with the length and hash of each file, written last. Keys are never in
//! it. It appears under its name when it is complete and on disk.

use super::ledger::checkpoints;
use super::places::{CHECKPOINTS, Places, make_folder};
use super::{PATIENCE, now, server};
use crate::config::Config;
use crate::io::file::write_durably;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use wardlight_model::Id;
use wardlight_store::database::{Database, Settings};
use wardlight_store::history::Manifest;

/// Format of a copy.
const FORMAT: u32 = 1;
/// The name of the list of files.
const LIST: &str = "backup.json";
/// The folders of what is restored.
const PARTS: [&str; 4] = ["journal", "ledger", "flows", "sources"];
/// What the name of a copy ends in that is not done. It begins with a dot.
const PART: &str = ".part";

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
    /// The ledger's newest checkpoint that the copy holds, as text.
    #[serde(default)]
    pub checkpoint: Option<String>,
    /// Each file below the folder, with its length and SHA-256.
    pub files: BTreeMap<String, (u64, String)>,
}

/// Makes a copy in a new folder below that of the configuration, and gives it. Errors: what the disk says, or there is
/// nothing to copy; the folder is not there then.
pub async fn make(config: &Config) -> anyhow::Result<PathBuf> {
    let nothing = || format!("nothing is kept in {} yet: `wardlight run` begins it", config.files.data.display());
    make_of(config, server::database_there(config).await?.with_context(nothing)?).await
}

/// The same of what `database` holds, which may be of an earlier version.
pub async fn make_of(config: &Config, database: Database) -> anyhow::Result<PathBuf> {
    let (places, folder) = (Places::of(config), &config.backup.folder);
    let _held = places.hold().with_context(|| format!("cannot hold {}", places.data.display()))?;
    sweep(folder);
    let name = now().to_string().replace([':', '.'], "-");
    let (part, whole) = (folder.join(format!(".{name}{PART}")), folder.join(&name));
    make_folder(folder)
        .and_then(|()| make_private(&part))
        .with_context(|| format!("cannot make {}", part.display()))?;
    let sequence = match fill(&database, &places, &part).await {
        Ok(sequence) => sequence,
        Err(error) => {
            let _ = fs::remove_dir_all(&part);
            return Err(error).context("no backup was made");
        }
    };
    fs::rename(&part, &whole).with_context(|| format!("cannot name {}", whole.display()))?;
    fs::File::open(folder)?.sync_all()?;
    // Only now may the journal let go of what the copy holds.
    database.note_backup(sequence).await?;
    database.close().await;
    Ok(whole)
}

/// Fills `part` and makes it durable. Gives the journal record that it is cut at.
async fn fill(database: &Database, places: &Places, part: &Path) -> anyhow::Result<u64> {
    let sequence = database.backup_to(&part.join("state.db")).await?;
    for segment in manifest_of(part).await?.live() {
        let path = segment.path();
        copy(&places.data.join(&path), &part.join(&path)).with_context(|| format!("cannot copy {path}"))?;
    }
    copy_flat(&places.ledger(), &part.join("ledger"), |name| name == CHECKPOINTS)?;
    copy_log(&places.ledger(), &part.join("ledger"))?;
    if places.sources().exists() {
        // Before the journal: what is noted as read must be in it.
        copy_flat(&places.sources(), &part.join("sources"), |name| name.ends_with(".json") && !name.starts_with('.'))?;
    }
    // What became durable since the state was copied comes along, and is taken in after a restore.
    copy_log(&places.journal(), &part.join("journal"))?;
    let contents = Contents {
        format: FORMAT,
        site: database.site().await?,
        sequence,
        made: now().micros(),
        checkpoint: checkpoints(&part.join("ledger"))?.pop().map(|checkpoint| checkpoint.to_string()),
        files: list(part)?,
    };
    write_durably(&part.join(LIST), &serde_json::to_vec_pretty(&contents)?)?;
    sync_tree(part)?;
    Ok(sequence)
}

/// The files of the flow history that belong to the copy in `folder`, by its own word. The copy stays as it is, also when
/// it is of an earlier version.
async fn manifest_of(folder: &Path) -> anyhow::Result<Manifest> {
    let url = format!("sqlite:{}", folder.join("state.db").display());
    let settings = Settings { url, site: Id::default(), now: now(), patience: PATIENCE };
    let copied = match Database::open_earlier(&settings).await? {
        Some(earlier) => earlier,
        None => Database::open(&settings).await?,
    };
    let manifest = copied.manifest().await?;
    copied.close().await;
    Ok(manifest)
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

/// Puts the copy in `folder` where the configuration says. Until all of it is there and on disk, a mark says that it is
/// not: no server starts, and a restore begins again. Errors: it is damaged, or something is there already.
pub async fn restore(config: &Config, folder: &Path) -> anyhow::Result<Contents> {
    let contents = check(folder)?;
    let places = Places::of(config);
    places.make_folders()?;
    let mark = places.restoring();
    if mark.exists() {
        clear(&places)?;
        places.make_folders()?;
    }
    for part in PARTS.iter().map(|part| places.data.join(part)).chain([places.state()]) {
        let is_empty = fs::read_dir(&part).into_iter().flatten().next().is_none() && !part.is_file();
        anyhow::ensure!(is_empty, "{}: something is there already; restore into an empty data folder", part.display());
    }
    write_durably(&mark, folder.as_os_str().as_encoded_bytes()).with_context(|| mark.display().to_string())?;
    for name in contents.files.keys().filter(|name| name.as_str() != "state.db") {
        copy(&folder.join(name), &places.data.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    write_durably(&places.site(), contents.site.to_string().as_bytes())?;
    restore_state(config, folder, &contents).await?;
    sync_tree(&places.data)?;
    fs::remove_file(&mark)?;
    fs::File::open(&places.data)?.sync_all()?;
    Ok(contents)
}

async fn restore_state(config: &Config, folder: &Path, contents: &Contents) -> anyhow::Result<()> {
    let url = Places::of(config).database(config);
    let database = Database::open(&Settings { url, site: contents.site, now: now(), patience: PATIENCE }).await?;
    // A restore that was broken off may have come to this: it is one transaction.
    let is_there = (database.site().await?, database.sequence().await?) == (contents.site, contents.sequence);
    let sequence = match is_there && contents.sequence > 0 {
        true => contents.sequence,
        false => database.restore_from(&folder.join("state.db")).await?,
    };
    database.close().await;
    anyhow::ensure!(sequence == contents.sequence, "the state is at {sequence}, the backup says {}", contents.sequence);
    Ok(())
}

/// Takes away what a restore put there that was broken off.
fn clear(places: &Places) -> anyhow::Result<()> {
    for part in PARTS {
        let folder = places.data.join(part);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| folder.display().to_string());
            }
            _ => {}
        }
    }
    for name in ["site.id", "state.db", "state.db-wal", "state.db-shm", "state.db-journal"] {
        match fs::remove_file(places.data.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| places.data.join(name).display().to_string());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Takes away what is left of copies that were broken off. Only for who holds the data folder.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(b".") && name.ends_with(PART.as_bytes()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The newest complete copy below `folder`.
pub fn newest(folder: &Path) -> Option<(PathBuf, Contents)> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let whole = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let complete = whole.filter_map(|entry| {
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

/// A folder for its owner alone, and those above it.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        make_private(folder)?;
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
    make_private(to)?;
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

/// Makes all files and names below `folder` durable.
fn sync_tree(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => sync_tree(&entry.path())?,
            kind if kind.is_file() => {
                fs::File::open(entry.path())?.sync_all().with_context(|| entry.path().display().to_string())?;
            }
            _ => {}
        }
    }
    fs::File::open(folder)?.sync_all().with_context(|| folder.display().to_string())
}
