//! What is sent to the server: batch number `n` is the same each time, and so is what it must change.
//!
//! What must be there is a count under a name, so that what is lost is too little and what was done twice is too much.

use std::collections::BTreeMap;
use std::net::IpAddr;
use wardlight_model::journal::{BodyKind, Command, Decision, Flows, Observations, Oddity, encode};
use wardlight_model::{Area, ConnState, Direction, Endpoint, Fact, Field, Flow, FlowId, FlowKey, Id, Level, Mac};
use wardlight_model::{Origin, Place, Presence, Scope, Subject, Time, Transport};

/// Counts under names: what was sent, or what is there.
pub(super) type Effects = BTreeMap<String, u64>;

/// 2023-11-14 22:13:20 UTC.
const BEGIN: i64 = 1_700_000_000;
/// When the journal takes it all in: the hours of the flows are over by then.
const LATER: u64 = 3 * 3600;
/// Flows that a batch may hold; their ids follow from the batch's number.
const MOST_FLOWS: u64 = 16;
/// Oddities of a batch that fills a good part of a segment.
const MANY: usize = 6_000;

/// One batch.
pub(super) struct Batch {
    /// Its id: the same when it is sent again.
    pub id: Id,
    /// Kind of its body.
    pub kind: BodyKind,
    /// Its body.
    pub body: Vec<u8>,
}

/// The kind and body of batch number `n`; five in a row have every kind.
pub(crate) fn body(n: u64) -> (BodyKind, Vec<u8>) {
    let Batch { kind, body, .. } = batch(n);
    (kind, body)
}

/// Batch number `n`.
pub(super) fn batch(n: u64) -> Batch {
    let (kind, body) = match n % 5 {
        0 | 1 => (BodyKind::Flows, encode(&Flows { sensor: id(7, 0), flows: flows(n).into() })),
        2 | 3 => (BodyKind::Observations, encode(&observations(n))),
        _ => (BodyKind::Decision, encode(&decision(n))),
    };
    Batch { id: id(1, n), kind, body }
}

/// Flows in batch number `n`.
pub(super) fn rows(n: u64) -> u64 {
    if matches!(n % 5, 0 | 1) { flows(n).len() as u64 } else { 0 }
}

/// Whether batch number `n` is a decision.
pub(super) fn is_decision(n: u64) -> bool {
    n % 5 == 4
}

/// Adds what batch number `n` changes.
pub(super) fn expect(n: u64, effects: &mut Effects) {
    let mut add = |name: String, count: u64| *effects.entry(name).or_default() += count;
    match n % 5 {
        0 | 1 => flows(n).iter().for_each(|flow| {
            add(row(flow.id), 1);
            let [there, back] = flow.sent.map(|sent| sent.packets);
            contact(flow.key.initiator.0, flow.key.responder.0, [1, there, back], &mut add);
        }),
        2 | 3 => {
            let seen = observations(n);
            seen.facts.items.iter().for_each(|one| add(fact(one), one.count));
            seen.presences.items.iter().for_each(|one| add(presence(one), one.packets));
            let odd = seen.oddities.items.iter().map(|one| one.count).sum();
            seen.oddities.items.first().into_iter().for_each(|one| add(oddity(one), odd));
        }
        _ => {
            add(area(&place(n)), 1);
            add(entry(&place(n).name), 1);
        }
    }
}

/// The name of a row of the flow history.
pub(super) fn row(flow: FlowId) -> String {
    format!("flow {}.{}", flow.0 / MOST_FLOWS, flow.0 % MOST_FLOWS)
}

/// The counts of a contact: conversations, packets there, packets back.
pub(super) fn contact(from: IpAddr, to: IpAddr, counts: [u64; 3], mut add: impl FnMut(String, u64)) {
    for (what, count) in ["flows", "packets there", "packets back"].into_iter().zip(counts) {
        add(format!("contact {from} {to}: {what}"), count);
    }
}

