//! How the vocabulary's types stand in CBOR where a derived form would not do: names that are static here, lists whose
//! newer items an older reader leaves out, addresses as their bytes.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Mutex;

/// A name that lasts as long as the program.
pub type Name = &'static str;

/// Most names that are kept; a hostile journal cannot fill memory with them.
const NAMES: usize = 4096;
static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// `name` as one that lasts: names of protocols and services are few, and come back for ever. Beyond some thousands,
/// new ones are all called `other`.
#[must_use]
pub fn lasting(name: &str) -> &'static str {
    let Ok(mut kept) = KEPT.lock() else { return "other" };
    if let Some(known) = kept.get(name) {
        return known;
    }
    if kept.len() >= NAMES || name.len() > 64 {
        return "other";
    }
    let new: &'static str = Box::leak(name.to_owned().into_boxed_str());
    kept.insert(new);
    new
}

/// A list whose items may be of kinds that this version does not know: those are counted and left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Known<T> {
    /// The items that could be read.
    pub items: Vec<T>,
    /// How many could not.
    pub unknown: u64,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self { items: Vec::new(), unknown: 0 }
    }
}

impl<T> From<Vec<T>> for Known<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, unknown: 0 }
    }
}

impl<C, T: Encode<C>> Encode<C> for Known<T> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        out: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.items.encode(out, context)
    }
}

impl<'b, C, T: Decode<'b, C>> Decode<'b, C> for Known<T> {
    fn decode(from: &mut Decoder<'b>, context: &mut C) -> Result<Self, Error> {
        let count = from.array()?.ok_or_else(|| Error::message("a list without a length"))?;
        let mut known = Self::default();
        for _ in 0..count {
            let start = from.position();
            match T::decode(from, context) {
                Ok(item) => known.items.push(item),
                Err(error) if error.is_end_of_input() => return Err(error),
                Err(_) => {
                    from.set_position(start);
                    from.skip()?;
                    known.unknown += 1;
                }
            }
        }
        Ok(known)
    }
}

/// A name that is static in this program.
pub(crate) mod name {
    use super::*;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        name: &&'static str,
        out: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        out.str(name)?.ok()
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, _: &mut C) -> Result<&'static str, Error> {
        from.str().map(lasting)
    }
}

/// A field, by name: unknown ones belong to a newer version.
pub(crate) mod field {
    use super::*;
    use crate::Field;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        field: &Field,
        out: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        out.str(field.name())?.ok()
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, _: &mut C) -> Result<Field, Error> {
        Field::named(from.str()?).ok_or_else(|| Error::message("a field of a newer version"))
    }
}

/// A network address: 4 or 16 bytes.
pub(crate) mod ip {
    use super::*;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        ip: &IpAddr,
        out: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match ip {
            IpAddr::V4(ip) => out.bytes(&ip.octets())?.ok(),
            IpAddr::V6(ip) => out.bytes(&ip.octets())?.ok(),
        }
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, _: &mut C) -> Result<IpAddr, Error> {
        let bytes = from.bytes()?;
        let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
        four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
            .map_err(|_| Error::message("an address has 4 or 16 bytes"))
    }
}

/// A network address, or none.
pub(crate) mod maybe_ip {
    use super::*;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        ip: &Option<IpAddr>,
        out: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match ip {
            Some(ip) => super::ip::encode(ip, out, context),
            None => out.null()?.ok(),
        }
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, context: &mut C) -> Result<Option<IpAddr>, Error> {
        if from.datatype()? == minicbor::data::Type::Null {
            from.null()?;
            return Ok(None);
        }
        super::ip::decode(from, context).map(Some)
    }

    pub(crate) fn nil() -> Option<Option<IpAddr>> {
        Some(None)
    }

    pub(crate) fn is_nil(ip: &Option<IpAddr>) -> bool {
        ip.is_none()
    }
}

/// An address with a port: the address's bytes, then the port.
pub(crate) mod end {
    use super::*;
    use crate::Port;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        (ip, port): &(IpAddr, Port),
        out: &mut minicbor::Encoder<W>,
        context: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        out.array(2)?;
        super::ip::encode(ip, out, context)?;
        out.u16(*port)?.ok()
    }

    pub(crate) fn decode<C>(from: &mut Decoder<'_>, context: &mut C) -> Result<(IpAddr, Port), Error> {
        if from.array()? != Some(2) {
            return Err(Error::message("an end is an address and a port"));
        }
        Ok((super::ip::decode(from, context)?, from.u16()?))
    }
}
