//! How long to wait before what could not be told is told again.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
pub const LONGEST: Duration = Duration::from_secs(600);
/// Doublings until the pause is longest.
const DOUBLINGS: u32 = 10;

/// The pause after so many failures in a row, the first being 1; `chance` spreads it, so that those who failed together
/// do not come back together. What the other side `asked` for counts when it is longer.
pub fn pause(failures: u32, chance: u8, asked: Option<Duration>) -> Duration {
    let base = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(DOUBLINGS)).min(LONGEST);
    let spread = base.mul_f64(f64::from(chance) / 1024.0);
    asked.unwrap_or_default().min(LONGEST).max(base.saturating_sub(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_growing() {
        let pauses: Vec<u64> = (1..14).map(|failures| pause(failures, 0, None).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(pause(u32::MAX, 0, None), LONGEST);
        let (least, most) = (pause(5, 255, None), pause(5, 0, None));
        assert!(least > most.mul_f64(0.7) && least < most, "{least:?}");
        assert_eq!(pause(1, 0, Some(Duration::from_secs(90))).as_secs(), 90);
        assert_eq!(pause(1, 0, Some(Duration::MAX)), LONGEST);
        assert_eq!(pause(9, 0, Some(Duration::ZERO)).as_secs(), 256);
    }
}
