//! Another house that vouches for people: an OpenID provider (OpenID Connect Core 1.0).
//!
//! In: what the configuration says of it, and a way to ask it. Out: where to send a browser, and whom the provider means
//! when it comes back. Signature, issuer, audience, time and nonce of its word are checked by the library; the code is
//! bound to this log-in (RFC 7636, S256). Never kept: its tokens.

use crate::answer::Wrong;
use crate::host::Host;
use crate::house::Soon;
use axum::http::{Request, Response};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, TokenResponse as _,
};
use std::sync::Arc;
use tokio::runtime::Handle;
use wardlight_model::Time;

/// Where the provider leads browsers back to.
pub const BACK: &str = "/log-in/back";
/// How long what the provider says of itself is good, in microseconds.
const FRESH: i64 = 600_000_000;

/// A question to the provider.
pub type Asked = Request<Vec<u8>>;
/// Its answer.
pub type Answer = Response<Vec<u8>>;
/// Asks the provider over HTTP.
pub type Fetch = Arc<dyn Fn(Asked) -> Soon<Result<Answer, Unreachable>> + Send + Sync>;

/// The provider could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreachable(pub String);

/// By what an account is found when a person comes for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// By the name that the provider calls them by.
    Name,
    /// By an address of mail that the provider has verified.
    Mail,
}

/// A provider.
pub struct Provider {
    /// What it is called in its own words, an address.
    pub issuer: String,
    /// What this house is called there.
    pub client: String,
    /// What this house shows there; empty for none.
    pub secret: String,
    /// What stands on the button.
    pub title: String,
    /// By what an account is found the first time; none: only by what an earlier log-in linked.
    pub claim: Option<Claim>,
    /// Asks it.
    pub fetch: Fetch,
}

/// Whom a provider means.
pub(crate) struct Person {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The name of the account that is theirs, when they come for the first time.
    pub(crate) name: Option<String>,
}

/// Somebody who was sent to the provider.
pub(crate) struct Sent {
    pub(crate) to: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// What the provider said of itself lately.
#[derive(Default)]
pub(crate) struct Lately(tokio::sync::Mutex<Option<(Time, CoreProviderMetadata)>>);

impl Provider {
    /// Where to send a browser that comes back with `state`, and what to keep meanwhile. Errors: the provider does not
    /// answer as it should.
    pub(crate) async fn send(
        &self,
        (host, lately, now): (&Host, &Lately, Time),
        state: String,
        to: String,
    ) -> Result<(String, Sent), Wrong> {
        let metadata = self.metadata(lately, now).await?;
        let client =
            CoreClient::from_provider_metadata(metadata, self.id(), self.shown()).set_redirect_uri(back(host)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, _, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || CsrfToken::new(state), Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok((address.to_string(), Sent { to, nonce, verifier }))
    }

    /// Whom the provider means by `code`. Errors: it does not answer, or its word does not hold.
    pub(crate) async fn meant(
        &self,
        (host, lately, now): (&Host, &Lately, Time),
        code: String,
        sent: Sent,
    ) -> Result<Person, Wrong> {
        let metadata = self.metadata(lately, now).await?;
        let client =
            CoreClient::from_provider_metadata(metadata, self.id(), self.shown()).set_redirect_uri(back(host)?);
        let (asker, verifier, code) = (client.clone(), sent.verifier, AuthorizationCode::new(code));
        let told = self.ask(move |fetch| {
            let exchange = asker.exchange_code(code).map_err(|error| unfit(&error))?;
            exchange.set_pkce_verifier(verifier).request(&fetch).map_err(|error| unfit(&error))
        });
        let told = told.await?;
        let word = told.id_token().ok_or_else(|| Wrong::Store("the identity provider sent no ID token".to_owned()))?;
        let verifier = client.id_token_verifier();
        match word.claims(&verifier, &sent.nonce) {
            Ok(claims) => Ok(self.person(claims)),
            Err(error) => {
                // Its keys may have changed: they are asked for again next time.
                lately.0.lock().await.take();
                Err(unfit(&error))
            }
        }
    }

    fn id(&self) -> ClientId {
        ClientId::new(self.client.clone())
    }

    fn shown(&self) -> Option<ClientSecret> {
        (!self.secret.is_empty()).then(|| ClientSecret::new(self.secret.clone()))
    }

    fn person(&self, claims: &CoreIdTokenClaims) -> Person {
        let name = match self.claim {
            None => None,
            Some(Claim::Name) => claims.preferred_username().map(|name| name.to_string()),
            Some(Claim::Mail) => {
                let is_verified = claims.email_verified() == Some(true);
                claims.email().filter(|_| is_verified).map(|mail| mail.to_string())
            }
        };
        Person { issuer: claims.issuer().to_string(), subject: claims.subject().to_string(), name }
    }

    /// Has `question` asked on a thread that may wait: the library's own way to wait cannot be proven to change threads.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(Box<dyn Fn(Asked) -> Result<Answer, Unreachable>>) -> Result<T, Wrong> + Send + 'static,
    ) -> Result<T, Wrong> {
        let (fetch, handle) = (Arc::clone(&self.fetch), Handle::current());
        let asked =
            tokio::task::spawn_blocking(move || question(Box::new(move |request| handle.block_on(fetch(request)))));
        asked.await.map_err(|error| Wrong::Store(error.to_string()))?
    }

    async fn metadata(&self, lately: &Lately, now: Time) -> Result<CoreProviderMetadata, Wrong> {
        // One asks at a time: nobody lets this server ask for nothing, many times.
        let mut held = lately.0.try_lock().map_err(|_| Wrong::Wait(1))?;
        if let Some((_, metadata)) = held.as_ref().filter(|(at, _)| (0..FRESH).contains(&now.since(*at))) {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|error| unfit(&error))?;
        let told =
            self.ask(move |fetch| CoreProviderMetadata::discover(&issuer, &fetch).map_err(|error| unfit(&error)));
        let metadata = told.await?;
        *held = Some((now, metadata.clone()));
        Ok(metadata)
    }
}

fn back(host: &Host) -> Result<RedirectUrl, Wrong> {
    RedirectUrl::new(format!("{}{BACK}", host.origin)).map_err(|error| unfit(&error))
}

/// Why the provider's answer is of no use, with what lies beneath.
fn unfit(error: &dyn std::error::Error) -> Wrong {
    let (mut text, mut beneath) = (error.to_string(), error.source());
    while let Some(error) = beneath {
        text = format!("{text}: {error}");
        beneath = error.source();
    }
    // It may quote what others sent: one line, whatever is in it.
    eprintln!("wardlight: the identity provider: {}", text.escape_debug());
    Wrong::Later("the identity provider did not answer as it should; log in with name and password, or tell whoever runs Wardlight".to_owned())
}
