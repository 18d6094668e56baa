//! The whole path, as its operator runs it: captures in, a state that survives, copies, proofs.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "tests may stop")]

mod apart;
mod assets;
mod broken;
mod clock;
mod elsewhere;
mod fleet;
mod full;
mod import;
mod live;
mod pages;
mod quiet;
#[path = "../../../store/src/database/trial/server.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, unreachable_pub, reason = "shared with the store's own tests")]
mod server;
mod sources;
mod tls;
mod told;
mod upgrade;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, PATIENCE, Settings};

/// One installation in a folder of its own.
struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new(store: &str) -> Self {
        let house = Self { folder: tempfile::tempdir().expect("a folder") };
        let at = |name: &str| house.at(name).display().to_string();
        let text = format!(
            "[files]\ndata = \"{}\"\nkeys = \"{}\"\n[backup]\nfolder = \"{}\"\n[store]\nurl = \"{store}\"\ncommit_ms = 50\nsettle_s = 1\n",
            at("data"),
            at("keys"),
            at("backup")
        );
        fs::write(house.at("wardlight.toml"), text).expect("a configuration");
        house
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardlight"));
        command.args(arguments).arg("--config").arg(self.at("wardlight.toml")).env("USER", "somebody");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs and gives what it printed.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Starts the server and waits until it answers.
    fn serve(&self) -> Child {
        let _ = fs::remove_file(self.at("data/server.sock"));
        let mut server = self.command(&["run", "--role", "server"]);
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let begin = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.at("data/server.sock")).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// The made-up ward as a capture.
    fn ward(&self) -> String {
        let path = self.at("ward.pcap");
        fs::write(&path, wardlight_lab::ward_capture()).expect("a capture");
        path.display().to_string()
    }

    fn state(&self) -> String {
        dump(&format!("sqlite:{}", self.at("data/state.db").display()))
    }
}

/// The whole state behind an address, as text.
fn dump(url: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let settings = Settings { url: url.to_owned(), site: Id::default(), now: Time::default(), patience: PATIENCE };
        let database = Database::open(&settings).await.expect("the state opens");
        let dump = database.dump().await.expect("the state is read");
        database.close().await;
        dump
    })
}

/// Copies the files of a folder and of those in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (kind, to) = (entry.file_type().expect("a kind"), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

#[test]
fn what_was_read_is_kept_once_and_nothing_is_for_others() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    let first = house.says(&["run", "--once", &ward]);
    assert!(first.contains(" devices; ") && !first.starts_with("0 "), "{first}");
    let state = house.state();
    assert!(state.contains("contact") && state.contains("infusion pump"), "{state}");
    house.says(&["run", "--once", &ward]);
    assert_same(&house.state(), &state);
    for path in ["data", "keys", "data/journal", "data/ledger", "data/state.db", "keys/ledger.key", "keys/names.key"] {
        let mode = fs::metadata(house.at(path)).expect(path).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
}

#[test]
fn a_capture_that_is_not_there_is_told_of_and_not_waited_for() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    let output = house.run(&["run", "--once", "/no/such.pcap", &ward]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.as_str()), (Some(3), "wardlight: there is no /no/such.pcap\n"));
    assert!(house.state().contains("infusion pump"), "the other one was read");
}

#[test]
fn a_server_that_is_killed_goes_on_where_it_was() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    let mut server = house.serve();
    let site = house.says(&["area", "put", "site", "St. Anna", "--zone", "Europe/Berlin"]);
    house.says(&["area", "put", "floor", "3", "--in", site.trim()]);
    server.kill().expect("killed");
    server.wait().expect("gone");
    let listed = house.says(&["area", "list"]);
    assert!(listed.contains("site St. Anna (Europe/Berlin)") && listed.contains("  floor 3"), "{listed}");
    house.says(&["run", "--once", &ward]);
    assert_eq!(house.says(&["area", "list"]), listed);
    let verdict = house.says(&["ledger", "verify"]);
    assert!(verdict.starts_with("3 entries"), "the key and two decisions, once each: {verdict}");
}

#[test]
fn decisions_that_make_no_sense_are_refused_with_the_reason() {
    let house = House::new("sqlite:");
    let mut server = house.serve();
    for (arguments, reason) in [
        (&["area", "put", "room", "12"][..], "does not stand in"),
        (&["area", "put", "site", "X", "--zone", "Mars/Base"], "no IANA time zone"),
        (&["area", "put", "cellar", "X"], "there is no level `cellar`"),
        (&["area", "remove", "01890a5d-ac96-774b-bcce-b302099a8057"], "there is no place"),
    ] {
        let output = house.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(reason), "{arguments:?}: {said}");
    }
    server.kill().expect("killed");
    server.wait().expect("gone");
    let output = house.run(&["area", "put", "site", "X", "--zone", "UTC"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no server answers"), "it is gone");
}

#[test]
fn a_copy_made_while_running_brings_everything_back() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    house.says(&["run", "--once", &ward]);
    let mut server = house.serve();
    house.says(&["area", "put", "site", "St. Anna", "--zone", "Europe/Berlin"]);
    let copy = house.says(&["backup", "make"]);
    let copy = copy.trim();
    let verified = house.says(&["backup", "verify", copy]);
    let checkpoint = house.says(&["ledger", "checkpoint"]);
    assert!(verified.starts_with("complete: ") && verified.ends_with(&checkpoint), "{verified}{checkpoint}");
    let report = house.run(&["doctor"]);
    assert!(String::from_utf8_lossy(&report.stdout).ends_with(&checkpoint), "the report names the checkpoint");
    server.kill().expect("killed");
    server.wait().expect("gone");
    let holds_key = Command::new("find").args([copy, "-name", "*.key"]).output().expect("find runs").stdout;
    assert!(holds_key.is_empty(), "a key is in the copy");

    let other = House::new("sqlite:");
    super_copy(&house.at("keys"), &other.at("keys"));
    other.says(&["backup", "restore", copy]);
    other.says(&["run", "--once"]);
    assert_same(&other.state(), &house.state());
    other.says(&["ledger", "verify"]);
    assert!(!other.run(&["backup", "restore", copy]).status.success(), "a folder that is in use is not written over");

    let first =
        fs::read_dir(Path::new(copy).join("ledger")).expect("a folder").flatten().next().expect("a file").path();
    let mut bytes = fs::read(&first).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).expect("written");
    let output = house.run(&["backup", "verify", copy]);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("not as it was written"));
}

