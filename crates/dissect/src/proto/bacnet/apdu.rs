//! The application layer's header: what kind of message it is, of which service.
//!
//! Source: ANSI/ASHRAE 135-2020 clause 20.1.

use super::names;
use super::tag::{self, Tags};
use crate::codec::cursor::{Cursor, Short};

pub(super) const I_AM: u8 = 0;
pub(super) const I_HAVE: u8 = 1;
pub(super) const WHO_HAS: u8 = 7;
pub(super) const WHO_IS: u8 = 8;
pub(super) const WHO_AM_I: u8 = 13;
pub(super) const READ_PROPERTY: u8 = 12;
pub(super) const READ_PROPERTY_MULTIPLE: u8 = 14;
pub(super) const READ_RANGE: u8 = 26;

/// What kind of message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Confirmed,
    Unconfirmed,
    SimpleAck,
    ComplexAck,
    SegmentAck,
    Error,
    Reject,
    Abort,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed-request",
            Self::Unconfirmed => "unconfirmed-request",
            Self::SimpleAck => "simple-ack",
            Self::ComplexAck => "complex-ack",
            Self::SegmentAck => "segment-ack",
            Self::Error => "error",
            Self::Reject => "reject",
            Self::Abort => "abort",
        }
    }
}

/// One message of the application layer.
#[derive(Debug)]
pub(super) struct Apdu<'a> {
    pub(super) kind: Kind,
    pub(super) invoke: Option<u8>,
    pub(super) service: Option<u8>,
    /// Sequence number of a segment, and whether more follow.
    pub(super) segment: Option<(u8, bool)>,
    /// Reason of a reject or an abort.
    pub(super) reason: Option<u8>,
    /// The service's parameters.
    pub(super) body: &'a [u8],
}

impl<'a> Apdu<'a> {
    /// Reads a message. Errors: [`Short`] when it is none.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(bytes);
        let first = cursor.u8()?;
        let kind = match first >> 4 {
            0 => Kind::Confirmed,
            1 => Kind::Unconfirmed,
            2 => Kind::SimpleAck,
            3 => Kind::ComplexAck,
            4 => Kind::SegmentAck,
            5 => Kind::Error,
            6 => Kind::Reject,
            7 => Kind::Abort,
            _ => return Err(Short),
        };
        if kind == Kind::Confirmed {
            let _sizes = cursor.u8()?;
        }
        let invoke = if kind == Kind::Unconfirmed { None } else { Some(cursor.u8()?) };
        let may_be_cut = matches!(kind, Kind::Confirmed | Kind::ComplexAck);
        let is_segment = kind == Kind::SegmentAck || may_be_cut && first & 8 != 0;
        let segment = if is_segment {
            let (sequence, _window) = (cursor.u8()?, cursor.u8()?);
            Some((sequence, may_be_cut && first & 4 != 0))
        } else {
            None
        };
        let (service, reason) = match kind {
            Kind::SegmentAck => (None, None),
            Kind::Reject | Kind::Abort => (None, Some(cursor.u8()?)),
            _ => (Some(cursor.u8()?), None),
        };
        Ok(Self { kind, invoke, service, segment, reason, body: cursor.rest() })
    }

    /// Name of the service; empty when the standard has none.
    pub(super) fn service_name(&self) -> &'static str {
        match (self.kind, self.service) {
            (_, None) => "",
            (Kind::Unconfirmed, Some(service)) => names::unconfirmed(service),
            (_, Some(service)) => names::confirmed(service),
        }
    }

    /// Whether its parameters begin in this datagram.
    pub(super) fn begins(&self) -> bool {
        self.segment.is_none_or(|(sequence, _)| sequence == 0)
    }

    /// Whether the sender asks others for something.
    pub(super) const fn asks(&self) -> bool {
        match (self.kind, self.service) {
            (Kind::Confirmed, Some(service)) => !is_notification(service),
            (Kind::Unconfirmed, Some(service)) => matches!(service, WHO_IS | WHO_HAS),
            _ => false,
        }
    }

    /// Whether the sender shows that it has objects of its own.
    pub(super) const fn is_said_by_a_device(&self) -> bool {
        match (self.kind, self.service) {
            (Kind::Confirmed, Some(service)) => is_notification(service),
            (Kind::Unconfirmed, Some(service)) => matches!(service, I_AM | I_HAVE | 2 | 3 | 11 | WHO_AM_I),
            (Kind::ComplexAck, Some(service)) => {
                matches!(service, READ_PROPERTY | READ_PROPERTY_MULTIPLE | READ_RANGE)
            }
            _ => false,
        }
    }

    /// Whether its parameters begin with who notifies, and of which object.
    pub(super) const fn notifies(&self) -> bool {
        match (self.kind, self.service) {
            (Kind::Confirmed, Some(service)) => matches!(service, 1 | 2),
            (Kind::Unconfirmed, Some(service)) => matches!(service, 2 | 3),
            _ => false,
        }
    }

    /// Class and code of an error, where they stand as the standard's most errors have them.
    pub(super) fn error(&self) -> Option<(u32, u32)> {
        if self.kind != Kind::Error {
            return None;
        }
        let mut tags = Tags::new(self.body);
        let mut next = || tags.application(tag::ENUMERATED).ok().and_then(tag::unsigned);
        Some((next()?, next()?))
    }
}

/// Whether a confirmed service tells its receiver something it asked for before.
const fn is_notification(service: u8) -> bool {
    matches!(service, 1 | 2 | 31 | 32)
}
