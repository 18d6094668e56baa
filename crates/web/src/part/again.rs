//! Whether somebody showed lately that it is they, where a right asks for that (OWASP ASVS 5.0.0 V7.5, V8.3).

use super::factors;
use crate::answer::Wrong;
use crate::guard::Visitor;
use crate::site::Site;
use wardlight_access::Action;

/// Whether the second factor was shown lately. Behind broken glass there is none: the code of the envelope was it.
pub fn is_fresh(site: &Site, visitor: &Visitor) -> bool {
    visitor.session.is_break_glass || visitor.session.has_stepped_up(site.now(), site.limits())
}

/// Errors: `action` asks for a second factor shown lately, and none was. Afterwards it goes on at `to`.
pub fn asked(site: &Site, visitor: &Visitor, action: Action, to: &str) -> Result<(), Wrong> {
    let is_fine = !site.rights().needs_step_up(action) || is_fresh(site, visitor);
    if is_fine { Ok(()) } else { Err(Wrong::Stale(to.to_owned())) }
}

/// Whether this visitor may change how one comes in to the account: the second factor was shown lately, or there is none
/// and the log-in itself was lately.
pub async fn is_owner(site: &Site, visitor: &Visitor) -> Result<bool, Wrong> {
    if visitor.session.is_break_glass {
        return Ok(false);
    }
    if is_fresh(site, visitor) {
        return Ok(true);
    }
    let has_none = !factors::is_asked(&site.parts().database.factors(visitor.account).await?);
    let since = site.now().since(visitor.session.begun);
    Ok(has_none && since < site.limits().step_up)
}

/// Errors: this visitor may not change how one comes in to the account before showing again who they are.
pub async fn owner(site: &Site, visitor: &Visitor, to: &str) -> Result<(), Wrong> {
    if is_owner(site, visitor).await? { Ok(()) } else { Err(Wrong::Stale(to.to_owned())) }
}
