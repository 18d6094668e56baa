//! The recovery sheet: ten codes to print, shown once. Only their hashes are kept.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::{again, factors};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use wardlight_access::recovery::{CODES, Code};
use wardlight_model::DeedKind;
use wardlight_store::database::Factor;

#[derive(Template)]
#[template(path = "page/account/sheet.html")]
struct Page {
    frame: Frame,
    codes: Vec<String>,
}

/// Makes a new sheet; the one before is worth nothing from then on.
pub async fn make(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(()): Sent<()>,
) -> Result<Response, Wrong> {
    again::owner(&site, &visitor, "/account").await?;
    let database = &site.parts().database;
    if !factors::is_asked(&database.factors(visitor.account).await?) {
        let why = "a recovery sheet stands in for a second device: set up codes or a key first";
        return Err(Wrong::Senseless(why.to_owned()));
    }
    let chance: [u8; 15 * CODES] = site.chance()?;
    let (parts, _) = chance.as_chunks::<15>();
    let codes = Code::ten(parts.try_into().map_err(|_| Wrong::Nothing)?);
    let factor = Factor {
        id: factors::only(visitor.account, factors::SHEET),
        account: visitor.account,
        kind: factors::SHEET.to_owned(),
        title: "Recovery sheet".to_owned(),
        sealed: codes.each_ref().map(Code::hash).concat(),
        made: site.now(),
        used: None,
        step: None,
    };
    site.note(&visitor.name, DeedKind::FactorPut, visitor.account, "a recovery sheet").await?;
    database.put_factor(&factor).await?;
    let frame = Frame::of(&site, &visitor, "Recovery sheet", "/account");
    Ok(answer::page(&Page { frame, codes: codes.iter().map(|code| code.text().to_string()).collect() }))
}
