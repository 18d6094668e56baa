//! One entry: a header that stays for ever, and details that may be purged.
//!
//! In: bytes as stored. Out: what they say, borrowed. The stored form is a CBOR list of three:
//!
//! 1. the header, as bytes: `{0: version, 1: site, 2: index, 3: time µs, 4: kind, 5: hash of the previous header,
//!    6: hash of the details}`;
//! 2. the details, as bytes: `{0: salt, 1: actor, 2: subject, 3: body, 4: attachments, 5: rows}`; or the index of the
//!    tombstone that purged them; or null when an excerpt withholds them;
//! 3. the seal: the leaf hash of the header, so that damage is found where it is and not one entry later.
//!
//! The leaf of the tree is the header alone. A purge therefore leaves the chain, the tree, the times and the kinds whole:
//! whether it came too early can still be seen. The salt keeps purged details from being guessed from their hash.
//! Hashes are taken over the bytes as they came; keys of later versions are skipped and never lost.

use crate::cbor::{DecodeError, Reader, Writer};
use crate::hash::Hash;
use crate::site::Site;
use wardlight_model::Time;

/// The version written here.
const VERSION: u64 = 1;
/// Most bytes of an entry as stored; what is larger belongs in an attachment.
pub const LARGEST: usize = 1 << 20;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The first key of the ledger, or the one that follows it.
    Key,
    /// A decision that somebody took, with its reason.
    Decision,
    /// Somebody's yes or no to a request.
    Approval,
    /// Something done to the world.
    Action,
    /// A record that a requirement was met.
    Evidence,
    /// Somebody read rows that are sensitive.
    Read,
    /// A tombstone: details were purged.
    Purge,
    /// A kind of a later version.
    Other(u64),
}

const KINDS: [(u64, Kind, &str); 7] = [
    (1, Kind::Key, "key"),
    (2, Kind::Decision, "decision"),
    (3, Kind::Approval, "approval"),
    (4, Kind::Action, "action"),
    (5, Kind::Evidence, "evidence"),
    (6, Kind::Read, "read"),
    (7, Kind::Purge, "purge"),
];

impl Kind {
    /// The number it is written as.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Other(number) => number,
            kind => KINDS.iter().find(|(_, known, _)| *known == kind).map_or(0, |(number, ..)| *number),
        }
    }

    /// The word it is shown as; `None` for one of a later version.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        KINDS.iter().find(|(_, known, _)| *known == self).map(|(.., word)| *word)
    }

    fn of(number: u64) -> Self {
        KINDS.iter().find(|(known, ..)| *known == number).map_or(Self::Other(number), |(_, kind, _)| *kind)
    }
}

/// What stays of an entry for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whose ledger it is in.
    pub site: Site,
    /// Its place, from 0.
    pub index: u64,
    /// When it was appended, by the writer's clock. The order is the index's, not this.
    pub time: Time,
    /// What it is about.
    pub kind: Kind,
    /// The leaf hash of the entry before; [`Hash::NONE`] in the first.
    pub previous: Hash,
    /// The hash of its details.
    pub detail: Hash,
}

/// A file that an entry speaks of. It is kept elsewhere; the entry knows it by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub hash: Hash,
}

/// A row of the database that follows from an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its key, unique over all tables.
    pub key: &'a str,
    /// The SHA-256 of its content after this entry; `None` when the entry removes it.
    pub hash: Option<Hash>,
}

/// What an entry says. Purged when its time has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail<'a> {
    /// Random bytes of the writer's.
    pub salt: [u8; 16],
    /// Who did it: an account or a part of the system.
    pub actor: &'a str,
    /// What it was done to.
    pub subject: &'a str,
    /// The content, in a form that the kind's writer knows.
    pub body: &'a [u8],
    /// Files it speaks of.
    pub attachments: Vec<Attachment<'a>>,
    /// Rows of the database that follow from it.
    pub rows: Vec<Row<'a>>,
}

/// What is stored of an entry's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// All of them, encoded.
    Kept(&'a [u8]),
    /// Nothing: the tombstone of this index says why.
    Purged(u64),
    /// Nothing: an excerpt leaves them out.
    Withheld,
}

/// An entry as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What its header says.
    pub header: Header,
    /// The header's bytes.
    pub raw: &'a [u8],
    /// What is stored of its details.
    pub content: Content<'a>,
    /// The leaf hash as stored; whether it is right, [`Entry::leaf`] tells.
    pub seal: Hash,
}

impl<'a> Entry<'a> {
    /// Reads the stored form. Errors: bytes that no writer of the ledger makes.
    pub fn read(stored: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(stored);
        if reader.array()? != 3 {
            return Err(DecodeError::Wrong("an entry of three parts"));
        }
        let raw = reader.bytes()?;
        let content = if reader.is_bytes() {
            Content::Kept(reader.bytes()?)
        } else if reader.null() {
            Content::Withheld
        } else {
            Content::Purged(reader.uint()?)
        };
        let seal = Hash(reader.exactly()?);
        reader.end()?;
        Ok(Self { header: header(raw)?, raw, content, seal })
    }

