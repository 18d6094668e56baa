//! Whether bytes are DNS: strictly enough to tell it on any port, loosely enough to hear broken messages on its own.

use crate::codec::cursor::Cursor;
use crate::codec::dns::{Message, Part, Shape, kind_name};
use crate::entry::Probe;

/// Length of the shortest message with a question.
const SHORTEST: usize = 17;

/// Whether `bytes` begin a conversation: one datagram, or a stream's messages behind their lengths.
pub(super) fn probe(bytes: &[u8]) -> Probe {
    match (datagram(bytes), stream(bytes)) {
        (Probe::Yes, _) | (_, Probe::Yes) => Probe::Yes,
        (Probe::Likely, _) | (_, Probe::Likely) => Probe::Likely,
        (_, other) => other,
    }
}

fn datagram(bytes: &[u8]) -> Probe {
    match Message::read(bytes) {
        Ok(message) if is_plausible(&message) => {
            let Some(first) = message.parts().next() else { return Probe::No };
            let is_certain = message.shape() == Shape::Whole && is_certain(&message, &first);
            if is_certain { Probe::Yes } else { Probe::Likely }
        }
        _ => Probe::No,
    }
}

fn stream(bytes: &[u8]) -> Probe {
    let mut cursor = Cursor::new(bytes);
    let Ok(length) = cursor.u16().map(usize::from) else { return Probe::More };
    if length < SHORTEST {
        return Probe::No;
    }
    let there = cursor.take_at_most(length);
    let is_whole = there.len() == length;
    let Ok(message) = Message::read(there) else { return Probe::More };
    match message.parts().next() {
        _ if !is_plausible(&message) || message.counts[0] != 1 => Probe::No,
        Some(first) if !is_whole && is_certain(&message, &first) => Probe::Yes,
        Some(first) if message.shape() == Shape::Whole && is_certain(&message, &first) => Probe::Yes,
        Some(_) => Probe::Likely,
        None if is_whole => Probe::No,
        None => Probe::More,
    }
}

/// Whether header and counts are such as messages have.
fn is_plausible(message: &Message<'_>) -> bool {
    let [questions, answers, authority, additional] = message.counts;
    let is_known = matches!(message.opcode(), 0 | 4 | 5) && message.rcode() <= 10;
    let has_sane_counts = if message.is_response() {
        questions == 1 || (questions == 0 && answers > 0 && message.opcode() == 0)
    } else if message.opcode() == 5 {
        questions == 1
    } else {
        questions == 1 && answers <= 1 && authority <= 1 && additional <= 2 && message.rcode() == 0
    };
    is_known && has_sane_counts
}

/// Whether the question is one that only DNS asks.
fn is_certain(message: &Message<'_>, question: &Part<'_>) -> bool {
    let is_graphic = |label: &[u8]| label.iter().all(u8::is_ascii_graphic);
    let has_name = question.name.labels().next().is_some() && question.name.labels().all(is_graphic);
    let asks_alone = message.is_response() || message.opcode() != 0 || message.counts[1] == 0;
    message.flags & 0x0040 == 0
        && message.counts[0] == 1
        && asks_alone
        && has_name
        && question.name.is_sound()
        && kind_name(question.kind).is_some()
        && matches!(question.class, 1 | 3 | 4 | 254 | 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::bytes;

    const QUERY: &str = "1234 0100 0001 0000 0000 0000 03\"acs\"07\"example\"00 0001 0001";

    #[test]
    fn a_query_is_known_on_any_port() {
        assert_eq!(probe(&bytes(QUERY)), Probe::Yes);
        assert_eq!(probe(&bytes(&format!("001d {QUERY}"))), Probe::Yes);
    }

    #[test]
    fn a_stream_is_waited_for_until_its_question_is_there() {
        let whole = bytes(&format!("001d {QUERY}"));
        for end in 1..whole.len() {
            assert_eq!(probe(&whole[..end]), Probe::More, "{end}");
        }
    }

    #[test]
    fn a_broken_message_is_likely_only() {
        assert_eq!(probe(&bytes("1234 8180 0001 0002 0000 0000 01\"a\"00 0001 0001 c00c 0001")), Probe::Likely);
        assert_eq!(probe(&bytes(&format!("{QUERY} 00"))), Probe::Likely);
    }

    #[test]
    fn other_protocols_are_not_taken_for_it() {
        for other in [
            "\"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\"",
            "\"SSH-2.0-OpenSSH_9.2\\r\\n\"",
            "16030100a2 0100009e 0303 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00 0002 1301",
            "1b 00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000 00",
            "0001 0000 2112a442 000102030405060708090a0b",
            "01000000 00cc 0001 0000 \"ANY-SCP         ECHOSCU         \"",
            "80 60 0001 00000000 00000000 d5d5d5d5d5d5d5d5",
        ] {
            let probed = probe(&bytes(other));
            assert!(matches!(probed, Probe::No), "{other}: {probed:?}");
        }
    }
}
