//! What one commit changes, sorted by table, with each row once.
//!
//! In: changes in the order they were made. Out: rows to write and keys to remove; the last change of a row counts, and
//! contacts of the same ends, service and hour are added up. The order of rows is that of their keys, so that two
//! writers never wait for each other in a ring.

use super::engine::{Row, Session};
use super::row;
use super::schema::{
    AREA, ASSET_ROW, CONTACT, DEVICE, DOMAIN, FACT, HOUSE_RULE, JUDGEMENT, LABEL, ODDITY, OWNER_RULE, PRESENCE, SITE,
    SOURCE, Table,
};
use super::{Database, StoreError, statement};
use crate::history;
use sea_query::{Expr, ExprTrait as _, Query};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use wardlight_model::change::{Change, Contact, Known};
use wardlight_model::{Endpoint, Fact, Id, Origin, Presence};

/// Whether a commit changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what was there already was not changed"]
pub enum Commit {
    /// The changes are on disk now.
    Made,
    /// The state is at this sequence or a later one already: nothing was changed.
    MadeBefore,
}

impl Database {
    /// Makes all `changes`, and that the state is at `sequence` of the journal, in one transaction. When it returns,
    /// they are on disk. Errors: nothing was changed, or, when the error is retryable, perhaps everything; then the
    /// same call again does what is left to do.
    pub async fn commit(&self, changes: &[Change], sequence: u64) -> Result<Commit, StoreError> {
        self.commit_with(changes, &history::Change::default(), sequence).await
    }

    /// The same, together with what changes in the manifest of the flow history.
    pub async fn commit_with(
        &self,
        changes: &[Change],
        flows: &history::Change,
        sequence: u64,
    ) -> Result<Commit, StoreError> {
        let batch = Batch::of(changes);
        let mut session = self.engine.write().await?;
        // Also holds off other writers until the end.
        let advance = Query::update()
            .table(SITE.name)
            .value("journal_sequence", row::count(sequence))
            .and_where(Expr::col("journal_sequence").lt(row::count(sequence)))
            .to_owned();
        if session.execute(&advance).await? == 0 {
            return Ok(Commit::MadeBefore);
        }
        batch.write(&mut session).await?;
        super::history::write(&mut session, flows).await?;
        session.commit().await?;
        Ok(Commit::Made)
    }

    /// Makes `changes` that follow from the state as it stands, such as the devices that its facts make: doing it
    /// twice is doing it once. Contacts among them are left out, because they add up. Errors: as for a commit.
    pub async fn put(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut batch = Batch::of(changes);
        batch.contacts.clear();
        let mut session = self.engine.write().await?;
        batch.write(&mut session).await?;
        session.commit().await
    }
}

/// Hour, ends and service: what tells contacts apart.
type ContactKey = (i64, [Endpoint; 2], String);

#[derive(Default)]
struct Batch<'a> {
    facts: BTreeMap<Origin, &'a Fact>,
    presences: BTreeMap<Origin, &'a Presence>,
    oddities: BTreeMap<String, Row>,
    contacts: BTreeMap<ContactKey, Contact>,
    devices: BTreeMap<Id, Option<&'a Known>>,
    areas: BTreeMap<Id, Option<Row>>,
    domains: BTreeMap<u32, Row>,
    rows: BTreeMap<Origin, Option<Row>>,
    sources: BTreeMap<String, Row>,
    judged: BTreeMap<Id, Option<Row>>,
    owners: BTreeMap<Id, Option<Row>>,
    labels: BTreeMap<Id, Option<Row>>,
    rules: BTreeMap<Id, Option<Row>>,
}

