//! A disk that somebody else fills under a sensor and its server: decisions are still taken, flows are given up and
//! counted, and once there is room again nothing else is missing.

use super::House;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Database, PATIENCE, Settings};

/// Set where this may mount.
const OWN: &str = "WARDLIGHT_OWN_MOUNTS";
const CAPTURES: u64 = 12;

/// Runs the test called `name` where it may mount, or says that this is nowhere; true where it may.
fn has_own_mounts(name: &str) -> bool {
    if std::env::var_os(OWN).is_some() {
        return true;
    }
    let unshare = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("-rm").args(words).env(OWN, "1");
        command
    };
    if !unshare(&["true"]).status().is_ok_and(|ended| ended.success()) {
        eprintln!("SKIPPED: this system lets nobody mount in a namespace of his own: `unshare -rm true` fails");
        return false;
    }
    let program = std::env::current_exe().expect("this program").display().to_string();
    assert!(unshare(&[&program, "--exact", name, "--nocapture"]).status().expect("it starts").success());
    false
}

/// Rows of the flow history, and how often all facts were said.
fn kept(house: &House) -> (u64, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite:{}", house.at("data/state.db").display());
    let settings = Settings { url, site: Id::default(), now: Time::default(), patience: PATIENCE };
    let read = runtime.block_on(async {
        let database = Database::open(&settings).await.ok()?;
        let read = (database.manifest().await.ok()?, database.load().await.ok()?);
        database.close().await;
        Some(read)
    });
    let sums = |(manifest, loaded): (wardlight_store::history::Manifest, wardlight_store::database::Loaded)| {
        let rows = manifest.live().map(|segment| segment.rows).sum();
        (rows, loaded.facts.iter().map(|fact| fact.count).sum())
    };
    read.map(sums).unwrap_or_default()
}

fn standing(house: &House) -> serde_json::Value {
    serde_json::from_slice(&fs::read(house.at("data/standing.json")).unwrap_or_default()).unwrap_or_default()
}

#[track_caller]
fn until(what: &str, house: &House, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        let log = || fs::read_to_string(house.at("log")).unwrap_or_default();
        assert!(begin.elapsed() < Duration::from_secs(90), "{what}: {}; {}", standing(house), log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Takes all space but a little.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).expect("a file");
    let block = vec![7; 1 << 16];
    while file.write_all(&block).is_ok() {}
    let length = file.metadata().expect("there").len();
    file.set_len(length - (1 << 16)).expect("cut");
}

#[test]
fn a_disk_that_is_filled_takes_flows_and_nothing_else() {
    if !has_own_mounts("full::a_disk_that_is_filled_takes_flows_and_nothing_else") {
        return;
    }
    let house = House::new("sqlite:");
    let (data, watched) = (house.at("data"), house.at("watched"));
    fs::create_dir(&data).expect("a folder");
    fs::create_dir(&watched).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "mode=0700,size=24m", "none"]).arg(&data).status();
    assert!(mounted.expect("mount runs").success());
    let config = house.at("wardlight.toml");
    let more = format!("[journal]\nreserve_mib = 1\n[sensor]\nfolders = [{watched:?}]\nlook_s = 1\n");
    fs::write(&config, fs::read_to_string(&config).expect("read") + &more).expect("written");
    let ward = fs::read(house.ward()).expect("a capture");
    let capture = |n: u64| fs::write(watched.join(format!("{n:02}.pcap")), &ward).expect("written");

    let log = fs::File::create(house.at("log")).expect("a log");
    let both = house.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn();
    let mut both = both.expect("the program starts");
    until("it answers", &house, || std::os::unix::net::UnixStream::connect(house.at("data/server.sock")).is_ok());
    capture(0);
    until("the first capture is kept", &house, || {
        let before = kept(&house);
        std::thread::sleep(Duration::from_secs(2));
        before.0 > 0 && before == kept(&house)
    });
    let (rows, facts) = kept(&house);

    fill(&house.at("data/ballast"));
    (1..CAPTURES).for_each(capture);
    until("it shows that the disk is full", &house, || standing(&house)["is_full"] == true);
    for name in ["St. Anna", "St. Barbara"] {
        house.says(&["area", "put", "site", name, "--zone", "UTC"]);
    }
    assert!(house.says(&["ledger", "verify"]).starts_with("3 entries"), "the key and two decisions");
    let doctor = String::from_utf8_lossy(&house.run(&["doctor"]).stdout).into_owned();
    assert!(doctor.contains("✗ server: the disk is full"), "{doctor}");

    fs::remove_file(house.at("data/ballast")).expect("gone");
    until("all is kept", &house, || {
        let standing = standing(&house);
        let is_over =
            standing["is_full"] == false && standing["waits"] == "" && standing["history"] == standing["journal"];
        let shed = standing["shed_flows"].as_u64().unwrap_or_default();
        let (now, said) = kept(&house);
        is_over && (now + shed, said) == (CAPTURES * rows, CAPTURES * facts)
    });
    Command::new("kill").arg(both.id().to_string()).status().expect("told");
    assert!(both.wait().expect("ended").success());
    Command::new("umount").arg("-l").arg(&data).status().expect("unmounted");
}