    /// The leaf hash of the header as it is.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        Hash::leaf(self.raw)
    }

    /// Whether the details are there and are those that the header names.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.content, Content::Kept(bytes) if Hash::detail(bytes) == self.header.detail)
    }

    /// Reads the details; `None` when they are purged or withheld. Errors: bytes that no writer of the ledger makes.
    pub fn detail(&self) -> Result<Option<Detail<'a>>, DecodeError> {
        match self.content {
            Content::Kept(bytes) => detail(bytes).map(Some),
            Content::Purged(_) | Content::Withheld => Ok(None),
        }
    }

    /// The stored form without the details, which the tombstone of index `tombstone` purges.
    #[must_use]
    pub fn purged(&self, tombstone: u64) -> Vec<u8> {
        stored(self.raw, Content::Purged(tombstone), self.seal)
    }

    /// The stored form without the details, for an excerpt that others may read.
    #[must_use]
    pub fn withheld(&self) -> Vec<u8> {
        stored(self.raw, Content::Withheld, self.seal)
    }
}

/// Writes an entry: its stored form and its leaf hash.
pub(crate) fn write(header: &Header, detail: &[u8]) -> (Vec<u8>, Hash) {
    let raw = Writer::default()
        .map(7)
        .uint(0)
        .uint(VERSION)
        .uint(1)
        .bytes(&header.site.0)
        .uint(2)
        .uint(header.index)
        .uint(3)
        .int(header.time.micros())
        .uint(4)
        .uint(header.kind.number())
        .uint(5)
        .bytes(&header.previous.0)
        .uint(6)
        .bytes(&header.detail.0)
        .finish();
    let leaf = Hash::leaf(&raw);
    (stored(&raw, Content::Kept(detail), leaf), leaf)
}

fn stored(raw: &[u8], content: Content, seal: Hash) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.array(3).bytes(raw);
    match content {
        Content::Kept(detail) => writer.bytes(detail),
        Content::Purged(tombstone) => writer.uint(tombstone),
        Content::Withheld => writer.null(),
    };
    writer.bytes(&seal.0).finish()
}

impl Detail<'_> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(6).uint(0).bytes(&self.salt).uint(1).text(self.actor).uint(2).text(self.subject);
        writer.uint(3).bytes(self.body).uint(4).array(self.attachments.len());
        for attachment in &self.attachments {
            writer.array(3).text(attachment.name).uint(attachment.length).bytes(&attachment.hash.0);
        }
        writer.uint(5).array(self.rows.len());
        for row in &self.rows {
            writer.array(2).text(row.key);
            match row.hash {
                Some(hash) => writer.bytes(&hash.0),
                None => writer.null(),
            };
        }
        writer.finish()
    }
}

