use super::super::*;
use std::collections::{BTreeMap, BTreeSet};

/// The fields of a line of CSV.
fn fields(line: &str, separator: char) -> Vec<String> {
    let (mut all, mut is_quoted) = (vec![String::new()], false);
    for letter in line.trim_end().chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            letter if letter == separator && !is_quoted => all.push(String::new()),
            letter => all.last_mut().expect("a field").push(letter),
        }
    }
    all
}

/// Rows by the names of their columns.
fn table(text: &str, separator: char) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines().map(|line| fields(line, separator));
    let heads = lines.next().expect("headings");
    lines.map(|row| heads.iter().cloned().zip(row).collect()).collect()
}

#[test]
fn more_is_found_than_was_thought() {
    let hospital = Hospital::plan(1, Size::found_more_than_thought());
    let records = hospital.records(Headings::Nuvolo);
    let known: BTreeSet<usize> = records.cmms.rows.iter().filter_map(|row| row.about).collect();
    assert_eq!((hospital.len(), known.len()), (22_000, 15_000));
    let truth = hospital.truth(&records);
    let medical = truth.iter().filter(|row| row.medical);
    let missing = medical.clone().filter(|row| row.cmms.is_empty()).count();
    let rate = missing as f64 / medical.count() as f64;
    assert!((0.03..0.08).contains(&rate), "{rate} of the medical devices are not known");
}

#[test]
fn the_truth_says_which_rows_are_about_a_device() {
    let hospital = Hospital::plan(6, Size::devices(1_500));
    let records = hospital.records(Headings::Nuvolo);
    let truth = hospital.truth(&records);
    let rows = table(&records.cmms.text, ',');
    assert_eq!(rows.len(), records.cmms.rows.len());
    for row in &records.cmms.rows {
        let said = &rows[usize::try_from(row.line).expect("a line") - 2];
        assert_eq!(said["Asset tag"], row.key);
        let Some(about) = row.about else {
            assert!(row.faults.iter().any(|fault| matches!(*fault, "row_stale" | "row_retired")));
            continue;
        };
        let device = &truth[about];
        assert!(device.cmms.contains(&row.line));
        let is_right = !row.faults.iter().any(|fault| fault.starts_with("serial_"));
        assert_eq!(said["Serial number"] == device.serial, is_right, "{said:?} of {device:?}");
        assert_eq!(said["Manufacturer"] == device.maker, !row.faults.contains(&"maker_spelled_otherwise"), "{said:?}");
        if !said["MAC Address"].is_empty() && !row.faults.contains(&"mac_mistyped") {
            let bare = |text: &str| text.replace([':', '-'], "").to_lowercase();
            assert_eq!(bare(&said["MAC Address"]), bare(&device.board));
        }
    }
    let listed: usize = truth.iter().map(|row| row.cmms.len()).sum();
    assert_eq!(listed, records.cmms.rows.iter().filter(|row| row.about.is_some()).count());
}

#[test]
fn rows_of_the_directory_begin_where_the_truth_says() {
    let hospital = Hospital::plan(6, Size::devices(1_500));
    let directory = hospital.records(Headings::Accruent).directory;
    let lines: Vec<&str> = directory.text.lines().collect();
    assert!(directory.rows.len() > 100);
    for row in &directory.rows {
        assert_eq!(lines[usize::try_from(row.line).expect("a line") - 1], format!("dn: {}", row.key));
    }
    let keys: BTreeSet<&str> = directory.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys.len(), directory.rows.len());
}

#[test]
fn orders_are_those_of_the_truth() {
    let hospital = Hospital::plan(6, Size::devices(1_500));
    let procurement = hospital.records(Headings::Nuvolo).procurement;
    let rows = table(&procurement.text, ';');
    for row in &procurement.rows {
        let said = &rows[usize::try_from(row.line).expect("a line") - 2];
        let device = &hospital.devices[row.about.expect("orders are about devices")];
        let is_right = !row.faults.iter().any(|fault| fault.starts_with("serial_"));
        assert_eq!((&said["PO Number"], said["Serial Number"] == device.serial), (&row.key, is_right));
    }
}

