//! Sessions: what a browser holds, what is kept of it, and how long it is good.
//!
//! In: 256 random bits at log-in, later the cookie's text and `now`. Out: the hash to keep and to look a session up by,
//! whether it still stands, and a token that forms carry against forgery. The token itself is never kept: who reads the
//! database cannot use a session.
//!
//! Source: OWASP ASVS 5.0.0 V3.5 (forms) and V7; 45 CFR 164.312(a)(2)(ii) and (iii): emergency access, automatic logoff.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use wardlight_model::Time;
use zeroize::{Zeroize as _, Zeroizing};

/// What a browser shows to be known again: 256 random bits.
pub struct Token(Zeroizing<[u8; 32]>);

/// What is kept of a session beside whose it is and the hash of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// When somebody logged in.
    pub begun: Time,
    /// When it was last used.
    pub seen: Time,
    /// When a second factor was last shown; none when none was.
    pub stepped_up: Option<Time>,
    /// Whether glass was broken for it: it is short, and an alarm was raised.
    pub is_break_glass: bool,
}

/// How long sessions are good, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without use.
    pub idle: i64,
    /// In all.
    pub longest: i64,
    /// In all, when glass was broken.
    pub break_glass: i64,
    /// After a second factor, for what asks for a fresh one.
    pub step_up: i64,
}

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may be used.
    Alive,
    /// It was not used for too long: nothing is shown until its owner logs in again, which takes it up where it was.
    Idle,
    /// It is over for good.
    Over,
}

const MINUTE: i64 = 60 * 1_000_000;
/// How far a clock may be put back before sessions end, so that none lives longer for it.
const CLOCK: i64 = 5 * MINUTE;

impl Default for Limits {
    /// 15 minutes without use, 12 hours in all, one hour behind broken glass, 10 minutes after a second factor.
    fn default() -> Self {
        Self { idle: 15 * MINUTE, longest: 12 * 60 * MINUTE, break_glass: 60 * MINUTE, step_up: 10 * MINUTE }
    }
}

impl Token {
    /// Made of random bytes.
    #[must_use]
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let token = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        token
    }

    /// A cookie's text; none when it is no token.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        let read = Base64UrlUnpadded::decode(text, &mut *bytes).ok()?.len();
        (read == 32).then_some(Self(bytes))
    }

    /// As the cookie holds it.
    #[must_use]
    pub fn text(&self) -> String {
        Base64UrlUnpadded::encode_string(&*self.0)
    }

    /// What is kept of it, and what it is looked up by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(*self.0).into()
    }

    /// What the forms of this session carry. Tells nothing of the token.
    #[must_use]
    pub fn csrf(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.form_mac())
    }

    /// Whether `text` is what the forms of this session carry.
    #[must_use]
    pub fn is_csrf(&self, text: &str) -> bool {
        let mut sent = [0; 32];
        let is_whole = Base64UrlUnpadded::decode(text, &mut sent).is_ok_and(|bytes| bytes.len() == 32);
        bool::from(sent.ct_eq(&self.form_mac())) && is_whole
    }

    fn form_mac(&self) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes keys of every length");
        mac.update(b"wardlight form 1");
        mac.finalize().into_bytes().into()
    }
}

impl Session {
    /// One that begins at `now`; `stepped_up` when a second factor was shown.
    #[must_use]
    pub fn begin(now: Time, stepped_up: bool) -> Self {
        Self { begun: now, seen: now, stepped_up: stepped_up.then_some(now), is_break_glass: false }
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Time, limits: &Limits) -> Standing {
        let longest = if self.is_break_glass { limits.break_glass.min(limits.longest) } else { limits.longest };
        if now.since(self.begun) >= longest || self.seen.since(now) > CLOCK {
            Standing::Over
        } else if now.since(self.seen) >= limits.idle {
            Standing::Idle
        } else {
            Standing::Alive
        }
    }

    /// Used at `now`. It counts as used only when it was alive.
    pub fn touch(&mut self, now: Time, limits: &Limits) -> Standing {
        let standing = self.standing(now, limits);
        if standing == Standing::Alive {
            self.seen = self.seen.max(now);
        }
        standing
    }

    /// Its owner logged in again at `now`: idle becomes alive. What is over stays over.
    pub fn resume(&mut self, now: Time, limits: &Limits) -> Standing {
        if self.standing(now, limits) == Standing::Idle {
            self.seen = now;
        }
        self.standing(now, limits)
    }

    /// Its owner showed a second factor at `now`.
    pub fn step_up(&mut self, now: Time) {
        self.stepped_up = Some(now);
    }

    /// Whether a second factor was shown so shortly before `now` that none is asked for again.
    #[must_use]
    pub fn has_stepped_up(&self, now: Time, limits: &Limits) -> bool {
        self.stepped_up.is_some_and(|at| (-CLOCK..limits.step_up).contains(&now.since(at)))
    }

