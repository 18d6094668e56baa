//! What medical devices say.

pub(crate) mod astm;
pub(crate) mod dicom;
pub(crate) mod hl7;
pub(crate) mod sdc;
