//! What somebody shows beside a password: a code of a second device (RFC 6238), one from the recovery sheet, each good
//! once. Keys are next door, in [`super::keys`].

use super::keys;
use crate::answer::Wrong;
use crate::site::Site;
use wardlight_access::seal::{Row, SealError};
use wardlight_access::{recovery, totp};
use wardlight_model::Id;
use wardlight_store::database::Factor;

/// What a second device that shows codes is called in the state.
pub const CODES: &str = "totp";
/// What the sheet of recovery codes is called there. It holds their hashes, which tell nothing (they are of 120 random
/// bits) and are not sealed: so the sheet opens the account also when the key of the seals is lost.
pub const SHEET: &str = "recovery";

/// Whether one of `factors` is asked for at the log-in. The sheet alone is not: it stands in for the others.
pub fn is_asked(factors: &[Factor]) -> bool {
    factors.iter().any(|factor| [CODES, keys::KIND].contains(&factor.kind.as_str()))
}

/// Where the secret of a factor is sealed.
pub const fn row(id: Id) -> Row<'static> {
    Row { table: "factor", column: "sealed", id }
}

/// The id of the one factor of `kind` that `account` has: two forms that come at once keep the same one.
pub fn only(account: Id, kind: &str) -> Id {
    let Id(mut bytes) = account;
    bytes.iter_mut().zip(kind.bytes()).for_each(|(byte, sign)| *byte ^= sign);
    Id(bytes)
}

/// Whether `code` is of one of `factors`, and was never used.
pub async fn spends(site: &Site, factors: &[Factor], code: &str) -> Result<bool, Wrong> {
    for factor in factors {
        let spent = match factor.kind.as_str() {
            CODES => spends_code(site, factor, code).await?,
            SHEET => spends_line(site, factor, code).await?,
            _ => false,
        };
        if spent {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether any of `factors` was sealed under a key that is not here: a state that was restored without its key.
pub fn lack_key(site: &Site, factors: &[Factor]) -> bool {
    let lacks = |factor: &Factor| {
        let opened = site.parts().key.open(&factor.sealed, row(factor.id));
        factor.kind != SHEET && matches!(opened, Err(SealError::OtherKey { .. }))
    };
    factors.iter().any(lacks)
}

/// How many codes of the sheet are left.
pub fn left(factors: &[Factor]) -> usize {
    factors.iter().filter(|factor| factor.kind == SHEET).map(|factor| factor.sealed.len() / 32).sum()
}

async fn spends_code(site: &Site, factor: &Factor, code: &str) -> Result<bool, Wrong> {
    let Ok(opened) = site.parts().key.open(&factor.sealed, row(factor.id)) else { return Ok(false) };
    let Ok(bytes) = <[u8; 20]>::try_from(opened.bytes()) else { return Ok(false) };
    let now = site.now();
    match totp::verify(&totp::Secret::new(bytes), code, now, factor.step) {
        Some(step) => Ok(site.parts().database.spend_step(factor.id, step, now).await?),
        None => Ok(false),
    }
}

async fn spends_line(site: &Site, factor: &Factor, code: &str) -> Result<bool, Wrong> {
    let (hashes, _) = factor.sealed.as_chunks::<32>();
    let mut hashes = hashes.to_vec();
    if !recovery::spend(&mut hashes, code) {
        return Ok(false);
    }
    let left = hashes.concat();
    // Of two who use codes at once, one is told that it was wrong, and uses the next.
    Ok(site.parts().database.exchange_factor(factor.id, &factor.sealed, &left, site.now()).await?)
}
