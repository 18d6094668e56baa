//! What was found, what was proven, and what stays unknown: in types for programs, in sentences for people.
//!
//! Sentences name entries by their index and never quote what they say: a verdict may be shown to anybody.

use super::FindAttachment;
use crate::entry::Detail;
use crate::hash::Hash;
use std::fmt;
use wardlight_model::Time;

/// Most faults that are told one by one.
const FAULTS: usize = 64;

/// In which way a ledger is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// An entry has other bytes than were written, or none that can be read.
    Altered,
    /// An entry is missing, in another place, there twice, or was put in.
    Displaced,
    /// An entry or a checkpoint is another site's.
    Foreign,
    /// A checkpoint is missing, not rightly signed, or states other entries than there are.
    Checkpoint,
    /// A key is not vouched for by the one before, or nothing is by the pinned one.
    Key,
    /// An outside memory holds something else.
    Memory,
    /// Details are gone without a right to it.
    Purge,
    /// An attachment or a row of the database is not as the ledger says.
    Outside,
}

/// One thing that is wrong. Shown as a plain sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which way.
    pub flaw: Flaw,
    /// The first entry that is not as it was written, or cannot be told to be.
    pub first: u64,
    /// The last one that this fault is about; the same as `first` where the place is known exactly.
    pub last: u64,
    says: String,
}

/// What was not proven, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// There are no entries.
    Empty,
    /// No outside memory was given.
    Unremembered,
    /// The outside memory ends before the ledger does.
    Behind {
        /// Up to this number of entries, both agree.
        size: u64,
    },
    /// No key was pinned.
    Unpinned,
    /// The newest entries have no checkpoint yet.
    Unsigned {
        /// The first of them.
        first: u64,
    },
    /// Places or keys are lost, so that later checkpoints could not be compared.
    Uncompared {
        /// The first entry from which on nothing was compared.
        first: u64,
    },
    /// Attachments were not looked at.
    Attachments,
    /// The database was not looked at.
    Rows,
    /// No clock was given, so a purge dated in the future would pass.
    Clock,
    /// Details are gone as a tombstone says; what they said cannot be told.
    Purged {
        /// Of so many entries.
        entries: u64,
    },
    /// A tombstone whose details are still there.
    PurgePending {
        /// Its index.
        tombstone: u64,
    },
    /// An excerpt leaves details out.
    Withheld {
        /// Of so many entries.
        entries: u64,
    },
    /// A remembered checkpoint that could not be compared: it is another site's, is not signed by a known key, or the
    /// excerpt brings no proof for it.
    Remembered {
        /// The size it states.
        size: u64,
    },
}

/// The outcome of a verification. Shown as lines of plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries there are, by their own count.
    pub entries: u64,
    /// The root over them.
    pub root: Hash,
    /// So many entries, from the first, are vouched for by a rightly signed checkpoint.
    pub proven: u64,
    /// What is wrong, by first entry; at most 64, the rest is counted in `more`.
    pub faults: Vec<Fault>,
    /// Faults beyond those.
    pub more: u64,
    /// What could not be proven.
    pub unknown: Vec<Unknown>,
    /// How often the writer's clock ran backward by more than allowed, and the first entry that shows it. Order is the
    /// index's, so this is no fault.
    pub backward: Option<(u64, u64)>,
}

impl Verdict {
    /// Whether nothing is wrong. What is unknown stays unknown.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// The first entry that is not as it was written, or cannot be told to be.
    #[must_use]
    pub fn first_bad(&self) -> Option<u64> {
        self.faults.iter().map(|fault| fault.first).min()
    }
}

/// Faults as they are found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    faults: Vec<Fault>,
    more: u64,
}

impl Findings {
    /// Something is wrong, at `first` or somewhere up to `last`. What was told of the same place is not told twice.
    pub(crate) fn at(&mut self, flaw: Flaw, first: u64, last: u64, says: impl Into<String>) {
        if self.faults.iter().any(|other| other.flaw == flaw && other.first == first && flaw != Flaw::Outside) {
            return;
        }
        if self.faults.len() < FAULTS {
            self.faults.push(Fault { flaw, first, last: last.max(first), says: says.into() });
        } else {
            self.more += 1;
        }
    }