impl<'a> Batch<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut batch = Self::default();
        for change in changes {
            match change {
                Change::Fact(fact) => drop(batch.facts.insert(fact.origin, fact)),
                Change::Presence(seen) => drop(batch.presences.insert(seen.origin, seen)),
                Change::Oddity(odd) => drop(batch.oddities.insert(row::clean(odd.name).into_owned(), row::oddity(odd))),
                Change::Contact(contact) => batch.contact(contact),
                Change::Device(known) => drop(batch.devices.insert(known.id, Some(known))),
                Change::DeviceGone(id) => drop(batch.devices.insert(*id, None)),
                Change::Area(area) => drop(batch.areas.insert(area.id, Some(row::area(area)))),
                Change::AreaGone(id) => drop(batch.areas.insert(*id, None)),
                Change::Domain(domain) => drop(batch.domains.insert(domain.scope.0, row::domain(domain))),
                Change::Row(row) => drop(batch.rows.insert(row.origin, Some(row::asset_row(row)))),
                Change::RowGone(origin) => drop(batch.rows.insert(*origin, None)),
                Change::Source(source) => {
                    batch.sources.insert(row::clean(&source.name).into_owned(), row::source(source));
                }
                Change::Judged(id, judged) => drop(batch.judged.insert(*id, Some(row::judgement(*id, judged)))),
                Change::JudgedGone(id) => drop(batch.judged.insert(*id, None)),
                Change::Owner(id, rule) => drop(batch.owners.insert(*id, Some(row::owner_rule(*id, rule)))),
                Change::OwnerGone(id) => drop(batch.owners.insert(*id, None)),
                Change::Labelled(id, said) => drop(batch.labels.insert(*id, Some(row::label(*id, said)))),
                Change::LabelledGone(id) => drop(batch.labels.insert(*id, None)),
                Change::Ruled(id, kept) => drop(batch.rules.insert(*id, Some(row::house_rule(*id, kept)))),
                Change::RuledGone(id) => drop(batch.rules.insert(*id, None)),
            }
        }
        batch
    }

    fn contact(&mut self, more: &Contact) {
        match self.contacts.entry((more.hour, more.ends, row::clean(more.service).into_owned())) {
            Entry::Vacant(entry) => drop(entry.insert(*more)),
            Entry::Occupied(entry) => add(entry.into_mut(), more),
        }
    }

    async fn write(self, session: &mut Session) -> Result<(), StoreError> {
        statement::write(session, &FACT, self.facts.into_values().map(row::fact)).await?;
        statement::write(session, &PRESENCE, self.presences.into_values().map(row::presence)).await?;
        statement::write(session, &ODDITY, self.oddities.into_values()).await?;
        statement::write(session, &CONTACT, self.contacts.values().map(row::contact)).await?;
        replace(session, &DEVICE, self.devices, row::device).await?;
        replace(session, &AREA, self.areas, |row| row).await?;
        statement::write(session, &DOMAIN, self.domains.into_values()).await?;
        let gone = self.rows.iter().filter(|(_, row)| row.is_none()).map(|(origin, _)| *origin);
        statement::remove_rows(session, &ASSET_ROW, gone.collect::<Vec<_>>()).await?;
        statement::write(session, &ASSET_ROW, self.rows.into_values().flatten()).await?;
        statement::write(session, &SOURCE, self.sources.into_values()).await?;
        replace(session, &JUDGEMENT, self.judged, |row| row).await?;
        replace(session, &OWNER_RULE, self.owners, |row| row).await?;
        replace(session, &LABEL, self.labels, |row| row).await?;
        replace(session, &HOUSE_RULE, self.rules, |row| row).await
    }
}

fn add(sum: &mut Contact, more: &Contact) {
    let plus = |a: [u64; 2], b: [u64; 2]| [a[0].saturating_add(b[0]), a[1].saturating_add(b[1])];
    sum.flows = sum.flows.saturating_add(more.flows);
    sum.packets = plus(sum.packets, more.packets);
    sum.ip_bytes = plus(sum.ip_bytes, more.ip_bytes);
    sum.first = sum.first.min(more.first);
    sum.last = sum.last.max(more.last);
}

async fn replace<T>(
    session: &mut Session,
    table: &Table,
    rows: BTreeMap<Id, Option<T>>,
    row: impl Fn(T) -> Row,
) -> Result<(), StoreError> {
    let gone = rows.iter().filter(|(_, there)| there.is_none()).map(|(id, _)| row::blob(&id.0));
    let gone: Vec<_> = gone.collect();
    statement::remove(session, table, gone).await?;
    statement::write(session, table, rows.into_values().flatten().map(row)).await
}
