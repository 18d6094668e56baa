//! The sensor's clock: the time of the frames, as far as they agree.
//!
//! In come the times of frames in the order of capture, out goes the time up to which silence is measured. A frame may
//! lie about its time: one alone moves nothing, some in a row that agree move the clock, forward or back.

use wardlight_model::Time;

/// Farthest that one frame moves the clock forward, in microseconds.
const FORWARD: u64 = 3_600_000_000;
/// How far frames may come out of order.
const BACK: u64 = 60_000_000;
/// Frames in a row, within [`FORWARD`] of each other, that the clock follows wherever they are.
const AGREEING: u8 = 4;

/// The time as frames tell it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: Option<Time>,
    /// The last of the frames in a row that are elsewhere, and how many they are.
    elsewhere: Option<(Time, u8)>,
    /// How often frames began to be elsewhere.
    pub(crate) leaps: u64,
}

/// What a frame's time did to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tick {
    /// Nothing.
    Stands,
    /// It is later now.
    On(Time),
    /// It is earlier now than was thought.
    Back(Time),
}

impl Clock {
    /// A frame says that it is `time`.
    pub(crate) fn pass(&mut self, time: Time) -> Tick {
        let Some(now) = self.now else { return self.set(time) };
        let off = time.since(now);
        let fits = off.unsigned_abs() <= if off < 0 { BACK } else { FORWARD };
        if fits {
            self.elsewhere = None;
            return if off > 0 { self.set(time) } else { Tick::Stands };
        }
        let seen = match self.elsewhere {
            Some((last, seen)) if time.since(last).unsigned_abs() <= FORWARD => seen + 1,
            _ => {
                self.leaps += 1;
                1
            }
        };
        self.elsewhere = Some((time, seen));
        if seen < AGREEING { Tick::Stands } else { self.set(time) }
    }

    fn set(&mut self, time: Time) -> Tick {
        self.elsewhere = None;
        let before = self.now.replace(time);
        if before.is_some_and(|before| before > time) { Tick::Back(time) } else { Tick::On(time) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(seconds: &[i64]) -> (Vec<Tick>, u64) {
        let mut clock = Clock::default();
        let ticks = seconds.iter().map(|second| clock.pass(Time::from_seconds(*second))).collect();
        (ticks, clock.leaps)
    }

    fn on(second: i64) -> Tick {
        Tick::On(Time::from_seconds(second))
    }

    #[test]
    fn frames_out_of_order_and_one_that_lies_move_nothing() {
        let (ticks, leaps) = ticks(&[100, 101, 90, 4_000_000, 102, -900, 103]);
        assert_eq!(ticks, [on(100), on(101), Tick::Stands, Tick::Stands, on(102), Tick::Stands, on(103)]);
        assert_eq!(leaps, 2);
    }

    #[test]
    fn frames_that_agree_move_the_clock_both_ways() {
        let (forth, leaps) = ticks(&[0, 90_000, 90_001, 90_600, 91_000, 91_001]);
        assert_eq!((&forth[4..], leaps), (&[on(91_000), on(91_001)][..], 1));
        let (back, leaps) = ticks(&[90_000, 0, 600, 1200, 1800, 2400]);
        assert_eq!((&back[4..], leaps), (&[Tick::Back(Time::from_seconds(1800)), on(2400)][..], 1));
    }

    #[test]
    fn frames_that_do_not_agree_move_nothing() {
        let (all, leaps) = ticks(&[0, 90_000, 190_000, 290_000, 390_000, 490_000, 1]);
        assert_eq!((&all[1..6], all[6], leaps), (&[Tick::Stands; 5][..], on(1), 5));
    }
}
