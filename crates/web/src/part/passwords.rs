//! Passwords, hashed and checked off the threads that answer, and only so many at one time.

use crate::answer::Wrong;
use crate::site::Site;
use wardlight_access::password::{self, Refused, Verified};

/// What is kept of the password `text` of the account called `name`; why it is refused. Errors: too many are hashed now.
pub async fn hashed(site: &Site, text: String, name: String) -> Result<Result<String, Refused>, Wrong> {
    let Some(_turn) = site.turn().await else { return Err(Wrong::Wait(1)) };
    let salt = site.chance()?;
    let hashed = tokio::task::spawn_blocking(move || password::hash(&text, &name, salt));
    hashed.await.map_err(|_| Wrong::Store("a password could not be hashed".to_owned()))
}

/// Whether `text` is the password that `kept` was made of; without one it takes as long. Errors: too many are hashed now.
pub async fn is_right(site: &Site, text: String, kept: Option<String>) -> Result<bool, Wrong> {
    let Some(_turn) = site.turn().await else { return Err(Wrong::Wait(1)) };
    let verified = tokio::task::spawn_blocking(move || match kept {
        Some(kept) => password::verify(&text, &kept),
        None => {
            password::verify_nobodys(&text);
            Verified::Wrong
        }
    });
    Ok(verified.await.is_ok_and(|verified| verified != Verified::Wrong))
}
