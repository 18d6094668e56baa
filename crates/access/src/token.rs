//! Tokens with which programs ask: `wlt_<id>_<secret>`.
//!
//! In: an id, 256 random bits, the actions that its owner lends it, an end; later the text that a program sends. Out: the
//! token to show once, its SHA-256 to keep, and a verdict that is never wider than its owner's. The prefix lets scanners
//! find tokens that were left in files.
//!
//! Source: OWASP ASVS 5.0.0 V9 and V13.2.

use crate::{Action, Grant, Rights, Verdict, base32};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use subtle::ConstantTimeEq as _;
use wardlight_model::{Id, Time};
use zeroize::{Zeroize as _, Zeroizing};

/// What every token begins with.
pub const PREFIX: &str = "wlt_";
/// Longest life of a token, in microseconds: 366 days.
pub const LONGEST: i64 = 366 * 86_400 * 1_000_000;
/// How much later a use must be to be worth writing down, in microseconds: one minute.
const WORTH_KEEPING: i64 = 60 * 1_000_000;

/// A token as its owner holds it. Shown once.
pub struct ApiToken {
    id: Id,
    secret: Zeroizing<[u8; 32]>,
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which token.
    pub id: Id,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// What it may be used for, at most.
    pub actions: BTreeSet<Action>,
    /// Good from this moment.
    pub from: Time,
    /// Until just before this moment.
    pub until: Time,
    /// When it was last used, to the minute.
    pub last_used: Option<Time>,
}

/// Why a token cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It could do nothing.
    #[error("it has no action: name at least one")]
    NoAction,
    /// Its end does not lie after its beginning.
    #[error("it ends before it begins: give it a later end")]
    Backwards,
    /// It lives too long.
    #[error("a token lives 366 days at most: give it an earlier end")]
    TooLong,
    /// The action is one's own, or asks for a second factor, which a program has not.
    #[error("{} is for people, not for programs: leave it out", .0.name())]
    ForPeople(Action),
}

impl ApiToken {
    /// Made of random bytes, under the id of its row.
    #[must_use]
    pub fn new(id: Id, mut secret: [u8; 32]) -> Self {
        let token = Self { id, secret: Zeroizing::new(secret) };
        secret.zeroize();
        token
    }

    /// The token that a program sent; none when it is not of this form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_plain = id.len() == 32 && !id.contains(|c: char| c.is_ascii_uppercase());
        let id = is_plain.then(|| id.parse().ok()).flatten()?;
        let is_lower = !secret.contains(|c: char| c.is_ascii_uppercase());
        Some(Self { id, secret: is_lower.then(|| base32::read(secret)).flatten()? })
    }

    /// As its owner is shown it, once.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let id = self.id.to_string().replace('-', "");
        let mut secret = Zeroizing::new(base32::written(&*self.secret));
        secret.make_ascii_lowercase();
        Zeroizing::new(format!("{PREFIX}{id}_{}", *secret))
    }

    /// The id of its row, to look it up by.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(*self.secret).into()
    }
}

impl Kept {
    /// What to keep of `token`.
    ///
    /// # Errors
    /// [`TokenError`] when it could do nothing, lives too long, or may do what `rights` leave to people.
    pub fn new(
        token: &ApiToken,
        actions: BTreeSet<Action>,
        (from, until): (Time, Time),
        rights: &Rights,
    ) -> Result<Self, TokenError> {
        let lives = until.since(from);
        if actions.is_empty() {
            return Err(TokenError::NoAction);
        }
        if lives <= 0 {
            return Err(TokenError::Backwards);
        }
        if lives > LONGEST {
            return Err(TokenError::TooLong);
        }
        if let Some(action) = actions.iter().find(|action| rights.is_for_people(**action)) {
            return Err(TokenError::ForPeople(*action));
        }
        Ok(Self { id: token.id, hash: token.hash(), actions, from, until, last_used: None })
    }

    /// Whether `token` is this one, and good at `now`.
    #[must_use]
    pub fn admits(&self, token: &ApiToken, now: Time) -> bool {
        let is_it = bool::from(self.hash.ct_eq(&token.hash())) && self.id == token.id;
        is_it && self.from <= now && now < self.until
    }

    /// Whether a program with this token may do `action`: when the token has it and its owner, with `grants`, may. Else as
    /// [`Rights::may`] says; what the token alone lacks is forbidden, or hidden, as if its owner lacked it.
    #[must_use]
    pub fn may(&self, rights: &Rights, grants: &[Grant], action: Action, at: Option<&[Id]>, now: Time) -> Verdict {
        let is_live = self.from <= now && now < self.until;
        match rights.may(grants, action, at, now) {
            _ if !is_live => Verdict::Hidden,
            Verdict::Granted if !self.actions.contains(&action) => {
                Verdict::Forbidden { roles: rights.roles(action, at) }
            }
            verdict => verdict,
        }
    }

