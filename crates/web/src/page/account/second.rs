//! A second device that shows codes: offered, and asked for from the first right code on (RFC 6238).
//!
//! In: what the form brings back. Out: a factor whose secret lies sealed in the state. Until a first code was right, the
//! secret lies nowhere: the form carries it, sealed for this account. Ending it asks for a code as well.

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use std::fmt::Write as _;
use wardlight_access::seal::Row;
use wardlight_access::totp::{self, Secret};
use wardlight_model::Id;
use wardlight_store::database::Factor;

/// What such a factor is called in the state.
pub const KIND: &str = "totp";
/// Who is named beside the account in the second device.
const ISSUER: &str = "Wardlight";

#[derive(Template)]
#[template(path = "page/account/second.html")]
struct Page {
    frame: Frame,
    key: String,
    uri: String,
    sealed: String,
    refusal: &'static str,
}

/// Where a secret is sealed for before it is kept.
const fn pending(account: Id) -> Row<'static> {
    Row { table: "factor", column: "offered", id: account }
}

fn no_chance() -> Wrong {
    Wrong::Store("the system has no chance".to_owned())
}

fn page(site: &Site, visitor: &Visitor, secret: &Secret, refusal: &'static str) -> Result<Response, Wrong> {
    let nonce = site.chance().ok_or_else(no_chance)?;
    let sealed = site.parts().key.seal(secret.bytes(), pending(visitor.account), nonce);
    let sealed = sealed.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let (key, uri) = (secret.text().to_string(), secret.uri(ISSUER, &visitor.name).to_string());
    let frame = Frame::of(site, visitor, "Codes of a second device", "/account");
    Ok(answer::page(&Page { frame, key, uri, sealed, refusal }))
}

/// Offers a new secret.
pub async fn offer(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    none_yet(&site, &visitor).await?;
    let secret = Secret::new(site.chance().ok_or_else(no_chance)?);
    page(&site, &visitor, &secret, "")
}

/// Errors: codes are asked for already. Who has a session but not the second device cannot add another.
async fn none_yet(site: &Site, visitor: &Visitor) -> Result<(), Wrong> {
    let factors = site.parts().database.factors(visitor.account).await?;
    match factors.iter().any(|factor| factor.kind == KIND) {
        true => {
            Err(Wrong::Senseless("codes are asked for already: end that first, on the page of your account".to_owned()))
        }
        false => Ok(()),
    }
}

/// The id of the one factor of this kind that `account` has.
fn factor_id(account: Id) -> Id {
    let Id(mut bytes) = account;
    bytes.iter_mut().zip(b"totp").for_each(|(byte, sign)| *byte ^= sign);
    Id(bytes)
}

#[derive(serde::Deserialize)]
pub struct Confirmed {
    sealed: String,
    code: String,
}

/// Keeps the secret once a code of it is right.
pub async fn confirm(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Confirmed>,
) -> Result<Response, Wrong> {
    none_yet(&site, &visitor).await?;
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let foreign = || Wrong::Senseless("the form is not the one that was offered to this account".to_owned());
    let sealed = unhex(&form.sealed).ok_or_else(foreign)?;
    let opened = site.parts().key.open(&sealed, pending(visitor.account)).map_err(|_| foreign())?;
    let secret = Secret::new(<[u8; 20]>::try_from(opened.bytes()).map_err(|_| foreign())?);
    let now = site.now();
    let Some(step) = totp::verify(&secret, &form.code, now, None) else {
        return page(
            &site,
            &visitor,
            &secret,
            "The code is not right. Look whether both clocks are, and use the next code.",
        );
    };
    // One such factor an account: two forms that come at once keep the same one.
    let (id, nonce) = (factor_id(visitor.account), site.chance().ok_or_else(no_chance)?);
    let row = Row { table: "factor", column: "sealed", id };
    let factor = Factor {
        id,
        account: visitor.account,
        kind: KIND.to_owned(),
        title: "Codes".to_owned(),
        sealed: site.parts().key.seal(secret.bytes(), row, nonce),
        made: now,
        used: None,
        step: Some(step),
    };
    site.parts().database.put_factor(&factor).await?;
    Ok(Redirect::to("/account").into_response())
}

#[derive(serde::Deserialize)]
pub struct Ended {
    code: String,
}

/// Asks for no codes any more, after one that is right.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Ended>,
) -> Result<Response, Wrong> {
    site.try_code(visitor.account).map_err(|wait| Wrong::Wait(wait.seconds()))?;
    let factors = site.parts().database.factors(visitor.account).await?;
    for factor in factors.iter().filter(|factor| factor.kind == KIND) {
        if crate::part::codes::spends(&site, factor, &form.code).await? {
            site.parts().database.drop_factor(factor.id).await?;
            return Ok(Redirect::to("/account").into_response());
        }
    }
    Err(Wrong::Senseless("the code is not right, so codes are still asked for".to_owned()))
}

/// The bytes that hexadecimal `text` stands for.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|sign| u8::try_from(sign.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hexadecimal_is_nothing() {
        assert_eq!(unhex("00fF7a"), Some(vec![0, 255, 0x7a]));
        for text in ["0", "0g", "ää", "+f"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
