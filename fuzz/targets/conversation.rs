//! The reader of one conversation with all its dissectors: who reads it is found by content, and memory is lent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_dissect::Span;
use wardlight_dissect::entry::Carrier;
use wardlight_dissect::flow::expected::Expected;
use wardlight_dissect::lent::{LARGEST, Slab};
use wardlight_dissect::reader::{Reader, World};
use wardlight_fuzz::{Conversation, Listener, context, key};
use wardlight_model::Side;

fuzz_target!(|input: &[u8]| {
    let Some(conversation) = Conversation::of(input) else { return };
    let (key, port) = (key(), conversation.port());
    let mut slab = Slab::new(Box::new(vec![0; LARGEST]));
    let mut listener = Listener;
    let mut scratch = [0; 1 << 16];
    let mut expected = Expected::default();
    let mut world =
        World { slab: &mut slab, key: &key, sink: &mut listener, scratch: &mut scratch, expected: &mut expected };
    let mut reader = Reader::default();
    let span = Span { packet: 1, ..Span::default() };
    for message in &conversation.messages {
        let context = context(message.side, port);
        match conversation.carrier {
            Carrier::Udp => reader.datagram(&context, (message.bytes, &[span]), &mut world),
            _ if message.is_lost => reader.gap(message.side, message.bytes.len() as u64, &mut world),
            _ => {
                let piece = conversation.piece.clamp(1, message.bytes.len().max(1));
                message.bytes.chunks(piece).for_each(|part| reader.stream(&context, part, span, &mut world));
            }
        }
    }
    for side in [Side::Initiator, Side::Responder] {
        reader.end(&context(side, port), &mut world);
    }
    reader.close(&mut world);
    assert_eq!(slab.in_use(), 0, "lent memory was not given back");
});
