//! Who answers for which devices, as far as no source says so.

use super::Refusal;
use std::collections::BTreeMap;
use wardlight_model::Id;
use wardlight_model::change::Change;
use wardlight_model::journal::{Command, OwnerRule};

/// Carries `command` out, which is the decision `id`; `None` when it is not about owners. Errors: it makes no sense.
pub(super) fn apply(
    owners: &mut BTreeMap<Id, OwnerRule>,
    id: Id,
    command: &Command,
) -> Result<Option<Change>, Refusal> {
    match command {
        Command::PutOwner(rule) if rule.owner.trim().is_empty() => Err(Refusal::Senseless("the owner has no name")),
        Command::PutOwner(rule) => {
            owners.insert(id, rule.clone());
            Ok(Some(Change::Owner(id, rule.clone())))
        }
        Command::RemoveOwner(earlier) => {
            owners.remove(earlier).ok_or(Refusal::Senseless("there is no such rule"))?;
            Ok(Some(Change::OwnerGone(*earlier)))
        }
        _ => Ok(None),
    }
}
