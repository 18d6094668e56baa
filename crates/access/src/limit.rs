//! How often something may be tried: requests by key, and log-ins by account and by address.
//!
//! In: who tries, and `now`. Out: go on, or how long to wait. Memory is bounded whoever tries how often. Nobody is ever
//! locked out for good: that would let anybody lock out everybody.
//!
//! Source: OWASP ASVS 5.0.0 V2.4 and V6.3.1; the generic cell rate algorithm (ITU-T I.371).

mod bounded;

use bounded::Bounded;
use sha2::{Digest as _, Sha256};
use std::net::{IpAddr, Ipv6Addr};
use wardlight_model::{Time, folded};

const SECOND: i64 = 1_000_000;

/// Not now: how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tried too often: wait {} s", self.seconds())]
pub struct Wait {
    /// Microseconds from now, more than 0.
    pub micros: i64,
}

impl Wait {
    /// Whole seconds, rounded up, for `Retry-After`.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.micros.saturating_add(SECOND - 1) / SECOND
    }
}

/// A bucket of tokens for each key: so many at once, then one at a time.
pub struct Buckets<K> {
    /// Microseconds in which one token comes back.
    every: i64,
    /// Microseconds in which an empty bucket fills.
    whole: i64,
    /// When each key's bucket will be full again.
    full: Bounded<K, ()>,
}

impl<K: Ord + Clone> Buckets<K> {
    /// `burst` tokens a key, one back in `every` microseconds, and at most `most` keys in memory. Beyond that the fullest
    /// bucket is forgotten, which is as if it were full. All three are at least 1.
    #[must_use]
    pub fn new(burst: u32, every: i64, most: usize) -> Self {
        let every = every.max(1);
        Self { every, whole: every.saturating_mul(i64::from(burst.max(1))), full: Bounded::new(most) }
    }

    /// Takes a token of `key`'s.
    ///
    /// # Errors
    /// [`Wait`] when none is left; then none is taken.
    pub fn take(&mut self, key: &K, now: Time) -> Result<(), Wait> {
        let empties = now.plus(self.whole);
        self.full.not_beyond(key, empties);
        let full = self.full.at(key).map_or(now, |(at, ())| at.max(now)).plus(self.every);
        if full > empties {
            return Err(Wait { micros: full.since(empties) });
        }
        self.full.put(key.clone(), full, ());
        Ok(())
    }

    /// How many keys are in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        self.full.held()
    }
}

/// Somebody who tries to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The account's name as typed, whether or not there is such an account.
    pub account: &'a str,
    /// Where from. Addresses of IPv6 count by their first 64 bits.
    pub address: IpAddr,
}

/// Throttles log-ins: each miss beyond the first few doubles the wait, up to a limit.
///
/// An account's wait ends within a minute, and does not hold at an address from which it was logged in to before: so nobody
/// can keep its owner out. An address's ends within five minutes. All names wait alike: how long says nothing about whether
/// there is such an account, or what it is for.
pub struct LogIns {
    accounts: Bounded<Name, u32>,
    addresses: Bounded<Name, u32>,
    /// Where accounts were logged in to.
    known: Bounded<(Name, Name), ()>,
}

/// A name of bounded length: nobody fills memory with long ones, and none can be read there.
type Name = [u8; 16];

/// How misses turn into waiting.
struct Policy {
    /// Misses that cost nothing.
    free: u32,
    /// Longest wait, in seconds.
    longest: i64,
}

const ACCOUNT: Policy = Policy { free: 4, longest: 60 };
const ADDRESS: Policy = Policy { free: 20, longest: 300 };
/// Misses are forgotten after so long without another, in microseconds: one hour.
const FORGOTTEN: i64 = 3_600 * SECOND;
/// An address is known for so long, in microseconds: 30 days.
const KNOWN: i64 = 30 * 86_400 * SECOND;

impl LogIns {
    /// Remembers at most `most` accounts, addresses, and pairs of them; beyond that the one that was not tried for longest
    /// is forgotten.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { accounts: Bounded::new(most), addresses: Bounded::new(most), known: Bounded::new(most) }
    }

    /// Begins an attempt. It counts as a miss until [`LogIns::succeeded`] takes that back, so that many at once are as slow
    /// as one after the other. Ask before the password is looked at.
    ///
    /// # Errors
    /// [`Wait`] when it comes too early; then nothing is counted.
    pub fn attempt(&mut self, who: &Attempt<'_>, now: Time) -> Result<(), Wait> {
        let (account, address) = names(who);
        self.accounts.not_beyond(&account, now);
        self.addresses.not_beyond(&address, now);
        let is_known = self.known.at(&(account, address)).is_some_and(|(at, ())| now.since(at) < KNOWN);
        let by_account = if is_known { 0 } else { ACCOUNT.wait(&self.accounts, &account, now) };
        let micros = by_account.max(ADDRESS.wait(&self.addresses, &address, now));
        if micros > 0 {
            return Err(Wait { micros });
        }
        miss(&mut self.accounts, account, now);
        miss(&mut self.addresses, address, now);
        Ok(())
    }

    /// The attempt that began succeeded, all factors shown: the account's misses are forgotten, the address's are one fewer,
    /// and the address is known from now on.
    pub fn succeeded(&mut self, who: &Attempt<'_>, now: Time) {
        let (account, address) = names(who);
        self.accounts.drop(&account);
        if let Some((at, misses)) = self.addresses.at(&address) {
            self.addresses.put(address, at, misses.saturating_sub(1));
        }
        self.known.put((account, address), now, ());
    }

    /// How many accounts, addresses and pairs are in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        self.accounts.held() + self.addresses.held() + self.known.held()
    }
}

impl Policy {
    /// Microseconds that `name` has still to wait.
    fn wait(&self, misses: &Bounded<Name, u32>, name: &Name, now: Time) -> i64 {
        let Some((last, count)) = misses.at(name) else { return 0 };
        let beyond = count.saturating_sub(self.free);
        let seconds = if beyond == 0 { 0 } else { 1_i64.checked_shl(beyond - 1).unwrap_or(i64::MAX).min(self.longest) };
        if is_forgotten(last, now) { 0 } else { left(seconds.max(0) * SECOND, last, now) }
    }
}

/// What is left at `now` of `whole`, begun at `last`.
fn left(whole: i64, last: Time, now: Time) -> i64 {
    whole.saturating_sub(now.since(last)).max(0)
}

fn is_forgotten(last: Time, now: Time) -> bool {
    now.since(last) >= FORGOTTEN
}

fn miss(misses: &mut Bounded<Name, u32>, name: Name, now: Time) {
    let before = misses.at(&name).filter(|(last, _)| !is_forgotten(*last, now)).map_or(0, |(_, count)| count);
    misses.put(name, now, before.saturating_add(1));
}

fn names(who: &Attempt<'_>) -> (Name, Name) {
    let address = match who.address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64),
    };
    let hash: [u8; 32] = Sha256::digest(folded(who.account.trim())).into();
    let (account, _) = hash.split_first_chunk::<16>().expect("32 bytes begin with 16");
    (*account, address.octets())
}

#[cfg(test)]
mod tests;
