//! The capture: what sensors see between two moments, frame by frame in order of time.
//!
//! Time goes in slices. In each, every device's habits are asked what they do then; what they do becomes conversations,
//! and the conversations under way give frames in turn. Memory holds one slice's occasions and what is being said, not
//! the capture. Two captures of neighbouring times are the same as one of both.

use super::calendar::{Rhythm, intensity};
use super::chance::{Chance, wide};
use super::model::{Habit, Plan};
use super::say;
use super::stage::{Bulk, Stage, pixels};
use super::talk::{Sent, Talk};
use super::{Hospital, Volume};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use wardlight_model::Time;

/// One frame that a sensor sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When.
    pub at: Time,
    /// The sensor's scope, as its place in [`super::SCOPES`].
    pub scope: u16,
    /// From the Ethernet header on.
    pub bytes: Vec<u8>,
}

/// One conversation that ended, as its ends know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// First and last frame.
    pub first: Time,
    /// Last frame.
    pub last: Time,
    /// The scope.
    pub scope: u16,
    /// Address and port of the client.
    pub client: (IpAddr, u16),
    /// Address and port of the server.
    pub server: (IpAddr, u16),
    /// Whether it was TCP; UDP otherwise.
    pub is_stream: bool,
    /// Its protocol, such as `dns`; empty when none is named.
    pub service: &'static str,
    /// What client and server sent.
    pub sent: [Sent; 2],
}

/// An address that was given or extended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leased {
    /// When.
    pub at: Time,
    /// Which device, by its number in the truth.
    pub device: usize,
    /// Whether it was extended.
    pub is_renewal: bool,
}

/// One thing about to be done.
type Occasion = (u64, usize, u8, u64);
/// Longest time that something may last; frames of earlier occasions are found by going back so far.
const LONGEST: u64 = 60_000_000;
/// A slice of time.
const SLICE: u64 = 10_000_000;
/// The place of arriving among a device's habits.
const ARRIVE: u8 = u8::MAX;

/// What sensors see, from one moment to another.
pub struct Playing<'h> {
    hospital: &'h Hospital,
    volume: Volume,
    from: u64,
    until: u64,
    /// The only scope that is listened to.
    only: Option<u16>,
    /// Where the occasions end that were asked for.
    asked: u64,
    due: Vec<Occasion>,
    talks: Vec<Option<Talk>>,
    free: Vec<usize>,
    /// Time of the next frame, then an order that does not depend on when we began, then the talk.
    queue: BinaryHeap<Reverse<(u64, Occasion, usize, usize)>>,
    bulk: Bulk,
    spoken: Option<Vec<Spoken>>,
    leased: Vec<Leased>,
}

impl Hospital {
    /// What the sensors see from `from` up to but not at `until`.
    #[must_use]
    pub fn capture(&self, from: Time, until: Time, volume: Volume) -> Playing<'_> {
        let micros = |time: Time| u64::try_from(time.micros()).unwrap_or_default();
        let begin = micros(from).saturating_sub(LONGEST) / SLICE * SLICE;
        let sizes = self.models.iter().filter_map(|model| model.says.dicom.as_ref()).map(|dicom| dicom.pixels);
        let shown = sizes.filter(|_| volume == Volume::Full).chain([say::SMALL]).map(|rows| (rows, pixels(rows)));
        Playing {
            hospital: self,
            volume,
            from: micros(from),
            until: micros(until),
            only: None,
            asked: begin,
            due: Vec::new(),
            talks: Vec::new(),
            free: Vec::new(),
            queue: BinaryHeap::new(),
            bulk: shown.collect(),
            spoken: None,
            leased: Vec::new(),
        }
    }

    /// What this device does in a slice, in no order.
    fn occasions(
        &self,
        index: usize,
        (begin, end): (u64, u64),
        factor: impl Fn(Rhythm) -> f64,
        out: &mut Vec<Occasion>,
    ) {
        let Some(device) = self.devices.get(index) else { return };
        let own = self.chance.of(0x0cca).of(wide(index));
        for (place, plan) in (0u8..).zip(self.plans.get(device.model).into_iter().flatten()) {
            let habit = own.of(u64::from(place));
            let every = u64::from(plan.every_s) * 1_000_000;
            let phase = habit.below(every);
            for k in (begin + phase) / every..=(end - 1 + phase) / every {
                let at = moment(habit, plan, k, every).saturating_sub(phase);
                if (begin..end).contains(&at) && habit.of(k).of(2).share() < factor(plan.rhythm) {
                    out.push((at, index, place, k));
                }
            }
        }
    }
}

