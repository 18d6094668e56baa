//! Captures of building automation and plant, message by message.

use crate::{corpus, log, tshark, wardlight};
use serde_json::Value;

const BACNET: [&str; 5] = [
    "ics_building/iti/BACnet/bacnet_test.pcap",
    "ics_building/malcolm_protocols/BACnet_device_control.pcap",
    "ics_building/icsnpp_bacnet/traces/bacnet_error_reject_abort.pcap",
    "ics_building/icsnpp_bacnet/traces/bacnet_example.pcap",
    "ics_building/icsnpp_bacnet/traces/bacnet_segmented_data.pcap",
];

const MODBUS: [&str; 2] =
    ["ics_building/iti/ModbusTCP/ModbusTCP.pcap", "proto_corpus/zeek_traces/modbus/modbusSmall.pcap"];

/// Kinds of application messages by number (ANSI/ASHRAE 135 clause 20.1).
const KINDS: [&str; 8] = [
    "confirmed-request",
    "unconfirmed-request",
    "simple-ack",
    "complex-ack",
    "segment-ack",
    "error",
    "reject",
    "abort",
];

#[test]
fn bacnet_messages_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    for capture in BACNET.map(|name| corpus.join(name)) {
        let fields = ["bacapp.type", "bacapp.invoke_id", "bacapp.sequence_number"];
        let Some(rows) = tshark(&capture, &[], "bacapp", &fields) else { return };
        let kind = |number: &str| KINDS[number.parse::<usize>().expect("a kind of message")].to_owned();
        let mut expected: Vec<[String; 3]> =
            rows.into_iter().map(|row| [kind(&row[0][0]), row[1][0].clone(), row[2][0].clone()]).collect();
        let lines = log(&capture, "bacnet");
        let messages = lines.iter().filter(|line| line["pdu_type"].is_string());
        let mut said: Vec<_> =
            messages.map(|line| ["pdu_type", "invoke_id", "segment"].map(|name| text(&line[name]))).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        println!("{}: {} messages", capture.display(), said.len());
    }
}

#[test]
fn bacnet_devices_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in BACNET.map(|name| corpus.join(name)) {
        let fields = ["bacapp.instance_number", "bacapp.vendor_identifier", "bacnet.snet"];
        let Some(rows) = tshark(&capture, &[], "bacapp.unconfirmed_service == 0", &fields) else { return };
        let mut expected: Vec<[String; 3]> =
            rows.into_iter().map(|row| [0, 1, 2].map(|n: usize| row[n][0].clone())).collect();
        let lines = log(&capture, "bacnet").into_iter().filter(|line| line["pdu_service"] == "i-am");
        let mut said: Vec<_> =
            lines.map(|line| ["device", "vendor", "source_network"].map(|name| text(&line[name]))).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared > 200, "only {compared} announcements compared");
}

#[test]
fn modbus_units_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    for capture in MODBUS.map(|name| corpus.join(name)) {
        let fields = ["mbtcp.trans_id", "mbtcp.unit_id", "modbus.exception_code"];
        let Some(rows) = tshark(&capture, &["-o", "tcp.desegment_tcp_streams:TRUE"], "mbtcp", &fields) else { return };
        let units = |row: Vec<Vec<String>>| row[0].iter().cloned().zip(row[1].clone()).collect::<Vec<_>>();
        let exceptions: usize = rows.iter().map(|row| row[2].iter().filter(|code| !code.is_empty()).count()).sum();
        let mut expected: Vec<(String, String)> = rows.into_iter().flat_map(units).collect();
        let lines = log(&capture, "modbus");
        let mut said: Vec<_> = lines.iter().map(|line| (text(&line["tid"]), text(&line["unit"]))).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        assert_eq!(lines.iter().filter(|line| line["pdu_type"] == "exception").count(), exceptions);
        println!("{}: {} units, {exceptions} exceptions", capture.display(), said.len());
    }
}

const ENIP: &str = "proto_corpus/suricata_verify/enip-keywords/enip_cip_example.pcap";
const DNP3: [&str; 3] = [
    "proto_corpus/zeek_traces/dnp3/dnp3_select_operate.pcap",
    "proto_corpus/zeek_traces/dnp3/dnp3_udp_en_spon.pcap",
    "proto_corpus/zeek_traces/dnp3/dnp3_write.pcap",
];

#[test]
fn enip_devices_and_commands_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let fields = ["enip.lir.vendor", "enip.lir.devtype", "enip.lir.prodcode"];
    let Some(rows) = tshark(&corpus.join(ENIP), &[], "enip.lir.vendor", &fields) else { return };
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).expect("hexadecimal").to_string(),
        None => text.to_owned(),
    };
    let expected: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| number(&cell[0])).collect()).collect();
    let lines = log(&corpus.join(ENIP), "enip");
    let listed = lines.iter().filter(|line| line["vendor"].is_number());
    let said: Vec<Vec<String>> =
        listed.map(|line| ["vendor", "device_type", "product_code"].map(|name| text(&line[name])).to_vec()).collect();
    assert!(!expected.is_empty() && said == expected, "{said:?}, not {expected:?}");
}

