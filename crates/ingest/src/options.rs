//! What a source is told beside the bytes.

use crate::mapping::Mapping;
use std::borrow::Cow;
use wardlight_model::{Keyed, Scope, Time};

/// Hides what may name a person. The site's key stays with whoever lends this.
pub trait Veil {
    /// The keyed hash that stands for `text`, which may name a person.
    fn person(&self, text: &str) -> Keyed;

    /// `name` of a host, with what may be a person's name in it hidden.
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