/// The name of a fact's count.
pub(super) fn fact(fact: &Fact) -> String {
    format!("fact {}", fact.value)
}

/// The name of a presence's packets.
pub(super) fn presence(presence: &Presence) -> String {
    format!("presence {}", presence.endpoint.ip.map(|ip| ip.to_string()).unwrap_or_default())
}

/// The name of an oddity's count.
pub(super) fn oddity(oddity: &Oddity) -> String {
    format!("oddity {}", oddity.name)
}

/// The name of a place.
pub(super) fn area(area: &Area) -> String {
    format!("area {}", area.name)
}

/// The name of a ledger entry about the place called `name`.
pub(super) fn entry(name: &str) -> String {
    format!("ledger entry {name}")
}

/// The name of the ledger entry that batch number `n` leads to, if it does.
pub(super) fn entry_of(n: u64) -> Option<String> {
    (n % 5 == 4).then(|| entry(&place(n).name))
}

fn id(kind: u8, n: u64) -> Id {
    let [a, b, c, d, e, f, g, h] = n.to_be_bytes();
    let millis = (u64::try_from(BEGIN).unwrap_or_default() + LATER) * 1000 + n;
    Id::at(millis, [kind, 0, a, b, c, d, e, f, g, h])
}

fn ip(net: u8, n: u64) -> IpAddr {
    IpAddr::from([10, net, 0, u8::try_from(n % 250).unwrap_or_default() + 1])
}

fn mac(n: u64) -> Mac {
    Mac([0, 9, 0xfb, 0, 0, u8::try_from(n % 250).unwrap_or_default()])
}

fn time(n: u64) -> Time {
    Time::from_seconds(BEGIN + i64::try_from(n % 5000).unwrap_or_default())
}

fn flows(n: u64) -> Vec<Flow> {
    let one = |k: u64| Flow {
        id: FlowId(n * MOST_FLOWS + k),
        key: FlowKey {
            scope: Scope(0),
            transport: Transport::TCP,
            initiator: (ip(1, n % 8), 40_000),
            responder: (ip(2, k), 104),
        },
        macs: [Some(mac(n % 8)), None],
        hop_limits: [Some(64), None],
        vlan: None,
        first: time(n),
        last: time(n + k),
        state: ConnState::SF,
        history: "ShADadFf".into(),
        sent: [3 + k, 2].map(|packets| Direction { packets, ip_bytes: packets * 60, bytes: packets * 20, missed: 0 }),
        service: None,
    };
    (0..1 + n % 4).map(one).collect()
}

fn observations(n: u64) -> Observations {
    let host = Endpoint { scope: Scope(0), mac: Some(mac(n % 16)), ip: Some(ip(1, n % 16)) };
    let fact = |value: String, count| Fact {
        subject: Subject::Host(host),
        field: Field::Serial,
        value,
        protocol: "hl7",
        first: time(n),
        last: time(n),
        count,
        place: Place::default(),
        origin: Origin::default(),
    };
    let presence = Presence {
        endpoint: host,
        first: time(n),
        last: time(n),
        packets: 1 + n % 9,
        ttl: 64,
        sent: true,
        origin: Origin::default(),
    };
    let odd = Oddity { name: "crash.odd", count: 1, first: time(n), place: Place::default() };
    let oddities = vec![odd; if n % 10 == 3 { MANY } else { 1 }];
    Observations {
        sensor: id(7, 0),
        sources: vec!["tap".into()],
        facts: vec![fact(format!("S-{}", n % 64), 1 + n % 3), fact("all".into(), 1)].into(),
        presences: vec![presence].into(),
        oddities: oddities.into(),
    }
}

fn decision(n: u64) -> Decision {
    Decision { by: "crash".into(), at: time(n), command: Command::PutArea(place(n)) }
}

fn place(n: u64) -> Area {
    Area {
        id: id(3, n),
        parent: None,
        level: Level::Site,
        name: format!("site-{n}"),
        zone: Some("Europe/Berlin".into()),
    }
}
