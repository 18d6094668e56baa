//! `wardlight assets` and `owners`: what network and records make together, and what people decide about it.

use super::House;
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// The ward's ventilator as the clinical engineers list it, with a typing error, and a device that the ward has not.
const EXPORT: &str = "Asset Tag;Manufacturer;Model;Serial Number;Department;Description\n\
    BME-1;Draeger;Specimen Ventilator 5;askl 0029;ICU;Ventilator\n\
    =BME-2;Example Imaging;CT 9;SN-0003;Radiology;\n";

fn json(house: &House, words: &[&str]) -> Value {
    serde_json::from_str(&house.says(words)).expect("JSON")
}

fn list(house: &House, words: &[&str]) -> Value {
    json(house, &[&["assets", "list", "--json"], words].concat())
}

/// Asks until it `is_so`: what is decided shows with the next look at everything.
#[track_caller]
fn until(house: &House, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let begin = Instant::now();
    loop {
        let told = list(house, &[]);
        if is_so(&told) {
            return told;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{what}: {told:#}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn serial<'v>(told: &'v Value, text: &str) -> Vec<&'v Value> {
    told["assets"].as_array().expect("rows").iter().filter(|asset| asset["serial"] == text).collect()
}

#[test]
fn a_record_and_a_device_are_one_asset_until_somebody_says_otherwise() {
    let house = House::new("sqlite:");
    house.says(&["run", "--once", &house.ward()]);
    let alone = list(&house, &[]);
    assert_eq!((&alone["tally"]["confirmed"], &alone["tally"]["missing"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(alone["tally"]["ownerless"], alone["known"], "nobody answers for anything yet");

    let mut server = house.serve();
    let export = house.at("export.csv");
    fs::write(&export, EXPORT).expect("written");
    house.says(&["import", "read", &export.display().to_string(), "--as", "biomed", "--importer", "cmms"]);
    let rule = house.says(&["owners", "put", "technical", "Clinical engineering", "--type", "medical device"]);
    let joined = until(&house, "the record joins the device", |told| {
        told["tally"]["confirmed"] == 1
            && told["tally"]["missing"] == 1
            && serial(told, "ASKL-0029").iter().all(|asset| asset["owners"]["technical"].is_string())
    });
    let found = serial(&joined, "ASKL-0029");
    let [ventilator] = found[..] else { panic!("{found:?}") };
    assert_eq!(
        (&ventilator["asset_tag"], &ventilator["owners"]["technical"]),
        (&"BME-1".into(), &"Clinical engineering".into())
    );
    assert_eq!((&ventilator["onboarding"], &ventilator["is_known"]), (&"Matched".into(), &true.into()));

    let shown = json(&house, &["assets", "show", "BME-1", "--json"]);
    let members = shown["members"].as_array().expect("members");
    assert_eq!(members.len(), 2, "{shown:#}");
    let why = members.iter().find_map(|member| member["why"].as_str()).expect("a reason");
    assert!(why.contains("same serial number"), "{why}");
    let text = house.says(&["assets", "show", "BME-1"]);
    assert!(text.contains("technical owner: Clinical engineering") && text.contains("by biomed"), "{text}");
    let csv = house.says(&["assets", "list", "--csv", "--group", "expected"]);
    assert!(csv.lines().count() == 2 && csv.contains("'=BME-2"), "{csv}");

    let [one, other] = [0, 1].map(|at| members[at]["id"].as_str().expect("an id").to_owned());
    let said = house.says(&["assets", "different", &one, &other]);
    until(&house, "they are two", |told| told["tally"]["confirmed"] == 0);
    assert!(house.says(&["assets", "said"]).contains(said.trim()));
    house.says(&["assets", "undo", said.trim()]);
    let again = until(&house, "they are one again", |told| told["tally"]["confirmed"] == 1);
    assert_eq!(again, joined, "as if it had never been said");
    house.says(&["owners", "remove", rule.trim()]);
    until(&house, "nobody answers again", |told| told["tally"]["ownerless"] == told["tally"]["networked"]);
    assert!(house.says(&["ledger", "verify"]).starts_with("5 entries"), "the key and four decisions");

    let told = list(&house, &[]);
    server.kill().expect("killed");
    server.wait().expect("gone");
    assert_eq!(list(&house, &[]), told, "the folder says what the server said");
}

#[test]
fn questions_and_decisions_that_make_no_sense_are_told_of() {
    let house = House::new("sqlite:");
    let nothing = house.run(&["assets", "list"]);
    assert!(!nothing.status.success() && String::from_utf8_lossy(&nothing.stderr).contains("wardlight demo"));
    house.says(&["run", "--once", &house.ward()]);
    let wrong = |words: &[&str]| {
        let output = house.run(words);
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(wrong(&["assets", "show", "no such thing"]).contains("assets list"));
    let all = list(&house, &[]);
    let makers: Vec<&str> =
        all["assets"].as_array().expect("rows").iter().flat_map(|asset| asset["maker"].as_str()).collect();
    let twice =
        makers.iter().find(|maker| makers.iter().filter(|other| other == maker).count() > 1).expect("two of one");
    assert!(wrong(&["assets", "show", twice]).contains("name one by its id"));
    assert!(wrong(&["owners", "put", "nightly", "IT"]).contains("clinical, technical, security"));
    assert!(wrong(&["owners", "put", "technical", "IT", "--type", "toaster oven"]).contains("no type"));
    let id = "00000000-0000-7000-8000-000000000001";
    let mut server = house.serve();
    assert!(wrong(&["assets", "same", id, id]).contains("always the same as itself"));
    assert!(wrong(&["assets", "undo", id]).contains("no such judgement"));
    assert!(wrong(&["owners", "remove", id]).contains("no such rule"));
    server.kill().expect("killed");
    server.wait().expect("gone");
}
