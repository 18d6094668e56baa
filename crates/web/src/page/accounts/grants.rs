//! Grants: a role, a place, a time.

use super::{asked, keeps_administrator, named};
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::words::{day, day_read, moment};
use crate::site::Site;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_access::{Grant, Reach, Role};
use wardlight_model::{Area, DeedKind, Id, Time};
use wardlight_store::database::StoredGrant;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Most grants of one account.
const MOST: usize = 100;

/// One grant.
pub struct Line {
    /// What tells it apart in a form.
    pub key: String,
    pub role: String,
    pub place: String,
    pub times: String,
}

/// The grants of `account`.
pub async fn lines(site: &Site, account: Id, areas: &[(Id, String)]) -> Result<Vec<Line>, Wrong> {
    let place = |area: Id| {
        let found = areas.iter().find(|(id, _)| *id == area);
        found.map_or_else(|| "an area that is gone".to_owned(), |(_, title)| title.clone())
    };
    let line = |grant: &StoredGrant| Line {
        key: key(grant),
        role: Role::named(&grant.role).map_or_else(|| grant.role.clone(), |role| role.title().to_owned()),
        place: grant.area.map_or_else(|| "the whole site".to_owned(), place),
        times: times(grant, site.now()),
    };
    Ok(site.parts().database.grants(account).await?.iter().map(line).collect())
}

/// The areas, each with those that it stands in, in order.
pub fn areas(all: &[Area]) -> Vec<(Id, String)> {
    let title = |area: &Area| {
        let mut names = vec![area.name.as_str()];
        let mut at = area.parent;
        // No deeper than there are areas: damage may have made a ring.
        for _ in 0..all.len() {
            let Some(above) = at.and_then(|id| all.iter().find(|area| area.id == id)) else { break };
            names.push(&above.name);
            at = above.parent;
        }
        names.reverse();
        names.join(" / ")
    };
    let mut titles: Vec<(Id, String)> = all.iter().map(|area| (area.id, title(area))).collect();
    titles.sort_by(|one, other| one.1.cmp(&other.1));
    titles
}

fn key(grant: &StoredGrant) -> String {
    let area = grant.area.map(|area| area.to_string()).unwrap_or_default();
    let until = grant.until.map(|until| until.micros().to_string()).unwrap_or_default();
    format!("{} {area} {} {until}", grant.role, grant.from.micros())
}

fn times(grant: &StoredGrant, now: Time) -> String {
    let last = |until: Time| day(until.plus(-1));
    match grant.until {
        _ if grant.from > now => {
            let until = grant.until.map_or_else(String::new, |until| format!(" to {}", last(until)));
            format!("from {}{until}", day(grant.from))
        }
        Some(until) if until <= now => format!("ended {}", moment(until)),
        Some(until) => format!("until the end of {}", last(until)),
        None => format!("since {}", day(grant.from)),
    }
}

#[derive(serde::Deserialize)]
pub struct Wanted {
    role: String,
    #[serde(default)]
    area: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

impl Wanted {
    /// The grant to `account`. Errors: it makes no sense, or is never given.
    fn read(&self, account: Id, now: Time) -> Result<StoredGrant, Wrong> {
        let senseless = |why: String| Wrong::Senseless(why);
        let role = Role::named(&self.role).ok_or_else(|| senseless(format!("there is no role {}", self.role)))?;
        let area: Option<Id> = match self.area.as_str() {
            "" => None,
            area => Some(area.parse().map_err(|_| senseless("the area is none".to_owned()))?),
        };
        let read = |text: &str| match text {
            "" => Ok(None),
            text => day_read(text).map(Some).ok_or_else(|| senseless(format!("{text} is no day such as 2026-11-24"))),
        };
        let from = read(&self.from)?.unwrap_or(now);
        let until = read(&self.until)?.map(|until| until.plus(DAY));
        let grant = Grant { role, reach: area.map_or(Reach::Site, Reach::Area), from, until };
        grant.checked().map_err(|error| senseless(error.to_string()))?;
        Ok(StoredGrant { account, role: self.role.clone(), area, from, until })
    }
}

/// Gives a role.
pub async fn add(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(wanted): Sent<Wanted>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    let (_alone, database) = (site.changing().await, &site.parts().database);
    let account = named(&site, &id).await?;
    let grant = wanted.read(account.id, site.now())?;
    if let Some(area) = grant.area
        && !database.areas().await?.iter().any(|known| known.id == area)
    {
        return Err(Wrong::Senseless("there is no such area any more".to_owned()));
    }
    let mut grants = database.grants(account.id).await?;
    if grants.len() >= MOST {
        return Err(Wrong::Senseless(format!("an account has at most {MOST} roles: take one away first")));
    }
    if !grants.iter().any(|held| key(held) == key(&grant)) {
        site.note(&visitor.name, DeedKind::GrantsPut, account.id, &format!("gave {}", key(&grant))).await?;
        grants.push(grant);
        database.put_grants(account.id, &grants).await?;
    }
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

#[derive(serde::Deserialize)]
pub struct Ended {
    grant: String,
}

/// Takes a role away.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(ended): Sent<Ended>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    let (_alone, database) = (site.changing().await, &site.parts().database);
    let account = named(&site, &id).await?;
    let mut grants = database.grants(account.id).await?;
    let gone = grants.iter().position(|grant| key(grant) == ended.grant);
    let gone = gone.ok_or_else(|| Wrong::Senseless("the account has no such role any more".to_owned()))?;
    let gone = grants.remove(gone);
    if gone.role == Role::Admin.name() {
        keeps_administrator(&site, account.id).await?;
    }
    site.note(&visitor.name, DeedKind::GrantsPut, account.id, &format!("took {}", ended.grant)).await?;
    database.put_grants(account.id, &grants).await?;
    Ok(Redirect::to(&format!("/accounts/{id}")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::Level;

    fn area(id: u8, parent: Option<u8>, name: &str) -> Area {
        let [id, parent] = [Some(id), parent].map(|id| id.map(|id| Id([id; 16])));
        Area { id: id.expect("an id"), parent, level: Level::Room, name: name.to_owned(), zone: None }
    }

    #[test]
    fn an_area_is_named_with_those_around_it_and_rings_end() {
        let all = [area(1, None, "North"), area(2, Some(1), "ICU"), area(3, Some(4), "A"), area(4, Some(3), "B")];
        let titles: Vec<String> = areas(&all).into_iter().map(|(_, title)| title).collect();
        assert_eq!(titles, ["A / B / A / B / A", "B / A / B / A / B", "North", "North / ICU"]);
    }

    #[test]
    fn an_auditor_needs_a_last_day_and_a_vendor_an_area() {
        let now = Time::from_seconds(1_764_000_000);
        let read = |role: &str, area: &str, until: &str| {
            let [role, area, from, until] = [role, area, "", until].map(str::to_owned);
            Wanted { role, area, from, until }.read(Id([1; 16]), now)
        };
        let area = Id([7; 16]).to_string();
        assert!(read("admin", "", "").is_ok() && read("vendor", &area, "2025-11-24").is_ok());
        for (role, area, until) in
            [("auditor", "", ""), ("vendor", "", "2025-11-25"), ("auditor", "", "2025-11-23"), ("king", "", "")]
        {
            assert!(matches!(read(role, area, until), Err(Wrong::Senseless(_))), "{role} {until}");
        }
        let today = read("auditor", "", "2025-11-24").expect("the day is not over");
        assert_eq!(times(&today, now), "until the end of 24 Nov 2025");
    }
}
