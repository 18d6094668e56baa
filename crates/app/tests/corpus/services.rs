//! Services of text, time and log-ins: the conversations that are found, and what they say, as other tools read them.

use crate::{corpus, log, tshark};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Captures, our name of the service, tshark's filter for conversations that carry it.
const CONVERSATIONS: [(&str, &str, &str); 21] = [
    ("zeek_traces/ftp/bruteforce.pcap", "ftp", "ftp"),
    ("zeek_traces/ftp/ipv4.pcap", "ftp", "ftp"),
    ("zeek_traces/ftp/ipv6-multiline-reply.pcap", "ftp", "ftp"),
    ("zeek_traces/ftp/ipv6-retr-samba.pcap", "ftp", "ftp"),
    ("zeek_traces/ftp/ftp-auth-tls.pcap", "ftp", "ftp"),
    ("ndpi/pcap/smtp-starttls.pcap", "smtp", "smtp"),
    ("ndpi/pcap/imap-starttls.pcap", "imap", "imap"),
    ("zeek_traces/ntp/ntp2.pcap", "ntp", "ntp"),
    ("zeek_traces/ntp/ntpmode67.pcap", "ntp", "ntp"),
    ("zeek_traces/krb/auth.pcap", "kerberos", "kerberos and not dcerpc"),
    ("ndpi/pcap/kerberos-error.pcap", "kerberos", "kerberos"),
    ("zeek_traces/ldap/aduser1-ntlm.pcap", "ldap", "ldap"),
    ("zeek_traces/ldap/modify-request.pcapng", "ldap", "ldap"),
    ("zeek_traces/ldap/sasl-scram-sha-512.pcap", "ldap", "ldap"),
    ("suricata_verify/ldap-starttls/input.pcap", "ldap", "ldap"),
    ("zeek_traces/rdp/rdp-x509.pcap", "rdp", "rdp"),
    ("zeek_traces/rfb/vnc-mac-to-linux.pcap", "vnc", "vnc"),
    ("zeek_traces/rfb/vncmac.pcap", "vnc", "vnc"),
    ("suricata_verify/mqtt31-sub-userpass/input.pcap", "mqtt", "mqtt"),
    ("suricata_verify/mqtt311-pub-userpass/input.pcap", "mqtt", "mqtt"),
    ("suricata_verify/mqtt5-pub-qos2/input.pcap", "mqtt", "mqtt"),
];

#[test]
fn conversations_of_services_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for (name, service, filter) in CONVERSATIONS {
        let capture = corpus.join("proto_corpus").join(name);
        let fields =
            ["ip.src", "ipv6.src", "tcp.srcport", "udp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport", "udp.dstport"];
        let Some(rows) = tshark(&capture, &[], filter, &fields) else { return };
        let end = |row: &[Vec<String>]| row.iter().map(|cell| cell[0].clone()).collect::<String>();
        let expected: BTreeSet<[String; 2]> = rows.iter().map(|row| sorted([end(&row[..4]), end(&row[4..])])).collect();
        let lines = log(&capture, "conn").into_iter().filter(|line| line["service"] == service);
        let said: BTreeSet<[String; 2]> =
            lines.map(|line| sorted(["orig", "resp"].map(|side| ours(&line, side)))).collect();
        assert!(!expected.is_empty(), "tshark finds no {service} in {name}");
        assert_eq!(said, expected, "{service} in {name}");
        compared += said.len();
    }
    println!("{compared} conversations");
}

/// Address and port of one end, each behind the other as the columns of tshark are put together.
fn ours(line: &Value, side: &str) -> String {
    let host = line[format!("id.{side}_h")].as_str().unwrap_or_default().to_owned();
    format!("{host}{}", line[format!("id.{side}_p")])
}

fn sorted(mut ends: [String; 2]) -> [String; 2] {
    ends.sort();
    ends
}

/// tshark takes whatever comes to CoAP's port for it, even the numbers of options of a draft, and nothing else.
#[test]
fn conversations_of_coap_are_found_by_content() {
    let Some(corpus) = corpus() else { return };
    let lines = log(&corpus.join("proto_corpus/ndpi/pcap/coap_mqtt.pcap"), "conn");
    let ports = lines.iter().filter(|line| line["service"] == "coap").map(|line| line["id.resp_p"].as_u64());
    let at = |port| ports.clone().filter(|found| *found == Some(port)).count();
    assert_eq!((at(5683), at(17_500)), (5, 4));
}

#[test]
fn values_of_services_are_those_of_tshark() {
    let Some(corpus) = corpus() else { return };
    let corpus = corpus.join("proto_corpus");
    let clients = corpus.join("suricata_verify/mqtt311-pub-userpass/input.pcap");
    same(&clients, "mqtt", "connect_status", "mqtt.conack.val");
    same(&corpus.join("zeek_traces/ntp/ntp2.pcap"), "ntp", "stratum", "ntp.stratum");
    same(&corpus.join("zeek_traces/ntp/ntp2.pcap"), "ntp", "version", "ntp.flags.vn");
    same(&corpus.join("ndpi/pcap/kerberos-error.pcap"), "kerberos", "error_code", "kerberos.error_code");
    same(&corpus.join("zeek_traces/rfb/vnc-mac-to-linux.pcap"), "vnc", "width", "vnc.width");
}

/// The values of one field of our records and of one of tshark's, in any order.
#[track_caller]
fn same(capture: &Path, name: &str, field: &str, theirs: &str) {
    let Some(rows) = tshark(capture, &[], theirs, &[theirs]) else { return };
    let mut expected: Vec<String> = rows.into_iter().flat_map(|row| row[0].clone()).collect();
    let lines = log(capture, name);
    let mut said: Vec<String> = lines.iter().filter_map(|line| line[field].as_u64()).map(|n| n.to_string()).collect();
    expected.sort();
    said.sort();
    assert!(!said.is_empty(), "{field} in {}", capture.display());
    assert_eq!(said, expected, "{field} in {}", capture.display());
}
