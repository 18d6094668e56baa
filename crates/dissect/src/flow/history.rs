//! What a conversation went through, in Zeek's words: `history` and `conn_state`.
//!
//! Source: Zeek's documentation of `conn.log` (`base/protocols/conn/main.zeek`).

use wardlight_model::{ConnState, Side, Transport};

/// Letters of `history`, each once a side, capitals from the initiator.
#[derive(Debug, Clone, Copy, Default)]
pub struct History {
    letters: [u8; 24],
    length: u8,
}

/// TCP flags (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// FIN: no more from this side.
    #[must_use]
    pub const fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// SYN: sequence numbers begin here.
    #[must_use]
    pub const fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// RST: the connection is no more.
    #[must_use]
    pub const fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// ACK: the acknowledgement number counts.
    #[must_use]
    pub const fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

impl History {
    /// Notes one event; a letter that `side` has already had is not repeated.
    pub fn note(&mut self, letter: u8, side: Side) {
        let letter = if side == Side::Initiator { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        let (noted, room) = self.letters.split_at_mut(usize::from(self.length).min(24));
        if let (false, Some(next)) = (noted.contains(&letter), room.first_mut()) {
            *next = letter;
            self.length += 1;
        }
    }

    /// Notes what a segment's flags and payload say. SYN, FIN and RST hide a bare acknowledgement, as in Zeek.
    pub fn segment(&mut self, flags: Flags, payload: bool, side: Side) {
        if flags.syn() {
            self.note(if flags.ack() { b'h' } else { b's' }, side);
        } else if flags.ack() && !payload && !flags.fin() && !flags.rst() {
            self.note(b'a', side);
        }
        if payload {
            self.note(b'd', side);
        }
        if flags.fin() {
            self.note(b'f', side);
        }
        if flags.rst() {
            self.note(b'r', side);
        }
    }

    /// Whether `side` has had `letter` (any case).
    #[must_use]
    pub fn has(&self, letter: u8, side: Side) -> bool {
        let letter = if side == Side::Initiator { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        self.letters.iter().take(usize::from(self.length)).any(|noted| *noted == letter)
    }

    /// The letters in order of appearance.
    #[must_use]
    pub fn text(&self) -> String {
        self.letters.iter().take(usize::from(self.length)).copied().map(char::from).collect()
    }

    /// `conn_state` of a conversation that went through this.
    #[must_use]
    pub fn state(&self, transport: Transport) -> ConnState {
        let (from, to) = (Side::Initiator, Side::Responder);
        if transport != Transport::TCP {
            return match (self.has(b'd', from), self.has(b'd', to)) {
                (true, true) => ConnState::SF,
                (true, false) => ConnState::S0,
                (false, true) => ConnState::ShR,
                (false, false) => ConnState::Oth,
            };
        }
        let (syn, syn_ack) = (self.has(b's', from), self.has(b'h', to));
        let (reset, reset_back) = (self.has(b'r', from), self.has(b'r', to));
        let (fin, fin_back) = (self.has(b'f', from), self.has(b'f', to));
        match (syn, syn_ack) {
            (true, true) if reset_back && !reset => ConnState::RstR,
            (true, true) if reset => ConnState::RstO,
            (true, true) => match (fin, fin_back) {
                (true, true) => ConnState::SF,
                (true, false) => ConnState::S2,
                (false, true) => ConnState::S3,
                (false, false) => ConnState::S1,
            },
            (true, false) if reset_back => ConnState::Rej,
            (true, false) if reset => ConnState::RstOS0,
            (true, false) if fin => ConnState::SH,
            (true, false) => ConnState::S0,
            (false, true) if reset_back => ConnState::RstRH,
            (false, true) if fin_back => ConnState::ShR,
            (false, _) => ConnState::Oth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYN: Flags = Flags(0x02);
    const SYN_ACK: Flags = Flags(0x12);
    const ACK: Flags = Flags(0x10);
    const FIN: Flags = Flags(0x11);
    const RST: Flags = Flags(0x04);

    #[track_caller]
    fn check(segments: &[(Flags, bool, Side)], history: &str, state: ConnState) {
        let mut noted = History::default();
        for (flags, payload, side) in segments {
            noted.segment(*flags, *payload, *side);
        }
        assert_eq!((noted.text().as_str(), noted.state(Transport::TCP)), (history, state));
    }

    #[test]
    fn states_are_those_of_zeek() {
        use Side::{Initiator as I, Responder as R};
        let opened = [(SYN, false, I), (SYN_ACK, false, R), (ACK, false, I)];
        let with = |more: &[(Flags, bool, Side)]| [&opened[..], more].concat();
        check(&with(&[]), "ShA", ConnState::S1);
        check(&with(&[(ACK, true, I), (ACK, false, R), (FIN, false, I), (FIN, false, R)]), "ShADaFf", ConnState::SF);
        check(&with(&[(FIN, false, I)]), "ShAF", ConnState::S2);
        check(&with(&[(FIN, false, R)]), "ShAf", ConnState::S3);
        check(&with(&[(RST, false, I)]), "ShAR", ConnState::RstO);
        check(&with(&[(RST, false, R)]), "ShAr", ConnState::RstR);
        check(&[(SYN, false, I)], "S", ConnState::S0);
        check(&[(SYN, false, I), (RST, false, R)], "Sr", ConnState::Rej);
        check(&[(SYN, false, I), (RST, false, I)], "SR", ConnState::RstOS0);
        check(&[(SYN, false, I), (FIN, false, I)], "SF", ConnState::SH);
        check(&[(SYN_ACK, false, R), (FIN, false, R)], "hf", ConnState::ShR);
        check(&[(SYN_ACK, false, R), (RST, false, R)], "hr", ConnState::RstRH);
        check(&[(ACK, true, I), (ACK, true, R)], "Dd", ConnState::Oth);
    }
}
