//! What the program tells others: events, and who is told.
//!
//! In: what the keeper commits and settles, how sensors and disk stand. Out: events in a log of their own below the data
//! folder, from there to each webhook and syslog collector that the configuration names, each in order and at its own pace.
//! Without such a section there is no log, and nothing is ever sent. Never in an event: anything of patients, names of
//! people, devices or accounts, addresses. An event is told at least once, under the same id each time.

mod cef;
mod kept;
mod ocsf;
mod outlet;
mod pace;
mod reach;
mod syslog;
mod watch;
mod webhook;

pub use outlet::{Outlets, Telling};
pub use reach::may_reach;
pub use watch::Watch;

use sha2::{Digest as _, Sha256};
use wardlight_model::{Id, Time};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident $name:literal $title:literal $severity:ident,)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[doc = $doc])+ $variant,)+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in messages and in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Its name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// How much it matters.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }
        }
    };
}

kinds! {
    /// A device was met for the first time, or several at once.
    DeviceFound "device.found" "Device found" Low,
    /// A device is taken for another kind of device than before.
    DeviceRetyped "device.retyped" "Device changed its type" Medium,
    /// Whether two rows are one device waits for a person.
    MatchWaits "match.waits" "Match to review" Info,
    /// The records of another system were read.
    ImportRead "import.read" "Import finished" Info,
    /// What a run of an importer brought was taken back.
    ImportUndone "import.undone" "Import taken back" Low,
    /// A sensor said nothing for a quarter of an hour.
    SensorSilent "sensor.silent" "Sensor silent" High,
    /// A silent sensor is heard again.
    SensorBack "sensor.back" "Sensor heard again" Info,
    /// The account for emergencies was used.
    EmergencyUsed "emergency.used" "Emergency access used" Critical,
    /// Log-ins to one account were refused many times.
    LogInsRefused "account.log_ins_refused" "Log-in refused many times" High,
    /// The disk is full.
    StorageFull "storage.full" "Disk full" Critical,
    /// The disk has room again.
    StorageFree "storage.free" "Disk has room again" Info,
}

impl Kind {
    /// The kind called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look some day.
    Low,
    /// Worth a look today.
    Medium,
    /// Somebody should look soon.
    High,
    /// Somebody should look now.
    Critical,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same however often it is told.
    pub id: Id,
    /// When it was noticed.
    pub at: Time,
    /// What.
    pub kind: Kind,
    /// About which device, sensor, run, account or pair; none when it is about several or the server itself.
    pub subject: Option<Id>,
    /// How many it stands for.
    pub count: u64,
    /// The same in plain words.
    pub words: String,
}

/// As it lies in the log.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    at: Time,
    kind: String,
    subject: Option<Id>,
    count: u64,
    words: String,
}

impl Event {
    /// As it lies in the log, beside its id.
    fn stored(&self) -> Vec<u8> {
        let Self { at, kind, subject, count, ref words, .. } = *self;
        let stored = Stored { at, kind: kind.name().to_owned(), subject, count, words: words.clone() };
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    /// Of a later version none.
    fn read(id: Id, stored: &[u8]) -> Option<Self> {
        let Stored { at, kind, subject, count, words } = serde_json::from_slice(stored).ok()?;
        Some(Self { id, at, kind: Kind::named(&kind)?, subject, count, words })
    }
}

/// An id that follows from what happened: noticed again, it is the same.
fn id_of(kind: Kind, of: &[&[u8]]) -> Id {
    let start = Sha256::new().chain_update("wardlight event\n").chain_update(kind.name());
    let hash = of.iter().fold(start, |hash, part| {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.chain_update(length.to_be_bytes()).chain_update(part)
    });
    Id::of(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_as_it_was_and_one_of_a_later_version_is_passed_over() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(*kind));
            let event = Event {
                id: id_of(*kind, &[b"x"]),
                at: Time::from_seconds(7),
                kind: *kind,
                subject: Some(Id([4; 16])),
                count: 1,
                words: "Something was \"seen\".".to_owned(),
            };
            assert_eq!(Event::read(event.id, &event.stored()), Some(event.clone()));
            let later = String::from_utf8(event.stored()).expect("text").replace(kind.name(), "device.beamed");
            assert_eq!(Event::read(event.id, later.as_bytes()), None);
        }
    }

    #[test]
    fn parts_of_an_id_do_not_run_into_each_other() {
        assert_ne!(id_of(Kind::DeviceFound, &[b"ab", b"c"]), id_of(Kind::DeviceFound, &[b"a", b"bc"]));
        assert_ne!(id_of(Kind::DeviceFound, &[b"a"]), id_of(Kind::MatchWaits, &[b"a"]));
    }
}

#[cfg(test)]
mod tests_sample {
    use super::*;

    /// One event of this kind.
    pub fn sample(kind: Kind) -> Event {
        Event {
            id: Id([1; 16]),
            at: Time::from_micros(1_790_000_000_123_456),
            kind,
            subject: Some(Id([2; 16])),
            count: 1,
            words: "A device was found: infusion pump.".to_owned(),
        }
    }
}
