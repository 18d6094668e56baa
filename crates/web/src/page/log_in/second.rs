//! The second half of a log-in: a code, a key, or a line of the recovery sheet, after the right password.

use super::{From, In, address, enter, note_refusal};
use crate::answer::{self, Wrong};
use crate::part::form::Sent;
use crate::part::keys::{self, Reached};
use crate::part::pending::HalfIn;
use crate::part::{factors, words};
use crate::site::Site;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use wardlight_access::limit::Attempt;
use wardlight_store::database::{Account, Factor};

/// Wrong answers before the password is asked for again.
const TRIES: u32 = 5;

#[derive(Template)]
#[template(path = "page/log_in/second.html")]
struct Second {
    pending: String,
    has_codes: bool,
    has_sheet: bool,
    /// What the browser asks a key; empty when it asks none.
    key: String,
    /// Why it asks none although there is one.
    no_key: String,
    lacks_key: bool,
    refusal: String,
}

/// Somebody whose password was right.
pub struct Half<'a> {
    pub account: &'a Account,
    pub factors: &'a [Factor],
    pub to: String,
}

/// Asks for a second factor.
pub fn ask(site: &Site, reached: &Reached, half: Half<'_>) -> Result<Response, Wrong> {
    page(site, reached, half, (0, String::new()))
}

fn page(site: &Site, reached: &Reached, half: Half<'_>, (tries, refusal): (u32, String)) -> Result<Response, Wrong> {
    let has = |kind: &str| half.factors.iter().any(|factor| factor.kind == kind);
    let (key, asked) = keys::ask(site, reached, half.factors)?.unzip();
    let no_key = if has(keys::KIND) { reached.lacks(site) } else { None };
    let begun = HalfIn { account: half.account.id, to: half.to, asked, tries };
    Ok(answer::page(&Second {
        pending: site.waiting().log_ins.put(site, begun)?,
        has_codes: has(factors::CODES),
        has_sheet: factors::left(half.factors) > 0,
        key: key.unwrap_or_default(),
        no_key: no_key.unwrap_or_default(),
        lacks_key: factors::lack_key(site, half.factors),
        refusal,
    }))
}

#[derive(serde::Deserialize)]
pub struct Shown {
    pending: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    key: String,
}

/// Looks at what was shown.
pub async fn show(
    State(site): State<Site>,
    from: From,
    reached: Reached,
    Sent(shown): Sent<Shown>,
) -> Result<Response, Wrong> {
    let half = site.waiting().log_ins.take(&shown.pending, site.now());
    let Some(half) = half.filter(|half| half.tries < TRIES) else { return Ok(anew(&site)) };
    let account = site.parts().database.account(half.account).await?;
    let Some(account) = account.filter(|account| !account.is_disabled) else { return Ok(anew(&site)) };
    let factors = site.parts().database.factors(account.id).await?;
    let name = account.name.to_lowercase();
    let attempt = Attempt { account: &name, address: address(&from) };
    // Not within the condition: the lock would be held while a page is made.
    let counted = site.log_ins().attempt(&attempt, site.now());
    let again = Half { account: &account, factors: &factors, to: half.to.clone() };
    if let Err(wait) = counted {
        let refusal = format!("There were too many attempts. The next counts in {} seconds.", wait.seconds());
        let page = page(&site, &reached, again, (half.tries, refusal))?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, page).into_response());
    }
    let is_right = match (&half.asked, shown.key.is_empty()) {
        (Some(asked), false) => keys::answers(&site, &reached, asked, &factors, &shown.key).await?,
        (None, false) => false,
        (_, true) => factors::spends(&site, &factors, &shown.code).await?,
    };
    if is_right {
        site.log_ins().succeeded(&attempt, site.now());
        let how = if shown.key.is_empty() { "password and code" } else { "password and key" };
        let came = In { how, address: attempt.address, has_stepped_up: true };
        return enter(&site, &account, came, &half.to).await;
    }
    note_refusal(&site, Some(&account), attempt.address);
    let tries = half.tries + 1;
    let left = words::counted(usize::try_from(TRIES.saturating_sub(tries)).unwrap_or_default());
    let refusal = format!("That is not right. {left} more tries, then the password is asked for again.");
    let page = page(&site, &reached, again, (tries, refusal))?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

fn anew(site: &Site) -> Response {
    let refusal = "That took too long, or too many tries. Begin again.";
    let page = super::page(site, String::new(), String::new(), refusal);
    (StatusCode::UNAUTHORIZED, page).into_response()
}
