//! The SNMP message: envelope of each version, and the PDU within.

use crate::codec::ber::{self, Element, Fault, Oid, Reader};

/// Protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2c,
    V3,
}

impl Version {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2c => "2c",
            Self::V3 => "3",
        }
    }
}

/// One message, its PDU not yet read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub version: Version,
    /// The bytes that say the version.
    pub version_raw: &'a [u8],
    pub body: Body<'a>,
    pub security: Option<Security<'a>>,
    rest: Reader<'a>,
}

/// What stands before the PDU.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    /// The community: a password in plain text.
    Community(&'a [u8]),
    /// A PDU in its scope (RFC 3412 §6), or the same encrypted.
    Scoped,
}

/// Header and security parameters of version 3 (RFC 3412 §6, RFC 3414 §2.4).
#[derive(Debug, Clone, Copy)]
pub(super) struct Security<'a> {
    pub authenticated: bool,
    pub encrypted: bool,
    /// Whether the sender wants a report when something is wrong.
    pub reportable: bool,
    /// Id of the authoritative engine; empty while it is not known.
    pub engine: &'a [u8],
    pub user: &'a [u8],
}

impl Security<'_> {
    /// Whether a user is named but nothing is authenticated.
    pub(super) const fn is_open(&self) -> bool {
        !self.authenticated && !self.user.is_empty()
    }
}

/// What a PDU is (RFC 1157 §4.1, RFC 3416 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PduKind {
    Get,
    GetNext,
    Response,
    Set,
    TrapV1,
    GetBulk,
    Inform,
    TrapV2,
    Report,
}

impl PduKind {
    const fn of(tag: u8) -> Option<Self> {
        Some(match tag {
            0xa0 => Self::Get,
            0xa1 => Self::GetNext,
            0xa2 => Self::Response,
            0xa3 => Self::Set,
            0xa4 => Self::TrapV1,
            0xa5 => Self::GetBulk,
            0xa6 => Self::Inform,
            0xa7 => Self::TrapV2,
            0xa8 => Self::Report,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get-request",
            Self::GetNext => "get-next-request",
            Self::Response => "response",
            Self::Set => "set-request",
            Self::TrapV1 => "trap",
            Self::GetBulk => "get-bulk-request",
            Self::Inform => "inform-request",
            Self::TrapV2 => "snmpv2-trap",
            Self::Report => "report",
        }
    }

    /// Whether its values are what the sender says about itself.
    pub(super) const fn is_said_by_the_device(self) -> bool {
        matches!(self, Self::Response | Self::TrapV1 | Self::TrapV2 | Self::Inform)
    }
}

/// One PDU.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pdu<'a> {
    pub kind: PduKind,
    pub request: u32,
    /// Error status; means something in responses only.
    pub error: u32,
    /// The head that only a version 1 trap has.
    pub trap: Option<Trap<'a>>,
    bindings: Reader<'a>,
}

/// Head of a version 1 trap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trap<'a> {
    pub enterprise: Oid<'a>,
    /// Network address of the device it comes from.
    pub agent: &'a [u8],
    pub generic: u32,
    pub specific: u32,
}

impl<'a> Pdu<'a> {
    /// Names and values, up to the first that is malformed.
    pub(super) const fn bindings(&self) -> Bindings<'a> {
        Bindings(self.bindings)
    }
}

/// The variable bindings of a PDU.
pub(super) struct Bindings<'a>(Reader<'a>);

impl<'a> Iterator for Bindings<'a> {
    type Item = Result<(Oid<'a>, Element<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let binding = binding(&mut self.0);
        if binding.is_err() {
            self.0 = Reader::new(&[]);
        }
        Some(binding)
    }
}

fn binding<'a>(bindings: &mut Reader<'a>) -> Result<(Oid<'a>, Element<'a>), Fault> {
    let mut binding = bindings.inside(ber::SEQUENCE)?;
    let name = Oid(binding.expect(ber::OBJECT_IDENTIFIER)?);
    Ok((name, binding.any()?))
}

