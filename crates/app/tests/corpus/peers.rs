//! Captures of plant, peers, proxies and datagrams under TLS: conversations by name, messages one by one.

use crate::{corpus, log, tshark};
use serde_json::Value;
use std::collections::BTreeSet;

/// Captures, with the services that their conversations must have and how many.
const CONVERSATIONS: [(&str, &str, usize); 15] = [
    ("proto_corpus/ndpi/pcap/IEC104.pcap", "iec104", 2),
    ("proto_corpus/ndpi/pcap/iec60780-5-104.pcap", "iec104", 6),
    ("proto_corpus/ndpi/pcap/hart_ip.pcap", "hart_ip", 3),
    ("proto_corpus/ndpi/pcap/ethersbus.pcap", "sbus", 1),
    ("proto_corpus/ndpi/pcap/netflow-fritz.pcap", "netflow", 1),
    ("proto_corpus/ndpi/pcap/nntp.pcap", "nntp", 1),
    ("proto_corpus/ndpi/pcap/openvpn-tlscrypt.pcap", "openvpn", 1),
    ("proto_corpus/ndpi/pcap/dtls_certificate_fragments.pcap", "dtls", 2),
    ("proto_corpus/ja4_pcaps/pcap/dtls-udp.notest.cap", "dtls", 1),
    ("proto_corpus/zeek_traces/tls/dtls1_0.pcap", "dtls", 1),
    ("proto_corpus/zeek_traces/tls/dtls-sequence-number-jumps.pcap", "dtls", 1),
    ("proto_corpus/zeek_traces/tls/xmpp-dialback-starttls.pcap", "xmpp", 1),
    ("proto_corpus/ja4_pcaps/pcap/socks-https-example.pcap", "socks", 1),
    ("proto_corpus/ndpi/pcap/stun_dtls_rtp.pcapng", "stun", 2),
    ("proto_corpus/ndpi/pcap/ethereum.pcap", "devp2p", 20),
];

#[test]
fn conversations_are_known_by_their_content() {
    let Some(corpus) = corpus() else { return };
    for (name, service, least) in CONVERSATIONS {
        let lines = log(&corpus.join(name), "conn");
        let count = lines.iter().filter(|line| line["service"] == service).count();
        assert!(count >= least, "{name}: {count} of {service}");
    }
}

#[test]
fn units_of_iec_104_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    for name in ["IEC104.pcap", "iec60780-5-104.pcap"] {
        let capture = corpus.join("proto_corpus/ndpi/pcap").join(name);
        let fields = ["iec60870_asdu.typeid", "iec60870_asdu.causetx", "iec60870_asdu.addr"];
        let Some(rows) = tshark(&capture, &[], "iec60870_asdu", &fields) else { return };
        let mut expected: Vec<[String; 2]> = Vec::new();
        for row in &rows {
            expected.extend(row[1].iter().zip(&row[2]).map(|(cause, station)| [cause.clone(), station.clone()]));
        }
        let lines = log(&capture, "iec104");
        let units = lines.iter().filter(|line| line["apdu"] == "i");
        let mut said: Vec<_> = units.map(|line| ["cause", "station"].map(|name| text(&line[name]))).collect();
        // What tshark finds no station in is cut short, and is nothing to us either.
        expected.retain(|[_, station]| !station.is_empty());
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{name}");
        println!("{name}: {} units", said.len());
    }
}

#[test]
fn names_and_ciphers_of_dtls_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    for (name, service) in [
        ("proto_corpus/ndpi/pcap/dtls_certificate_fragments.pcap", 2),
        ("proto_corpus/ja4_pcaps/pcap/dtls-udp.notest.cap", 1),
        ("proto_corpus/zeek_traces/tls/dtls1_0.pcap", 1),
    ] {
        let capture = corpus.join(name);
        let fields = ["dtls.handshake.ciphersuite"];
        let Some(rows) = tshark(&capture, &[], "dtls.handshake.type == 2", &fields) else { return };
        let cipher = |number: &String| number.trim_start_matches("0x").to_owned();
        let expected: BTreeSet<String> = rows.iter().flat_map(|row| row[0].iter().map(cipher)).collect();
        let lines = log(&capture, "dtls");
        let said: BTreeSet<String> = lines.iter().map(|line| text(&line["cipher"])).collect();
        assert_eq!(said, expected, "{name}");
        assert_eq!(lines.iter().filter(|line| line["cert_sha256"].is_string()).count(), service, "{name}");
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
