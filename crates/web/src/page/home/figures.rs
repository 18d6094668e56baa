//! The figures of first pages: what each counts, what to do about it, and where its rows are.

use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::house::OUTSIDE;
use crate::load::{areas, reports};
use crate::part::sure::Sure;
use crate::part::words::{counted, percent};
use crate::site::Site;
use crate::stand;
use wardlight_access::{Action, Extent};
use wardlight_inventory::resolve::{Onboarding, Question};
use wardlight_store::projection::{Bound, Column, Filter, Literal};

/// Entries of the ledger looked through for what was read and taken away.
const LOOKED: usize = 500;
/// A sensor that said nothing for so long is silent, in microseconds.
const SILENT: i64 = 15 * 60 * 1_000_000;

/// One number, what it counts, and where its rows are.
#[derive(Debug)]
pub struct Figure {
    /// What it counts.
    pub title: &'static str,
    /// How many.
    pub count: String,
    /// Of how many, in words; empty when that says nothing.
    pub of: String,
    /// The rows.
    pub rows: &'static str,
    /// What to do.
    pub what_now: &'static str,
    /// Mark and word: good, to be watched, bad, not known.
    pub state: (&'static str, &'static str),
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Devices surely known for what they are.
    Known,
    /// Devices likely known.
    Likely,
    /// Devices of which nobody knows what they are.
    Unidentified,
    /// The same, of those that talk.
    UnidentifiedTalking,
    /// Pairs with somebody outside.
    Foreign,
    /// Devices that use something obsolete.
    Legacy,
    /// Sensors that say nothing.
    Silent,
    /// What was lost on the way.
    Lost,
    /// Pairs of records that may be one device.
    Questions,
    /// Devices on which sources contradict each other.
    Conflicts,
    /// Devices in records that were never met.
    Missing,
    /// Devices met that no record has.
    Unconfirmed,
    /// Devices for which nobody answers.
    Ownerless,
    /// Places of the tree.
    Places,
    /// Systems that were asked.
    Records,
    /// Entries of the ledger.
    Decisions,
    /// Reads of what stands near to patients.
    Sensitive,
    /// Lists taken away.
    Exports,
    /// Problems that people reported.
    Reports,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Known {
    /// Devices that the visitor may see.
    pub devices: usize,
    /// Of them surely known.
    pub sure: usize,
    likely: usize,
    /// Of them not known.
    pub unidentified: usize,
    talking: usize,
    legacy: usize,
    foreign: u64,
    /// Sensors that say nothing.
    pub silent: usize,
    sensors: usize,
    lost: u64,
    /// Pairs to be decided.
    pub questions: usize,
    /// Devices with conflicts.
    pub conflicts: usize,
    missing: usize,
    networked: usize,
    confirmed: usize,
    /// Devices for which nobody answers.
    pub ownerless: usize,
    places: usize,
    sources: usize,
    entries: u64,
    sensitive: usize,
    exports: usize,
    /// Problems reported lately.
    pub reports: usize,
}

impl Known {
    /// Counts what `visitor` may see; what they may not stays 0 and is not shown. Errors: the state does not answer.
    pub async fn of(site: &Site, visitor: &Visitor) -> Result<Self, Wrong> {
        let mut known = Self::default();
        if visitor.may_see_page(site, Action::SeeDevices) {
            known.devices(site, visitor).await?;
        }
        known.assets(site, visitor).await?;
        let house = &site.parts().house;
        let (standing, now) = (house.standing(), site.now());
        known.sensors = standing.sensors.len();
        known.silent = standing.sensors.iter().filter(|sensor| now.since(sensor.heard[1]) > SILENT).count();
        known.lost = standing.losses.iter().map(|(_, count)| *count).sum();
        known.entries = standing.ledger;
        if visitor.may_everywhere(site, Action::SeeTraffic) {
            let matrix = house.matrix().await;
            known.foreign = matrix.cells.iter().filter(|cell| &*cell.to == OUTSIDE).map(|cell| cell.pairs).sum();
        }
        let sees_reports = visitor.may_everywhere(site, Action::LabelDevices);
        if sees_reports || visitor.may_everywhere(site, Action::SeeLedger) {
            let entries = house.entries(None, LOOKED).await?;
            let named = |name: &str| {
                let is =
                    |entry: &&crate::house::Noted| entry.body.get("command").and_then(|it| it.as_str()) == Some(name);
                entries.iter().filter(is).count()
            };
            known.sensitive = named("read.sensitive");
            known.exports = named("read.exported");
            known.reports = reports::lately(site, None).await?.len();
        }
        let database = &site.parts().database;
        known.places = areas::all(site, visitor).await?.len();
        known.sources = database.sources().await?.len();
        Ok(known)
    }

