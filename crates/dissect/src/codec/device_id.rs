//! IEEE 1284 device identifiers: what a printer says it is, wherever that travels.
//!
//! In comes `MFG:…;MDL:…;SN:…;`; out go maker, model and serial number. Source: IEEE 1284-2000 §7.6; PWG 5107.2-2005.

use crate::{About, Output};
use wardlight_model::Field;

/// Says what the device identifier `raw` tells about `about`.
pub(crate) fn say(about: About<'_>, raw: &[u8], out: &mut Output<'_>) {
    for pair in raw.split(|byte| *byte == b';') {
        let Some(at) = pair.iter().position(|byte| *byte == b':') else { continue };
        let Some((key, value)) = pair.split_at_checked(at) else { continue };
        let value = value.get(1..).unwrap_or_default();
        let field = match key.trim_ascii().to_ascii_uppercase().as_slice() {
            b"MFG" | b"MANUFACTURER" => Field::Manufacturer,
            b"MDL" | b"MODEL" => Field::Model,
            b"SN" | b"SERN" | b"SERIALNUMBER" => Field::Serial,
            _ => continue,
        };
        out.text(about, field, value);
    }
}