#[test]
fn enip_requests_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let capture = corpus.join("proto_corpus/ndpi/pcap/ethernetIP.pcap");
    let Some(rows) = tshark(&capture, &[], "enip.command == 0x6f", &["enip.command"]) else { return };
    let expected: usize = rows.iter().map(|row| row[0].iter().filter(|command| *command == "0x006f").count()).sum();
    let said = log(&capture, "enip").iter().filter(|line| line["command"] == "send-rr-data").count();
    assert!(expected > 0 && said == expected, "{said} of {expected}");
}

#[test]
fn dnp3_functions_and_addresses_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in DNP3.map(|name| corpus.join(name)) {
        let fields = ["dnp3.al.func", "dnp3.src", "dnp3.dst"];
        let Some(rows) = tshark(&capture, &[], "dnp3.al.func", &fields) else { return };
        let expected: Vec<[String; 3]> =
            rows.into_iter().map(|row| [0, 1, 2].map(|n: usize| row[n][0].clone())).collect();
        let lines = log(&capture, "dnp3");
        let said: Vec<[String; 3]> = lines
            .iter()
            .map(|line| {
                let function = if line["fc_reply"].is_string() { &line["fc_reply"] } else { &line["fc_request"] };
                [dnp3_function(&text(function)), text(&line["source"]), text(&line["destination"])]
            })
            .collect();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 8, "only {compared} messages compared");
}

/// The number of a function of DNP3 (IEEE 1815-2012 §4.2.2.5).
fn dnp3_function(name: &str) -> String {
    let numbers = [
        ("CONFIRM", 0),
        ("READ", 1),
        ("WRITE", 2),
        ("SELECT", 3),
        ("OPERATE", 4),
        ("ENABLE_UNSOLICITED", 20),
        ("RESPONSE", 129),
        ("UNSOLICITED_RESPONSE", 130),
    ];
    let found = numbers.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("a function that the captures have none of: {name:?}")).1.to_string()
}

#[test]
fn the_controller_of_s7comm_plus_says_its_order_number() {
    let Some(corpus) = corpus() else { return };
    let capture = corpus.join("proto_corpus/ndpi/pcap/s7comm-plus.pcap");
    let output = wardlight(&["watch", "--json"], &[&capture]);
    let picture: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let devices = picture["devices"].as_array().expect("devices");
    let controller = devices.iter().find(|device| device["addresses"][0] == "192.168.25.131").expect("the controller");
    // The bytes of the answer in frame 12, as tshark shows them.
    let claims = controller["claims"].to_string();
    for said in ["6ES7 211-1BE31-0XB0", "s7comm-server"] {
        assert!(claims.contains(said), "{said} is not in {claims}");
    }
    assert!(!picture.to_string().contains("HMI USER"));
    assert_eq!(log(&capture, "s7comm").len(), 2);
}

#[test]
fn bacnet_messages_are_those_of_zeek() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("ics_building/icsnpp_bacnet");
    for (trace, baseline) in [
        ("bacnet_example", "analyzer.basic"),
        ("bacnet_error_reject_abort", "analyzer.error-reject-abort"),
        ("bacnet_segmented_data", "analyzer.segmented_data"),
    ] {
        let names = ["bvlc_function", "pdu_type", "pdu_service", "invoke_id"];
        let read = |log: &str, names: &[&str]| zeek(&folder.join("baseline").join(baseline).join(log), names);
        let mut expected = read("bacnet.log", &names);
        expected.retain(|row| !row[1].is_empty());
        for row in &mut expected {
            row[1] = row[1].trim_end_matches("-pdu").to_owned();
            // Where a message names no service, its kind stands there.
            if row[2] == row[1] {
                row[2].clear();
            }
        }
        let lines = log(&folder.join("traces").join(trace).with_extension("pcap"), "bacnet");
        // Zeek has a message once that comes in segments.
        let messages = lines.iter().filter(|line| line["pdu_type"].is_string() && line["more_follows"] != true);
        let mut said: Vec<Vec<String>> = messages.map(|line| names.map(|name| text(&line[name])).to_vec()).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{trace}");
        let mut devices = read("bacnet_discovery.log", &["pdu_service", "instance_number"]);
        devices.retain(|row| row[0] == "i-am");
        let announced = lines.iter().filter(|line| line["pdu_service"] == "i-am");
        let mut said: Vec<Vec<String>> = announced.map(|line| vec!["i-am".into(), text(&line["device"])]).collect();
        devices.sort();
        said.sort();
        assert_eq!(said, devices, "{trace}");
        println!("{trace}: {} messages, {} announcements", expected.len(), devices.len());
    }
}

/// The columns `names` of a log of Zeek, words as ours are written; what it has none of is empty.
fn zeek(path: &std::path::Path, names: &[&str]) -> Vec<Vec<String>> {
    let content = std::fs::read_to_string(path).expect("a log of Zeek");
    let fields: Vec<&str> = content
        .lines()
        .find_map(|line| line.strip_prefix("#fields\t"))
        .map(|line| line.split('\t').collect())
        .expect("a log of Zeek names its fields");
    let columns: Vec<usize> =
        names.iter().map(|name| fields.iter().position(|field| field == name).expect("a field")).collect();
    let word = |cell: &str| if cell == "-" { String::new() } else { cell.to_lowercase().replace('_', "-") };
    let rows = content.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|cells| columns.iter().map(|column| word(cells[*column])).collect())
        .collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