/// The moment of the `k`-th occasion, before the phase is taken off.
fn moment(habit: Chance, plan: &Plan, k: u64, every: u64) -> u64 {
    let spread = if plan.is_steady { every / 40 + 1 } else { every };
    k * every + habit.of(k).of(1).below(spread)
}

impl Playing<'_> {
    /// Listens to one scope only.
    #[must_use]
    pub fn only(mut self, scope: u16) -> Self {
        self.only = Some(scope);
        self
    }

    /// Also keeps what was spoken, to be taken with [`Self::take_spoken`].
    #[must_use]
    pub fn with_spoken(mut self) -> Self {
        self.spoken = Some(Vec::new());
        self
    }

    /// The conversations that ended since this was asked last.
    pub fn take_spoken(&mut self) -> Vec<Spoken> {
        self.spoken.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The leases since this was asked last; none unless [`Self::with_spoken`].
    pub fn take_leased(&mut self) -> Vec<Leased> {
        std::mem::take(&mut self.leased)
    }

    /// Adds the next frame to `out`; when and in which scope it is seen. `None` at the end.
    pub fn frame(&mut self, out: &mut Vec<u8>) -> Option<(Time, u16)> {
        loop {
            let next = self.queue.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
            let due = self.due.last().map_or(u64::MAX, |occasion| occasion.0);
            if next.min(due).min(self.asked) >= self.until {
                return None;
            }
            if next < due.min(self.asked) {
                let seen = self.step(out);
                if seen.is_some() {
                    return seen;
                }
            } else if let Some(occasion) = self.due.pop() {
                self.begin(occasion);
            } else {
                self.ask();
            }
        }
    }

    /// Asks every device for the next slice.
    fn ask(&mut self) {
        let slice = (self.asked, self.asked + SLICE);
        let seconds = slice.0 / 1_000_000;
        let rhythms = [Rhythm::Always, Rhythm::Care, Rhythm::Shifts, Rhythm::Exams, Rhythm::Office];
        let factors = rhythms.map(|rhythm| (rhythm, intensity(rhythm, seconds)));
        let factor = |rhythm| factors.iter().find(|(of, _)| *of == rhythm).map_or(0.0, |(_, factor)| *factor);
        for index in 0..self.hospital.devices.len() {
            let is_heard =
                self.only.is_none_or(|only| self.hospital.devices.get(index).is_some_and(|d| d.scope == only));
            if is_heard {
                self.hospital.occasions(index, slice, factor, &mut self.due);
            }
        }
        let all = &self.hospital.arrivals;
        let first = all.partition_point(|(at, _)| *at < seconds);
        let ended = all.partition_point(|(at, _)| *at < slice.1 / 1_000_000);
        for (at, index) in all.get(first..ended).unwrap_or_default() {
            self.due.push((at * 1_000_000, *index, ARRIVE, *at));
        }
        self.due.sort_unstable_by(|a, b| b.cmp(a));
        self.asked = slice.1;
    }

    fn begin(&mut self, occasion: Occasion) {
        let (at, index, place, k) = occasion;
        let Some(device) = self.hospital.devices.get(index) else { return };
        let Some((stay, model)) = device.stay(at / 1_000_000).zip(self.hospital.models.get(device.model)) else {
            return;
        };
        let plan = self.hospital.plans.get(device.model).and_then(|plans| plans.get(usize::from(place)));
        let habit = if place == ARRIVE { Habit::Arrive } else { plan.map_or(Habit::Arrive, |plan| plan.habit) };
        if self.only.is_some_and(|only| device.scope != only) {
            return;
        }
        let chance = self.hospital.chance.of(0x5a1).of(wide(index)).of(u64::from(place)).of(k);
        let hospital = self.hospital;
        let (volume, bulk) = (self.volume, &self.bulk);
        let stage = Stage { hospital, index, device, model, stay, at, chance, volume, bulk };
        let said = say::all(&stage, habit);
        let is_asked = model.dhcp.is_some() && device.behind.is_none() && !said.is_empty();
        if self.spoken.is_some() && is_asked && (self.from..self.until).contains(&at) {
            let at = Time::from_micros(at.cast_signed());
            match habit {
                Habit::Arrive => self.leased.push(Leased { at, device: index, is_renewal: false }),
                Habit::Renew => self.leased.push(Leased { at, device: index, is_renewal: true }),
                _ => {}
            }
        }
        for (n, talk) in said.into_iter().enumerate() {
            self.enter(talk, occasion, n);
        }
    }

    fn enter(&mut self, talk: Talk, occasion: Occasion, n: usize) {
        if talk.is_over() {
            return;
        }
        let next = talk.next;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.talks.push(None);
            self.talks.len() - 1
        });
        if let Some(place) = self.talks.get_mut(slot) {
            *place = Some(talk);
        }
        self.queue.push(Reverse((next, occasion, n, slot)));
    }

    /// One frame of the talk whose turn it is; `None` when it lies before the beginning.
    fn step(&mut self, out: &mut Vec<u8>) -> Option<(Time, u16)> {
        let Reverse((at, occasion, n, slot)) = self.queue.pop()?;
        let talk = self.talks.get_mut(slot)?.as_mut()?;
        let is_seen = (self.from..self.until).contains(&at);
        let begin = out.len();
        talk.frame(out);
        let scope = talk.lane.scope;
        let again = talk.again.map(|lane| Talk::seen_again(out.get(begin..).unwrap_or_default(), &talk.lane, &lane));
        if talk.is_over() {
            let over = self.talks.get_mut(slot).and_then(Option::take);
            self.free.push(slot);
            self.ended(over.as_ref());
        } else {
            self.queue.push(Reverse((talk.next, occasion, n, slot)));
        }
        if let Some(copy) = again {
            let lane = super::frame::Lane { scope, ..self.lane_of_copy(scope) };
            let copied = Talk::frames(lane, at + 4, Chance::new(0)).say(copy);
            self.enter(copied, occasion, n + 1_000);
        }
        if !is_seen {
            out.truncate(begin);
            return None;
        }
        Some((Time::from_micros(at.cast_signed()), scope))
    }

    /// Copies are whole frames: their lane only says the scope.
    const fn lane_of_copy(&self, scope: u16) -> super::frame::Lane {
        let nobody =
            super::frame::End { mac: [0; 6], ip: IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), port: 0, ttl: 0 };
        super::frame::Lane { client: nobody, server: nobody, scope, vlan: 0 }
    }

    fn ended(&mut self, talk: Option<&Talk>) {
        if let Some((all, spoken)) = self.spoken.as_mut().zip(talk.and_then(Talk::spoken))
            && spoken.first.micros() >= self.from.cast_signed()
        {
            all.push(spoken);
        }
    }
}

