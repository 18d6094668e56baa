//! Frames as interfaces receive them, to batches in the spool.
//!
//! In: rings that were opened while this program still might. Out: batches, each when it is due; what was lost, as an oddity
//! of its batch. Never: a frame sent.

use super::{Outbox, lock};
use crate::config::Config;
use crate::io::run;
use crate::role::now;
use crate::role::places::{Places, secret};
use anyhow::Context as _;
use std::time::{Duration, Instant};
use wardlight_capture::{Caught, Received, Ring, RingError, RingSettings, apart};
use wardlight_dissect::Frame;
use wardlight_dissect::link::LinkType;
use wardlight_engine::Gather;
use wardlight_model::{Scope, Time};

/// How long a block is waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Shortest time between two words about lost frames.
const SILENCE: Duration = Duration::from_mins(1);

/// A ring, and how it is called.
#[derive(Debug)]
pub struct Live {
    name: String,
    ring: Ring,
}

impl Live {
    /// Begins to listen to every interface of `config`. Errors: one cannot be listened to.
    pub fn open(config: &Config) -> Result<Vec<Self>, RingError> {
        let sensor = &config.sensor;
        let readers = sensor.readers.max(1);
        let mut all = Vec::new();
        for (number, interface) in (0_u32..).zip(&sensor.interfaces) {
            // One group for each interface of each program that listens in this network.
            let group =
                u16::try_from(std::process::id().wrapping_mul(31).wrapping_add(number) & 0xffff).unwrap_or_default();
            let group = (readers > 1).then_some(group);
            for _ in 0..readers {
                let blocks = sensor.ring_mib.div_ceil(readers);
                let ring = Ring::open(&RingSettings { interface: interface.clone(), blocks, group })?;
                all.push(Self { name: interface.clone(), ring });
            }
        }
        Ok(all)
    }

    /// The ring.
    pub const fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Reads until everything shall end, on a stack that is not dumped. Errors: the interface is gone, the spool cannot be
    /// written.
    pub(super) fn read(&mut self, outbox: &Outbox<'_>) -> anyhow::Result<()> {
        apart(|| Reading::new(self, outbox)?.run()).map_err(anyhow::Error::from).flatten()
    }
}

/// What became of a block.
struct Block {
    /// Whether there was one.
    was_there: bool,
    /// Whether a batch is due.
    is_due: bool,
}

/// A ring that is being read.
struct Reading<'a> {
    live: &'a mut Live,
    outbox: &'a Outbox<'a>,
    gather: Gather,
    packets: u64,
    /// What the kernel had counted when that was noted last.
    noted: Received,
    told: Option<Instant>,
}

impl<'a> Reading<'a> {
    fn new(live: &'a mut Live, outbox: &'a Outbox<'a>) -> anyhow::Result<Self> {
        let config = outbox.config;
        let key = secret(&Places::of(config).names_key())?;
        let settings = run::settings(Scope(config.sensor.scope), config.sensor.most_flows, &key)?;
        let due_after = i64::try_from(config.sensor.flush_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        let (gather, noted) = (Gather::new(settings, due_after), Received::default());
        Ok(Self { live, outbox, gather, packets: 0, noted, told: None })
    }

    fn run(mut self) -> anyhow::Result<()> {
        let flush = Duration::from_secs(self.outbox.config.sensor.flush_s);
        let mut handed_on = Instant::now();
        while !self.outbox.stop.is_wanted() {
            let is_due = self.block(PATIENCE)?.is_due;
            if is_due || handed_on.elapsed() >= flush {
                self.hand_on()?;
                handed_on = Instant::now();
            }
        }
        // What came before the end.
        for _ in 0..self.outbox.config.sensor.ring_mib {
            if !self.block(Duration::ZERO)?.was_there {
                break;
            }
        }
        self.gather.finish();
        self.hand_on()
    }

    /// Reads a block of frames.
    fn block(&mut self, patience: Duration) -> anyhow::Result<Block> {
        let (gather, packets) = (&mut self.gather, &mut self.packets);
        let mut is_due = false;
        let was_there = self.live.ring.next(patience, |caught| {
            *packets += 1;
            is_due |= gather.frame(&frame(&caught, *packets));
        })?;
        wardlight_dissect::wipe_stack();
        Ok(Block { was_there, is_due })
    }

    /// Makes durable what was seen since the last time.
    fn hand_on(&mut self) -> anyhow::Result<()> {
        let received =
            self.live.ring.received().with_context(|| format!("cannot count the frames of {}", self.live.name))?;
        let [frames, lost] = [received.frames - self.noted.frames, received.lost - self.noted.lost];
        self.noted = received;
        self.gather.lost(lost, now(), self.packets);
        {
            let mut tale = lock(self.outbox.tale);
            tale.frames += frames - lost.min(frames);
            tale.lost += lost;
        }
        if lost > 0 && self.told.is_none_or(|told| told.elapsed() >= SILENCE) {
            self.told = Some(Instant::now());
            eprintln!(
                "wardlight: {}: {} of {} frames found no room and are lost so far; give the sensor more processors, more \
                 `readers`, or a larger `ring_mib`",
                self.live.name, received.lost, received.frames
            );
        }
        let batches = self.gather.take(self.outbox.id, std::slice::from_ref(&self.live.name));
        if batches.iter().all(|batch| batch.observations.is_none() && batch.flows.is_none()) {
            return Ok(());
        }
        if !self.outbox.put(&batches, |_| {})? {
            eprintln!("wardlight: {}: the spool is full, and what was heard last is lost", self.live.name);
        }
        Ok(())
    }
}

fn frame<'a>(caught: &Caught<'a>, packet: u64) -> Frame<'a> {
    Frame {
        time: Time::from_micros(caught.micros),
        source: 0,
        packet,
        link: LinkType::ETHERNET,
        bytes: caught.bytes,
        wire_length: caught.wire_length,
    }
}