#[test]
fn faults_are_made_at_their_rates() {
    let hospital = Hospital::plan(1, Size::found_more_than_thought());
    let (records, noise) = (hospital.records(Headings::Nuvolo), hospital.noise());
    let (cmms, bought) = (&noise.cmms, &noise.procurement);
    let check = |rows: &[Row], fault: &str, rate: f64| {
        let count = rows.iter().filter(|row| row.faults.contains(&fault)).count() as f64;
        let expected = rows.len() as f64 * rate;
        // Four standard deviations, and a tenth for what excludes each other.
        let bound = 4.0 * (expected * (1.0 - rate)).sqrt() + expected / 10.0;
        assert!((count - expected).abs() <= bound, "{fault}: {count} of {}, expected {expected:.0}", rows.len());
    };
    for (fault, rate) in [
        ("serial_missing", cmms.serial_missing),
        ("serial_mistyped", cmms.serial_mistyped * (1.0 - cmms.serial_missing)),
        ("serial_reformatted", cmms.serial_reformatted * (1.0 - cmms.serial_missing)),
        ("mac_missing", cmms.mac_missing),
        ("mac_mistyped", cmms.mac_mistyped * (1.0 - cmms.mac_missing)),
        ("maker_spelled_otherwise", cmms.maker_spelled_otherwise),
        ("model_spelled_otherwise", cmms.model_spelled_otherwise),
        ("host_missing", cmms.host_missing),
        ("place_old", cmms.place_old),
        ("row_stale", cmms.row_stale),
        ("row_retired", cmms.row_retired),
        ("row_twice", cmms.row_twice),
        ("department_spelled_otherwise", cmms.department_spelled_otherwise),
        ("owner_missing", cmms.owner_missing),
    ] {
        check(&records.cmms.rows, fault, rate);
    }
    check(&records.procurement.rows, "serial_missing", bought.serial_missing);
    check(&records.procurement.rows, "serial_mistyped", bought.serial_mistyped * (1.0 - bought.serial_missing));
    check(&records.directory.rows, "account_stale", noise.directory.account_stale);
}

#[test]
fn lives_have_their_rates() {
    let hospital = Hospital::plan(1, Size::devices(10_000));
    let rates = hospital.noise().network;
    let days = f64::from(hospital.size.days);
    let devices = |is: &dyn Fn(&Device, &Model) -> bool| -> Vec<&Device> {
        let model = |device: &Device| &hospital.models[device.model];
        hospital.devices.iter().filter(|device| model(device).role.is_empty() && is(device, model(device))).collect()
    };
    let check = |what: &str, count: usize, of: f64, rate: f64| {
        let found = count as f64 / of;
        assert!((found - rate).abs() <= rate * 0.15 + 3.0 * (rate / of).sqrt(), "{what}: {found:.4}, expected {rate}");
    };
    let carried = devices(&|_, model| model.portable && !model.personal && model.link != model::Link::Nested);
    let moves = |device: &&Device| device.stays.windows(2).filter(|pair| pair[0].spot != pair[1].spot).count();
    check("moves", carried.iter().map(moves).sum(), carried.len() as f64 * days, rates.move_portable_per_day);
    let owned = devices(&|_, model| model.personal);
    check("random", owned.iter().filter(|device| device.is_random).count(), owned.len() as f64, rates.randomised);
    check(
        "visits",
        owned.iter().map(|device| device.stays.len()).sum(),
        owned.len() as f64 * days,
        rates.visitor_present,
    );
    let speaking = devices(&|_, model| model.link != model::Link::Nested);
    check("ipv6", speaking.iter().filter(|device| device.speaks_v6).count(), speaking.len() as f64, rates.ipv6);
    let bought = devices(&|_, model| !model.personal);
    let late = bought.iter().filter(|device| device.stays.first().is_some_and(|stay| stay.from > START)).count();
    check("arrives", late, bought.len() as f64, rates.arrives);
    let hidden = bought.iter().filter(|device| device.is_translated).count();
    check("translated", hidden, bought.len() as f64, rates.behind_translation);
    let wired = devices(&|_, model| !model.portable && model.dhcp.is_some() && model.link == model::Link::Wired);
    let again = |device: &&Device| {
        device.stays.windows(2).filter(|pair| pair[0].spot == pair[1].spot && pair[0].ip != pair[1].ip).count()
    };
    check("addresses", wired.iter().map(again).sum(), wired.len() as f64 * days, rates.new_address_wired_per_day);
    let boards = bought.iter().filter(|device| device.stays.iter().any(|stay| stay.mac != device.first_mac));
    check("boards", boards.count(), bought.len() as f64, rates.board_replaced);
}

