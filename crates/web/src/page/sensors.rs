//! Sensors and sources: who reports, since when nobody did, what was lost on the way.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::{Outlet, Sensor, Source};
use crate::part::frame::Frame;
use crate::part::words::{ago, counted, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use std::collections::BTreeMap;
use wardlight_access::Action;
use wardlight_model::Time;

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![Route::new("/sensors", get(show)).needs(Need::Right(Action::SeeSensors))]
}

/// Hours drawn.
const HOURS: usize = 48;
/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

#[derive(Template)]
#[template(path = "page/sensors/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    trouble: String,
    bars: Vec<Bar>,
    bars_say: String,
    sensors: Vec<Line>,
    sources: Vec<Told>,
    outlets: Vec<Outlet>,
    losses: Vec<(&'static str, String, bool)>,
    journal: [String; 2],
}

/// One hour.
struct Bar {
    x: usize,
    y: usize,
    height: usize,
    /// Whether nothing was seen in it.
    is_gap: bool,
    says: String,
}

struct Line {
    id: String,
    first: String,
    last: String,
    age: String,
    is_silent: bool,
    batches: String,
    flows: String,
    shed: String,
}

/// A source, with the mark of its state.
struct Told {
    mark: &'static str,
    of: Source,
    rows: [String; 3],
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeSensors, None)?;
    let (standing, now) = (site.parts().house.standing(), site.now());
    let segments = site.parts().database.segments().await?;
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    for segment in &segments {
        *hours.entry(segment.hour).or_default() += segment.rows;
    }
    let (bars, bars_say) = bars(&hours, now);
    let sensors: Vec<Line> = standing.sensors.iter().map(|sensor| line(sensor, now)).collect();
    let silent = sensors.iter().filter(|sensor| sensor.is_silent).count();
    let failing = standing.sources.iter().filter(|source| source.state != "well" && source.state != "waiting").count();
    let is_lossless = standing.losses.iter().all(|(_, count)| *count == 0);
    let trouble = match (standing.is_full, standing.waits.as_str()) {
        (true, _) => "The disk is full. Conversations are given up; facts wait at their sensors. Free some space: it goes on by itself.".to_owned(),
        (false, "") => String::new(),
        (false, waits) => format!("The state waits: {waits}. Nothing is lost."),
    };
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Sensors", "/sensors"),
        verdict: verdict(sensors.len(), silent, failing, is_lossless),
        trouble,
        bars,
        bars_say,
        sources: standing.sources.into_iter().map(told).collect(),
        outlets: standing.outlets,
        losses: standing.losses.iter().map(|(what, count)| (*what, whole(*count), *count > 0)).collect(),
        journal: standing.journal.map(whole),
        sensors,
    }))
}

fn verdict(sensors: usize, silent: usize, failing: usize, is_lossless: bool) -> String {
    let mut said = match (sensors, silent) {
        (0, _) => "No sensor has reported since the start.".to_owned(),
        (_, 0) => format!("{} reported, none is silent.", counted(sensors)),
        _ => format!("{} reported; {} said nothing for 15 minutes.", counted(sensors), counted(silent)),
    };
    if failing > 0 {
        said += &format!(" {} sources need somebody.", counted(failing));
    }
    said + if is_lossless { " Nothing was lost." } else { " Some was lost; see below." }
}

fn bars(hours: &BTreeMap<i64, u64>, now: Time) -> (Vec<Bar>, String) {
    let newest = now.micros().div_euclid(HOUR);
    let oldest = newest - i64::try_from(HOURS).unwrap_or_default() + 1;
    let shown: Vec<(i64, u64)> =
        (oldest..=newest).map(|hour| (hour, hours.get(&hour).copied().unwrap_or_default())).collect();
    let most = shown.iter().map(|(_, rows)| *rows).max().unwrap_or_default().max(1);
    let gaps = shown.iter().filter(|(_, rows)| *rows == 0).count();
    let bar = |(at, (hour, rows)): (usize, &(i64, u64))| {
        let height = usize::try_from(rows.saturating_mul(90) / most).unwrap_or(90).max(usize::from(*rows > 0) * 2);
        let is_gap = *rows == 0;
        let when = moment(Time::from_micros(hour * HOUR));
        let says = if is_gap { format!("{when}: no data") } else { format!("{when}: {} conversations", whole(*rows)) };
        Bar {
            x: 60 + at * 14,
            y: 100 - if is_gap { 90 } else { height },
            height: if is_gap { 90 } else { height },
            is_gap,
            says,
        }
    };
    let says = format!("Conversations an hour over two days: at most {}, {} hours without data", whole(most), gaps);
    (shown.iter().enumerate().map(bar).collect(), says)
}

fn line(sensor: &Sensor, now: Time) -> Line {
    let [first, last] = sensor.heard;
    Line {
        id: sensor.id.to_string(),
        first: moment(first),
        last: moment(last),
        age: ago(now.since(last)),
        is_silent: sensor.is_silent(now),
        batches: whole(sensor.batches),
        flows: whole(sensor.flows),
        shed: whole(sensor.shed),
    }
}

fn told(of: Source) -> Told {
    let mark = match of.state {
        "well" => "ok",
        "waiting" => "unknown",
        "stale" => "warn",
        _ => "bad",
    };
    Told { mark, rows: of.rows.map(whole), of }
}

fn whole(number: u64) -> String {
    counted(usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_without_data_is_a_gap_and_not_a_nought() {
        let now = Time::from_seconds(1_790_000_000);
        let hours = BTreeMap::from([(1_790_000_000 / 3600, 50), (1_790_000_000 / 3600 - 2, 100)]);
        let (bars, says) = bars(&hours, now);
        assert_eq!((bars.len(), bars.iter().filter(|bar| bar.is_gap).count()), (HOURS, HOURS - 2));
        assert!(says.ends_with("at most 100, 46 hours without data"), "{says}");
        let last: Vec<(usize, usize)> = bars.iter().rev().take(3).map(|bar| (bar.y, bar.height)).collect();
        assert_eq!(last, [(55, 45), (10, 90), (10, 90)]);
    }
}
