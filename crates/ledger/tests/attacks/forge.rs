//! What a forger without the signing key can do to entries: write them anew with right hashes.

use crate::world::World;
use wardlight_ledger::{Content, Detail, Entry, Header, Kind, Log, Signer};

/// The bytes of an entry with this header and these details, sealed. Details are encoded
/// as the writer does.
pub fn reseal(header: &Header, detail: &Detail) -> Vec<u8> {
    sealed(header, &encode(detail))
}

/// Rewrites the body of entry `index`, with right hashes in itself, and nothing behind it.
pub fn forge(world: &mut World, index: u64, body: &[u8]) {
    let at = usize::try_from(index).unwrap();
    let old = world.entries[at].clone();
    let entry = Entry::read(&old).unwrap();
    let detail = entry.detail().unwrap().unwrap();
    world.entries[at] = reseal(&entry.header, &Detail { body, ..detail });
}

/// Rewrites the subject of entry `index` in the same way.
pub fn rename(world: &mut World, index: u64, subject: &str) {
    let at = usize::try_from(index).unwrap();
    let old = world.entries[at].clone();
    let entry = Entry::read(&old).unwrap();
    let detail = entry.detail().unwrap().unwrap();
    world.entries[at] = reseal(&entry.header, &Detail { subject, ..detail });
}

/// Gives all entries from `from` on their right index, link and seal.
pub fn rechain(world: &mut World, from: u64) {
    for index in from..world.entries.len() as u64 {
        let at = usize::try_from(index).unwrap();
        let previous = Entry::read(&world.entries[at - usize::from(at > 0)]).unwrap().seal;
        let stored = world.entries[at].clone();
        let entry = Entry::read(&stored).unwrap();
        let header = match index {
            0 => entry.header,
            _ => Header { index, previous, ..entry.header },
        };
        let raw = raw(&header);
        world.entries[at] = stored_form(&raw, entry.content);
    }
}

/// The body of a key entry that names a stranger's key, signed by itself.
pub fn key_by_stranger(world: &World, index: u64) -> Vec<u8> {
    let stranger = Signer::from_seed(&[0xee; 32]);
    let (_, genesis) = Log::create(world.site, &stranger, &Detail::default(), world.header(index).time).unwrap();
    Entry::read(&genesis.stored).unwrap().detail().unwrap().unwrap().body.to_vec()
}

fn encode(detail: &Detail) -> Vec<u8> {
    let stranger = Signer::from_seed(&[0xee; 32]);
    let site = wardlight_ledger::Site([0; 16]);
    let now = wardlight_model::Time::from_seconds(0);
    let (mut log, _) = Log::create(site, &stranger, &Detail::default(), now).unwrap();
    let stored = log.append(Kind::Action, detail, now).unwrap().stored;
    match Entry::read(&stored).unwrap().content {
        Content::Kept(bytes) => bytes.to_vec(),
        _ => unreachable!(),
    }
}

fn sealed(header: &Header, detail: &[u8]) -> Vec<u8> {
    let header = Header { detail: wardlight_ledger::Hash::detail(detail), ..*header };
    stored_form(&raw(&header), Content::Kept(detail))
}

/// The header's bytes, written by hand after the module documentation of `entry`: an independent encoder.
fn raw(header: &Header) -> Vec<u8> {
    let mut bytes = vec![0xa7, 0x00, 0x01, 0x01, 0x50];
    bytes.extend(header.site.0);
    bytes.push(0x02);
    bytes.extend(number(0x00, header.index));
    bytes.push(0x03);
    bytes.extend(number(0x00, u64::try_from(header.time.micros()).unwrap()));
    bytes.push(0x04);
    bytes.extend(number(0x00, header.kind.number()));
    bytes.extend([0x05, 0x58, 0x20]);
    bytes.extend(header.previous.0);
    bytes.extend([0x06, 0x58, 0x20]);
    bytes.extend(header.detail.0);
    bytes
}

fn stored_form(raw: &[u8], content: Content) -> Vec<u8> {
    let mut bytes = vec![0x83];
    bytes.extend(number(0x40, raw.len() as u64));
    bytes.extend(raw);
    match content {
        Content::Kept(detail) => {
            bytes.extend(number(0x40, detail.len() as u64));
            bytes.extend(detail);
        }
        Content::Purged(tombstone) => bytes.extend(number(0x00, tombstone)),
        Content::Withheld => bytes.push(0xf6),
    }
    bytes.extend([0x58, 0x20]);
    bytes.extend(wardlight_ledger::Hash::leaf(raw).0);
    bytes
}

fn number(major: u8, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    match value {
        0..24 => vec![major | bytes[7]],
        24..0x100 => vec![major | 24, bytes[7]],
        0x100..0x1_0000 => [&[major | 25], &bytes[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[major | 26], &bytes[4..]].concat(),
        _ => [&[major | 27], &bytes[..]].concat(),
    }
}