#[test]
fn every_model_is_there_and_the_nested_ones_are_behind_something() {
    let hospital = Hospital::plan(1, Size { on_loan: 1, ..Size::devices(10_000) });
    let truth = hospital.truth(&Records::default());
    let models: BTreeSet<(&str, &str)> = truth.iter().map(|row| (row.maker.as_str(), row.model.as_str())).collect();
    assert_eq!(models.len(), hospital.models.len());
    let held_out = truth.iter().filter(|row| row.held_out).count() as f64 / truth.len() as f64;
    assert!((0.25..0.75).contains(&held_out), "{held_out}");
    for (device, row) in hospital.devices.iter().zip(&truth) {
        let is_nested = hospital.models[device.model].link == model::Link::Nested;
        assert_eq!(row.behind.is_some(), is_nested || row.translated, "{row:?}");
        assert_eq!(row.macs.is_empty(), row.behind.is_some() || row.stays.is_empty(), "{row:?}");
    }
    let line: serde_json::Value = serde_json::from_str(&truth[20].to_json()).expect("a line of JSON");
    assert_eq!(line["type"], truth[20].kind);
}

#[test]
fn logs_tell_of_the_same_as_the_capture() {
    let hospital = Hospital::plan(8, Size::devices(400));
    let (from, until) = (Hospital::begin().plus(28_800_000_000), Hospital::begin().plus(32_400_000_000));
    let logs = hospital.logs(from, until, 0);
    let mut playing = hospital.capture(from, until, Volume::Lean).only(0).with_spoken();
    playing.by_ref().for_each(drop);
    let (spoken, leased) = (playing.take_spoken(), playing.take_leased());
    assert_eq!(rows(&logs.conn), spoken.len() as u64);
    assert!(logs.conn.lines().filter(|line| !line.starts_with('#')).all(|line| line.split('\t').count() == 21));
    assert!(leased.len() > 20 && logs.isc.lines().filter(|line| line.contains("DHCPACK on ")).count() == leased.len());
    assert_eq!(rows(&logs.dhcp), leased.len() as u64);
    assert!(logs.dhcp.lines().filter(|line| !line.starts_with('#')).all(|line| line.split('\t').count() == 15));
    let packets: u64 =
        spoken.iter().filter(|s| s.client.0.is_ipv4()).flat_map(|s| s.sent).map(|sent| sent.packets).sum();
    let mut exported = 0u64;
    for (n, (_, datagram)) in logs.netflow.iter().enumerate() {
        let number =
            |at: usize, size: usize| datagram[at..at + size].iter().fold(0u64, |sum, b| sum << 8 | u64::from(*b));
        assert_eq!((number(0, 2), number(12, 4), number(20, 2)), (9, n as u64, 0));
        let set = 20 + usize::try_from(number(22, 2)).expect("a length");
        assert_eq!(
            (number(set, 2), set + usize::try_from(number(set + 2, 2)).expect("a length")),
            (256, datagram.len())
        );
        let records = usize::try_from(number(2, 2)).expect("a count") - 1;
        exported += (0..records).map(|n| number(set + 4 + n * 29 + 13, 4)).sum::<u64>();
    }
    assert_eq!(exported, packets);
}

#[test]
fn the_same_seed_gives_the_same_documents() {
    let documents = |seed| {
        let hospital = Hospital::plan(seed, Size::devices(300));
        let records = hospital.records(Headings::Nuvolo);
        let truth: Vec<String> = hospital.truth(&records).iter().map(Truth::to_json).collect();
        (records, truth)
    };
    assert_eq!(documents(5), documents(5));
    assert_ne!(documents(5), documents(6));
}
