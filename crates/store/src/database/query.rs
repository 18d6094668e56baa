//! What is asked of the state: all of it at the start, parts of it for pages.

use super::engine::Session;
use super::row::{self, Cells, Digest, Misfit};
use super::schema::{
    AREA, ASSET_ROW, CONSUMER, CONTACT, DEVICE, DOMAIN, FACT, HOUSE_RULE, JUDGEMENT, LABEL, ODDITY, OWNER_RULE,
    PRESENCE, SITE, SOURCE,
};
use super::statement::Pages;
use super::{Database, StoreError, statement};
use sea_query::{Cond, Expr, ExprTrait as _, LikeExpr, SelectStatement};
use std::net::IpAddr;
use std::ops::Range;
use wardlight_model::change::{Contact, Row, Said, Source};
use wardlight_model::journal::{Judgement, Oddity, OwnerRule};
use wardlight_model::{Area, Domain, Fact, Id, KeptRule, Mac, Presence, Scope};

/// The name under which the offset of the newest backup is kept.
const BACKUP: &str = "backup";

/// What the engine begins with: the state at one sequence of the journal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// The last sequence whose changes are in it.
    pub sequence: u64,
    /// Facts, by origin.
    pub facts: Vec<Fact>,
    /// Presences, by origin.
    pub presences: Vec<Presence>,
    /// Breaches of specifications, by name.
    pub oddities: Vec<Oddity>,
    /// Places, by id.
    pub areas: Vec<Area>,
    /// Routing domains, by scope.
    pub domains: Vec<Domain>,
    /// Versions of the rows of other systems' records, by origin.
    pub rows: Vec<Row>,
    /// Where these come from, by name.
    pub sources: Vec<Source>,
    /// What people judged, by the decision's id.
    pub judged: Vec<(Id, Judgement)>,
    /// Who answers for which devices, by the decision's id.
    pub owners: Vec<(Id, OwnerRule)>,
    /// What people say of devices, by the decision's id.
    pub labels: Vec<(Id, Said)>,
    /// Rules of the house, by the decision's id.
    pub house_rules: Vec<(Id, KeptRule)>,
    /// Facts that were left out because this version does not know their field.
    pub unknown: u64,
}

/// Which contacts to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactFilter {
    /// Only those with this address at either end.
    pub ip: Option<(Scope, IpAddr)>,
    /// Only those with this hardware address at either end.
    pub mac: Option<Mac>,
    /// Hours since 1970; the end is not in it.
    pub hours: Range<i64>,
    /// Most contacts to give.
    pub limit: u64,
}

/// A device as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDevice {
    /// Its lasting name.
    pub id: Id,
    /// The whole device, as JSON.
    pub body: String,
}

/// All contacts of one moment.
pub struct Contacts {
    session: Session,
    pages: Pages<'static>,
}

impl Contacts {
    /// The next ones, earliest hour first; none at the end.
    pub async fn next(&mut self) -> Result<Vec<Contact>, StoreError> {
        let rows = self.pages.next(&mut self.session).await?;
        let read = |row| Cells::of(row).contact().map_err(|Misfit| self.session.damaged(CONTACT.name));
        rows.into_iter().map(read).collect()
    }
}

/// All devices of one moment.
pub struct Devices {
    session: Session,
    pages: Pages<'static>,
}

