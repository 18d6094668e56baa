//! What was begun and waits for its second half: bounded in number and time, and taken once.
//!
//! In: something to wait, now. Out: the token by which whoever began it takes it up again. Nothing of it outlives the
//! server: who was half in begins anew.

use super::keys::{Asked, Enrolling};
use crate::answer::Wrong;
use crate::provider::Sent;
use crate::site::Site;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use wardlight_access::session::Token;
use wardlight_model::{Id, Time};

/// What was begun and waits for its second half, each for a few minutes and once.
pub struct Waiting {
    /// Log-ins whose password was right.
    pub log_ins: Pending<HalfIn>,
    /// Browsers that were sent to another house.
    pub sent: Pending<Sent>,
    /// Keys that are being made known.
    pub keys: Pending<Enrolling>,
    /// Keys that are asked for again inside.
    pub again: Pending<Asked>,
}

/// Somebody whose password was right, and of whom more is asked.
pub struct HalfIn {
    pub account: Id,
    pub to: String,
    pub asked: Option<Asked>,
    pub tries: u32,
}

/// Most of each kind that wait at one time, and for how long at most, in microseconds.
const WAITING: (usize, i64) = (1_000, 300_000_000);

impl Default for Waiting {
    fn default() -> Self {
        let (most, lasts) = WAITING;
        Self {
            log_ins: Pending::new(most, lasts),
            sent: Pending::new(most, lasts),
            keys: Pending::new(most, lasts),
            again: Pending::new(most, lasts),
        }
    }
}

/// Things that wait, by the hash of their token.
pub struct Pending<T> {
    most: usize,
    lasts: i64,
    held: Mutex<BTreeMap<[u8; 32], (Time, T)>>,
}

impl<T> Pending<T> {
    /// At most `most` at one time, each for `lasts` microseconds at most; beyond that the oldest goes.
    pub const fn new(most: usize, lasts: i64) -> Self {
        Self { most, lasts, held: Mutex::new(BTreeMap::new()) }
    }

    /// Lets `what` wait; the token by which it is taken. Errors: the system has no chance.
    pub fn put(&self, site: &Site, what: T) -> Result<String, Wrong> {
        let token = Token::new(site.chance()?);
        self.put_under(site, &token, what);
        Ok(token.text())
    }

    /// Lets `what` wait under `token`.
    pub fn put_under(&self, site: &Site, token: &Token, what: T) {
        self.keep(token.hash(), site.now(), what);
    }

    /// Takes what waits under `token`; none when it was taken, waited too long, or never was.
    pub fn take(&self, token: &str, now: Time) -> Option<T> {
        let hash = Token::read(token)?.hash();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&hash).filter(|(put, _)| (0..self.lasts).contains(&now.since(*put))).map(|(_, what)| what)
    }

    fn keep(&self, hash: [u8; 32], now: Time, what: T) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (put, _)| now.since(*put) < self.lasts);
        while held.len() >= self.most {
            let Some(oldest) = held.iter().min_by_key(|(_, (put, _))| *put).map(|(hash, _)| *hash) else { break };
            held.remove(&oldest);
        }
        held.insert(hash, (now, what));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_once_and_not_too_late() {
        let (pending, token) = (Pending::new(2, 100), |n: u8| Token::new([n; 32]));
        let at = Time::from_micros;
        for n in 1..=3 {
            pending.keep(token(n).hash(), at(n.into()), n);
        }
        assert_eq!(pending.take(&token(1).text(), at(4)), None, "the oldest went");
        assert_eq!(pending.take(&token(2).text(), at(101)), Some(2));
        assert_eq!(pending.take(&token(2).text(), at(101)), None, "once");
        assert_eq!(pending.take(&token(3).text(), at(103)), None, "it waited too long");
        assert_eq!(pending.take("none", at(4)), None);
    }
}