    /// Holds the attachments of an entry against what `find` finds.
    pub(crate) fn attachments(&mut self, index: u64, detail: &Detail, find: FindAttachment) {
        for (n, attachment) in detail.attachments.iter().enumerate() {
            let says = match find(attachment) {
                Some(hash) if hash == attachment.hash => continue,
                Some(_) => "has other content than it had",
                None => "is not there",
            };
            self.at(Flaw::Outside, index, index, format!("its attachment number {} {says}", n + 1));
        }
    }

    /// Whether all entries so far are as they were written.
    pub(crate) fn is_written(&self) -> bool {
        self.faults.iter().all(|fault| fault.flaw == Flaw::Outside)
    }

    /// The faults by first entry, and how many more there are.
    pub(crate) fn finish(mut self) -> (Vec<Fault>, u64) {
        self.faults.sort_by_key(|fault| fault.first);
        (self.faults, self.more)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            last if last == self.first => write!(out, "Entry {last}: {}.", self.says),
            last => write!(out, "Entries {} to {last}: {}.", self.first, self.says),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                write!(out, "There are no entries. Whether there were some, only an outside memory can tell.")
            }
            Self::Unremembered => write!(
                out,
                "No outside memory was given (a witness file, a printed checkpoint). Without one nobody can tell whether \
                 newest entries were cut off, an older copy put in place, all of it rewritten by somebody with the key, or \
                 another ledger shown to others."
            ),
            Self::Behind { size } => write!(
                out,
                "The outside memory agrees up to {size} entries. Of what came later it cannot tell whether it was rewritten \
                 by somebody with the key, or whether more came."
            ),
            Self::Unpinned => write!(
                out,
                "No key was pinned. Without one nobody can tell whether all of it was made anew with another key."
            ),
            Self::Unsigned { first } => {
                write!(out, "From entry {first} on no checkpoint vouches: whoever can write the files can change them.")
            }
            Self::Uncompared { first } => {
                write!(
                    out,
                    "From entry {first} on checkpoints could not be compared; there may be more damage than is told."
                )
            }
            Self::Attachments => write!(out, "Attachments were not looked at."),
            Self::Rows => write!(out, "The database was not compared with the ledger."),
            Self::Clock => write!(out, "No clock was given; a purge dated in the future would not be noticed."),
            Self::Purged { entries } => {
                write!(
                    out,
                    "Details were purged when due (entries: {entries}). What they said cannot be told any more."
                )
            }
            Self::PurgePending { tombstone } => {
                write!(out, "The purge of entry {tombstone} is announced but nothing is gone.")
            }
            Self::Withheld { entries } => write!(out, "The excerpt leaves out details (entries: {entries})."),
            Self::Remembered { size } => {
                write!(out, "The remembered checkpoint over {size} entries could not be compared.")
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} entries, {} of them vouched for by a signed checkpoint. Root {}.",
            self.entries, self.proven, self.root
        )?;
        match self.first_bad() {
            None => writeln!(out, "Nothing is wrong with what could be looked at.")?,
            Some(first) => writeln!(out, "NOT AS WRITTEN. First bad entry: {first}.")?,
        }
        for fault in &self.faults {
            writeln!(out, "- {fault}")?;
        }
        if self.more > 0 {
            writeln!(out, "- … and {} more.", self.more)?;
        }
        if let Some((first, times)) = self.backward {
            writeln!(
                out,
                "The clock ran backward {times} times, first at entry {first}. Order is by index, not by time."
            )?;
        }
        if !self.unknown.is_empty() {
            writeln!(out, "Not known:")?;
        }
        self.unknown.iter().try_for_each(|unknown| writeln!(out, "- {unknown}"))
    }
}

/// A moment that may be missing, for sentences.
pub(crate) fn or_never(due: Option<Time>) -> String {
    due.map_or_else(|| "never".to_owned(), |due| format!("on {due}"))
}
