//! With whom a device talks: drawn with the device in the middle, and the same as a table.
//!
//! In: the sums of its conversations. Out: at most twelve peers, medical ones left of it, the others right; the rest counted.

use crate::part::called;
use crate::part::words::{bytes, encoded};
use wardlight_inventory::Types;
use wardlight_model::Peer;
use wardlight_store::projection::{Column, Filter, Literal, Query, Row, Snapshot, Value};

/// Peers shown; more are counted.
pub const PEERS: usize = 12;
/// Height of a row of the drawing.
const ROW: usize = 48;

/// One peer.
pub struct Near {
    /// Where it is reached.
    pub address: String,
    /// Id and name of the device.
    pub device: Option<(String, String)>,
    /// What it is.
    pub kind: String,
    /// The services spoken.
    pub services: String,
    /// Bytes both ways.
    pub bytes: String,
    /// The conversations.
    pub rows: String,
    /// Where its box stands in the drawing: left edge, upper edge, middle.
    pub place: (usize, usize, usize),
    /// The line to it, and how wide.
    pub line: (String, usize),
    /// Whether no device is known for it.
    pub is_odd: bool,
}

/// All of it.
pub struct Around {
    /// The peers.
    pub near: Vec<Near>,
    /// How many are not shown; 0 for none.
    pub more: usize,
    /// Height of the drawing, whose width is 760.
    pub height: usize,
    /// Upper edge of the device's own box.
    pub own: usize,
}

/// All devices, and which of them, by id, whoever looks may see.
pub type Devices<'d> = (&'d Snapshot, &'d dyn Fn(&str) -> bool);

/// Whose conversations `peers` sums up, by `addresses` of its own.
pub fn around(peers: &[Peer], (devices, is_shown): Devices<'_>, types: &Types, own: &str) -> Around {
    let mut sums: Vec<(Peer, Vec<&str>)> = Vec::new();
    for peer in peers {
        match sums.iter_mut().find(|(sum, _)| sum.endpoint == peer.endpoint) {
            Some((sum, services)) => {
                sum.ip_bytes = sum.ip_bytes.saturating_add(peer.ip_bytes);
                services.push(&peer.service);
            }
            None => sums.push((peer.clone(), vec![&peer.service])),
        }
    }
    sums.sort_by_key(|(peer, _)| std::cmp::Reverse(peer.ip_bytes));
    let most = sums.first().map_or(1, |(peer, _)| peer.ip_bytes).max(1);
    let more = sums.len().saturating_sub(PEERS);
    let mut near: Vec<(bool, Near)> = sums
        .iter()
        .take(PEERS)
        .map(|(peer, services)| shown(peer, services, (devices, is_shown), types, own))
        .collect();
    for (one, (peer, _)) in near.iter_mut().zip(&sums) {
        one.1.line.1 = 1
            + usize::from(peer.ip_bytes.saturating_mul(20) >= most)
            + usize::from(peer.ip_bytes.saturating_mul(3) >= most);
    }
    let deepest =
        [true, false].map(|side| near.iter().filter(|(is_left, _)| *is_left == side).count()).into_iter().max();
    let height = deepest.unwrap_or(1).max(1) * ROW;
    let mut depth = [0; 2];
    for (is_left, one) in &mut near {
        let [left, right] = &mut depth;
        let (rows, x) = if *is_left { (left, 4) } else { (right, 556) };
        let y = *rows * ROW + 5;
        *rows += 1;
        one.place = (x, y, y + 19);
        let (from, to) = if *is_left { (204, 290) } else { (470, 556) };
        let (start, end) = if *is_left { (y + 19, height / 2) } else { (height / 2, y + 19) };
        one.line.0 = format!("M{from} {start}C{} {start} {} {end} {to} {end}", from + 50, to - 50);
    }
    Around { near: near.into_iter().map(|(_, one)| one).collect(), more, height, own: height / 2 - 19 }
}

/// The peer, and whether it is medical.
fn shown(peer: &Peer, services: &[&str], (devices, is_shown): Devices<'_>, types: &Types, own: &str) -> (bool, Near) {
    let ip = peer.endpoint.ip.map(|ip| ip.to_string());
    let address = ip.clone().or_else(|| peer.endpoint.mac.map(|mac| mac.to_string())).unwrap_or_default();
    let row = ip.as_deref().and_then(|ip| holder(ip, devices)).filter(|row| is_shown(row.id()));
    let kind = row.as_ref().and_then(|row| match row.value(Column::Type) {
        Value::Text(kind) => Some(kind.to_string()),
        _ => None,
    });
    let is_medical = kind.as_deref().is_some_and(|kind| types.is_medical(kind));
    let mut services: Vec<&str> = services.iter().copied().filter(|name| !["", "-"].contains(name)).collect();
    services.sort_unstable();
    services.dedup();
    let rows = match &ip {
        Some(ip) if !own.is_empty() => format!("/traffic/flows?host={}&peer={}", encoded(own), encoded(ip)),
        _ => String::new(),
    };
    let near = Near {
        device: row.as_ref().map(|row| (row.id().to_owned(), called::device(row))),
        kind: kind.unwrap_or_else(|| if row.is_some() { "not identified" } else { "no device known" }.to_owned()),
        services: if services.is_empty() { "not known".to_owned() } else { services.join(", ") },
        bytes: bytes(peer.ip_bytes),
        is_odd: row.is_none(),
        address,
        rows,
        place: (0, 0, 0),
        line: (String::new(), 1),
    };
    (is_medical, near)
}

/// The device that has `address`.
fn holder(address: &str, devices: &Snapshot) -> Option<Row> {
    let filter = Filter::Is(Column::Address, vec![Literal::Text(address.into())]);
    devices.list(&Query { filter, sort: Vec::new(), offset: 0, limit: 1 }).rows.pop()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Endpoint, Scope};

    #[test]
    fn services_of_one_peer_are_one_line_and_boxes_stand_within_the_drawing() {
        let peer = |last: u8, service: &str, ip_bytes| Peer {
            endpoint: Endpoint { scope: Scope(0), mac: None, ip: Some([10, 0, 0, last].into()) },
            service: service.to_owned(),
            ip_bytes,
            flows: 1,
        };
        let peers: Vec<Peer> =
            (0..20).map(|n| peer(n, "hl7", 100)).chain([peer(3, "dicom", 5000), peer(3, "-", 1)]).collect();
        let types = Types::shipped().expect("loads");
        let around = around(&peers, (&Snapshot::default(), &|_| true), &types, "10.0.0.99");
        assert_eq!((around.near.len(), around.more), (PEERS, 8));
        let first = around.near.first().expect("one");
        assert_eq!((first.address.as_str(), first.services.as_str(), first.line.1), ("10.0.0.3", "dicom, hl7", 3));
        assert_eq!(
            (first.bytes.as_str(), first.rows.as_str()),
            ("5.1 kB", "/traffic/flows?host=10.0.0.99&peer=10.0.0.3")
        );
        assert!(around.near.iter().all(|one| one.place.1 + 38 <= around.height && one.is_odd));
    }
}
