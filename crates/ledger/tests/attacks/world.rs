//! Ledgers to be attacked: made from a seed, with everything an installation has around them.

use std::collections::BTreeMap;
use wardlight_ledger::{
    Attachment, Checkpoint, Detail, Entry, Hash, Header, Kind, Log, Memory, PublicKey, Retention, Row, Signer, Site,
    Surroundings, Tombstone, Verdict, verify,
};
use wardlight_model::Time;

pub const SITE: Site = Site([0x11; 16]);
pub const OTHER_SITE: Site = Site([0x22; 16]);
const DAY: i64 = 86_400;

/// Numbers that look random and follow from a seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high - 1`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % length as u64).unwrap()
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// What happens, before it is written down.
#[derive(Clone)]
pub enum Event {
    Entry {
        kind: Kind,
        subject: String,
        body: Vec<u8>,
        attachment: Option<String>,
        row: Option<(String, Option<Hash>)>,
    },
    Rotation,
    Purge,
    Checkpoint,
}

#[derive(Clone)]
pub struct Plan {
    pub site: Site,
    /// The secret of the first key; later ones follow from it.
    pub secret: u8,
    pub events: Vec<(Time, [u8; 16], Event)>,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// All that lies on the disk of an installation.
#[derive(Clone)]
pub struct World {
    pub site: Site,
    pub entries: Vec<Vec<u8>>,
    pub checkpoints: Vec<String>,
    pub files: BTreeMap<String, Vec<u8>>,
    pub rows: BTreeMap<String, Hash>,
    pub now: Time,
    /// The writer and its key as they stand, for insiders.
    pub log: Log,
    pub secret: u8,
}

impl Plan {
    /// 30 to 80 entries over some eleven years, with checkpoints, a change of key now and then, and one purge.
    pub fn roll(seed: u64, site: Site, secret: u8) -> Self {
        let mut dice = Dice(seed);
        let mut time = 1_262_304_000 * 1_000_000;
        let mut files = BTreeMap::new();
        let mut events = Vec::new();
        let entries = dice.between(30, 80);
        let purge_at = dice.between(entries * 3 / 4, entries - 1);
        for n in 0..entries {
            time += i64::try_from(dice.between(1, 8_000_000 * DAY.unsigned_abs() / entries)).unwrap() * 1_000;
            let event = match n {
                n if n == purge_at => Event::Purge,
                _ if dice.one_in(12) => Event::Rotation,
                _ => entry(&mut dice, n, &mut files),
            };
            let salt = dice.next();
            events.push((Time::from_micros(time), salted(salt), event));
            if dice.one_in(5) || n + 1 == entries {
                events.push((Time::from_micros(time + 1), salted(salt), Event::Checkpoint));
            }
        }
        Self { site, secret, events, files }
    }

    pub fn build(&self) -> World {
        let first = Signer::from_seed(&[self.secret; 32]);
        let by = Detail { actor: "system", ..Detail::default() };
        let begin = self.events[0].0.plus(-1);
        let (log, genesis) = Log::create(self.site, &first, &by, begin).unwrap();
        let mut world = World {
            site: self.site,
            entries: vec![genesis.stored],
            checkpoints: Vec::new(),
            files: self.files.clone(),
            rows: BTreeMap::new(),
            now: self.events.last().unwrap().0.plus(1),
            log,
            secret: self.secret,
        };
        for (time, salt, event) in &self.events {
            world.take(*time, *salt, event);
        }
        world
    }
}

fn salted(salt: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&salt.to_be_bytes());
    bytes
}

fn entry(dice: &mut Dice, n: u64, files: &mut BTreeMap<String, Vec<u8>>) -> Event {
    let kinds = [Kind::Decision, Kind::Approval, Kind::Action, Kind::Evidence, Kind::Read];
    let body = (0..dice.between(0, 60)).map(|_| dice.next().to_be_bytes()[0]).collect();
    let attachment = dice.one_in(3).then(|| format!("file-{n}.pdf"));
    if let Some(name) = &attachment {
        files.insert(name.clone(), dice.next().to_be_bytes().to_vec());
    }
    let row = dice.one_in(2).then(|| {
        let hash = (!dice.one_in(5)).then(|| Hash::of(&dice.next().to_be_bytes()));
        (format!("policy/{}", dice.between(0, 8)), hash)
    });
    Event::Entry { kind: kinds[dice.index(5)], subject: format!("device/{n}"), body, attachment, row }
}

impl World {
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    pub fn header(&self, index: u64) -> Header {
        Entry::read(self.at(index)).unwrap().header
    }

    pub fn at(&self, index: u64) -> &[u8] {
        &self.entries[usize::try_from(index).unwrap()]
    }

    /// The secret key in force.
    pub fn signer(&self) -> Signer {
        Signer::from_seed(&[self.secret; 32])
    }

