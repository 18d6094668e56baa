//! What a whole installation keeps: data folder, sensor's spool, copies, messages, and the memory of the running program.

use super::outside::{core_by, expect_no_canary, program};
use super::{TITLE, expect_silence, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wardlight_lab::canary::{CAGES, Scanner, canary_capture};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, PATIENCE, Settings};
use wardlight_store::history::{History, Query};

/// An installation that reads the folder `captures`.
pub(super) struct Ward {
    folder: tempfile::TempDir,
}

impl Ward {
    /// One in which nothing is yet.
    pub(super) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    pub(super) fn new(split: usize) -> Self {
        let ward = Self::empty();
        fs::create_dir(ward.at("captures")).expect("a folder");
        fs::write(ward.at("captures/canaries.pcap"), canary_capture(split)).expect("written");
        let at = |name: &str| format!("\"{}\"", ward.at(name).display());
        let text = format!(
            "[files]\ndata = {}\nkeys = {}\n[backup]\nfolder = {}\n[sensor]\nfolders = [{}]\nlook_s = 1\n\
             [store]\ncommit_ms = 50\nsettle_s = 1\n",
            at("data"),
            at("keys"),
            at("backup"),
            at("captures")
        );
        fs::write(ward.at("wardlight.toml"), text).expect("written");
        ward
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words).arg("--config").arg(self.at("wardlight.toml")).current_dir(self.folder.path());
        command
    }

    /// The state and the rows of the flow history as text: both are packed in their files.
    pub(super) fn unpacked(&self) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.at("data/state.db").display());
            let settings = Settings { url, site: Id::default(), now: Time::default(), patience: PATIENCE };
            let database = Database::open(&settings).await.expect("the state opens");
            let manifest = database.manifest().await.expect("a manifest");
            let mut text = database.dump().await.expect("the state is read");
            database.close().await;
            let history = History::new(&self.at("data"));
            let rows: Vec<String> =
                history.scan(&manifest, Query::default()).map(|row| format!("{:?}\n", row.expect("a row"))).collect();
            assert!(rows.len() > 20, "only {} flows", rows.len());
            text.extend(rows);
            text
        })
    }
}

/// Every file below `folder`, with its bytes.
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.file_type().expect("a kind") {
            kind if kind.is_dir() => found.extend(files(&entry.path())),
            kind if kind.is_file() => found.push((entry.path(), fs::read(entry.path()).expect("read"))),
            _ => {}
        }
    }
    found
}

fn nothing_is_kept(split: usize) {
    let (ward, scanner) = (Ward::new(split), Scanner::for_canaries());
    for words in [&["run", "--once"][..], &["backup", "make"], &["doctor"], &["area", "list"], &["ledger", "verify"]] {
        let output = run(&mut ward.command(words));
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        expect_silence(&scanner, &words.join(" "), &output);
    }
    let unpacked = ward.unpacked();
    scanner.expect_none("state and flow history", unpacked.as_bytes());
    let missing: Vec<&str> = CAGES.into_iter().filter(|cage| !unpacked.contains(cage)).collect();
    assert!(missing.is_empty(), "{missing:?} stand in the capture but are not kept");
    let (kept, copied) = (files(&ward.at("data")), files(&ward.at("backup")));
    for part in ["spool", "journal", "ledger", "flows", "state.db"] {
        assert!(
            kept.iter().any(|(path, _)| path.strip_prefix(ward.at("data")).is_ok_and(|path| path.starts_with(part)))
        );
    }
    assert!(copied.len() > 6, "only {} files are in the copy", copied.len());
    for (path, bytes) in kept.iter().chain(&copied) {
        scanner.expect_none(&path.display().to_string(), bytes);
    }
    let all: Vec<u8> = kept.into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(!Scanner::new([("control", TITLE)]).find(&all).is_empty(), "nothing is found in what is kept");
}

#[test]
fn an_installation_keeps_no_canary() {
    nothing_is_kept(1460);
}

#[test]
fn an_installation_that_sees_tiny_segments_keeps_no_canary() {
    nothing_is_kept(9);
}

/// Waits until everything was read, sent, kept and made into devices.
pub(super) fn wait_until_kept(ward: &Ward) {
    let begin = Instant::now();
    let standing = || fs::read_to_string(ward.at("data/standing.json")).unwrap_or_default();
    let is_kept = |text: &str| {
        let standing: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        standing["devices"].as_u64() > Some(8) && standing["committed"] == standing["journal"]
    };
    while !is_kept(&standing()) {
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing is kept: {}", standing());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// While it runs, after everything was read, sent, kept and made into devices.
#[test]
fn a_debugger_on_the_running_installation_finds_no_canary() {
    let ward = Ward::new(61);
    let mut server = ward.command(&["run"]);
    let mut server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    wait_until_kept(&ward);
    let core = core_by(Command::new("gcore").args(["-o", "core", &server.id().to_string()]), ward.folder.path());
    server.kill().expect("killed");
    server.wait().expect("gone");
    if let Some(core) = core {
        expect_no_canary(&core, TITLE);
    }
}