fn super_copy(from: &Path, to: &Path) {
    copy(from, to);
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("a mode");
}

#[test]
fn a_ledger_that_was_changed_is_found_out() {
    let house = House::new("sqlite:");
    let mut server = house.serve();
    house.says(&["area", "put", "site", "St. Anna", "--zone", "Europe/Berlin"]);
    let witness = house.says(&["ledger", "checkpoint"]);
    fs::write(house.at("witness"), &witness).expect("written");
    fs::write(house.at("key"), house.says(&["ledger", "key"])).expect("written");
    server.kill().expect("killed");
    server.wait().expect("gone");
    let (witness, key) = (house.at("witness").display().to_string(), house.at("key").display().to_string());
    let verdict = house.says(&["ledger", "verify", "--witness", &witness, "--key", &key]);
    assert!(verdict.starts_with("2 entries"), "{verdict}");
    let segment = house.at("data/ledger/00000000000000000001.seg");
    let mut bytes = fs::read(&segment).expect("read");
    assert!(!bytes.windows(8).any(|window| window == b"somebody"), "the kernel says who decided, not the caller");
    let name = bytes.windows(4).position(|window| window == b"uid ").expect("who decided");
    bytes[name] = b'g';
    fs::write(&segment, bytes).expect("written");
    let output = house.run(&["ledger", "verify"]);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_same_journal_gives_the_same_state_on_both_stores() {
    let Some(postgres) = server::Server::start() else { return };
    let house = House::new("sqlite:");
    let ward = house.ward();
    house.says(&["run", "--once", &ward]);
    let url = postgres.create();
    for (store, state) in [("sqlite:".to_owned(), None), (url.clone(), Some(url))] {
        let other = House::new(&store);
        // Another batch size, and a restart in between.
        let path = other.at("wardlight.toml");
        let text = fs::read_to_string(&path).expect("read").replace("commit_ms = 50", "commit_ms = 1");
        fs::write(&path, text).expect("written");
        copy(&house.at("data/journal"), &other.at("data/journal"));
        fs::copy(house.at("data/site.id"), other.at("data/site.id")).expect("copied");
        super_copy(&house.at("keys"), &other.at("keys"));
        fs::set_permissions(other.at("data"), fs::Permissions::from_mode(0o700)).expect("a mode");
        let mut server = other.serve();
        server.kill().expect("killed");
        server.wait().expect("gone");
        other.says(&["run", "--once"]);
        let replayed = state.map_or_else(|| other.state(), |url| dump(&url));
        assert_same(&replayed, &house.state());
    }
}

/// The same rows, but for what each database makes once for itself: its site row, and how far the last copy came.
#[track_caller]
fn assert_same(one: &str, other: &str) {
    fn rows(dump: &str) -> Vec<&str> {
        let (state, _) = dump.split_once("# consumer").expect("the table of readers comes last");
        let (_, state) = state.split_once("# area").expect("the site comes first");
        state.lines().collect()
    }
    let (one, other) = (rows(one), rows(other));
    if let Some((one, other)) = one.iter().zip(&other).find(|(one, other)| one != other) {
        panic!("rows differ:\n{one}\n{other}");
    }
    assert_eq!(one.len(), other.len(), "one has more rows");
}

#[test]
fn a_wrong_configuration_says_what_and_where() {
    let house = House::new("sqlite:");
    let path = house.at("wardlight.toml");
    for (text, said) in [
        ("[store]\ncomit_ms = 5\n", "comit_ms"),
        ("[sensor]\nflush_s = 60\n", "sensor.flush_s"),
        ("[files]\ndata = 7\n", "line 2"),
    ] {
        fs::write(&path, text).expect("written");
        let output = house.run(&["run", "--once"]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(said) && error.contains("wardlight.toml"), "{error}");
    }
}

#[test]
fn the_doctor_finds_what_is_not_as_it_should_be() {
    let house = House::new("sqlite:");
    house.says(&["run", "--once", &house.ward()]);
    fs::set_permissions(house.at("data"), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::set_permissions(house.at("keys/ledger.key"), fs::Permissions::from_mode(0o644)).expect("a mode");
    let output = house.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    for said in ["✗ data folder", "✗ keys", "✗ backups: there is none", "✗ server: it does not answer", "✓ retention"]
    {
        assert!(text.contains(said), "{said} in {text}");
    }
}
