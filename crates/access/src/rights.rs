//! The one table of rights: which role may do what, and how far a grant must reach for it.

use crate::{Action, Grant, Reach, Role, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use wardlight_model::{Id, Time};

/// `data/rights.toml`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    rights: BTreeMap<Action, Right>,
}

/// How far somebody may do one thing: what lists are narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Not at all.
    Nowhere,
    /// To what stands in these areas or below them. Objects whose place is not known are not among it.
    Areas(BTreeSet<Id>),
    /// To everything.
    Site,
}

/// Why a table of rights cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RightsError {
    /// It is no TOML of the form that `data/rights.toml` has.
    #[error("{0}")]
    Malformed(String),
    /// It names an action that there is not.
    #[error("there is no action {0}")]
    NoAction(String),
    /// It names a role that there is not.
    #[error("there is no role {role} for {}", .action.name())]
    NoRole {
        /// The action it stands under.
        action: Action,
        /// The name.
        role: String,
    },
    /// It names one action twice.
    #[error("{} stands in it twice", .0.name())]
    Twice(Action),
    /// It gives a role what that role never has: an auditor what changes something, a vendor what belongs to the whole site.
    #[error("the role {} may never have {}", .role.name(), .action.name())]
    Never {
        /// The role.
        role: Role,
        /// The action.
        action: Action,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    roles: BTreeSet<Role>,
    bound: Bound,
    known_to: Option<Action>,
    step_up: bool,
}

/// How far a grant must reach to give a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bound {
    Area,
    Site,
    Own,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "licence")]
    _licence: String,
    #[serde(default)]
    right: Vec<Row>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    action: String,
    bound: Bound,
    known_to: Option<String>,
    #[serde(default)]
    step_up: bool,
    roles: Vec<String>,
}

impl Rights {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// [`RightsError`], which a test of the shipped table rules out.
    pub fn shipped() -> Result<Self, RightsError> {
        Self::load(include_str!("../../../data/rights.toml"))
    }

    /// Reads a table in the form of `data/rights.toml`.
    ///
    /// # Errors
    /// [`RightsError`] when it is malformed or gives what is never given.
    pub fn load(text: &str) -> Result<Self, RightsError> {
        let file: File = toml::from_str(text).map_err(|error| RightsError::Malformed(error.to_string()))?;
        let mut rights = BTreeMap::new();
        for row in file.right {
            let action = action(&row.action)?;
            if rights.insert(action, row.read(action)?).is_some() {
                return Err(RightsError::Twice(action));
            }
        }
        Ok(Self { rights })
    }

    /// Whether somebody with `grants` may do `action` to an object.
    ///
    /// `at` is the path of areas that the object stands in, from the site to the room; none for what belongs to the whole
    /// site or is a page of many objects; empty for an object whose place is not known.
    #[must_use]
    pub fn may(&self, grants: &[Grant], action: Action, at: Option<&[Id]>, now: Time) -> Verdict {
        if self.given_by(grants, action, at, now).is_some() {
            return Verdict::Granted;
        }
        let knows = match at {
            Some(_) => self
                .rights
                .get(&action)
                .and_then(|right| right.known_to)
                .is_some_and(|seen| self.given_by(grants, seen, at, now).is_some()),
            None => grants.iter().any(|grant| grant.is_live(now) && grant.role.is_of_the_house()),
        };
        if knows { Verdict::Forbidden { roles: self.roles(action, at) } } else { Verdict::Hidden }
    }

    /// The first of `grants` that gives `action` at `at`, for the ledger.
    #[must_use]
    pub fn given_by<'a>(&self, grants: &'a [Grant], action: Action, at: Option<&[Id]>, now: Time) -> Option<&'a Grant> {
        let right = self.rights.get(&action)?;
        let reaches = |grant: &Grant| match right.bound {
            Bound::Own => true,
            Bound::Site => grant.reach == Reach::Site,
            Bound::Area => grant.reaches(at),
        };
        grants.iter().find(|grant| grant.is_live(now) && right.roles.contains(&grant.role) && reaches(grant))
    }

    /// How far somebody with `grants` may do `action`: to show a page of many objects, narrow it to this. A page is shown
    /// when it is not [`Extent::Nowhere`].
    #[must_use]
    pub fn extent(&self, grants: &[Grant], action: Action, now: Time) -> Extent {
        if self.given_by(grants, action, None, now).is_some() {
            return Extent::Site;
        }
        let reached = |grant: &Grant| match grant.reach {
            Reach::Area(area) => self.given_by(std::slice::from_ref(grant), action, Some(&[area]), now).map(|_| area),
            Reach::Site => None,
        };
        let areas: BTreeSet<Id> = grants.iter().filter_map(reached).collect();
        if areas.is_empty() { Extent::Nowhere } else { Extent::Areas(areas) }
    }

    /// Who may do `action` at `at`, in the order of [`Role::ALL`].
    #[must_use]
    pub fn roles(&self, action: Action, at: Option<&[Id]>) -> Vec<Role> {
        let Some(right) = self.rights.get(&action) else { return Vec::new() };
        let needs_site = right.bound == Bound::Area && at.is_none_or(<[Id]>::is_empty);
        right.roles.iter().copied().filter(|role| role.is_of_the_house() || !needs_site).collect()
    }

    /// Whether `action` asks for the second factor again when it was long ago. An action that the table does not name does.
    #[must_use]
    pub fn needs_step_up(&self, action: Action) -> bool {
        self.rights.get(&action).is_none_or(|right| right.step_up)
    }

    /// Whether no program may do `action`, whatever its token: it is its owner's own, or asks for a second factor.
    #[must_use]
    pub fn is_for_people(&self, action: Action) -> bool {
        self.rights.get(&action).is_none_or(|right| right.step_up || right.bound == Bound::Own)
    }
}

impl Extent {
    /// Whether an object that stands in the areas of `path` is within it.
    #[must_use]
    pub fn holds(&self, path: &[Id]) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Areas(areas) => path.iter().any(|area| areas.contains(area)),
            Self::Site => true,
        }
    }
}

impl Row {
    fn read(self, action: Action) -> Result<Right, RightsError> {
        let mut roles = BTreeSet::new();
        for name in self.roles {
            let role = Role::named(&name).ok_or(RightsError::NoRole { action, role: name })?;
            let is_own = self.bound == Bound::Own;
            let changes = role == Role::Auditor && !action.only_reads() && action != Action::ManageOwnAccount;
            let is_wide = !role.is_of_the_house() && self.bound == Bound::Site;
            let takes = !role.is_of_the_house() && is_own && action != Action::ManageOwnAccount;
            if changes || is_wide || takes {
                return Err(RightsError::Never { role, action });
            }
            roles.insert(role);
        }
        let known_to = self.known_to.as_deref().map(self::action).transpose()?;
        Ok(Right { roles, bound: self.bound, known_to, step_up: self.step_up })
    }
}

fn action(name: &str) -> Result<Action, RightsError> {
    Action::named(name).ok_or_else(|| RightsError::NoAction(name.to_owned()))
}

#[cfg(test)]
mod tests;
