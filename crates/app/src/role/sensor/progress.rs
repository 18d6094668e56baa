//! How far each source was read, and what each ring handed on: kept in the spool with the batches, so that the two cannot disagree.

use super::spool::Spool;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wardlight_store::segment::Reader;

/// For each source, how many of its packets are in the spool or acknowledged.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Progress {
    read: BTreeMap<PathBuf, u64>,
    /// Read to their end, and how large they were then.
    done: BTreeMap<PathBuf, u64>,
    /// For each ring, the number of what it handed on last.
    #[serde(default)]
    rings: BTreeMap<String, u64>,
}

impl Progress {
    /// The last that the spool holds. Errors: the spool cannot be read.
    pub(super) fn last(spool: Reader) -> anyhow::Result<Self> {
        let mut last = Self::default();
        for record in spool {
            let record = record.context("cannot read the sensor's spool")?;
            if Spool::is_own(record.kind) {
                last = serde_json::from_slice(&record.body).context("cannot read how far the sensor came")?;
            }
        }
        Ok(last)
    }

    pub(super) fn written(&self) -> anyhow::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Whether the source was read to its end, and did not change since.
    pub(super) fn is_done(&self, path: &Path) -> bool {
        self.done.get(path).is_some_and(|length| *length == length_of(path))
    }

    /// Packets of the source that need not be read again.
    pub(super) fn packets(&self, path: &Path) -> u64 {
        self.read.get(path).copied().unwrap_or_default()
    }

    pub(super) fn reach(&mut self, path: &Path, packet: u64) {
        self.read.insert(path.to_owned(), packet);
    }

    /// The number of what `ring` handed on last; 0 when it never did.
    pub(super) fn handed_on(&self, ring: &str) -> u64 {
        self.rings.get(ring).copied().unwrap_or_default()
    }

    /// What `ring` hands on as `number` is in the spool.
    pub(super) fn hand_on(&mut self, ring: &str, number: u64) {
        self.rings.insert(ring.to_owned(), number);
    }

    /// The source was read to its end, which is `packets` long; those that are gone from the disk are forgotten.
    pub(super) fn finish(&mut self, path: &Path, packets: u64) {
        self.done.insert(path.to_owned(), length_of(path));
        self.read.insert(path.to_owned(), packets);
        self.done.retain(|path, _| path.exists());
        self.read.retain(|path, _| path.exists());
    }
}

fn length_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_is_read_on_from_where_it_ended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.pcap");
        std::fs::write(&path, b"12345").expect("written");
        let mut progress = Progress::default();
        progress.reach(&path, 3);
        assert!(!progress.is_done(&path));
        progress.finish(&path, 7);
        assert!(progress.is_done(&path));
        std::fs::write(&path, b"1234567").expect("written");
        assert!(!progress.is_done(&path));
        assert_eq!(progress.packets(&path), 7);
        std::fs::remove_file(&path).expect("removed");
        progress.finish(folder.path(), 1);
        assert_eq!(progress.packets(&path), 0, "a file that is gone is forgotten");
    }
}
