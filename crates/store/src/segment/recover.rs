//! What a folder holds when it is opened: where the log ends, what is damaged, what is cut off.

use super::disk::Disk;
use super::layout::{HEAD, Salt, first_of, head, name, read_head};
use super::log::LogError;
use super::mark::{Mark, Marks};
use super::scan::{Rot, Scan};
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// A folder, mended.
pub(super) struct Recovered {
    pub salt: Salt,
    /// First sequences of the segments, ascending.
    pub firsts: Vec<u64>,
    /// The segment to go on in and where, `None` when a new one must be begun.
    pub active: Option<(Scan, u64)>,
    /// The sequence of the next record; all before are durable.
    pub next: u64,
    pub rots: Vec<Rot>,
}

/// Reads `disk` and cuts off what was never finished.
pub(super) fn recover(disk: &dyn Disk, names: &[String]) -> Result<Recovered, LogError> {
    let fail = |source| LogError::Disk { doing: "open the log in", path: disk.path().to_owned(), source };
    let mark = Marks::read(disk, names).map_err(fail)?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| first_of(name)).collect();
    firsts.sort_unstable();
    let proven = mark.map_or(0, |mark| mark.synced);
    let salt = salt(disk, mark, &firsts)?;
    let Some(last) = firsts.last().copied() else {
        let missing = 1..proven + 1;
        let rots = (proven > 0).then(|| Rot { file: disk.path().to_owned(), offset: 0, missing });
        return Ok(Recovered { salt, firsts, active: None, next: proven + 1, rots: rots.into_iter().collect() });
    };
    Tail { disk, file: disk.path().join(name(last)), first: last, salt, rots: Vec::new() }.mend(proven, firsts)
}

/// The salt of the folder: what its files agree on, or a new one when it holds no record.
fn salt(disk: &dyn Disk, mark: Option<Mark>, firsts: &[u64]) -> Result<Salt, LogError> {
    let mut known = mark.map(|mark| mark.salt);
    let mut is_empty = true;
    for first in firsts.iter().rev() {
        let path = disk.path().join(name(*first));
        let fail = |source| LogError::Disk { doing: "read", path: path.clone(), source };
        let file = disk.open(&name(*first)).map_err(fail)?;
        let mut bytes = [0; HEAD];
        is_empty &= file.length().map_err(fail)? <= HEAD as u64;
        file.read(&mut bytes, 0).map_err(fail)?;
        let Some((told, salt)) = read_head(&bytes) else { continue };
        if told != *first || known.is_some_and(|known| known != salt) {
            return Err(LogError::Strange {
                path,
                what: "it belongs to another log or place: put back the right file",
            });
        }
        if known.replace(salt).is_some() {
            break;
        }
    }
    match known {
        Some(salt) => Ok(salt),
        None if is_empty => fresh().map_err(|source| LogError::Disk {
            doing: "draw a random salt for",
            path: disk.path().to_owned(),
            source,
        }),
        None => Err(LogError::Strange {
            path: disk.path().to_owned(),
            what: "all heads of segments are damaged: restore them from a backup",
        }),
    }
}

fn fresh() -> io::Result<Salt> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    Ok(Salt(salt))
}

/// The last segment, whose end is looked for.
struct Tail<'a> {
    disk: &'a dyn Disk,
    file: PathBuf,
    first: u64,
    salt: Salt,
    rots: Vec<Rot>,
}

/// What a walk through a segment found.
struct Walk {
    /// Offset and missing sequences where there was no record.
    gaps: Vec<(u64, Range<u64>)>,
    /// Where the last good record ends, and the sequence behind it.
    end: u64,
    next: u64,
    /// The latest sequence that a record says is durable.
    proven: u64,
}

impl Tail<'_> {
    fn mend(mut self, proven: u64, firsts: Vec<u64>) -> Result<Recovered, LogError> {
        let file = self.disk.open(&name(self.first)).map_err(|source| self.fail(source))?;
        // What a writer that was killed left in memory must be on the disk before it is believed; what a failed sync
        // left there is not on the disk, and must be read again.
        file.sync().map_err(|source| self.fail(source))?;
        file.forget();
        let mut scan = Scan::new(file, self.salt);
        self.mend_head(&mut scan, proven)?;
        let walk = self.walk(&mut scan).map_err(|source| self.fail(source))?;
        let proven = proven.max(walk.proven);
        let (active, next) = self.judge(scan, walk, proven)?;
        Ok(Recovered { salt: self.salt, firsts, active, next, rots: self.rots })
    }

    /// Writes again a head that was never finished; reports one that was.
    fn mend_head(&mut self, scan: &mut Scan, proven: u64) -> Result<(), LogError> {
        let bytes = scan.bytes(0, HEAD + 1).map_err(|source| self.fail(source))?;
        if read_head(bytes).is_some() {
            return Ok(());
        }
        if bytes.len() > HEAD || proven >= self.first {
            self.rots.push(Rot { file: self.file.clone(), offset: 0, missing: self.first..self.first });
            return Ok(());
        }
        let written = scan.file().write(&head(self.first, self.salt), 0);
        written.and_then(|()| scan.file().sync()).map_err(|source| self.fail(source))?;
        scan.clear();
        self.disk.sync_names().map_err(|source| self.fail(source))
    }

    fn walk(&self, scan: &mut Scan) -> io::Result<Walk> {
        let mut walk = Walk { gaps: Vec::new(), end: HEAD as u64, next: self.first, proven: 0 };
        while let Some((at, header)) = scan.next(walk.end, walk.next)? {
            if header.sequence > walk.next {
                walk.gaps.push((walk.end, walk.next..header.sequence));
            }
            walk.proven = walk.proven.max(header.synced);
            walk.end = at + header.span();
            walk.next = header.sequence + 1;
        }
        Ok(walk)
    }

    /// Tells rot from the end by what is `proven` to have been durable, and cuts at the end.
    fn judge(&mut self, scan: Scan, mut walk: Walk, proven: u64) -> Result<(Option<(Scan, u64)>, u64), LogError> {
        if let Some(n) = walk.gaps.iter().position(|(_, missing)| missing.start > proven) {
            let cut = walk.gaps.split_off(n).into_iter().next();
            (walk.end, walk.next) = cut.map_or((walk.end, walk.next), |(offset, missing)| (offset, missing.start));
        }
        let rot = |(offset, missing)| Rot { file: self.file.clone(), offset, missing };
        let found: Vec<Rot> = walk.gaps.into_iter().map(rot).collect();
        self.rots.extend(found);
        if walk.next <= proven {
            self.rots.push(Rot { file: self.file.clone(), offset: walk.end, missing: walk.next..proven + 1 });
            return Ok((None, proven + 1));
        }
        let length = scan.file().length().map_err(|source| self.fail(source))?;
        if length > walk.end {
            if scan.was_unreadable {
                return Err(self.fail(io::Error::other("its end cannot be read, and so cannot be told from damage")));
            }
            let cut = scan.file().set_length(walk.end).and_then(|()| scan.file().sync());
            cut.map_err(|source| self.fail(source))?;
        }
        Ok((Some((scan, walk.end)), walk.next))
    }

    fn fail(&self, source: io::Error) -> LogError {
        LogError::Disk { doing: "open", path: self.file.clone(), source }
    }
}
