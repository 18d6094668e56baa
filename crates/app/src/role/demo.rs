//! A made-up hospital that lives: its frames go through the sensor's own eyes, its records through the importers, all of
//! it into a running server.
//!
//! In: a plan of the hospital, moments of its time. Out: batches that the server acknowledged. The hospital's clock is
//! moved so that its next moment is now. Nothing of its frames is written anywhere: its patients' names are the canaries.

use crate::config::Config;
use crate::io::import::Reading;
use crate::io::link::{Message, deliver};
use crate::io::run;
use crate::role::places::{Places, secret};
use crate::role::{new_id, now};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use wardlight_dissect::Frame;
use wardlight_dissect::link::LinkType;
use wardlight_engine::Gather;
use wardlight_lab::hospital::{Headings, Hospital, Playing, Volume};
use wardlight_model::journal::{BodyKind, Command, Decision, FORMAT, OwnerRole, OwnerRule, encode};
use wardlight_model::{Id, Scope, Time};

/// Batches are due after so many microseconds of the hospital's time.
const DUE: i64 = 5_000_000;
/// Conversations under way at one time in one scope.
const FLOWS: usize = 1 << 18;
/// Who answers in the made-up house: role, name, type.
const OWNERS: [(OwnerRole, &str, Option<&str>); 4] = [
    (OwnerRole::Technical, "Information technology", None),
    (OwnerRole::Technical, "Clinical engineering", Some("medical device")),
    (OwnerRole::Clinical, "Nursing", Some("medical device")),
    (OwnerRole::Security, "Information security", None),
];

/// The hospital as it is played.
pub struct Demo<'h> {
    playing: Playing<'h>,
    /// What to add to its time to get ours.
    shift: i64,
    sensors: BTreeMap<u16, Gather>,
    config: &'h Config,
    stream: UnixStream,
    id: Id,
    packets: u64,
    /// A frame whose moment has not come.
    next: Option<(Time, u16)>,
    bytes: Vec<u8>,
}

impl<'h> Demo<'h> {
    /// At the beginning of `hospital`'s eighth hour, which becomes `begin`. Errors: no server answers.
    pub fn new(hospital: &'h Hospital, config: &'h Config, begin: Time) -> anyhow::Result<Self> {
        let morning = Hospital::begin().plus(8 * 3_600_000_000);
        let week = morning.plus(7 * 24 * 3_600_000_000);
        let socket = Places::of(config).socket();
        Ok(Self {
            playing: hospital.capture(morning, week, Volume::Lean),
            shift: begin.since(morning),
            sensors: BTreeMap::new(),
            config,
            stream: UnixStream::connect(&socket).with_context(|| socket.display().to_string())?,
            id: new_id()?,
            packets: 0,
            next: None,
            bytes: Vec::new(),
        })
    }

    /// Frames seen so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Lets the hospital live until our `until`, and hands on what was seen. False when its week is over. Errors: the
    /// server does not take it.
    pub fn play(&mut self, until: Time) -> anyhow::Result<bool> {
        loop {
            if self.next.is_none() {
                self.bytes.clear();
                self.next = self.playing.frame(&mut self.bytes);
            }
            let Some((at, scope)) = self.next else {
                self.hand_on(None)?;
                return Ok(false);
            };
            let time = at.plus(self.shift);
            if time > until {
                self.hand_on(None)?;
                return Ok(true);
            }
            self.next = None;
            self.see(time, scope)?;
        }
    }

    fn see(&mut self, time: Time, scope: u16) -> anyhow::Result<()> {
        self.packets += 1;
        if !self.sensors.contains_key(&scope) {
            let key = secret(&Places::of(self.config).names_key())?;
            let settings = run::settings(Scope(scope.into()), FLOWS, &key)?;
            self.sensors.insert(scope, Gather::new(settings, DUE));
        }
        let Some(sensor) = self.sensors.get_mut(&scope) else { return Ok(()) };
        let wire_length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let (packet, bytes) = (self.packets, &self.bytes);
        let is_due = sensor.frame(&Frame { time, source: 0, packet, link: LinkType::ETHERNET, bytes, wire_length });
        if is_due { self.hand_on(Some(scope)) } else { Ok(()) }
    }

    /// Hands on what the sensor of `scope`, or each, has gathered.
    fn hand_on(&mut self, scope: Option<u16>) -> anyhow::Result<()> {
        let mut bodies = Vec::new();
        for (_, sensor) in self.sensors.iter_mut().filter(|(own, _)| scope.is_none_or(|scope| scope == **own)) {
            for batch in sensor.take(self.id, &["demo".to_owned()]) {
                bodies.extend(batch.observations.map(|seen| (BodyKind::Observations, encode(&seen))));
                bodies.extend(batch.flows.map(|flows| (BodyKind::Flows, encode(&flows))));
            }
        }
        bodies.into_iter().try_for_each(|(kind, body)| hand(&mut self.stream, kind, body))
    }

    /// Takes in the hospital's records and names who answers for what. Errors: the server does not take them.
    pub fn record(&mut self, hospital: &Hospital) -> anyhow::Result<()> {
        let records = hospital.records(Headings::Nuvolo);
        let folder = tempfile::tempdir()?;
        let tables = [
            ("maintenance", "cmms", records.cmms.text),
            ("purchasing", "procurement", records.procurement.text),
            ("directory", "directory", records.directory.text),
        ];
        for (called, importer, text) in tables {
            let path = folder.path().join(format!("{called}.csv"));
            fs::write(&path, text)?;
            self.import(called, importer, &path)?;
        }
        for (role, owner, kind) in OWNERS {
            let r#type = kind.map(str::to_owned);
            let rule = OwnerRule { role, owner: owner.to_owned(), r#type, department: None, scope: None, source: None };
            let decision = Decision { by: String::new(), at: now(), command: Command::PutOwner(rule) };
            hand(&mut self.stream, BodyKind::Decision, encode(&decision))?;
        }
        Ok(())
    }

    fn import(&mut self, called: &str, importer: &str, path: &Path) -> anyhow::Result<()> {
        let reading = Reading {
            path,
            name: None,
            called: Some(called),
            importer: Some(importer),
            mapping: None,
            is_whole: true,
            scope: Scope(0),
            run: new_id()?,
            now: now(),
        };
        let key = secret(&Places::of(self.config).names_key())?;
        let stream = &mut self.stream;
        reading.read(&key, |kind, body| hand(stream, kind, body)).map(drop)
    }
}

fn hand(stream: &mut UnixStream, kind: BodyKind, body: Vec<u8>) -> anyhow::Result<()> {
    deliver(&Message { id: new_id()?, kind: kind.number(), format: FORMAT, body }, stream)
}
