//! A dissector with a mistake, as one could slip in: it believes a length that the message states.

use wardlight_dissect::Output;
use wardlight_dissect::entry::{Carrier, Dissector, Info, Parser, Step};
use wardlight_model::Side;

/// The entry.
pub struct Planted;
/// The entry.
pub static ENTRY: Planted = Planted;

static INFO: Info = Info {
    name: "planted",
    title: "A mistake on purpose",
    source: "none",
    carriers: &[Carrier::Tcp],
    ports: &[],
    record: &[],
    weirds: &[],
    window: 4096,
};

impl Dissector for Planted {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Planted)
    }
}

impl Parser for Planted {
    fn read(&mut self, _: Side, bytes: &[u8], _: &mut Output<'_>) -> Step {
        let Some(rest) = bytes.strip_prefix(b"PLNT") else { return Step::Refuse };
        let Some((length, body)) = rest.split_first() else { return Step::Take(0) };
        let last = body[usize::from(*length)];
        Step::Take(usize::from(last % 2) + 5)
    }
}
