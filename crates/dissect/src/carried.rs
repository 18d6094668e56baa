//! The dissectors by what carries them: so that none is asked that cannot be meant, and first the one whose port it is.

use crate::entry::{Carrier, Dissector, Hello, Probe};
use crate::proto::ENTRIES;
use std::sync::LazyLock;
use wardlight_model::{Known, Port, Service};

/// An entry of the list, by its place in it.
type Placed = (u16, &'static dyn Dissector);

/// The dissectors of one carrier with ports.
pub(crate) struct Carried {
    all: Vec<&'static dyn Dissector>,
    /// Who calls a port its own, by port, then in the order of the list.
    homes: Vec<(Port, Placed)>,
    /// For each port the place in `homes` of the first.
    first: Box<[u16]>,
}

static TCP: LazyLock<Carried> = LazyLock::new(|| Carried::new(Carrier::Tcp));
static UDP: LazyLock<Carried> = LazyLock::new(|| Carried::new(Carrier::Udp));
static BODIES: LazyLock<Vec<(&'static str, &'static dyn Dissector)>> = LazyLock::new(|| {
    let kinds = ENTRIES.iter().flat_map(|entry| entry.info().carriers.iter().map(move |carrier| (carrier, *entry)));
    let body = |(carrier, entry): (&'static Carrier, _)| match carrier {
        Carrier::Body(kind) => Some((*kind, entry)),
        _ => None,
    };
    kinds.filter_map(body).collect()
});
static EXCHANGES: LazyLock<Vec<&'static dyn Dissector>> = LazyLock::new(|| carried_by(Carrier::Exchange).collect());

fn carried_by(carrier: Carrier) -> impl Iterator<Item = &'static dyn Dissector> {
    ENTRIES.iter().copied().filter(move |entry| entry.info().carriers.contains(&carrier))
}

/// Those of `carrier`: TCP, or else UDP.
pub(crate) fn by(carrier: Carrier) -> &'static Carried {
    if carrier == Carrier::Tcp { &TCP } else { &UDP }
}

/// Those that read bodies of media type `kind` (no parameters), in the order of the list.
pub(crate) fn by_body(kind: &str) -> impl Iterator<Item = &'static dyn Dissector> {
    BODIES.iter().filter(move |(known, _)| kind.eq_ignore_ascii_case(known)).map(|(_, entry)| *entry)
}

/// Those that read exchanges of HTTP, in the order of the list.
pub(crate) fn by_exchange() -> impl Iterator<Item = &'static dyn Dissector> {
    EXCHANGES.iter().copied()
}

impl Carried {
    fn new(carrier: Carrier) -> Self {
        let placed = (0..).zip(ENTRIES.iter().copied()).filter(|(_, entry)| entry.info().carriers.contains(&carrier));
        let ports = placed.flat_map(|placed: Placed| placed.1.info().ports.iter().map(move |port| (*port, placed)));
        let mut homes: Vec<(Port, Placed)> = ports.collect();
        homes.sort_by_key(|(port, (place, _))| (*port, *place));
        let mut first = vec![u16::MAX; 1 << 16].into_boxed_slice();
        for (place, (port, _)) in (0..).zip(&homes) {
            first.get_mut(usize::from(*port)).into_iter().for_each(|first| *first = place.min(*first));
        }
        Self { all: carried_by(carrier).collect(), homes, first }
    }

    /// Those that call `port` their own, in the order of the list.
    fn at_home(&self, port: Port) -> &[(Port, Placed)] {
        let first = self.first.get(usize::from(port)).copied().unwrap_or(u16::MAX);
        let homes = self.homes.get(usize::from(first)..).unwrap_or_default();
        homes.get(..homes.iter().take_while(|(held, _)| *held == port).count()).unwrap_or_default()
    }

    /// The service that a port alone suggests: the first that calls one of `ports` its own, the responder's before the
    /// initiator's.
    pub(crate) fn service_by_port(&self, [initiator, responder]: [Port; 2]) -> Option<Service> {
        let owner = |port| self.at_home(port).first().map(|(_, (_, entry))| entry);
        let entry = owner(responder).or_else(|| owner(initiator))?;
        Some(Service { name: entry.info().name, known: Known::Port })
    }

    /// The entry that reads a conversation beginning so; and whether more bytes could still tell.
    pub(crate) fn probe(&self, hello: &Hello<'_>) -> (Option<(&'static dyn Dissector, Service)>, bool) {
        let [mut one, mut other] = hello.ports.map(|port| self.at_home(port));
        loop {
            let place = |homes: &[(Port, Placed)]| homes.first().map_or(u16::MAX, |(_, (place, _))| *place);
            let next = if place(one) <= place(other) { &mut one } else { &mut other };
            let Some(((_, (_, entry)), rest)) = next.split_first() else { break };
            *next = rest;
            if matches!(entry.probe(hello), Probe::Yes | Probe::Likely) {
                let service = Service { name: entry.info().name, known: Known::PortAndContent };
                return (Some((*entry, service)), false);
            }
        }
        let mut more = false;
        for entry in &self.all {
            match entry.probe(hello) {
                Probe::Yes => {
                    let service = Service { name: entry.info().name, known: Known::Content };
                    return (Some((*entry, service)), false);
                }
                Probe::More => more = true,
                Probe::Likely | Probe::No => {}
            }
        }
        (None, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::Side;

    #[test]
    fn a_port_is_of_the_first_that_calls_it_its_own() {
        for (carrier, carried) in [(Carrier::Tcp, by(Carrier::Tcp)), (Carrier::Udp, by(Carrier::Udp))] {
            for port in 0..=u16::MAX {
                let owns = |entry: &&&dyn Dissector| {
                    entry.info().carriers.contains(&carrier) && entry.info().ports.contains(&port)
                };
                let expected = ENTRIES.iter().find(owns).map(|entry| entry.info().name);
                assert_eq!(carried.service_by_port([0, port]).map(|service| service.name), expected, "{port}");
                assert_eq!(carried.at_home(port).len(), ENTRIES.iter().filter(owns).count(), "{port}");
            }
        }
    }

    #[test]
    fn content_decides_and_the_port_says_how_sure_it_is() {
        let hello = |ports| Hello { side: Side::Initiator, bytes: b"MSH|^~\\&|PUMP|ICU|GW|HIS|20260101", ports };
        let framed = [b"\x0b", hello([0, 0]).bytes].concat();
        let probe = |ports| {
            let (found, _) = by(Carrier::Tcp).probe(&Hello { bytes: &framed, ..hello(ports) });
            found.map(|(_, service)| (service.name, service.known))
        };
        assert_eq!(probe([40_000, 2575]), Some(("hl7", Known::PortAndContent)));
        assert_eq!(probe([40_000, 5555]), Some(("hl7", Known::Content)));
        assert_eq!(probe([40_000, 80]), Some(("hl7", Known::Content)), "on the port of another");
    }
}
