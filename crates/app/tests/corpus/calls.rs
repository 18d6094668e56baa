//! QUIC, remote calls and computers that announce themselves, field by field.

use crate::{corpus, log, tshark};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const QUIC: [&str; 8] = [
    "iot_ident/iot_inspector/application_data.pcap",
    "medical_pcap/unr_iotsec_medical/wyzescale/wifi/3_1.pcap",
    "proto_corpus/ja4_pcaps/pcap/ssh2.pcapng",
    "proto_corpus/ja4_pcaps/pcap/tls-sni.pcapng",
    "proto_corpus/suricata_verify/ja4-quic/input.pcap",
    "proto_corpus/suricata_verify/quic-frag-unordered/input.pcap",
    "proto_corpus/suricata_verify/quic-frag-wait/input.pcap",
    "proto_corpus/suricata_verify/quic-ietf/input.pcap",
];

/// JA4 of clients by QUIC, published with the captures.
const JA4: [(&str, &str); 2] = [
    ("proto_corpus/suricata_verify/ja4-quic/input.pcap", "proto_corpus/suricata_verify/ja4-quic/test.yaml"),
    (
        "proto_corpus/ja4_pcaps/pcap/tls-sni.pcapng",
        "proto_corpus/ja4_pcaps/rust/ja4/src/snapshots/ja4__insta@tls-sni.pcapng.snap",
    ),
];

const CALLS: [&str; 3] = [
    "c2_malware_pcap/elcabezzonn/dcsync.pcapng",
    "c2_malware_pcap/elcabezzonn/schtasks.pcap",
    "c2_malware_pcap/elcabezzonn/new-jscript-poshc2.pcap",
];

const ANNOUNCED: [&str; 3] = [
    "proto_corpus/ndpi/pcap/netbios.pcap",
    "c2_malware_pcap/malcolm_plugins/zeek-agenttesla-detector/a30789ce-1e1c-4f96-a097-78c34b9fb612.pcap",
    "ics_building/malcolm_protocols/Syslog.pcap",
];

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Values of the field `name` in the log of `capture`.
fn values(capture: &Path, protocol: &str, name: &str) -> BTreeSet<String> {
    log(capture, protocol).iter().filter(|line| !line[name].is_null()).map(|line| text(&line[name])).collect()
}

#[test]
fn servers_asked_for_by_quic_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in QUIC.map(|name| corpus.join(name)) {
        let fields = ["tls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str"];
        let Some(rows) = tshark(&capture, &[], "quic && tls.handshake.type == 1", &fields) else { return };
        let expected: BTreeSet<[String; 2]> =
            rows.into_iter().map(|row| [row[0][0].clone(), row[1][0].clone()]).collect();
        let lines = log(&capture, "quic");
        let said: BTreeSet<[String; 2]> =
            lines.iter().map(|line| ["server_name", "client_protocol"].map(|name| text(&line[name]))).collect();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 30, "only {compared} were compared");
}

#[test]
fn fingerprints_of_quic_clients_are_the_published_ones() {
    let Some(corpus) = corpus() else { return };
    for (capture, published) in JA4 {
        let published = std::fs::read_to_string(corpus.join(published)).expect("published values");
        let is_ja4 = |word: &&str| word.starts_with("q13");
        let expected: BTreeSet<String> = published.split_whitespace().filter(is_ja4).map(str::to_owned).collect();
        assert!(!expected.is_empty());
        assert_eq!(values(&corpus.join(capture), "quic", "ja4"), expected, "{capture}");
    }
}

#[test]
fn interfaces_asked_for_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in CALLS.map(|name| corpus.join(name)) {
        let fields = ["tcp.stream", "dcerpc.cn_bind_to_uuid"];
        let Some(rows) = tshark(&capture, &[], "dcerpc.pkt_type == 11 && !smb && !smb2", &fields) else { return };
        let mut expected: Vec<String> = rows.into_iter().map(|row| named(&row[1][0])).collect();
        let lines = log(&capture, "dcerpc");
        let mut said: Vec<String> = lines.iter().map(|line| text(&line["endpoint"][0])).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 10, "only {compared} were compared");
}

/// The name of an interface that occurs in these captures; others are logged by their UUID.
fn named(uuid: &str) -> String {
    let known = [
        ("e1af8308-5d1f-11c9-91a4-08002b14a0fa", "epmapper"),
        ("000001a0-0000-0000-c000-000000000046", "isystemactivator"),
        ("e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi"),
        ("86d35949-83c9-4044-b424-db363231fd0c", "itaskscheduler"),
        ("12345778-1234-abcd-ef00-0123456789ab", "lsarpc"),
        ("12345678-1234-abcd-ef00-01234567cffb", "netlogon"),
        ("99fcfec4-5260-101b-bbcb-00aa0021347a", "ioxidresolver"),
        ("00000143-0000-0000-c000-000000000046", "iremunknown2"),
    ];
    known.iter().find(|(known, _)| *known == uuid).map_or(uuid, |(_, name)| name).to_owned()
}

#[test]
fn announced_computers_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in ANNOUNCED.map(|name| corpus.join(name)) {
        let fields = ["browser.command", "browser.os_major", "browser.os_minor"];
        let filter = "browser.command == 1 || browser.command == 12 || browser.command == 15";
        let Some(rows) = tshark(&capture, &[], filter, &fields) else { return };
        let kind = |number: &str| match number.trim_start_matches("0x").trim_start_matches('0') {
            "1" => "host",
            "c" => "domain",
            _ => "master",
        };
        let mut expected: Vec<String> =
            rows.into_iter().map(|row| format!("{} {}.{}", kind(&row[0][0]), row[1][0], row[2][0])).collect();
        let lines = log(&capture, "browser").into_iter().filter(|line| line["os_version"].is_string());
        let mut said: Vec<String> =
            lines.map(|line| format!("{} {}", text(&line["kind"]), text(&line["os_version"]))).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 3, "only {compared} were compared");
}
