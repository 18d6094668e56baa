//! How many requests there were, and how long each took until its answer began.
//!
//! In: each request's address and how it was answered. Out: a histogram in Prometheus' text format. The labels are bounded:
//! what sort of address it was and the first digit of the status, never the address.

use super::PATHS;
use crate::api;
use crate::site::Site;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Sorts of addresses.
const CLASSES: [&str; 4] = ["page", "api", "part", "health"];
/// First digits of a status, from 1.
const STATUSES: usize = 5;
/// Bounds of the buckets, in milliseconds; the last has none.
const BOUNDS_MS: [u64; 9] = [5, 10, 25, 50, 100, 250, 1000, 2500, 10_000];

/// The counts.
#[derive(Default)]
pub struct Requests([[Cell; STATUSES]; CLASSES.len()]);

#[derive(Default)]
struct Cell {
    /// Answers within each bound and above the one before, and at the end those beyond all.
    buckets: [AtomicU64; BOUNDS_MS.len() + 1],
    micros: AtomicU64,
}

/// Counts a request.
pub async fn count(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (class, begun) = (class(request.uri().path()), Instant::now());
    let response = next.run(request).await;
    site.requests().add(class, response.status().as_u16(), begun.elapsed());
    response
}

/// The place of an address among the classes.
fn class(path: &str) -> usize {
    if PATHS.contains(&path) {
        3
    } else if path.starts_with(api::ROOT) {
        1
    } else if path.starts_with("/part/") {
        2
    } else {
        0
    }
}

impl Requests {
    fn add(&self, class: usize, status: u16, took: Duration) {
        let status = usize::from(status / 100).clamp(1, STATUSES) - 1;
        let Some(cell) = self.0.get(class).and_then(|cells| cells.get(status)) else { return };
        let bucket =
            BOUNDS_MS.iter().position(|bound| took <= Duration::from_millis(*bound)).unwrap_or(BOUNDS_MS.len());
        if let Some(bucket) = cell.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        cell.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME: &str = "wardlight_http_request_duration_seconds";
        writeln!(out, "# HELP {NAME} How long requests took until their answer began.\n# TYPE {NAME} histogram")?;
        for (class, cells) in CLASSES.iter().zip(&self.0) {
            for (status, cell) in (1..).zip(cells) {
                let labels = format!("class=\"{class}\",status=\"{status}xx\"");
                let mut all = 0;
                let bounds = BOUNDS_MS.iter().map(|bound| seconds(bound * 1000)).chain(["+Inf".to_owned()]);
                for (bound, bucket) in bounds.zip(&cell.buckets) {
                    all += bucket.load(Ordering::Relaxed);
                    writeln!(out, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {all}")?;
                }
                writeln!(out, "{NAME}_sum{{{labels}}} {}", seconds(cell.micros.load(Ordering::Relaxed)))?;
                writeln!(out, "{NAME}_count{{{labels}}} {all}")?;
            }
        }
        Ok(())
    }
}

/// Microseconds as seconds.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_in_every_bucket_that_holds_it() {
        let requests = Requests::default();
        for (status, ms) in [(200, 3), (200, 10), (204, 60), (200, 20_000), (404, 1)] {
            requests.add(class("/devices"), status, Duration::from_millis(ms));
        }
        requests.add(class("/api/v1/devices"), 999, Duration::from_millis(1));
        let text = requests.to_string();
        let of = |labels: &str| {
            let line = text.lines().find(|line| line.contains(labels)).unwrap_or_default();
            line.rsplit(' ').next().unwrap_or_default().to_owned()
        };
        let page = |le: &str| of(&format!("_bucket{{class=\"page\",status=\"2xx\",le=\"{le}\"}}"));
        assert_eq!(["0.005", "0.01", "0.05", "0.1", "10", "+Inf"].map(page), ["1", "2", "2", "3", "3", "4"]);
        assert_eq!(of("_sum{class=\"page\",status=\"2xx\"}"), "20.073");
        assert_eq!(of("_count{class=\"page\",status=\"4xx\"}"), "1");
        assert_eq!(of("_count{class=\"api\",status=\"5xx\"}"), "1");
        let lines = CLASSES.len() * STATUSES * (BOUNDS_MS.len() + 3) + 2;
        assert_eq!(text.lines().count(), lines, "as many as there are, whatever is asked for");
    }
}
