//! How the program itself does: whether it lives, whether it can serve, and its figures for Prometheus.
//!
//! In: the state, the devices, the assets. Out: a word, a problem, or figures in Prometheus' text format 0.0.4. No name of a
//! person or a device is among them.

pub mod requests;

use crate::answer::{Problem, Wrong};
use crate::guard::Visitor;
use crate::house::Outlet;
use crate::part::sure;
use crate::route::{Need, Route};
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::fmt::Write as _;
use wardlight_access::Action;

/// Their addresses; programs ask for them.
pub const PATHS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Their routes.
pub fn routes() -> Vec<Route> {
    vec![
        Route::new("/healthz", get(lives)).needs(Need::Nothing),
        Route::new("/readyz", get(is_ready)).needs(Need::Nothing),
        Route::new("/metrics", get(metrics)).needs(Need::Right(Action::SeeMetrics)),
    ]
}

async fn lives() -> &'static str {
    "alive\n"
}

/// Whether requests can be served: the state answers, the assets are settled, and the server can take decisions in.
async fn is_ready(State(site): State<Site>) -> Result<&'static str, Problem> {
    site.parts().database.sequence().await?;
    let not_yet = |why: &str| Wrong::Standard(StatusCode::SERVICE_UNAVAILABLE, why.to_owned());
    site.parts().assets.now().ok_or_else(|| not_yet("The assets are not settled yet: ask again in a moment."))?;
    let standing = site.parts().house.standing();
    if standing.is_full {
        return Err(not_yet("The disk is full: only decisions are taken in.").into());
    }
    if !standing.waits.is_empty() {
        return Err(not_yet("The state waits for its disk or database: nothing is lost.").into());
    }
    Ok("ready\n")
}

/// What one figure is called, what it counts, and its values, each with labels.
struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    values: Vec<(String, u64)>,
}

async fn metrics(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Problem> {
    visitor.check(&site, Action::SeeMetrics, None)?;
    let sequence = site.parts().database.sequence().await?;
    let snapshot = site.parts().devices.snapshot();
    let bands = sure::Sure::ALL.into_iter().zip(sure::counts(&snapshot));
    let assets = site.parts().assets.now();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let one = |number: u64| vec![(String::new(), number)];
    let resolution = assets.as_ref().map(|settled| &settled.resolution);
    let figure = |name, kind, help, values| Figure { name, kind, help, values };
    let mut figures = vec![
        figure(
            "wardlight_devices",
            "gauge",
            "Devices found by watching, by how sure their type is.",
            bands.map(|(band, number)| (format!("{{sure=\"{}\"}}", band.name()), count(number))).collect(),
        ),
        figure(
            "wardlight_assets",
            "gauge",
            "Devices of the real world, out of network and records.",
            one(resolution.map_or(0, |resolution| count(resolution.assets.len()))),
        ),
        figure(
            "wardlight_matches_waiting",
            "gauge",
            "Pairs that wait for a person.",
            one(resolution.map_or(0, |resolution| count(resolution.questions.len()))),
        ),
        figure("wardlight_assets_settled", "gauge", "Whether assets are known yet.", one(assets.is_some().into())),
        figure(
            "wardlight_journal_sequence",
            "counter",
            "Last record of the journal that is in the state.",
            one(sequence),
        ),
    ];
    figures.extend(stands(&site));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], written(&figures) + &site.requests().to_string()).into_response())
}

/// How disk, sensors and those stand who are told of events.
fn stands(site: &Site) -> [Figure; 6] {
    let (standing, now) = (site.parts().house.standing(), site.now());
    let one = |number: u64| vec![(String::new(), number)];
    let silent = standing.sensors.iter().filter(|sensor| sensor.is_silent(now)).count();
    let sum = |of: fn(&Outlet) -> u64| {
        let all = standing.outlets.iter();
        all.map(|outlet| (format!("{{outlet=\"{}\",form=\"{}\"}}", outlet.name, outlet.form), of(outlet))).collect()
    };
    let figure = |name, kind, help, values| Figure { name, kind, help, values };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    [
        figure("wardlight_disk_full", "gauge", "Whether the disk is full.", one(standing.is_full.into())),
        figure("wardlight_sensors", "gauge", "Sensors heard since the start.", one(count(standing.sensors.len()))),
        figure("wardlight_sensors_silent", "gauge", "Of these, silent for 15 minutes.", one(count(silent))),
        figure("wardlight_events_told_total", "counter", "Events told.", sum(|outlet| outlet.told)),
        figure("wardlight_events_given_up_total", "counter", "Events given up.", sum(|outlet| outlet.given_up)),
        figure("wardlight_events_waiting", "gauge", "Events that wait to be told.", sum(|outlet| outlet.waiting)),
    ]
}

fn written(figures: &[Figure]) -> String {
    let mut out = String::new();
    for Figure { name, kind, help, values } in figures {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let values = vec![("{sure=\"high\"}".to_owned(), 3), ("{sure=\"low\"}".to_owned(), 0)];
        let figure = Figure { name: "wardlight_devices", kind: "gauge", help: "Devices.", values };
        assert_eq!(
            written(&[figure]),
            "# HELP wardlight_devices Devices.\n# TYPE wardlight_devices gauge\n\
             wardlight_devices{sure=\"high\"} 3\nwardlight_devices{sure=\"low\"} 0\n"
        );
    }
}