    /// What records and network together say; whoever sees some areas is told of those alone.
    async fn assets(&mut self, site: &Site, visitor: &Visitor) -> Result<(), Wrong> {
        let Some(settled) = site.parts().assets.now() else { return Ok(()) };
        let (all, totals) = (&settled.resolution, &settled.totals);
        let [devices, matches] = [Action::SeeDevices, Action::SeeMatches].map(|action| visitor.extent(site, action));
        if (&devices, &matches) == (&Extent::Site, &Extent::Site) {
            let tally = &totals.tally;
            (self.networked, self.confirmed) = (tally.networked, tally.confirmed);
            (self.ownerless, self.missing) = (tally.ownerless, tally.missing);
            (self.conflicts, self.questions) = (totals.disputed, all.questions.len());
            return Ok(());
        }
        let stands = site.stands().await?;
        for asset in &all.assets {
            let path = stands.path(asset.id);
            if devices.holds(path) {
                let is_met = asset.is_networked();
                self.networked += usize::from(is_met);
                self.confirmed += usize::from(is_met && asset.is_confirmed);
                self.ownerless += usize::from(is_met && asset.owners.is_none());
                self.missing += usize::from(!is_met && asset.onboarding == Onboarding::Expected);
            }
        }
        self.conflicts = settled.disputed().filter(|asset| matches.holds(stands.path(asset.id))).count();
        let sees = |question: &&Question| {
            stand::may_pair(site, visitor, Action::SeeMatches, &stands, [question.a, question.b])
        };
        self.questions = all.questions.iter().filter(sees).count();
        Ok(())
    }

    async fn devices(&mut self, site: &Site, visitor: &Visitor) -> Result<(), Wrong> {
        let bound = stand::within(site, visitor, Action::SeeDevices).await?;
        let snapshot = site.parts().devices.snapshot();
        let count =
            |filter: Option<Filter>| snapshot.count(&Filter::All(bound.iter().cloned().chain(filter).collect()));
        self.devices = if bound.is_none() { snapshot.len() } else { count(None) };
        self.sure = count(Some(Sure::High.filter()));
        self.likely = count(Some(Sure::Middle.filter()));
        self.unidentified = count(Some(Sure::Low.filter()));
        if visitor.may_everywhere(site, Action::SeeTraffic) {
            let talks = Filter::Compare(Column::Flows, Bound::AtLeast, Literal::Number(1.0));
            self.talking = count(Some(Filter::All(vec![Sure::Low.filter(), talks])));
        }
        self.legacy = count(Some(Filter::Is(Column::IsLegacy, vec![Literal::Flag(true)])));
        Ok(())
    }
}

const GOOD: (&str, &str) = ("ok", "Good");
const WATCH: (&str, &str) = ("warn", "Watch");
const BAD: (&str, &str) = ("bad", "Needs somebody");
const DARK: (&str, &str) = ("unknown", "Not known");

impl Kind {
    /// The right to see its rows.
    const fn needs(self) -> Action {
        match self {
            Self::Known
            | Self::Likely
            | Self::Unidentified
            | Self::Legacy
            | Self::Missing
            | Self::Unconfirmed
            | Self::Ownerless => Action::SeeDevices,
            Self::UnidentifiedTalking | Self::Foreign => Action::SeeTraffic,
            Self::Silent | Self::Lost => Action::SeeSensors,
            Self::Questions | Self::Conflicts => Action::SeeMatches,
            Self::Places => Action::SeeSite,
            Self::Records => Action::SeeImports,
            Self::Reports => Action::LabelDevices,
            Self::Decisions | Self::Sensitive | Self::Exports => Action::SeeLedger,
        }
    }

