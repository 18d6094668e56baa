//! Rows laid out in columns.

use super::{Batch, Names, Packed};
use crate::history::encode::Chunk;
use crate::history::schema::COLUMNS;

/// Rows laid out at once: so few that they stay in the cache while column after column is filled.
const STEP_ROWS: usize = 2048;

impl Batch {
    /// Appends the rows with these numbers to `chunks`, which are of [`Names::chunks`].
    pub(in crate::history) fn lay(&self, rows: &[u32], names: &Names, chunks: &mut [Chunk<'_>; COLUMNS.len()]) {
        let mut step: Vec<Packed> = Vec::with_capacity(STEP_ROWS);
        for numbers in rows.chunks(STEP_ROWS) {
            step.clear();
            step.extend(numbers.iter().map(|number| self.row(*number)));
            fill(&step, names, chunks);
        }
    }
}

fn fill(rows: &[Packed], names: &Names, chunks: &mut [Chunk<'_>; COLUMNS.len()]) {
    let [site, sensor, sequence, ts, duration, uid, scope, orig_h, orig_p, rest @ ..] = chunks;
    let [resp_h, resp_p, proto, service, known, state, history, rest @ ..] = rest;
    let [sent @ .., vlan, orig_mac, resp_mac, orig_ttl, resp_ttl] = rest;
    site.texts(rows.iter().map(|_| 0));
    sensor.texts(rows.iter().map(|row| row.sensor));
    sequence.numbers(rows.iter().map(|row| long(row.sequence)));
    ts.numbers(rows.iter().map(|row| row.first));
    duration.numbers(rows.iter().map(|row| row.last.saturating_sub(row.first)));
    uid.numbers(rows.iter().map(|row| long(row.id)));
    scope.numbers(rows.iter().map(|row| names.scope(row.ends[0])));
    orig_h.texts(rows.iter().map(|row| row.ends[0]));
    orig_p.numbers(rows.iter().map(|row| row.ports[0].into()));
    resp_h.texts(rows.iter().map(|row| row.ends[1]));
    resp_p.numbers(rows.iter().map(|row| row.ports[1].into()));
    proto.texts(rows.iter().map(|row| row.transport.into()));
    service.maybe_texts(rows.iter().map(|row| row.service));
    known.maybe_texts(rows.iter().map(|row| row.known.map(u32::from)));
    state.texts(rows.iter().map(|row| row.state.into()));
    history.texts(rows.iter().map(|row| row.history));
    for (place, chunk) in sent.iter_mut().enumerate() {
        chunk.numbers(rows.iter().map(|row| long(row.sent.get(place).copied().unwrap_or_default())));
    }
    vlan.maybe_numbers(rows.iter().map(|row| row.vlan.map(i64::from)));
    orig_mac.maybe_texts(rows.iter().map(|row| row.macs[0]));
    resp_mac.maybe_texts(rows.iter().map(|row| row.macs[1]));
    orig_ttl.maybe_numbers(rows.iter().map(|row| row.hop_limits[0].map(i64::from)));
    resp_ttl.maybe_numbers(rows.iter().map(|row| row.hop_limits[1].map(i64::from)));
}

/// Counts beyond what a signed column holds are shown as its greatest value.
fn long(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
