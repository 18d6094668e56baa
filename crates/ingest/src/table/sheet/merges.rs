//! Merged cells of a sheet. They stand behind its rows, so the sheet is gone through once for them alone.

use super::place;
use crate::ReadError;
use crate::table::{CELLS, TableRow};
use std::collections::VecDeque;
use std::io::Read;

/// Most merged cells; others stay empty but for their first.
const MERGES: usize = 16_384;

/// Merged cells in the order of their first row.
#[derive(Default)]
pub struct Merges {
    coming: VecDeque<Span>,
    open: Vec<(Span, String)>,
}

/// From and to, rows from 1, columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    top: u64,
    bottom: u64,
    left: usize,
    right: usize,
}

impl Merges {
    /// Finds the merged cells of the sheet in `part`. Errors: when it cannot be unpacked.
    pub fn read(mut part: impl Read) -> Result<Self, ReadError> {
        const MARK: &[u8] = b"<mergeCell ";
        let (mut window, mut spans) = (Vec::new(), Vec::new());
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = part.read(&mut piece)?;
            if read == 0 {
                break;
            }
            window.extend_from_slice(piece.get(..read).unwrap_or_default());
            while let Some(at) = window.windows(MARK.len()).position(|bytes| bytes == MARK) {
                window.drain(..at);
                let Some(end) = window.iter().take(256).position(|byte| *byte == b'>') else {
                    if window.len() >= 256 {
                        window.drain(..MARK.len());
                        continue;
                    }
                    break;
                };
                let tag = String::from_utf8_lossy(window.get(..end).unwrap_or_default()).into_owned();
                spans.extend(span(&tag));
                window.drain(..end);
            }
            // A mark may lie across pieces; the begin of one found without its end stays as well.
            let keep = if window.starts_with(MARK) { window.len() } else { window.len().min(MARK.len() - 1) };
            window.drain(..window.len() - keep);
            if spans.len() >= MERGES {
                break;
            }
        }
        spans.sort_unstable();
        Ok(Self { coming: spans.into(), open: Vec::new() })
    }

    /// Puts the text of merged cells into the cells of `row` that they span.
    pub fn fill(&mut self, row: &mut TableRow) {
        while let Some(span) = self.coming.front().copied().filter(|span| span.top <= row.number) {
            self.coming.pop_front();
            let text = row.cells.get(span.left).filter(|_| span.top == row.number);
            if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                self.open.push((span, text.clone()));
            }
        }
        self.open.retain(|(span, _)| span.bottom >= row.number);
        for (span, text) in &self.open {
            for at in span.left..=span.right {
                while row.cells.len() <= at {
                    row.cells.push(String::new());
                }
                let Some(cell) = row.cells.get_mut(at).filter(|cell| cell.trim().is_empty()) else { continue };
                cell.clone_from(text);
                if span.top < row.number {
                    row.notes.push("a merged cell stands for several rows".to_owned());
                }
            }
        }
        row.notes.dedup();
    }
}

fn span(tag: &str) -> Option<Span> {
    let text = tag.split_once("ref=")?.1.trim_start_matches(['"', '\'']);
    let (from, to) = text.split(['"', '\'']).next()?.split_once(':')?;
    let ((left, top), (right, bottom)) = (place(from)?, place(to)?);
    // A title across the whole sheet is not meant for every column.
    (right < CELLS && left <= right && top <= bottom).then_some(Span { top, bottom, left, right })
}