/// Reads all but the PDU. Strict enough to tell SNMP from everything else that is BER.
pub(super) fn envelope(datagram: &[u8]) -> Result<Message<'_>, Fault> {
    let mut message = Reader::new(datagram).inside(ber::SEQUENCE)?;
    let version_raw = message.expect(ber::INTEGER)?;
    let version = match ber::integer(version_raw) {
        Some(0) => Version::V1,
        Some(1) => Version::V2c,
        Some(3) => Version::V3,
        _ => return Err(Fault::Malformed),
    };
    if version == Version::V3 {
        let security = Some(security(&mut message)?);
        return Ok(Message { version, version_raw, body: Body::Scoped, security, rest: message });
    }
    let community = message.expect(ber::OCTET_STRING)?;
    message.peek().and_then(PduKind::of).ok_or(Fault::Malformed)?;
    Ok(Message { version, version_raw, body: Body::Community(community), security: None, rest: message })
}

fn security<'a>(message: &mut Reader<'a>) -> Result<Security<'a>, Fault> {
    let mut header = message.inside(ber::SEQUENCE)?;
    let (_id, _size) = (header.integer()?, header.integer()?);
    let flags = header.expect(ber::OCTET_STRING)?.first().copied().ok_or(Fault::Malformed)?;
    let model = header.integer()?;
    let parameters = message.expect(ber::OCTET_STRING)?;
    let (engine, user) = if model == 3 { user_based(parameters)? } else { (&[][..], &[][..]) };
    let (authenticated, encrypted) = (flags & 1 == 1, flags & 2 == 2);
    Ok(Security { authenticated, encrypted, reportable: flags & 4 == 4, engine, user })
}

fn user_based(parameters: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut parameters = Reader::new(parameters).inside(ber::SEQUENCE)?;
    let engine = parameters.expect(ber::OCTET_STRING)?;
    let (_boots, _time) = (parameters.integer()?, parameters.integer()?);
    Ok((engine, parameters.expect(ber::OCTET_STRING)?))
}

/// The PDU of `message`; `None` when it is encrypted.
pub(super) fn pdu<'a>(message: &Message<'a>) -> Result<Option<Pdu<'a>>, Fault> {
    let mut rest = message.rest;
    if message.version == Version::V3 {
        if message.security.is_some_and(|security| security.encrypted) {
            return Ok(None);
        }
        rest = rest.inside(ber::SEQUENCE)?;
        let (_engine, _context) = (rest.expect(ber::OCTET_STRING)?, rest.expect(ber::OCTET_STRING)?);
    }
    let element = rest.any()?;
    let kind = PduKind::of(element.tag).ok_or(Fault::Malformed)?;
    let mut within = element.inside();
    if kind == PduKind::TrapV1 {
        let trap = Some(trap(&mut within)?);
        return Ok(Some(Pdu { kind, request: 0, error: 0, trap, bindings: within.inside(ber::SEQUENCE)? }));
    }
    let (request, error, _index) = (number(&mut within)?, number(&mut within)?, within.integer()?);
    Ok(Some(Pdu { kind, request, error, trap: None, bindings: within.inside(ber::SEQUENCE)? }))
}

fn trap<'a>(within: &mut Reader<'a>) -> Result<Trap<'a>, Fault> {
    const IP_ADDRESS: u8 = 0x40;
    const TIME_TICKS: u8 = 0x43;
    let enterprise = Oid(within.expect(ber::OBJECT_IDENTIFIER)?);
    let agent = within.expect(IP_ADDRESS)?;
    let (generic, specific) = (number(within)?, number(within)?);
    let _up_time = within.expect(TIME_TICKS)?;
    Ok(Trap { enterprise, agent, generic, specific })
}

/// An `INTEGER` of 32 bits, its bits read as an unsigned number.
fn number(within: &mut Reader<'_>) -> Result<u32, Fault> {
    let value = within.integer()?;
    u32::try_from(value & 0xffff_ffff).map_err(|_| Fault::Malformed)
}
