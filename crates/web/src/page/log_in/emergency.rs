//! Access in an emergency: by the code in an envelope, whatever else is out of order.
//!
//! In: the code. Out: a short session of the account that the envelope is for, and an alarm that stands until an
//! administrator took note of it. The code has 120 random bits, so nothing is counted here and nobody can make anybody wait
//! (45 CFR 164.312(a)(2)(ii)).

use super::{From, In, address};
use crate::answer::{self, Wrong};
use crate::part::form::Sent;
use crate::part::way::EMERGENCY;
use crate::site::Site;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use wardlight_access::recovery::Code;
use wardlight_model::Id;
use wardlight_store::database::{Account, Emergency};

#[derive(Template)]
#[template(path = "page/log_in/emergency.html")]
struct Page {
    refusal: &'static str,
}

/// Asks for the code.
pub async fn ask() -> Response {
    answer::page(&Page { refusal: "" })
}

#[derive(serde::Deserialize)]
pub struct Shown {
    code: String,
}

/// Lets in whoever has the code.
pub async fn enter(State(site): State<Site>, from: From, Sent(shown): Sent<Shown>) -> Result<Response, Wrong> {
    let Some(account) = opened(&site, &shown.code).await? else {
        eprintln!("wardlight: a code for emergencies was refused, from {}", address(&from));
        let refusal = "This is not the code of an envelope. Look at each sign: there is no 0, 1, 8 or 9 in it.";
        return Ok((StatusCode::UNAUTHORIZED, answer::page(&Page { refusal })).into_response());
    };
    let now = site.now();
    let emergency = Emergency { id: Id(site.chance()?), account: account.id, begun: now, seen_by: None, seen: None };
    // The alarm first: there is no such session without one.
    site.parts().database.put_emergency(&emergency).await?;
    eprintln!("wardlight: EMERGENCY ACCESS to account {} from {}", account.id, address(&from));
    let came = In { how: "envelope", address: address(&from), has_stepped_up: true };
    super::enter(&site, &account, came, "/").await
}

/// The account whose envelope holds `code`.
async fn opened(site: &Site, code: &str) -> Result<Option<Account>, Wrong> {
    let Some(code) = Code::read(code) else { return Ok(None) };
    let pass = site.parts().database.pass(&code.hash()).await?;
    let is_good = |until| until > site.now();
    let Some(pass) = pass.filter(|pass| pass.kind == EMERGENCY && pass.until.is_none_or(is_good)) else {
        return Ok(None);
    };
    let account = site.parts().database.account(pass.account).await?;
    Ok(account.filter(|account| account.is_break_glass && !account.is_disabled))
}
