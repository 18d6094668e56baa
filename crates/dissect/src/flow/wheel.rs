//! When to look at a flow again: a timer wheel that costs nothing per packet.
//!
//! A flow stands in one slot. When its time comes and it was active meanwhile, it is put into a later slot; so a flow
//! is touched once a time-out, not once a packet.

use wardlight_model::Time;

/// Slots of one second each: longer waits pass through the wheel more than once.
const SLOTS: i64 = 512;

/// A flow's place in the table, and which flow it was that stood there.
pub(crate) type Ticket = (u32, u32);

/// The wheel.
pub(crate) struct Wheel {
    slots: Vec<Vec<Ticket>>,
    /// Second up to which every slot was emptied.
    done: Option<i64>,
}

impl Default for Wheel {
    /// Nothing waits.
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), done: None }
    }
}

impl Wheel {
    /// Looks at `ticket` again at `when`, or earlier when that is beyond the wheel.
    pub(crate) fn put(&mut self, ticket: Ticket, when: Time) {
        let first = self.done.map_or(i64::MIN, |done| done + 1);
        let latest = first.saturating_add(SLOTS - 1);
        let second = when.micros().div_euclid(1_000_000).saturating_add(1).max(first);
        let second = if self.done.is_some() { second.min(latest) } else { second };
        if let Some(slot) = self.slots.get_mut(slot_of(second)) {
            slot.push(ticket);
        }
    }

    /// Takes out all that are due at `now`. A jump of the clock beyond the wheel takes out everything, once.
    pub(crate) fn due(&mut self, now: Time) -> Vec<Ticket> {
        let second = now.micros().div_euclid(1_000_000);
        let Some(done) = self.done else {
            self.done = Some(second);
            return Vec::new();
        };
        if second <= done {
            return Vec::new();
        }
        self.done = Some(second);
        let behind = second.saturating_sub(done).min(SLOTS);
        let mut due = Vec::new();
        for step in 0..behind {
            if let Some(slot) = self.slots.get_mut(slot_of(second - step)) {
                due.append(slot);
            }
        }
        due
    }

    /// It is earlier now than was thought. What waits is looked at within one turn.
    pub(crate) fn turn_back(&mut self, now: Time) {
        self.done = Some(now.micros().div_euclid(1_000_000));
    }

    /// Takes out those of the earliest slot that is not empty: what to give up when there is no room.
    pub(crate) fn earliest(&mut self) -> Vec<Ticket> {
        let first = self.done.map_or(0, |done| done + 1);
        let slot =
            (first..first + SLOTS).map(slot_of).find(|slot| self.slots.get(*slot).is_some_and(|slot| !slot.is_empty()));
        slot.and_then(|slot| self.slots.get_mut(slot)).map(std::mem::take).unwrap_or_default()
    }
}

fn slot_of(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SLOTS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Time {
        Time::from_seconds(n)
    }

    #[test]
    fn tickets_come_out_when_due_and_not_before() {
        let mut wheel = Wheel::default();
        assert!(wheel.due(second(1000)).is_empty());
        wheel.put((1, 0), second(1005));
        wheel.put((2, 0), second(1700));
        assert!(wheel.due(second(1004)).is_empty());
        assert_eq!(wheel.due(second(1007)), [(1, 0)]);
        assert!(wheel.due(second(1000)).is_empty(), "a clock that goes back empties nothing");
        assert_eq!(wheel.due(second(9_000_000)), [(2, 0)]);
        assert!(wheel.earliest().is_empty());
    }

    #[test]
    fn the_earliest_slot_is_found() {
        let mut wheel = Wheel::default();
        wheel.due(second(0));
        wheel.put((1, 0), second(40));
        wheel.put((2, 0), second(30));
        assert_eq!(wheel.earliest(), [(2, 0)]);
        assert_eq!(wheel.earliest(), [(1, 0)]);
    }
}
