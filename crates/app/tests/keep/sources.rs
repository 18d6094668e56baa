//! Sources that are read by themselves: documents as they appear and change, flow exports as they arrive.

use super::{House, assert_same};
use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

const EXPORT: &str = "Asset Tag;Manufacturer;Model;Serial Number;MAC Address;Department\n\
    A-1;Example Medical;Pump 3;SN-0001;00-03-B1-90-00-3C;ICU\n\
    A-2;Example Medical;Pump 3;SN-0002;not a mac;ICU\n\
    A-3;Example Imaging;CT 9;SN-0003;A0:F2:17:64:00:1E;Radiology\n\
    Total;3;;;;\n";

/// Adds a source to the configuration.
fn add(house: &House, keys: &str) {
    let mut file = fs::OpenOptions::new().append(true).open(house.at("wardlight.toml")).expect("a configuration");
    writeln!(file, "[[source]]\nevery_s = 1\n{keys}").expect("written");
}

fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn end(mut server: Child) {
    server.kill().expect("killed");
    server.wait().expect("gone");
}

/// What `import list` says once it `is` so.
#[track_caller]
fn listed(house: &House, is: impl Fn(&str) -> bool) -> String {
    let begin = Instant::now();
    loop {
        let text = house.says(&["import", "list"]);
        if is(&text) {
            return text;
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{text}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Runs that `import list` shows.
fn runs(text: &str) -> usize {
    text.split("SOURCE").nth(1).map_or(0, |runs| runs.lines().count() - 1)
}

fn doctor(house: &House) -> String {
    String::from_utf8_lossy(&house.run(&["doctor"]).stdout).into_owned()
}

#[test]
fn a_document_is_read_when_it_appears_and_changes_and_never_twice() {
    let house = House::new("sqlite:");
    let export = house.at("export.csv");
    add(&house, &format!("name = \"biomed\"\nkind = \"cmms\"\npath = {}", quoted(&export)));
    let server = house.serve();
    let missing = listed(&house, |text| text.contains("failing"));
    assert!(missing.contains("biomed fails since ") && missing.contains("put the document there"), "{missing}");
    fs::write(&export, EXPORT).expect("written");
    let first = listed(&house, |text| runs(text) == 1);
    let words: Vec<&str> = first.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!((words[0], words[1], &words[3..6]), ("biomed", "well", &["4", "1", "1"][..]), "{first}");
    assert!(first.contains("biomed last failed at "), "what went wrong is still told: {first}");
    let report = fs::read_to_string(house.at("data/sources/biomed.txt")).expect("a report");
    assert!(report.contains("row 3: mended: ") && report.contains("row 5: set aside: is a total"), "{report}");
    assert!(first.contains("biomed.txt"), "{first}");
    // The same content, written anew, is no news but a sign of life.
    fs::write(&export, EXPORT).expect("written");
    std::thread::sleep(Duration::from_millis(2300));
    assert_eq!(runs(&listed(&house, |_| true)), 1);
    end(server);
    let before = house.state();
    let server = house.serve();
    std::thread::sleep(Duration::from_millis(2300));
    assert_eq!(runs(&listed(&house, |_| true)), 1, "a restart reads nothing again");
    fs::write(&export, EXPORT.replace("ICU", "NICU").replace("A-3;", "A-4;")).expect("written");
    listed(&house, |text| runs(text) == 2);
    end(server);
    let server = house.serve();
    let begin = Instant::now();
    let standing = || fs::read_to_string(house.at("data/standing.json")).expect("a standing");
    while !standing().contains("\"name\":\"biomed\"") || !standing().contains("\"set_aside\":1") {
        assert!(begin.elapsed() < Duration::from_secs(30), "{}", standing());
        std::thread::sleep(Duration::from_millis(50));
    }
    end(server);
    assert_ne!(house.state(), before);
}

#[test]
fn a_run_that_was_broken_off_is_done_again_and_nothing_twice() {
    let house = House::new("sqlite:");
    let (export, memory) = (house.at("export.csv"), house.at("data/sources/biomed.json"));
    fs::write(&export, EXPORT).expect("written");
    add(&house, &format!("name = \"biomed\"\nkind = \"cmms\"\npath = {}", quoted(&export)));
    house.says(&["run", "--role", "server", "--once"]);
    let before = house.state();
    assert!(before.contains("\"biomed\""), "{before}");
    // As it was on disk before the run's end could be noted.
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&memory).expect("kept")).expect("JSON");
    let list = house.says(&["import", "list"]);
    let read = list.lines().last().expect("a run").split_whitespace().nth(2).expect("a time");
    let read: jiff::Timestamp = read.parse().expect("a time");
    let run = kept["run"].take();
    kept["documents"] = serde_json::json!({});
    kept["under_way"] = serde_json::json!({ "run": run["id"], "at": read.as_microsecond(), "print": run["print"],
        "version": env!("CARGO_PKG_VERSION") });
    fs::write(&memory, kept.to_string()).expect("written");
    house.says(&["run", "--role", "server", "--once"]);
    assert_same(&house.state(), &before);
    // A copy remembers it as well.
    let copied = house.says(&["backup", "make"]);
    let other = House::new("sqlite:");
    super::super_copy(&house.at("keys"), &other.at("keys"));
    add(&other, &format!("name = \"biomed\"\nkind = \"cmms\"\npath = {}", quoted(&export)));
    other.says(&["backup", "restore", copied.trim()]);
    other.says(&["run", "--role", "server", "--once"]);
    assert_eq!(runs(&other.says(&["import", "list"])), 1);
    // One of which nothing is known is another run.
    fs::remove_file(&memory).expect("removed");
    house.says(&["run", "--role", "server", "--once"]);
    assert_eq!(runs(&house.says(&["import", "list"])), 2);
}

#[test]
fn a_server_that_is_killed_while_it_reads_brings_every_row_once() {
    const ROWS: usize = 30_000;
    let house = House::new("sqlite:");
    let (export, memory) = (house.at("export.csv"), house.at("data/sources/biomed.json"));
    let head = "Asset Tag,Serial Number,Model,Department\n".to_owned();
    let text = (0..ROWS).fold(head, |text, n| format!("{text}A-{n},SN-{n},Pump 3,ICU {}\n", n % 9));
    fs::write(&export, text).expect("written");
    add(&house, &format!("name = \"biomed\"\nkind = \"cmms\"\npath = {}", quoted(&export)));
    let mut kills = 0;
    for batches in [1, 5] {
        let server = house.serve();
        let begin = Instant::now();
        let is_read =
            || fs::read_to_string(&memory).is_ok_and(|text| text.contains("\"under_way\":null,\"documents\":{\""));
        let journal = || fs::read_dir(house.at("data/journal")).expect("a journal").flatten();
        let segments = || journal().filter(|file| file.path().extension().is_some_and(|end| end == "seg"));
        let written = || segments().filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum::<u64>();
        while written() < batches * 150_000 && !is_read() {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing is read");
        }
        kills += usize::from(!is_read());
        end(server);
    }
    assert!(kills > 0, "it was read before it could be killed");
    let server = house.serve();
    // What is in the journal is committed a moment later.
    let listed = listed(&house, |text| runs(text) == 1 && text.contains(" well ") && text.trim_end().ends_with("yes"));
    let run: Vec<&str> = listed.lines().last().expect("a run").split_whitespace().collect();
    assert_eq!(run[3], ROWS.to_string(), "each row once: {listed}");
    end(server);
}

#[test]
fn a_source_that_fails_stops_no_other_and_is_told_of_until_it_is_mended() {
    let house = House::new("sqlite:");
    let folder = house.at("exports");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("a.csv"), EXPORT).expect("written");
    fs::write(folder.join("b.jpg"), [0xff, 0xd8, 0xff, 0xe0, 0, 0x10, b'J', b'F', b'I', b'F', 0]).expect("written");
    fs::write(folder.join(".c.csv.part"), EXPORT).expect("written");
    add(&house, &format!("name = \"exports\"\npath = {}\npart = true", quoted(&folder)));
    add(&house, &format!("name = \"gone\"\npath = {}", quoted(&house.at("gone.csv"))));
    add(&house, &format!("name = \"empty\"\nkind = \"cmms\"\npath = {}", quoted(&house.at("empty.csv"))));
    fs::write(house.at("empty.csv"), EXPORT.lines().next().expect("a heading")).expect("written");
    let output = house.run(&["run", "--role", "server", "--once"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    for word in
        ["source `gone`", "b.jpg", "no importer knows", "name its importer by `kind`", "no row of it names a device"]
    {
        assert!(said.contains(word), "{word} in {said}");
    }
    let list = house.says(&["import", "list"]);
    assert_eq!(runs(&list), 1, "{list}");
    let report = doctor(&house);
    assert!(report.contains("✗ source exports") && report.contains("✗ source gone"), "{report}");
    fs::remove_file(folder.join("b.jpg")).expect("removed");
    fs::write(house.at("gone.csv"), EXPORT).expect("written");
    fs::write(house.at("empty.csv"), EXPORT).expect("written");
    let output = house.run(&["run", "--role", "server", "--once"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = doctor(&house);
    for name in ["exports", "gone", "empty"] {
        assert!(report.contains(&format!("✓ source {name}: 4 rows, 1 set aside")), "{report}");
    }
    // Days later nothing new has come.
    let memory = house.at("data/sources/gone.json");
    let mut kept: serde_json::Value = serde_json::from_slice(&fs::read(&memory).expect("kept")).expect("JSON");
    kept["fresh"] = serde_json::json!(kept["fresh"].as_i64().expect("a time") - 49 * 3_600_000_000);
    fs::write(&memory, kept.to_string()).expect("written");
    let report = doctor(&house);
    assert!(report.contains("✗ source gone") && report.contains("brought nothing new for too long"), "{report}");
    assert!(house.says(&["import", "list"]).contains("stale"));
}

/// A port that was free a moment ago.
fn port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.local_addr().expect("an address").port()
}

pub(super) fn listening(house: &House) -> u16 {
    let port = port();
    add(house, &format!("name = \"routers\"\nkind = \"netflow\"\nlisten = \"127.0.0.1:{port}\""));
    port
}

pub(super) fn send(port: u16, datagrams: &[Vec<u8>]) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    for datagram in datagrams {
        socket.send_to(datagram, ("127.0.0.1", port)).expect("sent");
    }
}

/// Waits until the server holds the port.
pub(super) fn held(port: u16) {
    let begin = Instant::now();
    while UdpSocket::bind(("127.0.0.1", port)).is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody listens");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// NetFlow v5 with one flow: a TCP conversation that ended, the sequence number `sequence`.
pub(super) fn v5(sequence: u32) -> Vec<u8> {
    let mut bytes = vec![0, 5, 0, 1];
    bytes.extend(60_000_u32.to_be_bytes());
    bytes.extend(1_795_348_800_u32.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend([10, 9, 0, 7, 10, 9, 0, 8, 0, 0, 0, 0]);
    bytes.extend([0; 4]);
    bytes.extend(5_u32.to_be_bytes());
    bytes.extend(700_u32.to_be_bytes());
    bytes.extend(50_000_u32.to_be_bytes());
    bytes.extend(55_000_u32.to_be_bytes());
    bytes.extend([0x9c, 0x40, 0, 104, 0, 0x1b, 6, 0]);
    bytes.extend([0; 8]);
    bytes
}

/// How the listener stands, as the running server writes it, once it `is` so.
#[track_caller]
pub(super) fn standing(house: &House, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    let begin = Instant::now();
    loop {
        let text = fs::read(house.at("data/standing.json")).expect("a standing");
        let standing: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        if is(&standing["sources"][0]["heard"]) {
            return standing["sources"][0].clone();
        }
        assert!(begin.elapsed() < Duration::from_secs(40), "{standing:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_never_came_and_what_cannot_be_read_is_counted() {
    let house = House::new("sqlite:");
    let port = listening(&house);
    let server = house.serve();
    held(port);
    send(port, &[v5(10), v5(11), v5(17), v5(18)[..60].to_vec(), b"GET / HTTP/1.1".to_vec(), v5(19)]);
    let heard = standing(&house, |heard| heard["datagrams"] == 6);
    assert_eq!((&heard["heard"]["flows"], &heard["heard"]["lost_flows"]), (&4.into(), &5.into()), "{heard:#}");
    let aside = &heard["heard"]["set_aside"];
    assert_eq!((&aside["ends before what it states"], &aside["begins as no flow export does"]), (&1.into(), &1.into()));
    let begin = Instant::now();
    while !house.state().contains(&held_as("10.9.0.7")) {
        assert!(begin.elapsed() < Duration::from_secs(30), "the flows do not come: {}", house.state());
        std::thread::sleep(Duration::from_millis(100));
    }
    end(server);
}

#[test]
fn a_port_that_is_taken_is_told_of_and_taken_once_it_is_free() {
    let house = House::new("sqlite:");
    let port = listening(&house);
    let other = UdpSocket::bind(("127.0.0.1", port)).expect("free");
    let server = house.serve();
    let begin = Instant::now();
    let mend =
        || fs::read_to_string(house.at("data/standing.json")).is_ok_and(|text| text.contains("end the other program"));
    while !mend() {
        assert!(begin.elapsed() < Duration::from_secs(30), "nobody says that it is taken");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(other);
    held(port);
    send(port, &[v5(1)]);
    let heard = standing(&house, |heard| heard["flows"] == 1);
    assert_eq!(heard["is_failing"], false, "{heard:#}");
    end(server);
}

/// An address as the state holds it.
fn held_as(address: &str) -> String {
    let octets = match address.parse().expect("an address") {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    octets.iter().fold("x".to_owned(), |text, octet| format!("{text}{octet:02x}"))
}

/// Real exports, as routers sent them; what pmacct read in them is met.
#[test]
fn real_exports_arrive_as_the_flows_that_another_collector_reads() {
    let Some(corpus) = std::env::var_os("WARDLIGHT_CORPUS") else {
        return eprintln!("SKIPPED: WARDLIGHT_CORPUS names no folder of recordings");
    };
    let folder = PathBuf::from(corpus).join("flow_log/pmacct");
    let house = House::new("sqlite:");
    let port = listening(&house);
    let server = house.serve();
    held(port);
    let (mut datagrams, mut addresses, mut flows) = (Vec::new(), std::collections::BTreeSet::new(), 0);
    for case in fs::read_dir(&folder).expect("cases").flatten() {
        datagrams.extend(payloads(&fs::read(case.path().join("traffic-00.pcap")).expect("a capture")));
        for line in fs::read_to_string(case.path().join("output-flow-00.json")).expect("flows").lines() {
            let said: serde_json::Value = serde_json::from_str(line).expect("JSON");
            addresses.insert(said["ip_src"].as_str().expect("an address").to_owned());
            flows += 1;
        }
    }
    assert!(datagrams.len() >= 10 && flows >= 65, "{} datagrams, {flows} flows", datagrams.len());
    send(port, &datagrams);
    let heard = standing(&house, |heard| heard["datagrams"] == datagrams.len());
    assert_eq!(heard["heard"]["flows"], flows, "{heard:#}");
    assert_eq!(heard["heard"]["given_up"], 0, "{heard:#}");
    let begin = Instant::now();
    let missing = |state: &str| addresses.iter().find(|address| !state.contains(&held_as(address))).cloned();
    while let Some(address) = missing(&house.state()) {
        assert!(begin.elapsed() < Duration::from_secs(30), "{address} is not among the contacts");
        std::thread::sleep(Duration::from_millis(100));
    }
    end(server);
    let files = fs::read_dir(house.at("data/flows")).expect("a flow history").count();
    assert!(files > 0, "the flows stand in the history");
}

/// UDP payloads of a little-endian Ethernet capture.
fn payloads(pcap: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut at = 24;
    while at + 16 <= pcap.len() {
        let length = u32::from_le_bytes(pcap[at + 8..at + 12].try_into().expect("four")) as usize;
        let mut frame = &pcap[at + 16..at + 16 + length];
        at += 16 + length;
        while frame[12..14] == [0x81, 0] {
            frame = &frame[4..];
        }
        let is_v4 = frame[12..14] == [8, 0];
        let packet = &frame[14..];
        let (header, protocol) = if is_v4 { (usize::from(packet[0] & 15) * 4, packet[9]) } else { (40, packet[6]) };
        if protocol == 17 {
            let datagram = usize::from(u16::from_be_bytes([packet[header + 4], packet[header + 5]]));
            found.push(packet[header + 8..header + datagram].to_vec());
        }
    }
    found
}
