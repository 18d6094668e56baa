//! Numbers, times and flags as whole numbers of the same order.

use super::block::NOTHING;
use super::filter::Literal;
use super::{Kind, Value};
use wardlight_model::Time;

/// What a column of scalars holds for `value`.
pub(super) fn of_value(value: &Value) -> i64 {
    match value {
        Value::Number(number) => of_number(*number),
        Value::Time(time) => time.micros(),
        Value::Flag(flag) => i64::from(*flag),
        Value::Absent | Value::Text(_) | Value::List(_) => NOTHING,
    }
}

/// What a column of `kind` holds for `value`; none when it is of another kind.
pub(super) fn of_literal(kind: Kind, value: &Literal) -> Option<i64> {
    let scalar = match (kind, value) {
        (Kind::Number, Literal::Number(number)) => of_number(*number),
        (Kind::Time, Literal::Time(time)) => time.micros(),
        (Kind::Flag, Literal::Flag(flag)) => i64::from(*flag),
        _ => NOTHING,
    };
    Some(scalar).filter(|scalar| *scalar != NOTHING)
}

/// What `scalar` stands for in a column of `kind`.
pub(super) fn to_value(kind: Kind, scalar: i64) -> Value {
    match kind {
        _ if scalar == NOTHING => Value::Absent,
        Kind::Number => Value::Number(to_number(scalar)),
        Kind::Time => Value::Time(Time::from_micros(scalar)),
        Kind::Flag => Value::Flag(scalar != 0),
        Kind::Text | Kind::List => Value::Absent,
    }
}

/// The bits of a number order like the number, once those of negative ones are turned over.
fn of_number(number: f64) -> i64 {
    if number.is_nan() { NOTHING } else { ordered((number + 0.0).to_bits().cast_signed()) }
}

const fn to_number(scalar: i64) -> f64 {
    f64::from_bits(ordered(scalar).cast_unsigned())
}

const fn ordered(bits: i64) -> i64 {
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_keep_order_and_value(a in proptest::num::f64::NORMAL | proptest::num::f64::ZERO, b in -1e9..1e9_f64) {
            prop_assert_eq!(of_number(a).cmp(&of_number(b)), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(to_number(of_number(a)), a);
        }
    }
}
