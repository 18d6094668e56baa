//! A frozen ledger of format version 1: it must be read and verified for ever, and as long as that is the version
//! written, the same happenings must give the same bytes.
//!
//! `UPDATE=1` writes the files anew; that is right only before the version is released.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, reason = "golden files are files")]

use std::fmt::Write as _;
use std::path::PathBuf;
use wardlight_ledger::{
    Attachment, Bundle, Checkpoint, Detail, Entry, Hash, Kind, Log, Memory, PublicKey, Retention, Row, Signer, Site,
    Surroundings, Tombstone, origin, verify,
};
use wardlight_model::Time;

const SITE: Site =
    Site([0x01, 0x92, 0xf0, 0xc1, 0x2d, 0x3e, 0x7a, 0x4b, 0x8c, 0x5d, 0x6e, 0x7f, 0x80, 0x91, 0x02, 0x13]);
const WITNESS: &str = "witness.example/w1";
/// 2020-01-01 UTC.
const BEGIN: i64 = 1_577_836_800;
const YEAR: i64 = 366 * 86_400;

/// Each file's name and content.
type Files = Vec<(&'static str, String)>;

/// Two keys, one entry of each kind, one purge, and an excerpt.
fn files() -> Files {
    let (first, second) = (Signer::from_seed(&[1; 32]), Signer::from_seed(&[2; 32]));
    let by = |n: u8| Detail { salt: [n; 16], actor: "user/4", subject: "device/17", ..Detail::default() };
    let at = |n: i64| Time::from_seconds(BEGIN + n);
    let (mut log, genesis) = Log::create(SITE, &first, &by(0), at(0)).unwrap();
    let mut entries = vec![genesis.stored];
    let file = Attachment { name: "plan.pdf", length: 3, hash: Hash::of(b"pdf") };
    let row = Row { key: "policy/1", hash: Some(Hash::of(b"allow")) };
    let kinds = [Kind::Read, Kind::Decision, Kind::Approval, Kind::Action, Kind::Evidence];
    for (n, kind) in (1..).zip(kinds) {
        let attachments = if kind == Kind::Evidence { vec![file] } else { Vec::new() };
        let rows = if kind == Kind::Decision { vec![row] } else { Vec::new() };
        let detail = Detail { body: b"{\"why\":\"vendor advisory\"}", attachments, rows, ..by(n) };
        entries.push(log.append(kind, &detail, at(i64::from(n))).unwrap().stored);
    }
    let mut early = log.checkpoint(&first, at(7)).unwrap();
    early.cosign(WITNESS, &Signer::from_seed(&[3; 32]), BEGIN.unsigned_abs() + 8);
    entries.push(log.rotate(&first, second.public(), &by(7), at(9)).unwrap().stored);
    let later = Time::from_seconds(BEGIN + 6 * YEAR);
    let oldest = Entry::read(&entries[1]).unwrap().header;
    let stone = Tombstone::of(&[oldest], &Retention::default(), "45 CFR 164.316(b)(2)(i)", later).unwrap();
    entries.push(log.purge(&stone, &by(8), later).unwrap().stored);
    let last = log.checkpoint(&second, later.plus(1)).unwrap();
    entries[1] = Entry::read(&entries[1]).unwrap().purged(7);

    let leaves = entries.iter().map(|stored| Entry::read(stored).unwrap().seal).collect::<Vec<_>>();
    let withheld = Entry::read(&entries[3]).unwrap().withheld();
    let chosen = vec![entries[0].clone(), entries[2].clone(), withheld, entries[6].clone()];
    let bundle = Bundle::of(last.clone(), chosen, &[6], leaves).unwrap();
    let mut files = vec![
        ("entries.hex", entries.iter().map(|stored| hex(stored) + "\n").collect()),
        ("checkpoints.txt", format!("{early}\n{last}")),
        ("bundle.hex", hex(&bundle.encode()) + "\n"),
        ("key.txt", first.public().to_text(&origin(SITE)) + "\n"),
        ("verdict.txt", String::new()),
    ];
    files[4].1 = verdicts(&files);
    files
}

/// What is found out about the ledger and the excerpt, from the files alone.
fn verdicts(files: &Files) -> String {
    let file = |name: &str| &files.iter().find(|(own, _)| *own == name).unwrap().1;
    let checkpoints: Vec<Checkpoint> = Checkpoint::parse_all(file("checkpoints.txt")).into_iter().flatten().collect();
    let (name, key) = PublicKey::parse(file("key.txt")).unwrap();
    assert_eq!(name, origin(SITE));
    let around = || Surroundings {
        memory: Memory {
            pinned: vec![key],
            checkpoints: checkpoints.clone(),
            witnesses: vec![(WITNESS.to_owned(), Signer::from_seed(&[3; 32]).public())],
        },
        now: Some(Time::from_seconds(BEGIN + 7 * YEAR)),
        ..Surroundings::default()
    };
    let notes: Vec<String> = checkpoints.iter().map(ToString::to_string).collect();
    let entries = file("entries.hex").lines().map(|line| Ok::<_, String>(unhex(line)));
    let ledger = verify(entries, &notes, around());
    let bundle = Bundle::read(&unhex(file("bundle.hex").trim())).unwrap().verify(around());
    assert!(ledger.is_sound() && bundle.is_sound(), "{ledger}\n{bundle}");
    format!("Ledger:\n{ledger}\nExcerpt:\n{bundle}")
}

#[test]
fn version_1_is_read_and_written_for_ever() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden/ledger/v1");
    let made = files();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        made.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }
    let frozen: Files =
        made.iter().map(|(name, _)| (*name, std::fs::read_to_string(folder.join(name)).unwrap())).collect();
    assert_eq!(verdicts(&frozen), frozen[4].1);
    for (made, frozen) in made.iter().zip(&frozen) {
        assert_eq!(made, frozen);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: &[u8]| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(digit).collect()
}