    fn said_of_the_house(self, known: &Known) -> (&'static str, usize, usize, &'static str, &'static str) {
        let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        match self {
            Self::Foreign => (
                "Pairs with somebody outside",
                whole(known.foreign),
                0,
                "/traffic/pairs?to=outside",
                "See which devices need it.",
            ),
            Self::Silent => (
                "Sensors that are silent",
                known.silent,
                known.sensors,
                "/sensors",
                "Look after them: what they watch is not seen.",
            ),
            Self::Lost => ("Lost on the way", whole(known.lost), 0, "/sensors", "The sensors' page says what and why."),
            Self::Questions => {
                ("Pairs that may be one device", known.questions, 0, "/matches", "Decide them, likeliest first.")
            }
            Self::Conflicts => (
                "Sources that contradict each other",
                known.conflicts,
                0,
                "/conflicts",
                "A label or a mended record settles each.",
            ),
            Self::Reports => {
                ("Problems reported, lately", known.reports, 0, "/reports", "Look at the device; call who reported it.")
            }
            Self::Places => ("Places in the tree", known.places, 0, "/areas", "Rights and lists follow the tree."),
            Self::Records => {
                ("Systems asked", known.sources, 0, "/imports", "The maintenance system names most devices.")
            }
            Self::Decisions => ("Entries in the ledger", whole(known.entries), 0, "/ledger", "Each can be proved."),
            Self::Sensitive => {
                ("Reads near to patients, lately", known.sensitive, 0, "/ledger", "Each names who read what.")
            }
            _ => ("Lists taken away, lately", known.exports, 0, "/ledger", "Each names who took what."),
        }
    }

    /// Whether `visitor` is shown it: those of the whole house only to those whose right reaches all of it.
    pub fn is_shown(self, site: &Site, visitor: &Visitor) -> bool {
        match self {
            Self::UnidentifiedTalking | Self::Foreign | Self::Ownerless => visitor.may_everywhere(site, self.needs()),
            _ => visitor.may_see_page(site, self.needs()),
        }
    }

    /// The figure, of what is `known`.
    pub fn told(self, known: &Known) -> Figure {
        let (title, count, all, rows, what_now) = self.said(known);
        let state = self.state(known, count);
        let of = if all == 0 { String::new() } else { format!("{} of {}", percent(share(count, all)), counted(all)) };
        Figure { title, count: counted(count), of, rows, what_now, state }
    }

    fn said(self, known: &Known) -> (&'static str, usize, usize, &'static str, &'static str) {
        let all = known.devices;
        match self {
            Self::Known => ("Known for what they are", known.sure, all, "/devices?sure=high", "Nothing to do."),
            Self::Likely => {
                ("Likely known", known.likely, all, "/devices?sure=middle", "A record or a label would settle them.")
            }
            Self::Unidentified => (
                "Not identified",
                known.unidentified,
                all,
                "/devices?sure=low",
                "Look at what they say, and label one of each kind.",
            ),
            Self::UnidentifiedTalking => (
                "Not identified, and talking",
                known.talking,
                known.unidentified,
                "/devices?sure=low&q=flows%3E%3D1&sort=-bytes",
                "Those with most bytes first: see with whom they talk.",
            ),
            Self::Legacy => {
                ("Use something obsolete", known.legacy, all, "/devices?is_legacy=yes", "Their remarks say what.")
            }
            Self::Missing => (
                "In the records and never met",
                known.missing,
                0,
                "/records?missing=yes",
                "Stored, sold, or on a network that nobody watches.",
            ),
            Self::Unconfirmed => (
                "Met, and in no record",
                known.networked.saturating_sub(known.confirmed),
                known.networked,
                "/records?unlisted=yes",
                "Find out whose they are; then they belong into the list.",
            ),
            Self::Ownerless => (
                "Nobody answers for them",
                known.ownerless,
                known.networked,
                "/owners",
                "A rule names an owner for many at once.",
            ),
            _ => self.said_of_the_house(known),
        }
    }

    fn state(self, known: &Known, count: usize) -> (&'static str, &'static str) {
        match self {
            Self::Known | Self::Decisions | Self::Sensitive | Self::Exports => GOOD,
            Self::Places | Self::Records if count > 0 => GOOD,
            Self::Places | Self::Records => BAD,
            Self::Silent if known.sensors == 0 => DARK,
            _ if count == 0 => GOOD,
            Self::Unidentified | Self::UnidentifiedTalking => DARK,
            Self::Silent | Self::Lost | Self::Ownerless => BAD,
            _ => WATCH,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
