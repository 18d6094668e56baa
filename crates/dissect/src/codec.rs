//! Parts that several dissectors share: a cursor that cannot panic, text, character sets, keyed hashes.

pub mod address;
pub mod ber;
pub mod cursor;
pub mod keyed;
pub mod netbios;
pub mod ntlm;
pub mod person;
pub mod text;