    /// When it will be over if it is used until then.
    #[must_use]
    pub fn ends(&self, limits: &Limits) -> Time {
        self.begun.plus(if self.is_break_glass { limits.break_glass.min(limits.longest) } else { limits.longest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BEGUN: Time = Time::from_seconds(1_000_000);

    fn after(minutes: i64) -> Time {
        BEGUN.plus(minutes * MINUTE)
    }

    fn standing(session: &Session, minutes: i64) -> Standing {
        session.standing(after(minutes), &Limits::default())
    }

    #[test]
    fn a_token_is_read_as_it_was_written_and_kept_as_its_hash() {
        let token = Token::new([0xfb; 32]);
        let text = token.text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::read(&text).map(|token| token.hash()), Some(token.hash()));
        assert_eq!(token.hash(), <[u8; 32]>::from(Sha256::digest([0xfb; 32])));
        for wrong in
            ["", "x", &text.replace('-', "+"), &format!("{text}="), &format!("{text}A"), &text.replacen('-', "", 1)]
        {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let (one, other) = (Token::new([1; 32]), Token::new([2; 32]));
        assert!(one.is_csrf(&one.csrf()) && !one.is_csrf(&other.csrf()));
        assert!(!one.is_csrf("") && !one.is_csrf(&one.text()) && !one.is_csrf(&format!("{}A", one.csrf())));
        assert_ne!(one.csrf(), one.text());
    }

    #[test]
    fn a_session_goes_idle_and_is_taken_up_again() {
        let mut session = Session::begin(BEGUN, true);
        assert_eq!(standing(&session, 14), Standing::Alive);
        assert_eq!(standing(&session, 15), Standing::Idle);
        assert_eq!(session.touch(after(14), &Limits::default()), Standing::Alive);
        assert_eq!(standing(&session, 28), Standing::Alive);
        assert_eq!(session.touch(after(29), &Limits::default()), Standing::Idle);
        assert_eq!(standing(&session, 29), Standing::Idle, "use alone wakes nothing");
        assert_eq!(session.resume(after(40), &Limits::default()), Standing::Alive);
        assert_eq!(standing(&session, 54), Standing::Alive);
    }

    #[test]
    fn a_session_is_over_however_much_it_is_used() {
        let mut session = Session::begin(BEGUN, true);
        for minute in 0..12 * 60 {
            assert_eq!(session.touch(after(minute), &Limits::default()), Standing::Alive);
        }
        assert_eq!(session.touch(after(12 * 60), &Limits::default()), Standing::Over);
        assert_eq!(session.resume(after(12 * 60), &Limits::default()), Standing::Over);
        assert_eq!(session.ends(&Limits::default()), after(12 * 60));
    }

    #[test]
    fn broken_glass_lasts_an_hour_and_no_longer_than_others() {
        let mut session = Session { is_break_glass: true, ..Session::begin(BEGUN, true) };
        for minute in 0..60 {
            assert_eq!(session.touch(after(minute), &Limits::default()), Standing::Alive);
        }
        assert_eq!(standing(&session, 60), Standing::Over);
        let short = Limits { longest: 10 * MINUTE, ..Limits::default() };
        assert_eq!(session.standing(after(10), &short), Standing::Over);
        assert_eq!(session.ends(&short), after(10));
    }

    #[test]
    fn a_clock_put_back_gives_no_time() {
        let mut session = Session::begin(BEGUN, true);
        assert_eq!(session.touch(after(-1), &Limits::default()), Standing::Alive, "clocks are set a little");
        assert_eq!(session.seen, BEGUN);
        assert_eq!(standing(&session, -6), Standing::Over);
    }

    #[test]
    fn a_second_factor_is_fresh_for_a_while() {
        let mut session = Session::begin(BEGUN, false);
        assert!(!session.has_stepped_up(BEGUN, &Limits::default()));
        session.step_up(after(5));
        assert!(session.has_stepped_up(after(14), &Limits::default()));
        assert!(!session.has_stepped_up(after(15), &Limits::default()));
        assert!(!session.has_stepped_up(after(-1), &Limits::default()), "a clock put back makes none fresh");
        assert!(Session::begin(BEGUN, true).has_stepped_up(BEGUN, &Limits::default()));
    }

    proptest! {
        #[test]
        fn any_cookie_is_read_or_refused(text in ".{0,64}") {
            if let Some(token) = Token::read(&text) {
                prop_assert_eq!(token.text(), text);
            }
        }

        #[test]
        fn what_is_over_stays_over(uses in proptest::collection::vec((0_i64..400, any::<bool>()), 0..20)) {
            let (mut session, mut now, mut was_over) = (Session::begin(BEGUN, true), BEGUN, false);
            for (minutes, resumes) in uses {
                now = now.plus(minutes * MINUTE);
                let limits = Limits::default();
                let stands = if resumes { session.resume(now, &limits) } else { session.touch(now, &limits) };
                was_over |= stands == Standing::Over;
                prop_assert!(!was_over || stands == Standing::Over);
                prop_assert!(stands != Standing::Alive || now < session.ends(&limits));
            }
        }
    }
}
