//! Parts that several dissectors share: a cursor that cannot panic, text, names, and small readers.

pub mod address;
pub mod base64;
pub mod ber;
pub mod biceps;
pub mod charset;
pub mod charset_hl7;
pub mod cursor;
pub mod delimited;
pub mod dns;
pub mod duid;
pub(crate) mod exchange;
pub mod inflate;
pub mod json;
pub mod keyed;
pub(crate) mod lanes;
pub mod netbios;
pub mod ntlm;
pub mod person;
pub mod soap;
pub mod text;
pub mod uri;
pub mod url;
pub mod uuid;
pub(crate) mod words;
pub mod xml;
