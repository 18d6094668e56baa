//! What lies below TCP and UDP: tunnels, mirrors, groups, trees.

use crate::{corpus, log, tshark};
use std::collections::BTreeMap;
use std::path::Path;

/// Captures with packets in packets, labels, PPP or other links than Ethernet; none with fragments.
const CARRIED: [&str; 14] = [
    "proto_corpus/zeek_traces/tunnels/4in4.pcap",
    "proto_corpus/zeek_traces/tunnels/6in6.pcap",
    "proto_corpus/zeek_traces/tunnels/6in6in6.pcap",
    "proto_corpus/zeek_traces/tunnels/geneve-ipv6.pcap",
    "proto_corpus/zeek_traces/tunnels/gre-within-gre.pcap",
    "proto_corpus/zeek_traces/tunnels/gre-aruba-amsdu.pcap",
    "proto_corpus/zeek_traces/tunnels/tunnel-direct-bypass.pcap",
    "proto_corpus/ja4_pcaps/pcap/tcpdump-geneve.pcap",
    "proto_corpus/ndpi/pcap/ja3_lots_of_cipher_suites_2_anon.pcap",
    "proto_corpus/ndpi/pcap/tls_change_cipher.pcap",
    "proto_corpus/zeek_traces/quic/interop/quic-go_quic-go/zerortt.pcap",
    "proto_corpus/zeek_traces/quic/interop/quic-go_quic-go/handshake.pcap",
    "proto_corpus/zeek_traces/ldap/issue-32.pcapng",
    "proto_corpus/ja4_pcaps/pcap/http1-with-cookies.pcapng",
];

const GROUPS: [&str; 4] = [
    "iot_ident/iot_sentinel/captures_IoT-Sentinel/D-LinkCam/Setup-C-1-STA.pcap",
    "iot_ident/iot_sentinel/captures_IoT-Sentinel/HueBridge/Setup-C-1-STA.pcap",
    "ics_building/malcolm_protocols/Syslog.pcap",
    "medical_pcap/lab_thirdparty_stacks/lab_sdc.pcap",
];

const TREES: [&str; 2] =
    ["ics_building/malcolm_protocols/Syslog.pcap", "proto_corpus/suricata_verify/enip-keywords/enip_cip_example.pcap"];

/// IP packets between two hosts, whoever sent them.
type Packets = BTreeMap<[String; 2], u64>;

#[test]
fn packets_at_every_depth_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    for capture in CARRIED.map(|name| corpus.join(name)) {
        let Some(expected) = packets_of_tshark(&capture) else { return };
        let mut said = Packets::new();
        for flow in log(&capture, "conn") {
            let ends = ["id.orig_h", "id.resp_h"].map(|end| flow[end].as_str().expect("an address").to_owned());
            let count = |field: &str| flow[field].as_u64().expect("a count");
            *said.entry(pair(ends)).or_default() += count("orig_pkts") + count("resp_pkts");
        }
        assert_eq!(said, expected, "{}", capture.display());
        println!("{}: {} packets", capture.display(), said.values().sum::<u64>());
    }
}

fn packets_of_tshark(capture: &Path) -> Option<Packets> {
    let rows = tshark(capture, &[], "ip || ipv6", &["ip.src", "ip.dst", "ipv6.src", "ipv6.dst"])?;
    let mut packets = Packets::new();
    for row in rows {
        for (from, to) in [(&row[0], &row[1]), (&row[2], &row[3])] {
            for ends in from.iter().zip(to).filter(|(from, _)| !from.is_empty()) {
                *packets.entry(pair([ends.0.clone(), ends.1.clone()])).or_default() += 1;
            }
        }
    }
    Some(packets)
}

fn pair(mut ends: [String; 2]) -> [String; 2] {
    ends.sort();
    ends
}

#[test]
fn groups_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in GROUPS.map(|name| corpus.join(name)) {
        let Some(rows) = tshark(&capture, &[], "igmp", &["igmp.maddr"]) else { return };
        let is_group = |group: &String| !group.is_empty() && group != "0.0.0.0";
        let mut expected: Vec<String> = rows.into_iter().flatten().flatten().filter(is_group).collect();
        let groups = |line: serde_json::Value| line["groups"].as_array().cloned().unwrap_or_default();
        let lines = log(&capture, "igmp").into_iter().flat_map(groups);
        let mut said: Vec<String> = lines.map(|group| group.as_str().expect("an address").to_owned()).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared > 20, "only {compared} groups compared");
    println!("{compared} groups");
}

#[test]
fn bridges_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let names = ["stp.root.prio", "stp.root.ext", "stp.root.hw", "stp.bridge.prio", "stp.bridge.ext", "stp.bridge.hw"];
    for capture in TREES.map(|name| corpus.join(name)) {
        let Some(rows) = tshark(&capture, &[], "stp.bridge.hw", &names) else { return };
        let number = |cell: &[String]| cell[0].parse::<u16>().expect("a priority");
        let id = |row: &[Vec<String>]| format!("{:04x}.{}", number(&row[0]) + number(&row[1]), row[2][0]);
        let mut expected: Vec<[String; 2]> = rows.iter().map(|row| [id(&row[..3]), id(&row[3..])]).collect();
        let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let mut said: Vec<_> =
            log(&capture, "stp").iter().map(|line| [text(line, "root"), text(line, "bridge")]).collect();
        expected.sort();
        said.sort();
        assert!(!said.is_empty());
        assert_eq!(said, expected, "{}", capture.display());
        println!("{}: {} announcements", capture.display(), said.len());
    }
}
