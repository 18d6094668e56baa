//! HL7 v2 messages (HL7 v2.6 §2.5) in the minimal lower layer protocol (HL7 v2 appendix C.4.3).

use crate::bytes::Bytes;
use crate::talk::Talk;

/// `segments`, each ended by a carriage return, as one MLLP block.
pub(crate) fn block<S: AsRef<[u8]>>(segments: &[S]) -> Bytes {
    let body = segments.iter().fold(Bytes::default(), |all, segment| all.raw(segment).u8(b'\r'));
    Bytes::default().u8(0x0b).raw(body).u8(0x1c).u8(b'\r')
}

/// The general acknowledgement (HL7 v2.6 §2.9.2) of message `id`, by `application` to `sender`.
pub(crate) fn acknowledge(application: &str, sender: &str, id: &str) -> Bytes {
    let head = format!("MSH|^~\\&|{application}|ENGINE|{sender}|WARD|20240514081501||ACK^R01^ACK|A{id}|P|2.6");
    block(&[head, format!("MSA|AA|{id}")])
}

/// `message` is sent and acknowledged.
pub(crate) fn exchange<S: AsRef<[u8]>>(talk: Talk, message: &[S], ends: (&str, &str), id: &str) -> Talk {
    talk.say(block(message)).answer(acknowledge(ends.1, ends.0, id))
}
