//! Figures beside what they should be.

use std::fmt::Write as _;

/// One figure and its goal.
struct Goal {
    what: String,
    is: f64,
    /// At least this when `is_floor`, at most else.
    wanted: f64,
    is_floor: bool,
}

/// All figures that have a goal.
#[derive(Default)]
pub struct Goals(Vec<Goal>);

impl Goals {
    /// `is` shall be `wanted` or more.
    pub fn at_least(&mut self, what: impl Into<String>, is: f64, wanted: f64) {
        self.0.push(Goal { what: what.into(), is, wanted, is_floor: true });
    }

    /// `is` shall be `wanted` or less.
    pub fn at_most(&mut self, what: impl Into<String>, is: f64, wanted: f64) {
        self.0.push(Goal { what: what.into(), is, wanted, is_floor: false });
    }

    /// How many goals are missed.
    pub fn missed(&self) -> usize {
        self.0.iter().filter(|goal| !goal.is_reached()).count()
    }

    /// The goals that are missed and not among `open`, and those among `open` that are not missed.
    #[cfg(test)]
    pub fn missed_but(&self, open: &[&str]) -> Vec<&str> {
        let surprising = self.0.iter().filter(|goal| goal.is_reached() == open.contains(&goal.what.as_str()));
        surprising.map(|goal| goal.what.as_str()).collect()
    }

    /// Every figure with its goal.
    pub fn table(&self) -> String {
        let mut text = String::from("goals\n");
        for goal in &self.0 {
            let sign = if goal.is_floor { "at least" } else { "at most" };
            let verdict = if goal.is_reached() { "reached" } else { "MISSED" };
            let _ = writeln!(text, "  {verdict:8} {:<62} {:8.4}  {sign} {}", goal.what, goal.is, goal.wanted);
        }
        text
    }
}

impl Goal {
    fn is_reached(&self) -> bool {
        if self.is_floor { self.is >= self.wanted } else { self.is <= self.wanted }
    }
}

/// The share of `part` in `whole`; 1 when there is nothing.
pub fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { float(part) / float(whole) }
}

/// For people.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1} %", 100.0 * share(part, whole)) }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub const fn float(number: usize) -> f64 {
    number as f64
}
