//! Parts that several dissectors share: a cursor that cannot panic, text, character sets, keyed hashes, XML, SOAP.

pub mod biceps;
pub mod cursor;
pub mod keyed;
pub mod person;
pub mod soap;
pub mod text;
pub mod url;
pub mod uuid;
pub mod xml;
