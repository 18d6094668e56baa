//! Entity resolution seen from outside: hand-made cases, properties, and an invented hospital whose truth is known.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::string_slice, clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "tests")]
#![allow(missing_docs, reason = "tests")]

mod attributes;
mod bars;
mod hospital;
mod house;
mod identifiers;
mod properties;
mod quality;
