//! Reads durable records in order, while the writer goes on.

use super::disk::Disk;
use super::layout::{HEAD, Header, Id, Salt, name, read_head};
use super::scan::{Rot, Scan};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A record read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the order of all.
    pub sequence: u64,
    /// What sort of record it is.
    pub kind: u16,
    /// Format version of the body.
    pub version: u8,
    /// Made once by its writer.
    pub id: Id,
    /// The body, as it was written.
    pub body: Vec<u8>,
}

/// Why the next record is not given. The reader goes on behind it, except after an error of the disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Records are damaged.
    #[error(transparent)]
    Rot(#[from] Rot),
    /// Records were released before they were read.
    #[error("records from {from} to before {first} were released and are no longer kept")]
    Released {
        /// The one asked for.
        from: u64,
        /// The first that is kept, given next.
        first: u64,
    },
    /// The disk said no. The next call tries again.
    #[error("cannot read {}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Gives durable records in order. `None` means: none more *yet*; ask again later.
pub struct Reader {
    shared: Arc<Shared>,
    from: u64,
    durable: u64,
    open: Option<Open>,
}

/// Makes readers of a log, on any thread.
#[derive(Clone)]
pub struct Shelf(pub(super) Arc<Shared>);

impl Shelf {
    /// Reads durable records from sequence `from` on.
    pub fn reader(&self, from: u64) -> Reader {
        Reader { shared: Arc::clone(&self.0), from: from.max(1), durable: 0, open: None }
    }
}

/// What the writer and readers know together.
pub(super) struct Shared {
    disk: Arc<dyn Disk>,
    salt: Salt,
    durable: AtomicU64,
    firsts: Mutex<Vec<u64>>,
}

/// The segment being read.
struct Open {
    scan: Scan,
    path: PathBuf,
    first: u64,
    offset: u64,
    /// The sequence expected at the offset.
    place: u64,
}

impl Reader {
    /// The sequence that is looked for next.
    pub fn position(&self) -> u64 {
        self.from
    }

    fn step(&mut self) -> Result<Option<Record>, ReadError> {
        let durable = self.shared.durable();
        if durable != self.durable {
            self.durable = durable;
            // Bytes read ahead may have been cut off and written again since.
            self.open.iter_mut().for_each(|open| open.scan.clear());
        }
        while self.from <= durable {
            let Some(open) = &mut self.open else {
                self.open_segment()?;
                continue;
            };
            let end = self.shared.end_of(open.first).unwrap_or(durable + 1);
            if open.place >= end {
                self.from = self.from.max(end);
                self.open = None;
                continue;
            }
            if let Some(record) = open.step(self.from..end)? {
                self.from = record.sequence + 1;
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn open_segment(&mut self) -> Result<(), ReadError> {
        let (first, lowest) = self.shared.segment_of(self.from);
        let path = self.shared.disk.path().join(name(first.unwrap_or(self.from)));
        let from = self.from;
        let Some(first) = first else {
            self.from = lowest.unwrap_or(self.durable + 1);
            let missing = from..self.from;
            return Err(match lowest {
                Some(first) => ReadError::Released { from, first },
                None => Rot { file: path, offset: 0, missing }.into(),
            });
        };
        let fail = |source| ReadError::Disk { path: path.clone(), source };
        let file = match self.shared.disk.open(&name(first)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.shared.first() > Some(first) => return Ok(()),
            opened => opened.map_err(fail)?,
        };
        let mut scan = Scan::new(file, self.shared.salt);
        let is_whole = read_head(scan.bytes(0, HEAD).map_err(fail)?) == Some((first, self.shared.salt));
        let rot = Rot { file: path.clone(), offset: 0, missing: first..first };
        self.open = Some(Open { scan, path, first, offset: HEAD as u64, place: first });
        if is_whole { Ok(()) } else { Err(rot.into()) }
    }
}

impl Iterator for Reader {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Err(ReadError::Rot(rot)) => {
                self.from = self.from.max(rot.missing.end);
                Some(Err(rot.into()))
            }
            step => step.transpose(),
        }
    }
}

impl Open {
    /// Takes the next record, or the damage in its place. `None` when it lies before `wanted`.
    fn step(&mut self, wanted: Range<u64>) -> Result<Option<Record>, ReadError> {
        let found = self.scan.next(self.offset, self.place);
        let found = found.map_err(|source| self.fail(source))?;
        let (at, header) = match found {
            Some((at, header)) if header.sequence == self.place => (at, header),
            // Beyond the end there may be records that are not durable, which are nobody's business yet.
            Some((at, header)) if header.sequence < wanted.end => {
                return self.skip(at, header.sequence, wanted.start);
            }
            _ => return self.skip(self.offset, wanted.end, wanted.start),
        };
        let record = (header.sequence >= wanted.start).then(|| self.record(at, &header)).transpose();
        let record = record.map_err(|source| self.fail(source))?;
        self.offset = at + header.span();
        self.place += 1;
        Ok(record)
    }

    fn record(&mut self, at: u64, header: &Header) -> io::Result<Record> {
        let body = self.scan.body(at, header)?.to_vec();
        let Header { sequence, kind, version, id, .. } = *header;
        Ok(Record { sequence, kind, version, id, body })
    }

    /// Goes on at `offset` with the record `place`; damage before `from` is no concern of this reader.
    fn skip(&mut self, offset: u64, place: u64, from: u64) -> Result<Option<Record>, ReadError> {
        let rot = Rot { file: self.path.clone(), offset: self.offset, missing: self.place.max(from)..place };
        self.offset = offset;
        self.place = place;
        if rot.missing.is_empty() { Ok(None) } else { Err(rot.into()) }
    }

    fn fail(&self, source: io::Error) -> ReadError {
        ReadError::Disk { path: self.path.clone(), source }
    }
}

impl Shared {
    pub fn new(disk: Arc<dyn Disk>, salt: Salt, durable: u64, firsts: Vec<u64>) -> Self {
        Self { disk, salt, durable: AtomicU64::new(durable), firsts: Mutex::new(firsts) }
    }

    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// All up to `sequence` is durable.
    pub fn advance(&self, sequence: u64) {
        self.durable.store(sequence, Ordering::Release);
    }

    /// A segment begins with `first`.
    pub fn begin(&self, first: u64) {
        self.firsts().push(first);
    }

    /// The first sequence that is kept.
    pub fn first(&self) -> Option<u64> {
        self.firsts().first().copied()
    }

    /// Strikes the first segment off the list and gives its first sequence, when it holds nothing from `up_to` on and
    /// is not the last.
    pub fn release_one(&self, up_to: u64) -> Option<u64> {
        let mut firsts = self.firsts();
        let end = firsts.get(1).copied();
        end.filter(|end| *end <= up_to).map(|_| firsts.remove(0))
    }

    /// The segment that holds `sequence`, and the first of all.
    fn segment_of(&self, sequence: u64) -> (Option<u64>, Option<u64>) {
        let firsts = self.firsts();
        let own = firsts.partition_point(|first| *first <= sequence).checked_sub(1);
        (own.and_then(|own| firsts.get(own).copied()), firsts.first().copied())
    }

    /// Where the segment behind the one of `first` begins.
    fn end_of(&self, first: u64) -> Option<u64> {
        let firsts = self.firsts();
        firsts.get(firsts.partition_point(|other| *other <= first)).copied()
    }

    fn firsts(&self) -> MutexGuard<'_, Vec<u64>> {
        self.firsts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
