//! Frames as interfaces receive them, to batches in the spool.
//!
//! In: rings that were opened while this program still might. Out: batches, each when it is due; what was lost, as an oddity
//! of its batch. Never: a frame sent.

use super::under_way::UnderWay;
use super::{Outbox, lock};
use crate::config::Config;
use crate::io::run;
use crate::role::now;
use crate::role::places::{Places, secret};
use crate::role::space::is_no_room;
use anyhow::Context as _;
use std::io;
use std::time::{Duration, Instant};
use wardlight_capture::{Caught, Received, Ring, RingError, RingSettings, apart};
use wardlight_dissect::Frame;
use wardlight_dissect::link::LinkType;
use wardlight_engine::{Batch, Gather};
use wardlight_model::{Scope, Time};

/// How long a block is waited for.
const PATIENCE: Duration = Duration::from_millis(200);
/// Shortest time between two words about lost frames.
const SILENCE: Duration = Duration::from_mins(1);

/// How far behind the clock the last frame of a ring may be that nobody has seen yet, in microseconds.
const BEHIND: i64 = 2_000_000;

/// How many times as long as a look takes it is until the next, at least.
const LOOKING: u32 = 10;
/// How long room on the disk is waited for at a time.
const ROOM: Duration = Duration::from_millis(200);

/// A ring, and how it is called.
#[derive(Debug)]
pub struct Live {
    name: String,
    /// Which of the program's rings it is.
    number: usize,
    ring: Ring,
}

impl Live {
    /// Begins to listen to every interface of `config`. Errors: one cannot be listened to.
    pub fn open(config: &Config) -> Result<Vec<Self>, RingError> {
        let sensor = &config.sensor;
        let readers = sensor.readers.max(1);
        let mut all = Vec::new();
        for interface in &sensor.interfaces {
            let blocks = sensor.ring_mib.div_ceil(readers);
            let settings = RingSettings { interface: interface.clone(), blocks, rings: readers };
            for ring in Ring::open(&settings)? {
                all.push(Self { name: interface.clone(), number: all.len(), ring });
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
    under_way: UnderWay,
    /// The ring, in the progress.
    ring: String,
    packets: u64,
    /// When all that is under way is looked at again at the earliest, and how many packets there were at the last time.
    next_look: Option<(Instant, u64)>,
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
        let (gather, noted, ring) = (Gather::new(settings, due_after), Received::default(), live.number.to_string());
        let spool = Places::of(config).spool();
        let under_way = UnderWay::new(&spool, &ring, outbox.id, &lock(&outbox.progress))
            .with_context(|| format!("cannot make a folder in {}", spool.display()))?;
        Ok(Self { live, outbox, gather, under_way, ring, packets: 0, next_look: None, noted, told: None })
    }

    fn run(mut self) -> anyhow::Result<()> {
        let flush = Duration::from_secs(self.outbox.config.sensor.flush_s);
        let mut handed_on = Instant::now();
        while !self.outbox.stop.is_wanted() {
            // Before the block: should the program be held up behind it, frames wait that came since.
            let before = now();
            let Block { was_there, is_due } = self.block(PATIENCE)?;
            if !was_there {
                self.gather.rest(Time::from_micros(before.micros().saturating_sub(BEHIND)));
            }
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
        if self.hand_on()? {
            self.under_way.close();
        }
        Ok(())
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

    /// Makes durable what was seen since the last time. Whether it is.
    fn hand_on(&mut self) -> anyhow::Result<bool> {
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
        let number = self.note(&batches).with_context(|| {
            format!("cannot keep the conversations that are under way on {} in the spool", self.live.name)
        })?;
        if batches.iter().all(|batch| batch.observations.is_none() && batch.flows.is_none()) {
            return Ok(true);
        }
        let is_put = self.outbox.put(&batches, |progress| progress.hand_on(&self.ring, number))?;
        if !is_put {
            eprintln!("wardlight: {}: the spool is full, and what was heard last is lost", self.live.name);
        }
        Ok(is_put)
    }

    /// Keeps on disk what is under way, before `batches` are handed on: all of it when some was heard since that was done
    /// last and it is time, else which of it ended. Gives the number under which these are handed on.
    fn note(&mut self, batches: &[Batch]) -> io::Result<u64> {
        if self.next_look.is_some_and(|(when, packets)| when > Instant::now() || packets == self.packets) {
            return self.note_ended(batches);
        }
        let begun = Instant::now();
        let looked = self.under_way.look(self.gather.under_way(), batches);
        // Half of the time, because the next moment to look may come a little before it is over. Looks that take long are
        // rarer: meanwhile nobody empties the ring.
        let flush = Duration::from_secs(self.outbox.config.sensor.flush_s);
        let pause = (flush / 2).max(begun.elapsed() * LOOKING);
        self.next_look = Some((begun + pause, self.packets));
        match looked {
            Err(error) if is_no_room(&error) => {
                eprintln!(
                    "wardlight: {}: the disk has no room for the conversations under way; should the sensor die now, \
                     more than their last seconds are lost",
                    self.live.name
                );
                self.note_ended(batches)
            }
            looked => looked,
        }
    }

    /// Keeps on disk which conversations ended; waits for room, until everything shall end.
    fn note_ended(&mut self, batches: &[Batch]) -> io::Result<u64> {
        loop {
            match self.under_way.end(batches) {
                Err(error) if is_no_room(&error) && !self.outbox.stop.is_wanted() => self.outbox.stop.wait(ROOM),
                noted => return noted,
            }
        }
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
