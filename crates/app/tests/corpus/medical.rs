//! Medical captures field by field.

use crate::{corpus, log, tshark, wardlight};
use serde_json::Value;
use std::path::Path;

const DICOM: [&str; 4] = [
    "medical_pcap/lab_thirdparty_stacks/lab_dicom_a.pcap",
    "medical_pcap/tapirx/dicom_arq_1_find_testclient.pcap",
    "medical_pcap/tapirx/dicom_arq_2_get_testclient.pcap",
    "medical_pcap/tapirxl/fixtures/ct_to_pacs_scenario.pcap",
];

#[test]
fn dicom_associations_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let fields = [
        "dicom.assoc.ae.calling",
        "dicom.assoc.ae.called",
        "dicom.userinfo.uid",
        "dicom.userinfo.version",
        "dicom.actx",
    ];
    for capture in DICOM.map(|name| corpus.join(name)) {
        for (kind, side) in [("1", "calling"), ("2", "called")] {
            let Some(rows) = tshark(&capture, &[], &format!("dicom.pdu.type == {kind}"), &fields) else { return };
            let mut expected: Vec<Vec<String>> =
                rows.into_iter().map(|row| row.into_iter().map(first).map(uid).collect()).collect();
            let mut said = associations(&capture, side);
            if side == "called" {
                // The titles in an answer are an echo that must not be tested (PS3.8 §9.3.3): only its own words count.
                expected.iter_mut().for_each(|row| drop(row.drain(..2)));
                said.iter_mut().for_each(|row| drop(row.drain(..2)));
            }
            expected.sort();
            said.sort();
            assert_eq!(said, expected, "{} {side}", capture.display());
        }
    }
}

/// Titles, implementation of `side` and application context of every association; without those that `side` said
/// nothing in.
fn associations(capture: &Path, side: &str) -> Vec<Vec<String>> {
    let associations = log(capture, "dicom").into_iter().filter(|line| line["operation"] == "associate");
    let names = ["calling_ae", "called_ae"].map(str::to_owned);
    let own = [format!("{side}_implementation_uid"), format!("{side}_implementation_version")];
    let names: Vec<String> = names.into_iter().chain(own).chain(["application_context".to_owned()]).collect();
    let rows = associations.map(|line| names.iter().map(|name| text(&line[name.as_str()])).collect::<Vec<_>>());
    rows.filter(|row| side == "calling" || !row[2].is_empty()).collect()
}

#[test]
fn hl7_headers_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let captures = [
        "medical_pcap/lab_thirdparty_stacks/lab_hl7_a.pcap",
        "medical_pcap/tapirx/HL7-ADT-UDI-OBX.pcap",
        "medical_pcap/tapirx/HL7-ADT.pcap",
        "medical_pcap/tapirx/HL7-ORU.pcap",
        "medical_pcap/ndpi_hl7/pcap/hl7.pcap",
    ];
    let mut compared = 0;
    for capture in captures.map(|name| corpus.join(name)) {
        let Some(ports) = tshark(&capture, &[], "tcp.flags.syn == 1 && tcp.flags.ack == 0", &["tcp.dstport"]) else {
            return;
        };
        let ports: Vec<String> = ports.into_iter().flatten().flatten().collect();
        let decode: Vec<String> = ports.iter().map(|port| format!("tcp.port=={port},hl7")).collect();
        let extra: Vec<&str> = decode.iter().flat_map(|rule| ["-d", rule.as_str()]).collect();
        let Some(rows) = tshark(&capture, &extra, "hl7", &["hl7.field"]) else { return };
        let mut expected: Vec<Vec<String>> = rows.into_iter().flatten().flat_map(|fields| headers(&fields)).collect();
        let names = ["sending_application", "sending_facility", "receiving_application", "receiving_facility"];
        let lines = log(&capture, "hl7").into_iter();
        let mut said: Vec<Vec<String>> = lines.map(|line| names.map(|name| text(&line[name])).to_vec()).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 20, "only {compared} messages were compared");
}

/// MSH-3 to MSH-6 of each message among the fields of a frame: they follow the encoding characters.
fn headers(fields: &[String]) -> Vec<Vec<String>> {
    let begins = fields.iter().enumerate().filter(|(_, field)| *field == "MSH").map(|(at, _)| at);
    begins.filter_map(|at| fields.get(at + 2..at + 6).map(<[String]>::to_vec)).collect()
}

#[test]
fn astm_senders_are_those_of_the_message_files() {
    let Some(corpus) = corpus() else { return };
    let lines = log(&corpus.join("medical_pcap/lab_thirdparty_stacks/lab_astm_a.pcap"), "astm");
    let said: Vec<String> = lines.iter().map(|line| text(&line["sender"])).collect();
    for (name, instrument) in [("pentra_xlr", "ABX"), ("sysmex_xn550", "XN-550"), ("genexpert", "GeneXpert")] {
        let sender = sender_in(&corpus.join("medical_msgs/senaite_astm"), name);
        assert!(sender.contains(instrument), "{name} names {sender:?}");
        assert!(said.contains(&sender), "{name}: {sender:?} is not among {said:?}");
    }
    let instruments: Vec<String> =
        lines.iter().map(|line| text(&line["sender"]) + &text(&line["instrument"])).collect();
    assert!(instruments.iter().any(|said| said.contains("c111")), "no Cobas c111 among {instruments:?}");
}

/// H-5 of the message file whose name begins with `name`.
fn sender_in(folder: &Path, name: &str) -> String {
    let files = std::fs::read_dir(folder).expect("message files").filter_map(Result::ok);
    let named = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with(name);
    let file = files.into_iter().find(named).unwrap_or_else(|| panic!("no message file {name}"));
    let bytes = std::fs::read(file.path()).expect("message file");
    let text = String::from_utf8_lossy(&bytes);
    let header = text.split(['\r', '\n', '\u{2}']).find_map(|line| line.find("H|").map(|at| &line[at..]));
    header.and_then(|header| header.split('|').nth(4)).map(|field| field.trim().to_owned()).unwrap_or_default()
}

#[test]
fn the_sdc_provider_is_described_by_its_own_words() {
    let Some(corpus) = corpus() else { return };
    let output = wardlight(&["watch", "--json"], &[&corpus.join("medical_pcap/lab_thirdparty_stacks/lab_sdc.pcap")]);
    let picture: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let devices = picture["devices"].as_array().expect("devices");
    let provider = devices.iter().find(|device| device["addresses"][0] == "10.77.10.61").expect("the provider");
    let claims = provider["claims"].as_array().expect("claims");
    let said = |field: &str| {
        let evidence = claims.iter().flat_map(|claim| claim["evidence"].as_array().cloned().unwrap_or_default());
        evidence.filter(|fact| fact["field"] == field).map(|fact| text(&fact["value"])).collect::<Vec<_>>()
    };
    for (field, value) in [
        ("self.manufacturer", "Draeger"),
        ("self.model", "TestDevice"),
        ("self.firmware", "Version1"),
        ("self.serial", "12345"),
    ] {
        assert!(said(field).iter().any(|said| said == value), "{field} is {:?}, not {value:?}", said(field));
    }
}

/// The UID of `Name (UID)`, as tshark writes those that it knows by name.
fn uid(text: String) -> String {
    text.rsplit_once(" (").map_or(text.clone(), |(_, uid)| uid.trim_end_matches(')').to_owned())
}

fn first(occurrences: Vec<String>) -> String {
    occurrences.into_iter().next().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
