//! Parts that several dissectors share: a cursor that cannot panic, text, character sets, keyed hashes, DNS messages.

pub mod charset;
pub mod address;
pub mod address;
pub mod ber;
pub mod cursor;
pub mod dns;
pub mod duid;
pub mod charset_hl7;
pub mod cursor;
pub mod delimited;
pub mod keyed;
pub mod netbios;
pub mod ntlm;
pub mod person;
pub mod text;
pub mod uuid;
pub mod json;
pub mod keyed;
pub mod person;
pub mod text;
pub mod uri;
