//! Captures of building automation and plant, message by message.

use crate::{corpus, log, tshark};
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

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
