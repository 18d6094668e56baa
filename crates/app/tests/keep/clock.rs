//! A wall clock that stands, jumps ten years, and runs backward while a sensor and a server work by it: what they keep is
//! the same as by a right one, and nothing is deleted before its time.
//!
//! Debian's `faketime` turns the clock; time that only counts on, as the kernel's does whatever is set, is left alone.

use super::{House, copy, dump, super_copy};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, PATIENCE, Settings};
use wardlight_store::segment::{Log, Options};

const PRELOADED: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// An installation under a clock of its own.
struct Clocked {
    house: House,
    captures: i64,
}

impl Clocked {
    fn new() -> Self {
        let house = House::new("sqlite:");
        let path = house.at("wardlight.toml");
        let watched = house.at("watched");
        fs::create_dir(&watched).expect("a folder");
        let more = format!("[history]\nkeep_days = 1\ntidy_s = 1\n[sensor]\nfolders = [{watched:?}]\nlook_s = 1\n");
        fs::write(&path, fs::read_to_string(&path).expect("read") + &more).expect("written");
        Self { house, captures: 0 }
    }

    /// Turns the clock, as `faketime` says it.
    fn turn(&self, clock: &str) {
        // In one step: a clock that is half written is none.
        fs::write(self.house.at("clock.new"), clock).expect("written");
        fs::rename(self.house.at("clock.new"), self.house.at("clock")).expect("renamed");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.house.command(arguments);
        command.env("LD_PRELOAD", PRELOADED).env("FAKETIME_TIMESTAMP_FILE", self.house.at("clock"));
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }

    fn start(&self) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.house.at("log")).expect("a log");
        let mut both = self.command(&["run"]);
        let both = both.stdout(Stdio::null()).stderr(log).spawn().expect("the program starts");
        // Who looks into the state before it is there would make it.
        let begin = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.house.at("data/server.sock")).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        both
    }

    fn end(&self, mut both: Child) {
        Command::new("kill").arg(both.id().to_string()).status().expect("told");
        assert!(both.wait().expect("ended").success(), "{}", fs::read_to_string(self.house.at("log")).expect("a log"));
    }

    /// Puts the ward into the watched folder, a day later each time, and waits until `count` captures are kept.
    fn capture(&mut self, count: i64) {
        let shift = u32::try_from(self.captures * 86_400).expect("some days");
        let later = later(&wardlight_lab::ward_capture(), shift);
        let name = format!("{}.pcap", self.captures);
        fs::write(self.house.at(&name), later).expect("a capture");
        fs::rename(self.house.at(&name), self.house.at("watched").join(&name)).expect("renamed");
        self.captures += 1;
        let kept =
            |days: &[i64]| i64::try_from(days.len()).expect("some") == count && days.contains(&(self.captures - 1));
        let begin = Instant::now();
        while !kept(&self.days()) {
            let log = || fs::read_to_string(self.house.at("log")).expect("a log");
            assert!(begin.elapsed() < Duration::from_secs(60), "kept are the days {:?}; {}", self.days(), log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn decide(&self, name: &str) {
        let output =
            self.command(&["area", "put", "site", name, "--zone", "UTC"]).output().expect("the program starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The captures, by number, whose flows are in the history.
    fn days(&self) -> Vec<i64> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let url = format!("sqlite:{}", self.house.at("data/state.db").display());
        let settings = Settings { url, site: Id::default(), now: Time::default(), patience: PATIENCE };
        let entries = runtime.block_on(async {
            let database = Database::open(&settings).await.ok()?;
            let entries = database.segments().await.ok();
            database.close().await;
            entries
        });
        let live = entries.unwrap_or_default().into_iter().filter(|entry| entry.removed.is_none());
        let first = 1_715_674_500 / 86_400;
        let mut days: Vec<i64> = live.map(|entry| entry.hour / 24 - first).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The ids of what the sensor sent, in the order of the journal.
    fn sent(&self) -> Vec<Id> {
        let copied = self.house.at("copied");
        copy(&self.house.at("data/journal"), &copied);
        let log = Log::open(&copied, Options { reserve_bytes: 0, ..Options::default() }).expect("a log");
        let records = log.reader(1).map(|record| record.expect("whole"));
        records.filter(|record| record.kind != 3).map(|record| Id(record.id.0)).collect()
    }
}

/// A capture whose packets come `seconds` later.
fn later(capture: &[u8], seconds: u32) -> Vec<u8> {
    let mut bytes = capture.to_vec();
    let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
    assert_eq!(word(&bytes, 0), 0xa1b2_c3d4, "microseconds, big-endian");
    let mut at = 24;
    while at < bytes.len() {
        let moved = word(&bytes, at) + seconds;
        bytes[at..at + 4].copy_from_slice(&moved.to_be_bytes());
        at += 16 + usize::try_from(word(&bytes, at + 8)).expect("a length");
    }
    bytes
}

#[test]
fn a_clock_that_is_wrong_loses_nothing_and_deletes_nothing_early() {
    if !fs::exists(PRELOADED).expect("asked") {
        eprintln!("SKIPPED: no faketime: `apt-get install faketime` as root brings it");
        return;
    }
    let mut clocked = Clocked::new();
    clocked.turn("+0");
    let both = clocked.start();
    // Ten years behind, standing there, ten years ahead, backward day by day, right again.
    for (count, clock) in (1..).zip(["+0", "-10y", "2016-03-01 12:00:00", "+10y", "-1d", "-2d", "-3d", "+0"]) {
        clocked.turn(clock);
        clocked.capture(count);
        clocked.decide(&format!("by {clock}"));
        // Time for a look at what may be deleted.
        std::thread::sleep(Duration::from_millis(1200));
        assert_eq!(clocked.days(), (0..count).collect::<Vec<_>>(), "by the clock {clock}");
    }
    clocked.end(both);
    assert!(clocked.sent().is_sorted_by(|one, next| one < next), "ids of one program grow whatever the clock says");
    assert!(clocked.house.says(&["ledger", "verify"]).starts_with("9 entries"), "the key and eight decisions");
    replayed_by_a_right_clock(&clocked.house);

    let both = clocked.start();
    // Days go by as they should: what is older than one goes, and what was kept by a wrong clock with it.
    for (clock, days) in [("+20h", 9), ("+40h", 10), ("+60h", 2)] {
        clocked.turn(clock);
        clocked.capture(days);
    }
    assert_eq!(clocked.days(), [9, 10]);
    clocked.end(both);
}

/// The same journal under the right time gives the same state.
fn replayed_by_a_right_clock(house: &House) {
    let other = House::new("sqlite:");
    copy(&house.at("data/journal"), &other.at("data/journal"));
    fs::copy(house.at("data/site.id"), other.at("data/site.id")).expect("copied");
    super_copy(&house.at("keys"), &other.at("keys"));
    fs::set_permissions(other.at("data"), fs::Permissions::from_mode(0o700)).expect("a mode");
    other.says(&["run", "--once"]);
    let state = |house: &House| {
        let dump = dump(&format!("sqlite:{}", house.at("data/state.db").display()));
        // When it was made, and which flows lie in which file, is no part of it.
        let (_, dump) = dump.split_once("# area").expect("the site comes first");
        dump.split_once("# flow_segment").expect("files come last").0.to_owned()
    };
    let (right, wrong) = (state(&other), state(house));
    let differing = right.lines().zip(wrong.lines()).find(|(right, wrong)| right != wrong);
    assert_eq!(differing, None, "the state depends on the clock");
    assert_eq!(right.len(), wrong.len());
}
