//! Parts that several dissectors share: a cursor that cannot panic, text, character sets, keyed hashes.

pub mod charset_hl7;
pub mod cursor;
pub mod delimited;
pub mod keyed;
pub mod person;
pub mod text;
