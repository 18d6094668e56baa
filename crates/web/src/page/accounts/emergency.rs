//! The envelope of an account for emergencies, and taking note of its use.

use super::{asked, named};
use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::again;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::way::EMERGENCY;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use wardlight_access::Action;
use wardlight_access::recovery::{CODES, Code};
use wardlight_model::{DeedKind, Id};
use wardlight_store::database::Pass;

#[derive(Template)]
#[template(path = "page/accounts/envelope.html")]
struct Page {
    frame: Frame,
    id: String,
    shown: String,
    code: String,
}

/// Makes a new code, and shows it once, to be printed and sealed. The one before is worth nothing from then on.
pub async fn seal(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Sent(()): Sent<()>,
) -> Result<Response, Wrong> {
    asked(&site, &visitor, &id)?;
    let account = named(&site, &id).await?;
    if !account.is_break_glass {
        return Err(Wrong::Senseless("this account is a person's: make a link instead".to_owned()));
    }
    let mut chance = [[0; 15]; CODES];
    for part in &mut chance {
        *part = site.chance()?;
    }
    let [code, ..] = Code::ten(chance);
    let (hash, kind) = (code.hash(), EMERGENCY.to_owned());
    site.note(&visitor.name, DeedKind::FactorPut, account.id, "a code for the envelope").await?;
    let pass = Pass { hash, account: account.id, kind, made: site.now(), until: None };
    site.parts().database.put_pass(&pass).await?;
    let frame = Frame::of(&site, &visitor, "A code for an envelope", "/accounts");
    Ok(answer::page(&Page { frame, id, shown: account.shown, code: code.text().to_string() }))
}

#[derive(serde::Deserialize)]
pub struct Seen {
    emergency: Id,
}

/// Takes note of an emergency: the alarm ends. Not by whoever broke the glass.
pub async fn seen(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(Seen { emergency }): Sent<Seen>,
) -> Result<Response, Wrong> {
    again::asked(&site, &visitor, Action::ManageAccounts, "/")?;
    if visitor.session.is_break_glass {
        return Err(Wrong::Senseless(
            "an emergency is taken note of by somebody else, with an account of their own".to_owned(),
        ));
    }
    site.note(&visitor.name, DeedKind::GlassSeen, emergency, "").await?;
    site.parts().database.see_emergency(emergency, visitor.account, site.now()).await?;
    Ok(Redirect::to("/").into_response())
}