fn header(raw: &[u8]) -> Result<Header, DecodeError> {
    let (mut version, mut site, mut index, mut time) = (None, None, None, None);
    let (mut kind, mut previous, mut detail) = (None, None, None);
    let mut reader = Reader::new(raw);
    reader.map(|key, value| {
        match key {
            0 => version = Some(value.uint()?),
            1 => site = Some(Site(value.exactly()?)),
            2 => index = Some(value.uint()?),
            3 => time = Some(Time::from_micros(value.int()?)),
            4 => kind = Some(Kind::of(value.uint()?)),
            5 => previous = Some(Hash(value.exactly()?)),
            6 => detail = Some(Hash(value.exactly()?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    reader.end()?;
    match version {
        Some(VERSION) => {}
        Some(version) => return Err(DecodeError::Version(version)),
        None => return Err(DecodeError::Missing("its version")),
    }
    Ok(Header {
        site: site.ok_or(DecodeError::Missing("its site"))?,
        index: index.ok_or(DecodeError::Missing("its index"))?,
        time: time.ok_or(DecodeError::Missing("its time"))?,
        kind: kind.ok_or(DecodeError::Missing("its kind"))?,
        previous: previous.ok_or(DecodeError::Missing("the hash of the entry before"))?,
        detail: detail.ok_or(DecodeError::Missing("the hash of its details"))?,
    })
}

fn detail(bytes: &[u8]) -> Result<Detail<'_>, DecodeError> {
    let mut detail = Detail::default();
    let mut reader = Reader::new(bytes);
    reader.map(|key, value| {
        match key {
            0 => detail.salt = value.exactly()?,
            1 => detail.actor = value.text()?,
            2 => detail.subject = value.text()?,
            3 => detail.body = value.bytes()?,
            4 => detail.attachments = list(value, attachment)?,
            5 => detail.rows = list(value, row)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    reader.end()?;
    Ok(detail)
}

fn list<'a, T>(
    reader: &mut Reader<'a>,
    item: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let items = reader.array()?;
    let mut list = Vec::new();
    for _ in 0..items {
        list.push(item(reader)?);
    }
    Ok(list)
}

fn attachment<'a>(reader: &mut Reader<'a>) -> Result<Attachment<'a>, DecodeError> {
    if reader.array()? != 3 {
        return Err(DecodeError::Wrong("an attachment"));
    }
    Ok(Attachment { name: reader.text()?, length: reader.uint()?, hash: Hash(reader.exactly()?) })
}

fn row<'a>(reader: &mut Reader<'a>) -> Result<Row<'a>, DecodeError> {
    if reader.array()? != 2 {
        return Err(DecodeError::Wrong("a row"));
    }
    let key = reader.text()?;
    let hash = if reader.null() { None } else { Some(Hash(reader.exactly()?)) };
    Ok(Row { key, hash })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> (Header, Detail<'static>) {
        let detail = Detail {
            salt: [7; 16],
            actor: "user/4",
            subject: "device/17",
            body: b"{}",
            attachments: vec![Attachment { name: "scan.pdf", length: 3, hash: Hash::of(b"pdf") }],
            rows: vec![Row { key: "policy/1", hash: Some(Hash::of(b"row")) }, Row { key: "policy/0", hash: None }],
        };
        let header = Header {
            site: Site([9; 16]),
            index: 300,
            time: Time::from_micros(-5),
            kind: Kind::Decision,
            previous: Hash::leaf(b"before"),
            detail: Hash::detail(&detail.encode()),
        };
        (header, detail)
    }

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        let (header, detail) = sample();
        let (stored, leaf) = write(&header, &detail.encode());
        let entry = Entry::read(&stored).unwrap();
        assert_eq!((entry.header, entry.seal, entry.leaf()), (header, leaf, leaf));
        assert_eq!(entry.detail(), Ok(Some(detail)));
    }

    #[test]
    fn what_is_purged_leaves_header_and_leaf() {
        let (header, detail) = sample();
        let (stored, leaf) = write(&header, &detail.encode());
        let purged = Entry::read(&stored).unwrap().purged(512);
        let entry = Entry::read(&purged).unwrap();
        assert_eq!((entry.header, entry.leaf(), entry.content), (header, leaf, Content::Purged(512)));
        assert_eq!(entry.detail(), Ok(None));
        assert!(!purged.windows(8).any(|bytes| bytes == b"scan.pdf"));
        assert_eq!(Entry::read(&entry.withheld()).unwrap().content, Content::Withheld);
    }

    #[test]
    fn keys_of_a_later_version_are_kept_in_the_hash() {
        let (header, detail) = sample();
        let (stored, _) = write(&header, &detail.encode());
        let mut raw = Entry::read(&stored).unwrap().raw.to_vec();
        raw[0] += 1;
        raw.extend(Writer::default().uint(40).text("later").finish());
        let stored = super::stored(&raw, Content::Withheld, Hash::leaf(&raw));
        let entry = Entry::read(&stored).unwrap();
        assert_eq!(entry.header, header);
        assert_eq!(entry.leaf(), entry.seal);
        assert!(entry.withheld().windows(5).any(|bytes| bytes == b"later"));
    }

    #[test]
    fn a_later_format_is_named() {
        let (header, _) = sample();
        let (stored, _) = write(&header, &[]);
        let mut raw = Entry::read(&stored).unwrap().raw.to_vec();
        raw[2] = 2;
        let stored = super::stored(&raw, Content::Withheld, Hash::NONE);
        assert_eq!(Entry::read(&stored), Err(DecodeError::Version(2)));
    }

    #[test]
    fn kinds_have_one_number() {
        for (number, kind, word) in KINDS {
            assert_eq!((kind.number(), Kind::of(number), kind.word()), (number, kind, Some(word)));
        }
        assert_eq!((Kind::of(99), Kind::Other(99).number(), Kind::Other(99).word()), (Kind::Other(99), 99, None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes: Vec<u8>) {
            let _ = Entry::read(&bytes).map(|entry| entry.detail());
            let _ = detail(&bytes);
            let _ = super::header(&bytes);
        }

        #[test]
        fn any_change_of_a_stored_entry_is_an_error_or_shows_in_a_hash(at: prop::sample::Index, flip in 1_u8..) {
            let (header, detail) = sample();
            let (stored, leaf) = write(&header, &detail.encode());
            let mut changed = stored.clone();
            changed[at.index(stored.len())] ^= flip;
            if let Ok(entry) = Entry::read(&changed) {
                prop_assert!(entry.leaf() != leaf || entry.seal != leaf || !entry.is_whole());
            }
        }
    }
}