impl Iterator for Playing<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let mut bytes = Vec::new();
        let (at, scope) = self.frame(&mut bytes)?;
        Some(Frame { at, scope, bytes })
    }
}

/// The header of a pcap file (draft-ietf-opsawg-pcap): microseconds, Ethernet.
#[must_use]
pub fn pcap_header() -> Vec<u8> {
    let head = crate::bytes::Bytes::default().u32(0xa1b2_c3d4).u16(2).u16(4).u32(0).u32(0);
    head.u32(65_535).u32(1).0
}

impl Playing<'_> {
    /// Adds frames as records of a pcap file to `out`, until it holds at least `enough` bytes. False at the end.
    pub fn records(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        while out.len() < enough {
            let begin = out.len();
            out.extend_from_slice(&[0; 16]);
            let Some((at, _)) = self.frame(out) else {
                out.truncate(begin);
                return false;
            };
            let number = |number: i64| u32::try_from(number).unwrap_or_default().to_be_bytes();
            let length = u32::try_from(out.len() - begin - 16).unwrap_or_default().to_be_bytes();
            let parts = [number(at.micros() / 1_000_000), number(at.micros() % 1_000_000), length, length];
            if let Some(place) = out.get_mut(begin..begin + 16) {
                place.copy_from_slice(parts.as_flattened());
            }
        }
        true
    }
}
