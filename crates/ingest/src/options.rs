//! What a source is told beside the bytes.

use crate::mapping::Mapping;
use std::borrow::Cow;
use wardlight_model::{Keyed, Scope, Time};

/// Hides what may name a person. The site's key stays with whoever lends this.
pub trait Veil {
    /// The keyed hash that stands for `text`, which may name a person.
    fn person(&self, text: &str) -> Keyed;

    /// The name that people gave to a host or device, with what may be a person's name in it hidden.
    fn host<'n>(&self, name: &'n str) -> Cow<'n, str>;
}

/// What a source is told beside the bytes.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The document's name without folders; some logs say only there what they are.
    pub name: &'a str,
    /// Which of the run's sources it is; stands in the place of every fact.
    pub source: u32,
    /// Routing domain of its addresses.
    pub scope: Scope,
    /// When it is read; gives the year to logs that leave it out.
    pub now: Time,
    /// Seconds that local time is ahead of UTC, for logs that do not say.
    pub ahead_s: i32,
    /// Which column means what; goes before what would be recognised.
    pub mapping: Option<&'a Mapping>,
    /// Hides what may name a person.
    pub veil: &'a dyn Veil,
}

impl Options<'_> {
    /// A distinguished name (RFC 4514), its first part behind the veil: that is the computer's own name.
    pub(crate) fn distinguished(&self, dn: &str) -> String {
        match dn.split_once(',').and_then(|(first, rest)| Some((first.split_once('=')?, rest))) {
            Some(((kind, name), rest)) => format!("{kind}={},{rest}", self.veil.host(name)),
            None => self.veil.host(dn).into_owned(),
        }
    }
}