    pub fn take(&mut self, time: Time, salt: [u8; 16], event: &Event) {
        let by = Detail { salt, actor: "user/4", ..Detail::default() };
        let appended = match event {
            Event::Checkpoint => {
                self.checkpoints.push(self.log.checkpoint(&self.signer(), time).unwrap().to_string());
                return;
            }
            Event::Rotation => {
                let old = self.signer();
                self.secret = self.secret.wrapping_add(100);
                self.log.rotate(&old, self.signer().public(), &by, time)
            }
            Event::Purge => {
                let due = self.due(time);
                let stone = Tombstone::of(&due, &Retention::default(), "six years", time);
                let Ok(stone) = stone else { return };
                self.purge(stone.first, stone.last);
                self.log.purge(&stone, &by, time)
            }
            Event::Entry { kind, subject, body, attachment, row } => {
                let attachments = attachment.iter().map(|name| {
                    let file = &self.files[name];
                    Attachment { name, length: file.len() as u64, hash: Hash::of(file) }
                });
                let attachments = attachments.collect();
                let rows = row.iter().map(|(key, hash)| Row { key, hash: *hash }).collect();
                let detail = Detail { salt, actor: "user/4", subject, body, attachments, rows };
                if let Some((key, hash)) = row {
                    match hash {
                        Some(hash) => self.rows.insert(key.clone(), *hash),
                        None => self.rows.remove(key),
                    };
                }
                self.log.append(*kind, &detail, time)
            }
        };
        self.entries.push(appended.unwrap().stored);
    }

    /// The first run of entries that are due.
    fn due(&self, time: Time) -> Vec<Header> {
        let is_due = |header: &Header| Retention::default().due(header).is_some_and(|due| due <= time);
        let headers = (0..self.len()).map(|index| self.header(index));
        headers.skip_while(|header| !is_due(header)).take_while(is_due).collect()
    }

    /// Takes the details of `first` to `last` away, by the tombstone that comes next, and with them the rows of the
    /// database and the files that nothing else speaks of.
    pub fn purge(&mut self, first: u64, last: u64) {
        let tombstone = self.len();
        for index in first..=last {
            let stored = &mut self.entries[usize::try_from(index).unwrap()];
            *stored = Entry::read(stored).unwrap().purged(tombstone);
        }
        self.replay();
    }

    /// Makes the database what the entries say.
    pub fn replay(&mut self) {
        self.rows.clear();
        for stored in &self.entries {
            let Ok(Some(detail)) = Entry::read(stored).unwrap().detail() else { continue };
            for row in detail.rows {
                match row.hash {
                    Some(hash) => self.rows.insert(row.key.to_owned(), hash),
                    None => self.rows.remove(row.key),
                };
            }
        }
    }

    /// Indexes of entries whose details are there.
    pub fn kept(&self) -> Vec<u64> {
        (0..self.len()).filter(|index| Entry::read(self.at(*index)).unwrap().is_whole()).collect()
    }

    pub fn heads(&self) -> Vec<Checkpoint> {
        self.checkpoints.iter().map(|text| Checkpoint::parse(text).unwrap()).collect()
    }

    /// The size of the last checkpoint that does not cover entry `index`.
    pub fn vouched_before(&self, index: u64) -> u64 {
        self.heads().iter().map(|checkpoint| checkpoint.head.size).filter(|size| *size <= index).max().unwrap_or(0)
    }

    /// Takes away all from entry `size` on, leaving no trace.
    pub fn cut(&mut self, size: u64) {
        let keep = self.heads().iter().filter(|checkpoint| checkpoint.head.size <= size).count();
        self.checkpoints.truncate(keep);
        self.entries.truncate(usize::try_from(size).unwrap());
        self.replay();
    }

    /// Verified with all that lies on the same disk.
    pub fn alone(&self) -> Verdict {
        self.remembering(Memory::default())
    }

    /// Verified with an outside memory too.
    pub fn remembering(&self, memory: Memory) -> Verdict {
        let mut find = |attachment: &Attachment| self.files.get(attachment.name).map(|file| Hash::of(file));
        let mut rows = self.rows.iter().map(|(key, hash)| (key.clone(), *hash));
        let around = Surroundings {
            site: Some(self.site),
            now: Some(self.now),
            memory,
            attachments: Some(&mut find),
            rows: Some(&mut rows),
            ..Surroundings::default()
        };
        verify(self.entries.iter().map(Ok::<_, String>), &self.checkpoints, around)
    }
}

/// What a witness remembers: all checkpoints.
pub fn witness(world: &World) -> Memory {
    Memory { checkpoints: world.heads(), ..Memory::default() }
}

/// What somebody remembers who wrote the first key down.
pub fn pin(secret: u8) -> Memory {
    Memory { pinned: vec![public(secret)], ..Memory::default() }
}

pub fn public(secret: u8) -> PublicKey {
    Signer::from_seed(&[secret; 32]).public()
}
