//! What people judged: which members of assets are one device, and which are not.

use super::Refusal;
use std::collections::BTreeMap;
use wardlight_model::Id;
use wardlight_model::change::Change;
use wardlight_model::journal::{Command, Judgement};

/// Carries `command` out, which is the decision `id`; `None` when it is not about judgements. Errors: it makes no sense.
pub(super) fn apply(
    judged: &mut BTreeMap<Id, Judgement>,
    id: Id,
    command: &Command,
) -> Result<Option<Change>, Refusal> {
    match command {
        Command::Judge(judgement) if judgement.one == judgement.other => {
            Err(Refusal::Senseless("a device is always the same as itself"))
        }
        Command::Judge(judgement) => {
            judged.insert(id, *judgement);
            Ok(Some(Change::Judged(id, *judgement)))
        }
        Command::Unjudge(earlier) => {
            judged.remove(earlier).ok_or(Refusal::Senseless("there is no such judgement"))?;
            Ok(Some(Change::JudgedGone(*earlier)))
        }
        _ => Ok(None),
    }
}
