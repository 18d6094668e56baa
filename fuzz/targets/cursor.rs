//! The cursor: whatever is asked of it, it gives bytes of the message or leaves itself as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardlight_dissect::codec::cursor::{Cursor, Short};

fuzz_target!(|input: (Vec<u8>, Vec<(u8, u16)>)| {
    let (bytes, asks) = input;
    let mut cursor = Cursor::new(&bytes);
    for (what, n) in asks {
        let (before, n) = (cursor.left(), usize::from(n));
        let taken: Result<usize, Short> = match what % 8 {
            0 => cursor.take(n).map(<[u8]>::len),
            1 => Ok(cursor.take_at_most(n).len()),
            2 => cursor.within(n).map(|inner| inner.left()),
            3 => cursor.skip(n).map(|()| n),
            4 => cursor.u16().map(|_| 2),
            5 => cursor.u24().map(|_| 3),
            6 => cursor.u64_le().map(|_| 8),
            _ => cursor.until(what).map(|found| found.len() + 1),
        };
        assert_eq!(cursor.left(), before - taken.unwrap_or(0));
        assert!(bytes.ends_with(cursor.rest()));
    }
});
