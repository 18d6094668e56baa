//! Who holds a role where, and for how long.

use crate::Role;
use wardlight_model::{Id, Time};

/// Longest time for which a time-boxed role is granted, in microseconds: 366 days.
pub const LONGEST_BOX: i64 = 366 * 86_400 * 1_000_000;

/// How far a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// Everything that this installation knows.
    Site,
    /// One area of the site tree with all below it.
    Area(Id),
}

/// One role for one person, at a place, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What the person is.
    pub role: Role,
    /// Where.
    pub reach: Reach,
    /// From this moment.
    pub from: Time,
    /// Until just before this moment; none for as long as nobody ends it.
    pub until: Option<Time>,
}

/// What was asked of somebody's grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be done.
    Granted,
    /// It may not be done, and the asker may know that it exists: answer 403, and say who may.
    Forbidden {
        /// Who may do it there, in the order of [`Role::ALL`].
        roles: Vec<Role>,
    },
    /// It may not be done, nor may the asker know that it exists: answer 404.
    Hidden,
}

/// Why a grant cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// The role is only ever given for a time.
    #[error("the role {} is granted for a time only: give it an end", .0.name())]
    NoEnd(Role),
    /// The role is given for a shorter time.
    #[error("the role {} is granted for 366 days at most: give it an earlier end", .0.name())]
    TooLong(Role),
    /// The role never reaches the whole site.
    #[error("the role {} never reaches the whole site: name an area", .0.name())]
    TooWide(Role),
    /// The end does not lie after the beginning.
    #[error("it ends before it begins: give it a later end")]
    Backwards,
}

impl Grant {
    /// The grant, if it may be made at all. Ask before it is stored.
    ///
    /// # Errors
    /// [`GrantError`] when the role asks for an end or for an area and has none, or when the end is not later.
    pub fn checked(self) -> Result<Self, GrantError> {
        let lasts = self.until.map(|until| until.since(self.from));
        match lasts {
            Some(lasts) if lasts <= 0 => Err(GrantError::Backwards),
            None if self.role.is_time_boxed() => Err(GrantError::NoEnd(self.role)),
            Some(lasts) if self.role.is_time_boxed() && lasts > LONGEST_BOX => Err(GrantError::TooLong(self.role)),
            _ if self.is_too_wide() => Err(GrantError::TooWide(self.role)),
            _ => Ok(self),
        }
    }

    /// Whether it holds at `now`. One that [`Grant::checked`] refuses for its missing end or its width never does.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        let has_ended = self.until.is_some_and(|until| until <= now);
        let lacks_end = self.role.is_time_boxed() && self.until.is_none();
        self.from <= now && !has_ended && !lacks_end && !self.is_too_wide()
    }

    /// Whether it reaches an object: `at` is the path of areas that it stands in, widest first; none for what belongs to
    /// the whole site, empty when its place is not known.
    #[must_use]
    pub fn reaches(&self, at: Option<&[Id]>) -> bool {
        match self.reach {
            Reach::Site => true,
            Reach::Area(area) => at.is_some_and(|path| path.contains(&area)),
        }
    }

    const fn is_too_wide(&self) -> bool {
        matches!(self.reach, Reach::Site) && !self.role.is_of_the_house()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Reach = Reach::Area(Id([7; 16]));

    fn grant(role: Role, reach: Reach, until: Option<i64>) -> Grant {
        Grant { role, reach, from: Time::from_seconds(100), until: until.map(Time::from_seconds) }
    }

    #[test]
    fn time_boxed_roles_need_an_end() {
        assert_eq!(grant(Role::Auditor, Reach::Site, None).checked(), Err(GrantError::NoEnd(Role::Auditor)));
        assert_eq!(grant(Role::Vendor, AREA, None).checked(), Err(GrantError::NoEnd(Role::Vendor)));
        assert!(grant(Role::Auditor, Reach::Site, Some(200)).checked().is_ok());
        assert!(grant(Role::Analyst, Reach::Site, None).checked().is_ok());
        let long = 100 + 367 * 86_400;
        assert_eq!(grant(Role::Auditor, Reach::Site, Some(long)).checked(), Err(GrantError::TooLong(Role::Auditor)));
        assert!(grant(Role::Admin, Reach::Site, Some(long)).checked().is_ok());
    }

    #[test]
    fn a_vendor_never_reaches_the_whole_site() {
        let wide = grant(Role::Vendor, Reach::Site, Some(200));
        assert_eq!(wide.clone().checked(), Err(GrantError::TooWide(Role::Vendor)));
        assert!(!wide.is_live(Time::from_seconds(150)), "nor when it was stored all the same");
        assert!(grant(Role::Vendor, AREA, Some(200)).checked().is_ok());
    }

    #[test]
    fn an_end_lies_behind_the_beginning() {
        assert_eq!(grant(Role::Admin, Reach::Site, Some(100)).checked(), Err(GrantError::Backwards));
        assert_eq!(grant(Role::Auditor, Reach::Site, Some(1)).checked(), Err(GrantError::Backwards));
    }

    #[test]
    fn a_grant_holds_from_its_beginning_until_just_before_its_end() {
        let live = |grant: &Grant, second| grant.is_live(Time::from_seconds(second));
        let boxed = grant(Role::Auditor, Reach::Site, Some(200));
        assert!(!live(&boxed, 99) && live(&boxed, 100) && live(&boxed, 199) && !live(&boxed, 200));
        assert!(!live(&grant(Role::Auditor, Reach::Site, None), 150), "no end, no right");
        assert!(live(&grant(Role::Admin, Reach::Site, None), 1_000_000));
    }

    #[test]
    fn an_area_reaches_what_stands_below_it() {
        let [site, area, room, other] = [1, 7, 8, 9].map(|n| Id([n; 16]));
        let ward = grant(Role::Clinician, AREA, None);
        assert!(ward.reaches(Some(&[site, area, room])) && ward.reaches(Some(&[site, area])));
        assert!(!ward.reaches(Some(&[site, other])) && !ward.reaches(Some(&[site])), "neither beside nor above it");
        assert!(!ward.reaches(None) && !ward.reaches(Some(&[])));
        let all = grant(Role::Clinician, Reach::Site, None);
        assert!(all.reaches(None) && all.reaches(Some(&[])) && all.reaches(Some(&[site, other])));
    }
}
