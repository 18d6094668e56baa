//! Which end of a conversation serves the other, and the facts and words that say so.

use crate::{About, Context, Output};
use wardlight_model::{Field, FieldInfo, Kind, Port, Privacy, Side};

/// The end that serves: who was called, unless only the caller's port is one of `ports`, the service's own.
pub fn server(context: &Context, ports: &[Port]) -> Side {
    let [initiator, responder] = context.ports;
    if ports.contains(&initiator) && !ports.contains(&responder) { Side::Initiator } else { Side::Responder }
}

/// Says that the sender offers `service` (a type of RFC 6763 §7) when it `is_server`, else that it looks for it.
pub fn say_service(is_server: bool, service: &str, raw: &[u8], out: &mut Output<'_>) {
    let field = if is_server { Field::ServiceOffered } else { Field::ServiceSought };
    out.fact(About::Sender, field, service, raw);
}

/// Says of both ends that they use `weak`, something obsolete or unprotected.
pub fn say_legacy(weak: &str, raw: &[u8], out: &mut Output<'_>) {
    out.fact(About::Sender, Field::Legacy, weak, raw);
    out.fact(About::Receiver, Field::Legacy, weak, raw);
}

/// A field of a record that says what a device is or does.
pub const fn device(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

/// A field of a record that says where something is on a network.
pub const fn network(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

/// A field of a record that may name a person, so that only its keyed hash leaves.
pub const fn person(name: &'static str, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Keyed, privacy: Privacy::Person, meaning }
}

/// Which of `known`, in small letters, `word` is, capitals or not.
pub fn known_word(known: &'static [&'static str], word: &[u8]) -> Option<&'static str> {
    known.iter().copied().find(|name| name.as_bytes().eq_ignore_ascii_case(word))
}
