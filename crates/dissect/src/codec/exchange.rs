//! What one half of an HTTP exchange says of both its ends, for protocols that live in requests and responses.

use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy};

/// The field of records that [`status`](crate::Part::status) goes into.
pub const STATUS_CODE: FieldInfo =
    FieldInfo { name: "status_code", kind: Kind::Number, privacy: Privacy::Device, meaning: "HTTP status" };

/// Says of who asks that it has `asks` as `field`, and of who answers with success that it has `answers`. `true` for
/// the answer, when the exchange is known whole. `head` is the half's own head.
pub fn say_ends(field: Field, asks: &str, answers: &str, head: &[u8], out: &mut Output<'_>) -> bool {
    // The first word stands for the whole head: a longer part would point at identifiers.
    let raw = head.split(|byte| *byte == b' ').next().unwrap_or_default();
    let status = out.part().status;
    if status == 0 {
        out.fact(About::Sender, field, asks, raw);
        return false;
    }
    out.fact(About::Receiver, field, asks, raw);
    if matches!(status, 200..=299) {
        out.fact(About::Sender, field, answers, raw);
    }
    true
}
