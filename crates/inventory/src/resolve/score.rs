//! How likely two rows are one device, and why.
//!
//! Every comparison goes to a [`Jury`]: one that only adds up decides quickly over all pairs, one that writes down
//! explains those that are kept. So the reasons are the score, never a story told afterwards.

use super::row::Row;
use super::rules::{Mark, Rules, probability};
use super::slip;
use super::table::{Table, Token, are_strangers};
use crate::Types;

/// One thing that two rows agree or differ in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Reason {
    /// What was compared.
    pub mark: Mark,
    /// Whether it speaks for one device.
    pub agrees: bool,
    /// What the first row says.
    pub left: String,
    /// What the other says.
    pub right: String,
    /// Its weight in thousandths of a natural logarithm.
    pub weight: i32,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, weight) = (self.mark.words(), f64::from(self.weight) / 1000.0);
        match (self.agrees, self.left == self.right) {
            (true, true) => write!(out, "same {what} {} ({weight:+.1})", self.left),
            (true, false) => write!(out, "same {what}: {} and {} ({weight:+.1})", self.left, self.right),
            (false, _) => write!(out, "{what} differs: {} and {} ({weight:+.1})", self.left, self.right),
        }
    }
}

/// Why two rows are, or may be, one device.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Score {
    /// The sum of all reasons and of what is assumed before, in thousandths of a natural logarithm.
    pub sum: i32,
    /// The probability that it stands for.
    pub probability: f64,
    /// What was compared, heaviest first.
    pub reasons: Vec<Reason>,
}

/// Takes what two rows agree or differ in.
pub(super) trait Jury {
    fn hear(&mut self, mark: Mark, agrees: bool, words: (&str, &str), weight: i32);
}

impl Jury for i32 {
    fn hear(&mut self, _: Mark, _: bool, _: (&str, &str), weight: i32) {
        *self += weight;
    }
}

impl Jury for Vec<Reason> {
    fn hear(&mut self, mark: Mark, agrees: bool, (left, right): (&str, &str), weight: i32) {
        self.push(Reason { mark, agrees, left: left.to_owned(), right: right.to_owned(), weight });
    }
}

/// What comparing needs.
#[derive(Clone, Copy)]
pub(super) struct Bench<'a> {
    pub(super) rows: &'a [Row],
    pub(super) table: &'a Table,
    pub(super) rules: &'a Rules,
    pub(super) types: &'a Types,
}

