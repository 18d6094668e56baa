//! A document as a browser brings it (RFC 7578).

use super::held::Held;
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::house::Document;
use crate::site::Site;
use axum::Extension;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::response::Redirect;
use subtle::ConstantTimeEq as _;
use wardlight_access::Action;
use wardlight_access::session::Token;

/// Longest document with its form, in bytes.
pub const MOST: usize = 32 << 20;

/// Takes a document into memory, and looks at it. Errors: it is too large, or nobody knows what it is.
pub async fn bring(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::Import, None)?;
    let senseless =
        |why: &dyn std::fmt::Display| Wrong::Senseless(format!("The document did not arrive whole: {why}."));
    let mut form = form.map_err(|error| senseless(&error.body_text()))?;
    let (mut document, mut csrf) = (Document { is_trial: true, ..Document::default() }, String::new());
    while let Some(field) = form.next_field().await.map_err(|error| senseless(&error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "document" => {
                document.name = plain(field.file_name().unwrap_or("document"));
                let bytes = field.bytes().await.map_err(|error| senseless(&error.body_text()))?;
                document.bytes = bytes.to_vec().into();
            }
            "csrf" => csrf = field.text().await.map_err(|error| senseless(&error.body_text()))?,
            "whole" => document.is_whole = true,
            "called" => {
                document.called = field.text().await.map_err(|error| senseless(&error.body_text()))?.trim().to_owned()
            }
            _ => {}
        }
    }
    if !bool::from(csrf.as_bytes().ct_eq(visitor.csrf.as_bytes())) {
        return Err(Wrong::Foreign);
    }
    if document.bytes.is_empty() {
        return Err(Wrong::Senseless("No document was chosen, or it is empty.".to_owned()));
    }
    let report = site.parts().house.read(document.clone()).await?;
    let chance = site.chance::<32>()?;
    let name = Token::new(chance).text();
    site.uploads().put(&name, visitor.account, Held { document, report, at: site.now(), is_taken: false });
    Ok(Redirect::to(&format!("/imports/new/{name}")))
}

/// A file's name without folders and without signs that no name has.
fn plain(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|sign| !sign.is_control()).take(120).collect();
    if name.is_empty() { "document".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        assert_eq!(plain("../../etc/passwd"), "passwd");
        assert_eq!(plain("C:\\exports\\cmms.csv"), "cmms.csv");
        assert_eq!((plain("a/"), plain("b\u{0}\n.csv")), ("document".to_owned(), "b.csv".to_owned()));
    }
}
