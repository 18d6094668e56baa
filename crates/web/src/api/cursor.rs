//! Marks by which programs go on with a list: opaque to them, nothing but a place to us. A mark grants nothing: whoever
//! made one up is somewhere in the list that they may see.

use crate::answer::Wrong;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use wardlight_model::{Id, Time};
use wardlight_store::projection::{Literal, Mark};

/// Longest mark, in characters.
const LONGEST: usize = 4096;

/// The texts of which a mark is made.
fn written(parts: &[&str]) -> String {
    let text = serde_json::to_string(parts).unwrap_or_default();
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

/// The texts of which `mark` was made. Errors: it is none of ours.
fn read<const N: usize>(mark: &str) -> Result<[String; N], Wrong> {
    let wrong = || {
        Wrong::Senseless("`after` is no mark of this list: take `next` of the part before, or leave it out.".to_owned())
    };
    let bytes = Some(mark).filter(|mark| mark.len() <= LONGEST).map(Base64UrlUnpadded::decode_vec);
    let bytes = bytes.and_then(Result::ok).ok_or_else(wrong)?;
    let parts: Vec<String> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    parts.try_into().map_err(|_| wrong())
}

fn none_of_ours<T>(_: T) -> Wrong {
    Wrong::Senseless("`after` is no mark of this list: take `next` of the part before, or leave it out.".to_owned())
}

/// The mark behind the device with `id`, in a list by id.
#[must_use]
pub fn of_id(id: Id) -> String {
    written(&[&id.to_string()])
}

/// The id that [`of_id`] wrote. Errors: it is none of ours.
pub fn id(mark: &str) -> Result<Id, Wrong> {
    let [id] = read(mark)?;
    id.parse().map_err(none_of_ours)
}

/// The mark behind a row of devices that are sorted as `sort` says.
#[must_use]
pub fn of_row(sort: &str, mark: &Mark) -> String {
    let (kind, value) = match &mark.first {
        None => ("-", String::new()),
        Some(Literal::Text(text)) => ("t", text.to_string()),
        // Its bits: nothing is lost on the way.
        Some(Literal::Number(number)) => ("n", number.to_bits().to_string()),
        Some(Literal::Time(time)) => ("m", time.micros().to_string()),
        Some(Literal::Flag(flag)) => ("f", flag.to_string()),
    };
    written(&[sort, kind, &value, &mark.id.to_string()])
}

/// The mark that [`of_row`] wrote for the same `sort`. Errors: it is none of ours.
pub fn row(sort: &str, mark: &str) -> Result<Mark, Wrong> {
    let [sorted, kind, value, id] = read(mark)?;
    if sorted != sort {
        return Err(Wrong::Senseless("`after` is a mark of another order: keep `sort`, or begin anew.".to_owned()));
    }
    let first = match kind.as_str() {
        "-" => None,
        "t" => Some(Literal::Text(value.into())),
        "n" => Some(Literal::Number(f64::from_bits(value.parse().map_err(none_of_ours)?))),
        "m" => Some(Literal::Time(Time::from_micros(value.parse().map_err(none_of_ours)?))),
        "f" => Some(Literal::Flag(value == "true")),
        other => return Err(none_of_ours(other)),
    };
    Ok(Mark { first, id: id.parse().map_err(none_of_ours)? })
}

/// The mark behind a pair that waits for a person.
#[must_use]
pub fn of_pair(doubt: u64, ends: [Id; 2]) -> String {
    let [one, other] = ends.map(|id| id.to_string());
    written(&[&doubt.to_string(), &one, &other])
}

/// What [`of_pair`] wrote. Errors: it is none of ours.
pub fn pair(mark: &str) -> Result<(u64, [Id; 2]), Wrong> {
    let [doubt, one, other] = read(mark)?;
    let ends = [one.parse().map_err(none_of_ours)?, other.parse().map_err(none_of_ours)?];
    Ok((doubt.parse().map_err(none_of_ours)?, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is() {
        let id = Id([7; 16]);
        for first in [
            None,
            Some(Literal::Text("bed \"7\" ä".into())),
            Some(Literal::Number(0.1 + 0.2)),
            Some(Literal::Time(Time::from_micros(-5))),
            Some(Literal::Flag(true)),
        ] {
            let mark = Mark { first, id };
            assert_eq!(row("-name", &of_row("-name", &mark)).unwrap(), mark);
            assert!(row("name", &of_row("-name", &mark)).is_err(), "another order");
        }
        assert_eq!(self::id(&of_id(id)).unwrap(), id);
        assert_eq!(pair(&of_pair(3, [id, Id([8; 16])])).unwrap(), (3, [id, Id([8; 16])]));
        for wrong in ["", "x", "W10", "bnVsbA", &"A".repeat(5000), &of_pair(3, [id, id])] {
            assert!(self::id(wrong).is_err() && row("name", wrong).is_err(), "{wrong}");
        }
    }
}