impl Bench<'_> {
    /// The sum for rows `a` and `b`.
    pub(super) fn sum(&self, a: usize, b: usize) -> i32 {
        let mut sum = self.rules.prior;
        self.compare(a, b, &mut sum);
        sum
    }

    /// The same with its reasons.
    pub(super) fn explain(&self, a: usize, b: usize) -> Score {
        let mut reasons: Vec<Reason> = Vec::new();
        self.compare(a, b, &mut reasons);
        reasons.sort_by(|x, y| y.weight.abs().cmp(&x.weight.abs()).then_with(|| x.cmp(y)));
        let sum = self.rules.prior + reasons.iter().map(|reason| reason.weight).sum::<i32>();
        Score { sum, probability: probability(sum), reasons }
    }

    fn compare(&self, a: usize, b: usize, jury: &mut impl Jury) {
        let (Some(x), Some(y)) = (self.rows.get(a), self.rows.get(b)) else { return };
        let is_far = matches!((&x.site, &y.site), (Some(x), Some(y)) if x != y);
        for mark in [
            Mark::Serial,
            Mark::Udi,
            Mark::Certificate,
            Mark::Mac,
            Mark::MadeUpMac,
            Mark::AssetTag,
            Mark::Hostname,
            Mark::AeTitle,
            Mark::Address,
            Mark::UdiDi,
        ] {
            match mark {
                // Labels begin again in every hospital, and a lease says nothing at another time.
                Mark::AssetTag if is_far => {}
                Mark::Address if !self.are_near(x, y) => {}
                _ => self.identifier(mark, (a, b), jury),
            }
        }
        self.name_inside(a, b, jury);
        self.attributes(x, y, jury);
        let weight = |mark| self.rules.weight(mark).agrees;
        if x.is_network() && y.is_network() {
            jury.hear(Mark::OneNetwork, false, ("", ""), weight(Mark::OneNetwork));
        } else if x.source == y.source {
            jury.hear(Mark::OneSource, false, ("", ""), weight(Mark::OneSource));
        }
    }

    /// Whether one was there at about the time of the other.
    fn are_near(&self, x: &Row, y: &Row) -> bool {
        x.seen.0.since(y.seen.1) <= self.rules.near && y.seen.0.since(x.seen.1) <= self.rules.near
    }

    fn identifier(&self, mark: Mark, (a, b): (usize, usize), jury: &mut impl Jury) {
        let (own, other) = (self.tokens(mark, a), self.tokens(mark, b));
        if own.is_empty() || other.is_empty() {
            return;
        }
        let mut shared: Vec<u32> = own.iter().filter(|id| other.contains(id)).copied().collect();
        shared.sort_by_key(|id| self.table.token(*id).map_or(0, |token| -token.weight));
        for (n, token) in (0_i32..).zip(shared.iter().filter_map(|id| self.table.token(*id))) {
            // A second card is found with the first: it adds a quarter, the third an eighth.
            let weight = if n == 0 { token.weight } else { token.weight >> (n + 1).min(30) };
            jury.hear(mark, true, (&token.value, &token.value), weight);
        }
        if !shared.is_empty() {
            return;
        }
        let near = own.iter().flat_map(|one| other.iter().map(move |two| (*one, *two)));
        let near = near.filter_map(|(one, two)| self.near(mark, (a, b), (one, two)));
        let (mark, agrees, (one, two)) = near.max_by_key(|near| self.weigh(near.0, near.1)).unwrap_or_else(|| {
            let value = |ids: &[u32]| ids.first().and_then(|id| self.table.token(*id)).map_or("", |one| &one.value);
            (mark, false, (value(own), value(other)))
        });
        let weight = self.weigh(mark, agrees);
        if weight != 0 {
            jury.hear(mark, agrees, (one, two), weight);
        }
    }

    fn weigh(&self, mark: Mark, agrees: bool) -> i32 {
        let weight = self.rules.weight(mark);
        if agrees { weight.agrees } else { weight.differs }
    }

    /// Whether two values that differ may be meant to be one. That speaks for one device only where no source knows both.
    fn near(&self, mark: Mark, (a, b): (usize, usize), (one, two): (u32, u32)) -> Option<(Mark, bool, (&str, &str))> {
        let (one, two) = (self.table.token(one)?, self.table.token(two)?);
        let words = (one.value.as_str(), two.value.as_str());
        match mark {
            Mark::Serial => {
                let (x, y) = (self.rows.get(a)?, self.rows.get(b)?);
                let is_same_model = are_same(&x.makers, &y.makers) == Some(true) && models(x, y) == Some(true);
                let slip = slip::slip(&one.value, &two.value)?;
                Some((slip, is_same_model && are_strangers(one, two), words))
            }
            Mark::Mac => {
                let number = |token: &Token| {
                    let mac = token.value.parse::<wardlight_model::Mac>().ok()?;
                    Some(mac.0.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))
                };
                let is_next = number(one)?.abs_diff(number(two)?) == 1 && are_strangers(one, two);
                is_next.then_some((Mark::MacNeighbour, true, words))
            }
            _ => None,
        }
    }

    /// The tokens of row `at` of `mark` that say something.
    fn tokens(&self, mark: Mark, at: usize) -> &[u32] {
        let all = self.table.row(at);
        let is_before = |id: &u32| self.table.token(*id).is_some_and(|token| token.mark < mark);
        let is_within = |id: &u32| self.table.token(*id).is_some_and(|token| token.mark <= mark);
        all.get(all.partition_point(is_before)..all.partition_point(is_within)).unwrap_or_default()
    }

    fn name_inside(&self, a: usize, b: usize, jury: &mut impl Jury) {
        let holds = |name: usize, other: usize| {
            let named = self.table.named.get(name)?;
            let met =
                named.iter().filter(|id| self.table.row(other).contains(id) && !self.table.row(name).contains(id));
            met.filter_map(|id| self.table.token(*id)).max_by_key(|token| token.weight)
        };
        let met = holds(a, b).into_iter().chain(holds(b, a)).max_by_key(|token| token.weight);
        if let Some(token) = met {
            let weight = self.rules.weight(Mark::NameInside).agrees.min(token.weight);
            jury.hear(Mark::NameInside, true, (&token.value, &token.value), weight);
        }
    }

    fn attributes(&self, x: &Row, y: &Row, jury: &mut impl Jury) {
        fn first(list: &[String]) -> &str {
            list.first().map_or("", String::as_str)
        }
        let is_against = x.is_maker_sure && y.is_maker_sure && !are_related(&x.makers, &y.makers);
        let makers = are_same(&x.makers, &y.makers).filter(|same| *same || is_against);
        let models = models(x, y);
        if makers == Some(false) && models == Some(true) {
            // Makers are bought and renamed; their models keep their names.
            let weight = self.rules.weight(Mark::Maker).differs / 2;
            jury.hear(Mark::Maker, false, (first(&x.makers), first(&y.makers)), weight);
        } else {
            self.tell(Mark::Maker, makers, (first(&x.makers), first(&y.makers)), jury);
        }
        let mut tell = |mark, agrees: Option<bool>, left: &str, right: &str| {
            self.tell(mark, agrees, (left, right), jury);
        };
        tell(Mark::Model, models, first(&x.models), first(&y.models));
        tell(Mark::Type, self.types(x, y), first(&x.types), first(&y.types));
        if let Some((left, right)) = x.domain.as_deref().zip(y.domain.as_deref()) {
            let is_same = left == right || left.split('.').next() == right.split('.').next();
            tell(Mark::Domain, Some(is_same), left, right);
        }
        if let Some((left, right)) = x.site.as_deref().zip(y.site.as_deref()) {
            tell(Mark::Site, Some(left == right), left, right);
        }
        let departments = x.department.as_deref().zip(y.department.as_deref());
        if let Some((left, right)) = x.room.as_deref().zip(y.room.as_deref())
            && departments.as_ref().is_none_or(|(x, y)| x == y)
        {
            tell(Mark::Place, Some(left == right), left, right);
        }
        if let Some((left, right)) = departments {
            tell(Mark::Department, Some(left == right), left, right);
        }
    }

    fn tell(&self, mark: Mark, agrees: Option<bool>, words: (&str, &str), jury: &mut impl Jury) {
        if let Some(agrees) = agrees {
            let weight = self.weigh(mark, agrees);
            if weight != 0 {
                jury.hear(mark, agrees, words, weight);
            }
        }
    }

    /// Whether the kinds agree; platforms (`virtual machine`) say nothing against.
    fn types(&self, x: &Row, y: &Row) -> Option<bool> {
        if x.types.is_empty() || y.types.is_empty() {
            return None;
        }
        let is_near = |a: &str, b: &str| self.types.is_kind_of(a, b) || self.types.is_kind_of(b, a);
        if x.types.iter().any(|a| y.types.iter().any(|b| is_near(a, b))) {
            return Some(true);
        }
        let is_told = |row: &Row| row.types.iter().any(|name| !self.types.is_platform(name));
        (is_told(x) && is_told(y)).then_some(false)
    }
}

