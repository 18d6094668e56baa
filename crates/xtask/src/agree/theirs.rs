//! What the others say: tshark by the layers it finds above the innermost transport, nDPI by its table of conversations.

use super::{Ends, Other, Said, ends};
use anyhow::{Context as _, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Fields asked of tshark; the last occurrence of each is that of the innermost packet.
const FIELDS: [&str; 9] = [
    "frame.protocols",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
];

/// Reads `file` with `other`. Errors: the program is not there.
pub(super) fn said(other: Other, file: &Path, scratch: &Path) -> Result<Said> {
    match other {
        Other::Tshark => tshark(file),
        Other::Ndpi => ndpi(file, &scratch.join("ndpi.csv")),
    }
}

fn tshark(file: &Path) -> Result<Said> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-T", "fields", "-E", "occurrence=l", "-E", "separator=/t"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    // It fails at a capture that is cut short, after all that was whole.
    let output = command.output().context("tshark is not there; `apt-get install tshark` brings it")?;
    let mut all = Said::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((ends, layers)) = packet(line) {
            all.entry(ends).or_default().extend(layers);
        }
    }
    Ok(all)
}

/// Ends and layers of one packet; none when it is no TCP or UDP, or only quoted in an error (ICMP).
fn packet(line: &str) -> Option<(Ends, Vec<String>)> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [protocols, ip_from, ip_to, v6_from, v6_to, tcp_from, tcp_to, udp_from, udp_to] = cells[..] else {
        return None;
    };
    let layers: Vec<&str> = protocols.split(':').collect();
    if layers.iter().any(|layer| layer.starts_with("icmp")) {
        return None;
    }
    let at = layers.iter().rposition(|layer| ["tcp", "udp"].contains(layer))?;
    let (below, above) = (layers.get(..at)?, layers.get(at + 1..)?);
    let network = below.iter().rev().find(|layer| ["ip", "ipv6"].contains(layer))?;
    let [from, to] = if *network == "ip" { [ip_from, ip_to] } else { [v6_from, v6_to] };
    let is_tcp = layers.get(at) == Some(&"tcp");
    let [from_port, to_port] = if is_tcp { [tcp_from, tcp_to] } else { [udp_from, udp_to] };
    let ends = ends(is_tcp, (from.parse().ok()?, from_port.parse().ok()?), (to.parse().ok()?, to_port.parse().ok()?));
    let spoken = above.iter().filter(|layer| !["data", "malformed", "_ws.malformed", ""].contains(layer));
    Some((ends, spoken.map(|layer| (*layer).to_owned()).collect()))
}

fn ndpi(file: &Path, table: &Path) -> Result<Said> {
    let mut command = Command::new("ndpiReader");
    // By what is said alone: by port it would name conversations that say nothing.
    command.args(["-q", "-d"]).arg("-i").arg(file).arg("-C").arg(table);
    let _ = fs::remove_file(table);
    command.output().context("ndpiReader is not there; `apt-get install libndpi-bin` brings it")?;
    let bytes = fs::read(table).unwrap_or_default();
    let mut all = Said::new();
    for line in String::from_utf8_lossy(&bytes).lines().filter(|line| !line.starts_with('#')) {
        if let Some((ends, name)) = row(line) {
            all.entry(ends).or_default().extend(name.split('.').filter(|part| *part != "Unknown").map(str::to_owned));
        }
    }
    Ok(all)
}

fn row(line: &str) -> Option<(Ends, &str)> {
    let mut cells = line.split(',').skip(1);
    let is_tcp = match cells.next()? {
        "6" => true,
        "17" => false,
        _ => return None,
    };
    let mut cells = cells.skip(3);
    let mut end = || Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?));
    let ends = ends(is_tcp, end()?, end()?);
    Some((ends, cells.nth(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_transport_counts_and_quoted_packets_do_not() {
        let line = "eth:ip:udp:vxlan:eth:ip:tcp:tls\t10.0.0.1\t10.0.0.2\t\t\t443\t5000\t4789\t4789";
        let (found, layers) = packet(line).expect("a packet");
        assert_eq!(found, ends(true, ("10.0.0.1".parse().unwrap(), 443), ("10.0.0.2".parse().unwrap(), 5000)));
        assert_eq!(layers, ["tls"]);
        assert_eq!(packet("eth:ip:icmp:ip:udp:dns\t10.0.0.1\t10.0.0.2\t\t\t\t\t53\t53"), None);
    }

    #[test]
    fn a_table_of_ndpi_is_read() {
        let line = "0,17,1.5,2.5,1.0,fe80::1,58932,ff02::c,3702,153,DNS.Google,,7";
        let (found, name) = row(line).expect("a row");
        assert_eq!(found, ends(false, ("fe80::1".parse().unwrap(), 58932), ("ff02::c".parse().unwrap(), 3702)));
        assert_eq!(name, "DNS.Google");
    }
}
