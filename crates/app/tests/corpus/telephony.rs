//! Telephones field by field.

use crate::{corpus, log, tshark};

const SIP: [&str; 4] = [
    "proto_corpus/suricata_verify/sip-method/sip.pcap",
    "proto_corpus/suricata_verify/sip-tcp-method/sip-tcp.pcap",
    "proto_corpus/suricata_verify/sip-tcp-pattern-matching/sip.pcap",
    "proto_corpus/zeek_traces/sip/sip-long-request-response-paths.pcap",
];

#[test]
fn sip_messages_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for capture in SIP.map(|name| corpus.join(name)) {
        let fields = ["sip.CSeq.method", "sip.Status-Code", "sip.User-Agent"];
        let Some(rows) = tshark(&capture, &[], "sip", &fields) else { return };
        let mut expected: Vec<String> = rows.into_iter().map(|row| row.concat().join(" ")).collect();
        let lines = log(&capture, "sip").into_iter();
        let text = |value: &serde_json::Value| value.to_string().trim_matches('"').replace("null", "");
        let mut said: Vec<String> =
            lines.map(|line| ["method", "status", "user_agent"].map(|name| text(&line[name])).join(" ")).collect();
        expected.sort();
        said.sort();
        assert_eq!(said, expected, "{}", capture.display());
        compared += said.len();
    }
    assert!(compared >= 20, "only {compared} messages were compared");
}
