//! What other systems know: bytes of their exports and logs come in; records, facts, flows and presences go out.
//!
//! A [`source`] reads one kind of document, piece by piece and in bounded memory. Every row of it is accepted, mended with
//! a note, or set aside with a reason and its number; the [`Tally`] adds up. Nothing is opened here, no clock is asked,
//! and nothing is decided about what a row means for the inventory. Values that may name a person leave as keyed hashes
//! only ([`Veil`]). Notes name columns and reasons, never values.

mod bytes;
mod decode;
mod item;
mod json;
mod lines;
pub mod mapping;
mod options;
mod records;
mod said;
pub mod source;
pub mod table;
mod value;
mod xml;

#[cfg(test)]
mod trial;

pub use item::{Item, ReadError, Tally, Trouble};
pub use options::{Options, Veil};
