//! Security keys and passkeys as a second factor (Web Authentication Level 3).
//!
//! In: what a browser's key answered, as JSON. Out: a factor that keeps the public key; whether an answer is its. Challenges
//! wait here and are good once. A key belongs to a host name: by an address none is offered, and it is said why.

use super::factors::row;
use crate::answer::Wrong;
use crate::guard::host;
use crate::host::Host;
use crate::site::Site;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use wardlight_model::Id;
use wardlight_store::database::Factor;
use webauthn_rs::prelude::{
    CredentialID, PublicKeyCredential, RegisterPublicKeyCredential, SecurityKey, SecurityKeyAuthentication,
    SecurityKeyRegistration, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// What such a factor is called in the state.
pub const KIND: &str = "webauthn";

/// A challenge to keys that are known.
pub struct Asked(SecurityKeyAuthentication);

/// A challenge to a key that is not known yet.
pub struct Enrolling {
    account: Id,
    state: SecurityKeyRegistration,
}

/// The name by which the browser reached us, without its port.
pub struct Reached(String);

impl<S: Send + Sync> FromRequestParts<S> for Reached {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let host = host(&parts.headers, &parts.uri);
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
        Ok(Self(name.to_ascii_lowercase()))
    }
}

impl Reached {
    /// Why keys are not offered here; none when they are.
    pub fn lacks(&self, site: &Site) -> Option<String> {
        match &site.parts().host {
            None => Some(
                "Keys need a host name, and none is configured: whoever runs Wardlight sets host in [web].".to_owned(),
            ),
            Some(Host { name, origin }) if *name != self.0 => {
                Some(format!("Keys belong to a host name: open {origin} to use them."))
            }
            Some(_) => None,
        }
    }

    fn offers(&self, site: &Site) -> Option<Webauthn> {
        let Host { name, origin } = site.parts().host.as_ref().filter(|host| host.name == self.0)?;
        let origin = Url::parse(origin).ok()?;
        WebauthnBuilder::new(name, &origin).ok()?.rp_name("Wardlight").build().ok()
    }
}

/// Begins to make a key of `account` known; what its browser is asked, as JSON. None where keys are not offered.
pub fn enrol(
    site: &Site,
    reached: &Reached,
    account: (Id, &str, &str),
    factors: &[Factor],
) -> Result<Option<(String, Enrolling)>, Wrong> {
    let Some(relying) = reached.offers(site) else { return Ok(None) };
    let (id, name, shown) = account;
    let known: Vec<CredentialID> = known(site, factors).into_iter().map(|(_, key)| key.cred_id().clone()).collect();
    let begun = relying.start_securitykey_registration(Uuid::from_bytes(id.0), name, shown, Some(known), None, None);
    let (mut challenge, state) = begun.map_err(unable)?;
    // It would ask for a protection that browsers refuse where they need not ask for a PIN.
    challenge.public_key.extensions = None;
    Ok(Some((json(&challenge)?, Enrolling { account: id, state })))
}

/// The factor of the key that answered, to be kept as `id`; none when the answer is not right.
pub fn enrolled(
    site: &Site,
    reached: &Reached,
    begun: &Enrolling,
    (account, id): (Id, Id),
    answer: &str,
) -> Result<Option<Vec<u8>>, Wrong> {
    let Some(relying) = reached.offers(site) else { return Ok(None) };
    let read = serde_json::from_str::<RegisterPublicKeyCredential>(answer).map_err(refused);
    let Ok(answer) = read else { return Ok(None) };
    let finished = relying.finish_securitykey_registration(&answer, &begun.state).map_err(refused);
    let Ok(key) = finished else { return Ok(None) };
    if begun.account != account {
        return Ok(None);
    }
    let key = json(&key)?;
    Ok(Some(site.parts().key.seal(key.as_bytes(), row(id), site.chance()?)))
}

/// Asks for a key among `factors`; what the browser is asked, as JSON. None where there is none, or keys are not offered.
pub fn ask(site: &Site, reached: &Reached, factors: &[Factor]) -> Result<Option<(String, Asked)>, Wrong> {
    let Some(relying) = reached.offers(site) else { return Ok(None) };
    let keys: Vec<SecurityKey> = known(site, factors).into_iter().map(|(_, key)| key).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let (challenge, state) = relying.start_securitykey_authentication(&keys).map_err(unable)?;
    Ok(Some((json(&challenge)?, Asked(state))))
}

/// Whether a key among `factors` gave `answer` to what was asked. A key whose count went back was copied, and is wrong.
pub async fn answers(
    site: &Site,
    reached: &Reached,
    asked: &Asked,
    factors: &[Factor],
    answer: &str,
) -> Result<bool, Wrong> {
    let Some(relying) = reached.offers(site) else { return Ok(false) };
    let Ok(answer) = serde_json::from_str::<PublicKeyCredential>(answer).map_err(refused) else { return Ok(false) };
    let finished = relying.finish_securitykey_authentication(&answer, &asked.0).map_err(refused);
    let Ok(used) = finished else { return Ok(false) };
    for (factor, mut key) in known(site, factors) {
        if key.update_credential(&used).is_some() {
            let text = json(&key)?;
            let sealed = site.parts().key.seal(text.as_bytes(), row(factor.id), site.chance()?);
            return Ok(site.parts().database.exchange_factor(factor.id, &factor.sealed, &sealed, site.now()).await?);
        }
    }
    Ok(false)
}

/// The keys among `factors` that can be read.
fn known<'f>(site: &Site, factors: &'f [Factor]) -> Vec<(&'f Factor, SecurityKey)> {
    let read = |factor: &'f Factor| {
        let opened = site.parts().key.open(&factor.sealed, row(factor.id)).ok()?;
        Some((factor, serde_json::from_slice(opened.bytes()).ok()?))
    };
    factors.iter().filter(|factor| factor.kind == KIND).filter_map(read).collect()
}

fn json(what: &impl serde::Serialize) -> Result<String, Wrong> {
    serde_json::to_string(what).map_err(|error| Wrong::Store(error.to_string()))
}

/// For the log: a browser or key that is not as it should be is rare, and hard to look into.
fn refused(error: impl std::fmt::Display) {
    eprintln!("wardlight: a security key is refused: {}", error.to_string().escape_debug());
}

fn unable(error: WebauthnError) -> Wrong {
    Wrong::Store(format!("keys cannot be asked for: {error:?}"))
}
