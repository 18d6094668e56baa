//! One's own account: what one may, the look, and the way out.

mod second;

use crate::answer::{self, Wrong};
use crate::guard::{COOKIE_NAME, Visitor};
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::moment;
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use wardlight_access::{Action, Extent};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    vec![
        Route::new("/account", get(show)).needs(Need::Account),
        Route::new("/account/look", post(look)).needs(Need::Account),
        Route::new("/account/code", get(second::offer).post(second::confirm))
            .needs(Need::Right(Action::ManageOwnAccount)),
        Route::new("/account/code/end", post(second::end)).needs(Need::Right(Action::ManageOwnAccount)),
        Route::new("/log-out", post(leave)).needs(Need::Account),
    ]
}

#[derive(Template)]
#[template(path = "page/account/page.html")]
struct Page {
    frame: Frame,
    name: String,
    rights: Vec<(&'static str, &'static str)>,
    /// Since when codes of a second device are asked for; empty when they are not.
    codes: String,
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    let reach = |action| match visitor.extent(&site, action) {
        Extent::Site => Some("the whole site"),
        Extent::Areas(_) => Some("some areas"),
        Extent::Nowhere => None,
    };
    let rights = Action::ALL.into_iter().filter_map(|action| Some((action.title(), reach(action)?))).collect();
    let frame = Frame::of(&site, &visitor, "Your account", "/account");
    let factors = site.parts().database.factors(visitor.account).await?;
    let codes = factors.iter().find(|factor| factor.kind == second::KIND).map(|factor| moment(factor.made));
    let codes = codes.unwrap_or_default();
    Ok(answer::page(&Page { frame, name: visitor.name.clone(), rights, codes }))
}

#[derive(serde::Deserialize)]
struct Look {
    theme: String,
}

async fn look(Sent(Look { theme }): Sent<Look>) -> Response {
    let cookie = match theme.as_str() {
        "light" | "dark" => format!("theme={theme}; Path=/; Secure; SameSite=Lax; Max-Age=31536000"),
        _ => "theme=; Path=/; Secure; SameSite=Lax; Max-Age=0".to_owned(),
    };
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/account")).into_response()
}

async fn leave(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(()): Sent<()>,
) -> Result<Response, Wrong> {
    site.parts().database.drop_session(&visitor.session).await?;
    let cookie = format!("{COOKIE_NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/log-in")).into_response())
}
