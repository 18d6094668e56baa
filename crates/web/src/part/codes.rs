//! Codes of a second device (RFC 6238), each good once.

use crate::answer::Wrong;
use crate::site::Site;
use wardlight_access::seal::Row;
use wardlight_access::totp;
use wardlight_store::database::Factor;

/// Whether `code` is one of `factor` that was never used.
pub async fn spends(site: &Site, factor: &Factor, code: &str) -> Result<bool, Wrong> {
    let row = Row { table: "factor", column: "sealed", id: factor.id };
    let Ok(opened) = site.parts().key.open(&factor.sealed, row) else { return Ok(false) };
    let Ok(bytes) = <[u8; 20]>::try_from(opened.bytes()) else { return Ok(false) };
    let now = site.now();
    match totp::verify(&totp::Secret::new(bytes), code, now, factor.step) {
        Some(step) => Ok(site.parts().database.spend_step(factor.id, step, now).await?),
        None => Ok(false),
    }
}
