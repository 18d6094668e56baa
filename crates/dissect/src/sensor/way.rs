//! The way of a packet: where its parts stand in their frames, through however many headers.

use crate::output::Span;
use wardlight_model::{Mac, Time};

/// Where a packet came from, and by which hops.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) time: Time,
    /// Where the parts of the payload stand: one for a frame, several for a packet that came in fragments.
    pub(super) spans: &'a [Span],
    pub(super) source: Option<Mac>,
    pub(super) destination: Option<Mac>,
    pub(super) vlan: Option<u16>,
    /// How many tunnels and shims lead here.
    pub(super) depth: u8,
    /// Whether it came in fragments.
    pub(super) is_joined: bool,
}

/// Where `part` of `frame` stands.
pub(super) fn offset_in(part: &[u8], frame: &[u8]) -> u32 {
    u32::try_from(part.as_ptr().addr().saturating_sub(frame.as_ptr().addr())).unwrap_or(u32::MAX)
}

/// Goes on with the way of what stands `ahead` bytes into a payload.
pub(super) fn with_spans(way: Way<'_>, ahead: usize, go_on: impl FnOnce(Way<'_>)) {
    if let [span] = way.spans {
        return go_on(Way { spans: &[span.behind(ahead)], ..way });
    }
    let ends = way.spans.iter().skip(1).map(|next| next.at).chain([usize::MAX]);
    let reached = way.spans.iter().zip(ends).filter(|(_, end)| *end > ahead);
    let spans: Vec<Span> = reached.map(|(span, _)| span.behind(ahead.saturating_sub(span.at)).moved(ahead)).collect();
    go_on(Way { spans: &spans, ..way });
}

/// The parts of a payload by the frames they came in.
pub(super) fn parts<'a>(payload: &'a [u8], spans: &'a [Span]) -> impl Iterator<Item = (&'a [u8], Span)> {
    let ends = spans.iter().skip(1).map(|next| next.at).chain([payload.len()]);
    let part = move |(span, end): (&Span, usize)| Some((payload.get(span.at..end.min(payload.len()))?, *span));
    spans.iter().zip(ends).filter_map(part).filter(|(part, _)| !part.is_empty())
}
