//! Every dissector alone, told that the bytes are its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_fuzz::{Conversation, drive};

fuzz_target!(|input: &[u8]| {
    if let Some(conversation) = Conversation::of(input) {
        drive(&conversation);
    }
});
