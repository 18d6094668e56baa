//! Parts that several dissectors share: a cursor that cannot panic, text, character sets, keyed hashes.

pub mod cursor;
pub mod json;
pub mod keyed;
pub mod person;
pub mod text;
pub mod uri;