impl Devices {
    /// The next ones, by id, each with the digest of how it is stored; none at the end.
    pub async fn next(&mut self) -> Result<Vec<(StoredDevice, Digest)>, StoreError> {
        let rows = self.pages.next(&mut self.session).await?;
        let read = |row| {
            let device = Cells::of(row).device().map_err(|Misfit| self.session.damaged(DEVICE.name))?;
            let digest = row::digest_of(&device.body);
            Ok((device, digest))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Database {
    /// The site that the database belongs to: made once, with the database.
    pub async fn site(&self) -> Result<Id, StoreError> {
        Ok(site(&mut self.engine.read().await?).await?.0)
    }

    /// The last sequence of the journal whose changes are in the state; 0 when there is none.
    pub async fn sequence(&self) -> Result<u64, StoreError> {
        Ok(site(&mut self.engine.read().await?).await?.1)
    }

    /// What the engine needs at its start, as it stood at one moment. Rows are read some at a time.
    pub async fn load(&self) -> Result<Loaded, StoreError> {
        let mut session = self.engine.read().await?;
        let (_, sequence) = site(&mut session).await?;
        let facts = statement::all(&mut session, &FACT, Cells::fact).await?;
        let unknown = facts.iter().filter(|fact| fact.is_none()).map(|_| 1).sum();
        Ok(Loaded {
            sequence,
            facts: facts.into_iter().flatten().collect(),
            presences: statement::all(&mut session, &PRESENCE, Cells::presence).await?,
            oddities: statement::all(&mut session, &ODDITY, Cells::oddity).await?,
            areas: statement::all(&mut session, &AREA, Cells::area).await?,
            domains: statement::all(&mut session, &DOMAIN, Cells::domain).await?,
            rows: statement::all(&mut session, &ASSET_ROW, Cells::asset_row).await?,
            sources: statement::all(&mut session, &SOURCE, Cells::source).await?,
            judged: statement::all(&mut session, &JUDGEMENT, Cells::judgement).await?,
            owners: statement::all(&mut session, &OWNER_RULE, Cells::owner_rule).await?,
            labels: statement::all(&mut session, &LABEL, Cells::label).await?,
            house_rules: statement::all(&mut session, &HOUSE_RULE, Cells::house_rule).await?,
            unknown,
        })
    }

    /// How often somebody began to read, since it was opened: each waits for the engine once.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.engine.reads()
    }

    /// All places, by id.
    pub async fn areas(&self) -> Result<Vec<Area>, StoreError> {
        statement::all(&mut self.engine.read().await?, &AREA, Cells::area).await
    }

    /// Where rows of other systems' records come from, by name.
    pub async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        statement::all(&mut self.engine.read().await?, &SOURCE, Cells::source).await
    }

    /// What people judged, by the decision's id.
    pub async fn judgements(&self) -> Result<Vec<(Id, Judgement)>, StoreError> {
        statement::all(&mut self.engine.read().await?, &JUDGEMENT, Cells::judgement).await
    }

    /// Who answers for which devices, by the decision's id.
    pub async fn owners(&self) -> Result<Vec<(Id, OwnerRule)>, StoreError> {
        statement::all(&mut self.engine.read().await?, &OWNER_RULE, Cells::owner_rule).await
    }

    /// What people say of devices, by the decision's id.
    pub async fn labels(&self) -> Result<Vec<(Id, Said)>, StoreError> {
        statement::all(&mut self.engine.read().await?, &LABEL, Cells::label).await
    }

    /// Rules of the house, by the decision's id.
    pub async fn house_rules(&self) -> Result<Vec<(Id, KeptRule)>, StoreError> {
        statement::all(&mut self.engine.read().await?, &HOUSE_RULE, Cells::house_rule).await
    }

    /// All routing domains, by scope.
    pub async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        statement::all(&mut self.engine.read().await?, &DOMAIN, Cells::domain).await
    }

    /// The contacts that `filter` lets through, earliest hour first.
    pub async fn contacts(&self, filter: &ContactFilter) -> Result<Vec<Contact>, StoreError> {
        let mut session = self.engine.read().await?;
        let rows = session.rows(&contacts(filter), CONTACT.columns).await?;
        rows.into_iter().map(|row| Cells::of(row).contact().map_err(|Misfit| session.damaged(CONTACT.name))).collect()
    }

    /// All contacts as they stand at this moment, to be read some at a time; what is committed meanwhile is not among
    /// them.
    pub async fn all_contacts(&self) -> Result<Contacts, StoreError> {
        let mut session = self.engine.read().await?;
        // What is read first settles the moment.
        site(&mut session).await?;
        Ok(Contacts { session, pages: Pages::of(&CONTACT) })
    }

    /// The device called `id`.
    pub async fn device(&self, id: Id) -> Result<Option<StoredDevice>, StoreError> {
        let mut select = statement::select(&DEVICE);
        select.and_where(Expr::col("id").eq(row::blob(&id.0)));
        Ok(self.found(&select).await?.pop())
    }

    /// All devices as they stand at this moment, to be read some at a time.
    pub async fn all_devices(&self) -> Result<Devices, StoreError> {
        let mut session = self.engine.read().await?;
        // What is read first settles the moment.
        site(&mut session).await?;
        Ok(Devices { session, pages: Pages::of(&DEVICE) })
    }

