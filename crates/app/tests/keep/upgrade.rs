//! What earlier versions left: copied first, then brought up to this one, and back again from the copy.

use super::{House, assert_same, copy, dump, server, super_copy};
use std::fs;
use std::path::{Path, PathBuf};

/// Makes the state of `house` what the format before the flow history left: no manifest, and no files of it.
fn downgrade(house: &House) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(house.at("data/state.db"));
        let pool = sqlx::SqlitePool::connect_with(options).await.expect("the state opens");
        let down = "DROP TABLE flow_segment; DROP TABLE consumer; UPDATE site SET format = 1";
        sqlx::raw_sql(down).execute(&pool).await.expect("taken away");
        pool.close().await;
    });
    fs::remove_dir_all(house.at("data/flows")).expect("removed");
}

fn copies(house: &House) -> Vec<PathBuf> {
    let entries = fs::read_dir(house.at("backup")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn an_upgrade_makes_a_copy_of_everything_first() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    house.says(&["run", "--once", &ward]);
    downgrade(&house);
    let output = house.run(&["run", "--once"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("(format 1): everything is copied to"), "{said}");
    let made = copies(&house);
    let [made] = made.as_slice() else { panic!("one copy: {made:?}") };
    let made = made.display().to_string();
    assert!(house.says(&["backup", "verify", &made]).starts_with("complete: "));
    let again = house.run(&["run", "--once"]);
    assert_eq!((again.stderr.len(), copies(&house).len()), (0, 1), "it is of this version now");

    let other = House::new("sqlite:");
    super_copy(&house.at("keys"), &other.at("keys"));
    other.says(&["backup", "restore", &made]);
    other.says(&["run", "--once"]);
    assert_same(&other.state(), &house.state());
}

#[test]
fn without_a_copy_nothing_is_brought_up() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    house.says(&["run", "--once", &ward]);
    downgrade(&house);
    fs::write(house.at("backup"), "a file where the folder should be").expect("written");
    let before = fs::read(house.at("data/state.db")).expect("read");
    let output = house.run(&["run", "--once"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("only after a copy of everything"), "{said}");
    assert!(fs::read(house.at("data/state.db")).expect("read") == before, "the state was touched");
}

/// What version 0.1 left, whole: goes on, is copied, and comes back on either store.
#[test]
fn every_released_data_folder_goes_on_and_comes_back() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/datadir/v0.1/whole");
    if std::env::var_os("WARDLIGHT_FREEZE").is_some() {
        freeze(&golden);
    }
    let kept = fs::read_to_string(golden.join("state.txt")).expect("the state as text");
    let house = House::new("sqlite:");
    unfold(&golden, &house);
    let said = house.says(&["run", "--once"]);
    assert!(said.contains("all kept"), "{said}");
    // The site's own row tells the format, which is now this version's.
    let (_, kept) = kept.split_once("# area").expect("the site comes first");
    let state = house.state();
    let mut table = "area";
    for line in kept.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            table = name.split('\t').next().unwrap_or_default();
        } else if table != "device" {
            // Devices follow from the facts by this version's rules.
            assert!(state.contains(line), "this is gone: {table}: {line}");
        }
    }
    let found = house.says(&["devices", "--columns", "type,serial"]);
    assert!(found.contains("ASKL-0029") && found.lines().count() > 15, "the ward's devices are found again: {found}");
    assert!(house.says(&["area", "list"]).contains("site St. Anna (Europe/Berlin)"));
    let verdict = house.says(&["ledger", "verify"]);
    assert!(verdict.starts_with("2 entries"), "{verdict}");
    let made = house.says(&["backup", "make"]);
    let postgres = server::Server::start();
    let stores = ["sqlite:".to_owned()].into_iter().chain(postgres.iter().map(server::Server::create));
    for store in stores {
        let other = House::new(&store);
        super_copy(&house.at("keys"), &other.at("keys"));
        other.says(&["backup", "restore", made.trim()]);
        other.says(&["run", "--once"]);
        let state = if store == "sqlite:" { other.state() } else { dump(&store) };
        assert_same(&state, &house.state());
    }
}

fn unfold(golden: &Path, house: &House) {
    for part in ["data", "keys"] {
        super_copy(&golden.join(part), &house.at(part));
    }
    let key = house.at("keys/ledger.key");
    for key in [key, house.at("keys/names.key")] {
        fs::set_permissions(key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    }
}

/// Writes the golden folder of this version, once, before it is released.
fn freeze(golden: &Path) {
    let house = House::new("sqlite:");
    let ward = house.ward();
    let mut server = house.serve();
    house.says(&["area", "put", "site", "St. Anna", "--zone", "Europe/Berlin"]);
    server.kill().expect("killed");
    server.wait().expect("gone");
    house.says(&["run", "--once", &ward]);
    let _ = fs::remove_dir_all(golden);
    // What is made again, and what holds nothing.
    for part in ["journal/reserve", "ledger/reserve", "standing.json", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(house.at("data").join(part));
    }
    fs::remove_dir_all(house.at("data/spool")).expect("removed");
    for part in ["data", "keys"] {
        copy(&house.at(part), &golden.join(part));
    }
    fs::write(golden.join("state.txt"), house.state()).expect("written");
}