/// Whether two lists share a value; `None` when either is empty.
pub(super) fn are_same(x: &[String], y: &[String]) -> Option<bool> {
    (!x.is_empty() && !y.is_empty()).then(|| x.iter().any(|one| y.contains(one)))
}

/// Whether one maker may be a part of the other: the same first word, or the initials of the one as the other's first.
fn are_related(x: &[String], y: &[String]) -> bool {
    fn first(name: &str) -> &str {
        name.split(' ').next().unwrap_or_default()
    }
    let initials = |name: &str| name.split(' ').filter_map(|word| word.chars().next()).collect::<String>();
    let is_near = |a: &str, b: &str| first(a) == first(b) || initials(a) == first(b) || first(a) == initials(b);
    x.iter().any(|a| y.iter().any(|b| is_near(a, b)))
}

/// Whether the models agree: the same, or the one's words among the other's.
pub(super) fn models(x: &Row, y: &Row) -> Option<bool> {
    let is_same = |a: &str, b: &str| is_part(a, b) || is_part(b, a);
    (!x.models.is_empty() && !y.models.is_empty())
        .then(|| x.models.iter().any(|a| y.models.iter().any(|b| is_same(a, b))))
}

/// Whether `narrow` has every word of `wide`, or holds it when spaces do not count.
pub(super) fn is_part(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide.split(' ').all(|word| narrow.split(' ').any(|other| other == word)) {
        return true;
    }
    let (wide, narrow) = (wide.replace(' ', ""), narrow.replace(' ', ""));
    wide == narrow || wide.len() >= 4 && narrow.contains(&wide)
}