    /// At most `limit` devices with an id above `after` whose name, address or best value of an attribute has `text`
    /// in it, in any case; by id.
    pub async fn devices(&self, text: &str, after: Option<Id>, limit: u64) -> Result<Vec<StoredDevice>, StoreError> {
        let mut select = statement::select(&DEVICE);
        select.limit(limit);
        if let Some(after) = after {
            select.and_where(Expr::col("id").gt(row::blob(&after.0)));
        }
        if !text.is_empty() {
            let mut pattern = String::from("%");
            for c in row::clean(&text.to_lowercase()).chars() {
                pattern.extend(matches!(c, '%' | '_' | '!').then_some('!'));
                pattern.push(c);
            }
            select.and_where(Expr::col("search").like(LikeExpr::new(pattern + "%").escape('!')));
        }
        self.found(&select).await
    }

    /// How far the reader of the journal called `name` has come; 0 when it never said.
    pub async fn offset(&self, name: &str) -> Result<u64, StoreError> {
        let mut select = statement::select(&CONSUMER);
        select.and_where(Expr::col("name").eq(row::text(name)));
        let mut session = self.engine.read().await?;
        let Some(row) = session.rows(&select, CONSUMER.columns).await?.pop() else { return Ok(0) };
        let mut cells = Cells::of(row);
        cells.text().and_then(|_| cells.int()).map_err(|Misfit| session.damaged(CONSUMER.name))
    }

    /// The offsets of all readers of the journal, by name.
    pub async fn offsets(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let read = |mut cells: Cells| Ok((cells.text()?, cells.int()?));
        statement::all(&mut self.engine.read().await?, &CONSUMER, read).await
    }

    /// Keeps that the reader of the journal called `name` has come to `sequence`.
    pub async fn put_offset(&self, name: &str, sequence: u64) -> Result<(), StoreError> {
        let mut session = self.engine.write().await?;
        statement::write(&mut session, &CONSUMER, [vec![row::text(name), row::count(sequence)]]).await?;
        session.commit().await
    }

    /// The sequence of the journal that the newest backup holds everything up to; 0 when there is none.
    pub async fn backed_up(&self) -> Result<u64, StoreError> {
        self.offset(BACKUP).await
    }

    /// Keeps that a backup which is on disk holds everything up to `sequence`. A database of an earlier version may have
    /// no place for it: then the journal is kept longer.
    pub async fn note_backup(&self, sequence: u64) -> Result<(), StoreError> {
        if self.format < CONSUMER.since { Ok(()) } else { self.put_offset(BACKUP, sequence).await }
    }

    async fn found(&self, select: &SelectStatement) -> Result<Vec<StoredDevice>, StoreError> {
        let mut session = self.engine.read().await?;
        let rows = session.rows(select, DEVICE.columns).await?;
        let read = |row| Cells::of(row).device().map_err(|Misfit| session.damaged(DEVICE.name));
        rows.into_iter().map(read).collect()
    }
}

/// The site's id and the journal's sequence.
pub(super) async fn site(session: &mut Session) -> Result<(Id, u64), StoreError> {
    let read = |mut cells: Cells| {
        let id = Id(cells.bytes()?);
        let _format: i64 = cells.int()?;
        Ok((id, cells.int()?))
    };
    statement::all(session, &SITE, read).await?.pop().ok_or_else(|| session.damaged(SITE.name))
}

fn contacts(filter: &ContactFilter) -> SelectStatement {
    let mut select = statement::select(&CONTACT);
    select
        .limit(filter.limit)
        .and_where(Expr::col("hour").gte(filter.hours.start))
        .and_where(Expr::col("hour").lt(filter.hours.end));
    if let Some((scope, ip)) = filter.ip {
        let at = |scoped: &'static str, addressed: &'static str| {
            let is_there = Expr::col(addressed).eq(row::ip(Some(ip)));
            is_there.and(Expr::col(scoped).eq(i64::from(scope.0)))
        };
        let either = Cond::any().add(at("initiator_scope", "initiator_ip"));
        select.cond_where(either.add(at("responder_scope", "responder_ip")));
    }
    if let Some(mac) = filter.mac {
        let is_there = |column: &'static str| Expr::col(column).eq(row::mac(Some(mac)));
        select.cond_where(Cond::any().add(is_there("initiator_mac")).add(is_there("responder_mac")));
    }
    select
}
