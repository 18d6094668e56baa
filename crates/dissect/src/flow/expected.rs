//! Conversations that others announce: the port of an end that the other end will speak to, and in which protocol.
//!
//! In: announcements of parsers, such as FTP's of the channel that a file will go through. Out: once for each, the protocol of the
//! conversation that was announced. Whoever announces speaks for its own address only, and names who will come, so that
//! nobody can give a name to what others say; what comes must still be fit for the protocol. Bounded: what does not come in
//! time, and what is announced beyond the bound, is forgotten.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::net::IpAddr;
use wardlight_model::{FlowKey, Port, Scope, Time, Transport};

/// Most announcements kept.
const MOST: usize = 4096;
/// How long one is believed, in microseconds: as long as one may be asked for a password, or a telephone rings.
const PATIENCE: i64 = 180_000_000;

/// What will be spoken to, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Announced {
    scope: Scope,
    transport: Transport,
    end: (IpAddr, Port),
    peer: IpAddr,
}

/// The conversations that are announced and have not begun.
#[derive(Default)]
pub struct Expected {
    held: HashMap<Announced, (&'static str, Time), FixedState>,
}

impl Expected {
    /// Whether nothing is announced: what most packets ask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Notes that a conversation as `key` says, but from any port, will be of `protocol`, an entry's name.
    pub fn announce(&mut self, key: &FlowKey, protocol: &'static str, now: Time) {
        if self.held.len() >= MOST {
            self.held.retain(|_, (_, until)| *until > now);
        }
        if self.held.len() < MOST {
            self.held.insert(Self::of(key), (protocol, now.plus(PATIENCE)));
        }
    }

    /// The protocol that was announced for a conversation that begins; it is forgotten.
    pub fn take(&mut self, key: &FlowKey, now: Time) -> Option<&'static str> {
        let (protocol, until) = self.held.remove(&Self::of(key))?;
        (until > now).then_some(protocol)
    }

    fn of(key: &FlowKey) -> Announced {
        let FlowKey { scope, transport, initiator: (peer, _), responder: end } = *key;
        Announced { scope, transport, end, peer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(initiator: u8, port: Port) -> FlowKey {
        let ip = |last| IpAddr::from([10, 0, 0, last]);
        let (initiator, responder) = ((ip(initiator), 40_000), (ip(9), port));
        FlowKey { scope: Scope(0), transport: Transport::TCP, initiator, responder }
    }

    #[test]
    fn an_announcement_is_for_one_conversation_of_the_two_ends() {
        let mut expected = Expected::default();
        let now = Time::from_seconds(100);
        expected.announce(&key(1, 5000), "ftp_data", now);
        assert_eq!(expected.take(&key(2, 5000), now), None, "somebody else");
        assert_eq!(expected.take(&key(1, 5001), now), None, "another port");
        assert_eq!(expected.take(&key(1, 5000), now), Some("ftp_data"));
        assert_eq!(expected.take(&key(1, 5000), now), None, "once");
    }

    #[test]
    fn what_does_not_come_in_time_is_forgotten_and_makes_room() {
        let mut expected = Expected::default();
        for port in 0..5000 {
            expected.announce(&key(1, port), "ftp_data", Time::from_seconds(100));
        }
        assert_eq!(expected.held.len(), MOST);
        assert_eq!(expected.take(&key(1, 0), Time::from_seconds(300)), None);
        for port in [7, 8] {
            expected.announce(&key(2, port), "ftp_data", Time::from_seconds(300));
        }
        assert_eq!(expected.held.len(), 2, "those out of time made room");
        assert_eq!(expected.take(&key(2, 8), Time::from_seconds(301)), Some("ftp_data"));
    }
}
