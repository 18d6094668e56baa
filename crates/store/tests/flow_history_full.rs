//! A disk that is full: rows are shed and counted, no file is left half, and the history goes on.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use wardlight_model::{ConnState, Direction, Flow, FlowId, FlowKey, Scope, Time, Transport};
use wardlight_store::history::{Adoption, Batch, Check, History, HistoryError, Manifest, Origin, Query};

/// A small file system of its own; `None` when this user may not mount one.
struct Tmpfs(tempfile::TempDir);

impl Tmpfs {
    fn new(size_kib: u64) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let size = format!("size={size_kib}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path());
        match mount.output() {
            Ok(done) if done.status.success() => Some(Self(folder)),
            _ => None,
        }
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

/// Flows whose bytes zstd cannot shrink much.
fn batch(sequence: u64, rows: u64) -> Batch {
    let mut batch = Batch::new("main");
    for n in 0..rows {
        let odd = (sequence * 1000 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let [.., a, b, c] = odd.to_be_bytes();
        let first = Time::from_seconds(1_700_000_000);
        let flow = Flow {
            id: FlowId(odd >> 1),
            key: FlowKey {
                scope: Scope(0),
                transport: Transport::UDP,
                initiator: (Ipv4Addr::new(10, a, b, c).into(), 9),
                responder: (Ipv4Addr::new(10, 0, 0, 1).into(), 53),
            },
            macs: [None; 2],
            hop_limits: [None; 2],
            vlan: None,
            first,
            last: first,
            state: ConnState::SF,
            history: "Dd".to_owned(),
            sent: [Direction { bytes: odd >> 1, ..Direction::default() }, Direction::default()],
            service: None,
        };
        batch.push(Origin { sensor: "core-1", sequence, recorded: first }, &flow);
    }
    batch
}

fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => found.extend(names(&entry.path())),
            false => found.push(entry.path().to_string_lossy().into_owned()),
        }
    }
    found
}

#[test]
fn a_full_disk_sheds_rows_counts_them_and_goes_on() {
    for size_kib in [4, 16, 64, 200, 512] {
        let Some(disk) = Tmpfs::new(size_kib) else {
            eprintln!("SKIPPED: this user may not mount a tmpfs");
            return;
        };
        let history = History::new(disk.0.path());
        let mut manifest = Manifest::default();
        let (mut kept, mut shed) = (0, 0);
        for sequence in 1..=30 {
            let flushed = history.flush(&batch(sequence, 1000));
            for lost in &flushed.shed {
                assert!(matches!(lost.error, HistoryError::Full { .. }), "{size_kib} KiB: {}", lost.error);
                assert!(lost.error.to_string().starts_with("no room for flows/date=2023-11-14"), "{}", lost.error);
            }
            shed += flushed.shed_rows();
            kept += flushed.change.added.iter().map(|segment| segment.rows).sum::<u64>();
            manifest.apply(&flushed.change);
        }
        assert_eq!(kept + shed, 30_000, "{size_kib} KiB");
        assert!(shed > 0, "{size_kib} KiB was enough");
        assert!(kept > 0 || size_kib < 100, "{size_kib} KiB held nothing");
        assert_eq!(names(disk.0.path()).len(), manifest.live().count(), "{size_kib} KiB");
        assert_eq!(history.adopt(&manifest, 31, Check::Hash).unwrap(), Adoption::default(), "{size_kib} KiB");
        assert_eq!(history.scan(&manifest, Query::default()).filter(Result::is_ok).count() as u64, kept);
        // Room again: the next flush is kept.
        if let Some(file) = names(disk.0.path()).first() {
            std::fs::remove_file(file).unwrap();
            assert_eq!(history.flush(&batch(31, 1000)).shed_rows(), 0, "{size_kib} KiB");
        }
    }
}
