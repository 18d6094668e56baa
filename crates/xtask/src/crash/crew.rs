//! Many trials at one time, as many as there are processors.

use anyhow::{Result, anyhow};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Tries each number below `count`, until `each` gives `false`. Errors: that of the smallest number that failed; those
/// beyond it may not have been tried.
pub(super) fn each(count: u64, each: impl Fn(u64) -> Result<bool> + Sync) -> Result<()> {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let failed: Mutex<Option<(u64, anyhow::Error)>> = Mutex::new(None);
    let work = || {
        while !is_over.load(Ordering::SeqCst) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= count {
                break;
            }
            let outcome = each(number);
            if !matches!(outcome, Ok(true)) {
                is_over.store(true, Ordering::SeqCst);
            }
            if let Err(error) = outcome {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.as_ref().is_none_or(|(other, _)| number < *other) {
                    *failed = Some((number, error));
                }
            }
        }
    };
    let many = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..many).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow!("a trial broke off")))
    })?;
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), |(_, error)| Err(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_tried_or_the_first_failure_is_told() {
        let sum = AtomicU64::new(0);
        each(100, |number| {
            sum.fetch_add(number, Ordering::SeqCst);
            Ok(true)
        })
        .expect("fine");
        assert_eq!(sum.into_inner(), 4950);
        let outcome = each(100, |number| if number < 7 { Ok(true) } else { Err(anyhow!("{number}")) });
        assert_eq!(outcome.expect_err("failed").to_string(), "7");
        let tried = AtomicU64::new(0);
        each(1 << 40, |_| Ok(tried.fetch_add(1, Ordering::SeqCst) < 20)).expect("enough");
        assert!(tried.into_inner() < 100);
    }
}
