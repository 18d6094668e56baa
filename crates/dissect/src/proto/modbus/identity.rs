//! Read device identification (function 43, type 14): what a server says it is.
//!
//! In: the body of an answer. Out: facts about the unit that answers. Makers' own objects (from 0x80 on) and the URL are
//! passed over.
//!
//! Source: Modbus Application Protocol Specification V1.1b3, section 6.21.

use crate::codec::cursor::{Cursor, Short};
use crate::{About, Output};
use wardlight_model::{Field, KeyKind};

/// Type of the encapsulated interface.
const DEVICE_IDENTIFICATION: u8 = 14;
/// Standard objects that are read.
const VENDOR_NAME: u8 = 0;
const PRODUCT_CODE: u8 = 1;
const REVISION: u8 = 2;
const PRODUCT_NAME: u8 = 4;
const MODEL_NAME: u8 = 5;
const USER_APPLICATION_NAME: u8 = 6;

/// An answer that identifies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    /// Object that the next answer begins with, when one must follow.
    pub(super) next: Option<u8>,
    /// How many objects it promises.
    pub(super) count: u8,
    objects: &'a [u8],
}

/// Reads the body of an answer of function 43. `None` when it is of another type. Errors: [`Short`].
pub(super) fn identity(body: &[u8]) -> Result<Option<Identity<'_>>, Short> {
    let mut cursor = Cursor::new(body);
    if cursor.u8()? != DEVICE_IDENTIFICATION {
        return Ok(None);
    }
    let (_code, _conformity) = (cursor.u8()?, cursor.u8()?);
    let (more, next, count) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
    Ok(Some(Identity { next: (more == 0xff).then_some(next), count, objects: cursor.rest() }))
}

impl<'a> Identity<'a> {
    /// Its objects: number and value. The last is [`Short`] when it runs past the end, or fewer stand than are promised.
    pub(super) fn objects(&self) -> impl Iterator<Item = Result<(u8, &'a [u8]), Short>> + use<'a> {
        let mut cursor = Cursor::new(self.objects);
        let mut left = self.count;
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let mut read = || {
                let (number, length) = (cursor.u8()?, cursor.u8()?);
                Ok((number, cursor.take(usize::from(length))?))
            };
            let object = read();
            if object.is_err() {
                left = 0;
            }
            Some(object)
        })
    }

    /// Says what the objects tell about `unit` of the sender. A name of the product is its model where no name of the
    /// model stands beside it or comes next.
    pub(super) fn say(&self, unit: u8, out: &mut Output<'_>) {
        let name = unit.to_string();
        // 0 and 255 are the server itself; of others the inventory tells whether there is a bus behind it.
        let about = if matches!(unit, 0 | 255) { About::Sender } else { About::Named(KeyKind::ModbusUnit, &name) };
        let has_model =
            self.next == Some(MODEL_NAME) || self.objects().flatten().any(|(number, _)| number == MODEL_NAME);
        for (number, value) in self.objects().flatten() {
            let field = match number {
                VENDOR_NAME => Field::Manufacturer,
                PRODUCT_CODE => Field::ModelNumber,
                REVISION => Field::Firmware,
                PRODUCT_NAME if !has_model => Field::Model,
                MODEL_NAME => Field::Model,
                USER_APPLICATION_NAME => Field::FriendlyName,
                _ => continue,
            };
            out.text(about, field, value);
        }
    }
}