    /// Used at `now`: true when that is so much later than what is kept that it should be written down.
    pub fn touch(&mut self, now: Time) -> bool {
        let is_worth = self.last_used.is_none_or(|last| now.since(last) >= WORTH_KEEPING);
        if is_worth {
            self.last_used = Some(now);
        }
        is_worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reach, Role};
    use proptest::prelude::*;

    const FROM: Time = Time::from_seconds(1_000);
    const UNTIL: Time = Time::from_seconds(2_000);
    const NOW: Time = Time::from_seconds(1_500);

    fn token() -> ApiToken {
        ApiToken::new(Id([0xab; 16]), [5; 32])
    }

    fn kept(actions: &[Action]) -> Result<Kept, TokenError> {
        let rights = Rights::shipped().unwrap();
        Kept::new(&token(), actions.iter().copied().collect(), (FROM, UNTIL), &rights)
    }

    #[test]
    fn a_token_is_read_as_it_was_shown() {
        let text = token().text();
        let front = format!("wlt_{}_", "ab".repeat(16));
        assert!(text.starts_with(&front) && text.len() == 89, "{}", *text);
        let read = ApiToken::read(&text).unwrap();
        assert_eq!((read.id(), read.hash()), (token().id(), token().hash()));
        for wrong in [
            "",
            "wlt_",
            "wlt__",
            &text.to_uppercase(),
            &text.replace("wlt_", "wlt-"),
            &text.replace("wlt_", ""),
            &format!("{}a", *text),
            &format!("{} ", *text),
            &text.replace("_a", "_-a"),
        ] {
            assert!(ApiToken::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_good_from_its_beginning_until_its_end() {
        let kept = kept(&[Action::SeeDevices]).unwrap();
        let admits = |seconds| kept.admits(&token(), Time::from_seconds(seconds));
        assert!(!admits(999) && admits(1_000) && admits(1_999) && !admits(2_000));
        assert!(!kept.admits(&ApiToken::new(Id([0xab; 16]), [6; 32]), NOW), "another secret");
        assert!(!kept.admits(&ApiToken::new(Id([0xac; 16]), [5; 32]), NOW), "another row");
    }

    #[test]
    fn a_token_does_what_both_it_and_its_owner_may() {
        let rights = Rights::shipped().unwrap();
        let grants = |role| [Grant { role, reach: Reach::Site, from: FROM, until: None }];
        let kept = kept(&[Action::SeeDevices, Action::Import]).unwrap();
        let may = |role, action, now| kept.may(&rights, &grants(role), action, None, now);
        assert_eq!(may(Role::Admin, Action::SeeDevices, NOW), Verdict::Granted);
        assert_eq!(may(Role::Admin, Action::Import, NOW), Verdict::Granted);
        assert!(matches!(may(Role::Admin, Action::SeeSensors, NOW), Verdict::Forbidden { .. }), "the token lacks it");
        assert!(matches!(may(Role::Clinician, Action::Import, NOW), Verdict::Forbidden { .. }), "its owner lacks it");
        assert_eq!(may(Role::Admin, Action::SeeDevices, UNTIL), Verdict::Hidden);
        assert_eq!(kept.may(&rights, &[], Action::SeeDevices, None, NOW), Verdict::Hidden, "its owner left");
    }

    #[test]
    fn a_token_that_should_not_be_is_not_made() {
        assert_eq!(kept(&[]), Err(TokenError::NoAction));
        for action in [Action::ManageAccounts, Action::ManageOwnAccount, Action::UseBreakGlass] {
            assert_eq!(kept(&[Action::SeeDevices, action]), Err(TokenError::ForPeople(action)));
        }
        let rights = Rights::shipped().unwrap();
        let made = |until| Kept::new(&token(), [Action::Import].into(), (FROM, until), &rights).map(|_| ());
        assert_eq!(made(FROM), Err(TokenError::Backwards));
        assert_eq!(made(FROM.plus(LONGEST)), Ok(()));
        assert_eq!(made(FROM.plus(LONGEST + 1)), Err(TokenError::TooLong));
    }

    #[test]
    fn use_is_written_down_by_the_minute() {
        let mut kept = kept(&[Action::SeeDevices]).unwrap();
        assert!(kept.touch(NOW) && !kept.touch(NOW.plus(59_999_999)) && kept.touch(NOW.plus(60_000_000)));
        assert_eq!(kept.last_used, Some(NOW.plus(60_000_000)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(wlt_)?.{0,100}") {
            if let Some(token) = ApiToken::read(&text) {
                prop_assert_eq!(&*token.text(), &text);
            }
        }

        #[test]
        fn damage_is_refused_or_another_token(at in 0_usize..89, c in any::<char>()) {
            let text: String = token().text().chars().enumerate().map(|(n, own)| if n == at { c } else { own }).collect();
            if let Some(read) = ApiToken::read(&text) {
                prop_assert_eq!(&*read.text(), &text);
                let admitted = kept(&[Action::SeeDevices]).unwrap().admits(&read, NOW);
                prop_assert_eq!(admitted, *token().text() == text);
            }
        }
    }
}
