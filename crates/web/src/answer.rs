//! What is answered when something is wrong: to people a page that says what is safe and what to do, to programs
//! `application/problem+json` (RFC 9457).

use crate::part::words::encoded;
use askama::Template;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use wardlight_access::Role;
use wardlight_store::database::StoreError;

/// Why there is no other answer.
#[derive(Debug)]
pub enum Wrong {
    /// Nobody is logged in.
    Unknown,
    /// There is no such thing, or the asker may not know that there is.
    Nothing,
    /// These may, the asker may not.
    Forbidden(Vec<Role>),
    /// It asks for a second factor shown lately, and none was; where to go on afterwards.
    Stale(String),
    /// The request did not come from a page of ours.
    Foreign,
    /// What was asked makes no sense; what, and how to mend it.
    Senseless(String),
    /// Too many attempts; how many seconds to wait.
    Wait(i64),
    /// HTTP itself does not allow the request (RFC 9110 §15.5); what is so, and how to mend it.
    Standard(StatusCode, String),
    /// Not now; why, and what to do.
    Later(String),
    /// The state does not answer.
    Store(String),
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<crate::house::Refused> for Wrong {
    fn from(refused: crate::house::Refused) -> Self {
        match refused {
            crate::house::Refused::Senseless(why) => Self::Senseless(why),
            crate::house::Refused::Later(why) => Self::Later(why),
        }
    }
}

#[derive(Template)]
#[template(path = "part/wrong.html")]
struct Page<'a> {
    title: &'a str,
    what: &'a str,
    how: &'a str,
    link: (String, &'a str),
}

impl Wrong {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Unknown | Self::Stale(_) => StatusCode::UNAUTHORIZED,
            Self::Nothing => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Senseless(_) => StatusCode::BAD_REQUEST,
            Self::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Standard(status, _) => *status,
            Self::Store(_) | Self::Later(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Title, what is so, what to do.
    fn words(&self) -> [String; 3] {
        let words = |title: &str, what: &str, how: &str| [title.to_owned(), what.to_owned(), how.to_owned()];
        match self {
            Self::Unknown => words("Log in first", "Nobody is logged in here.", "Log in, and ask again."),
            Self::Nothing => words(
                "Nothing is here",
                "There is no such page, or it is not for your role.",
                "Look for it by the search above, or ask whoever gave you your account.",
            ),
            Self::Forbidden(roles) => {
                let roles: Vec<&str> = roles.iter().map(|role| role.title()).collect();
                let how = format!("These may: {}.", roles.join(", "));
                words("Not for your role", "Your role does not allow this. Nothing was changed.", &how)
            }
            Self::Stale(_) => words(
                "Show again that it is you",
                "This asks for your second device again, because it is a while since you showed it. Nothing was changed.",
                "Show it, and do it again.",
            ),
            Self::Foreign => words(
                "Not from here",
                "This did not come from a page of Wardlight. Nothing was changed.",
                "Open the page here, and do it again.",
            ),
            Self::Senseless(why) => words("This cannot be understood", why, "Mend the address or the form."),
            Self::Wait(seconds) => {
                let what = format!("There were too many attempts. The next counts in {seconds} seconds.");
                words("Wait a moment", &what, "Nobody is locked out for good.")
            }
            Self::Standard(status, why) => words(status.canonical_reason().unwrap_or("Not allowed"), why, ""),
            Self::Later(why) => words(
                "Not now",
                &format!("The server says: {why}."),
                "Look whether it was done before you do it again; `wardlight doctor` says more.",
            ),
            Self::Store(_) => words(
                "The state does not answer",
                "Nothing is lost.",
                "Try again in a moment; `wardlight doctor` says more.",
            ),
        }
    }
}

/// The answer to a program or a person.
pub fn wrong(is_program: bool, wrong: &Wrong) -> Response {
    if let Wrong::Store(error) = wrong {
        // It may quote what others sent: one line, whatever is in it.
        eprintln!("wardlight: a page lacks the state: {}", error.escape_debug());
    }
    let [title, what, how] = wrong.words();
    let status = wrong.status();
    let mut response = if is_program {
        let problem = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": format!("{what} {how}").trim() });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem).into_response().into_body())
            .into_response()
    } else {
        let link = match wrong {
            Wrong::Stale(to) => (format!("/account/step-up?to={}", encoded(to)), "Show your second device"),
            Wrong::Unknown => ("/log-in".to_owned(), "Log in"),
            _ => ("/".to_owned(), "Go to the first page"),
        };
        (status, page(&Page { title: &title, what: &what, how: &how, link })).into_response()
    };
    if let Wrong::Wait(seconds) = wrong {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    if is_program && matches!(wrong, Wrong::Unknown) {
        let how = HeaderValue::from_static("Bearer realm=\"wardlight\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
    }
    response
}

/// A page, or what is said when it cannot be written.
pub fn page(template: &impl Template) -> Response {
    template.render().map_or_else(
        |error| {
            eprintln!("wardlight: a page could not be written: {error}");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be written; the log says why.").into_response()
        },
        |text| Html(text).into_response(),
    )
}

/// What a program is told: the same, as `application/problem+json`.
#[derive(Debug)]
pub struct Problem(Wrong);

impl<W: Into<Wrong>> From<W> for Problem {
    fn from(wrong: W) -> Self {
        Self(wrong.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        wrong(true, &self.0)
    }
}

/// A person's.
impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        wrong(false, &self)
    }
}
