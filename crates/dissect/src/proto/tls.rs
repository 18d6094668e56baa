//! TLS on any port: what client and server hello and certificates say before everything is encrypted.
//!
//! In: both directions of a TCP stream. Out: names asked for, JA4, versions, the certificate of whoever presents it; one
//! record a connection, named as in Zeek's ssl.log. Certificates of people leave as keyed hashes only. Nothing encrypted
//! is looked at. Source: RFC 8446 (1.3), RFC 5246 (1.2) §7.4, RFC 6101 (SSL 3.0), SSL 2.0 hello by RFC 5246 §E.2,
//! RFC 5280; JA4 by FoxIO (BSD 3-Clause).

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::{certificate, handshake as says, tls_hello as hello};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use says::{Breach, Breaches, Session};
use wardlight_model::Side;

/// TLS.
pub(super) struct Tls;

/// The entry of the list.
pub(super) const ENTRY: Tls = Tls;

/// Longest record: 2^14 and what SSL 3.0 to TLS 1.2 allow for compression and encryption (RFC 5246 §6.2.3).
const LONGEST_RECORD: usize = (1 << 14) + 2048;
/// Longest hello read; longest certificate read.
const LONGEST: usize = 32 * 1024;

/// Most record headers taken out from between parts of messages of one side.
const MOST_CUTS: u16 = 512;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;

static BREACHES: Breaches = Breaches {
    hello: "tls.malformed_hello",
    certificate: "tls.malformed_certificate",
    expired: "tls.certificate_expired",
    not_yet_valid: "tls.certificate_not_yet_valid",
    weak_key: "tls.weak_key",
};
static WEIRDS: [Breach; 6] = {
    let [hello, certificate, expired, not_yet_valid, weak_key] = says::weirds(&BREACHES);
    [("tls.bad_record", "a record breaks RFC 8446 §5.1"), hello, certificate, expired, not_yet_valid, weak_key]
};

static INFO: Info = Info {
    name: "tls",
    title: "TLS",
    source: "RFC 8446, RFC 5246, RFC 6101, RFC 5280, FoxIO JA4",
    carriers: &[Carrier::Tcp],
    ports: &[
        443, 8443, 636, 853, 989, 990, 992, 993, 994, 995, 465, 2762, 2575, 3269, 5061, 5671, 5986, 6514, 8883, 8531,
    ],
    record: says::RECORD,
    weirds: &WEIRDS,
    window: 128 * 1024,
};

impl Dissector for Tls {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [0x80..=0xbf, ..] => hello::begins_ssl2(hello.bytes),
            _ => begins(hello.bytes).unwrap_or(Probe::More),
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation { lanes: Default::default(), session: Session::new(&BREACHES, 't') })
    }
}

/// Whether bytes begin with a record. Errors: [`Short`] when what is there fits but does not suffice.
fn begins(bytes: &[u8]) -> Result<Probe, Short> {
    let mut cursor = Cursor::new(bytes);
    let kind = cursor.u8()?;
    if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) {
        return Ok(Probe::No);
    }
    if cursor.u8()? != 3 {
        return Ok(Probe::No);
    }
    if cursor.u8()? > 4 {
        return Ok(Probe::No);
    }
    let length = usize::from(cursor.u16()?);
    if length == 0 || length > LONGEST_RECORD {
        return Ok(Probe::No);
    }
    match kind {
        // Nobody cuts a hello within its header but to hide.
        HANDSHAKE if length < 6 => {
            Ok(if matches!(cursor.u8()?, CLIENT_HELLO | SERVER_HELLO) { Probe::Likely } else { Probe::No })
        }
        HANDSHAKE => begins_handshake(cursor),
        // Seen from the middle: two records in a row are no accident.
        APPLICATION_DATA => Ok(match cursor.rest().get(length..) {
            Some([kind, 3, 0..=4, ..]) if (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(kind) => Probe::Yes,
            Some([]) | None if length > 16 => Probe::Likely,
            _ => Probe::No,
        }),
        _ => Ok(if length <= 2 { Probe::Likely } else { Probe::No }),
    }
}

fn begins_handshake(mut cursor: Cursor<'_>) -> Result<Probe, Short> {
    let kind = cursor.u8()?;
    let length = cursor.u24()?;
    match kind {
        CLIENT_HELLO | SERVER_HELLO if (34..1 << 17).contains(&length) => {
            let fits = cursor.u8()? == 3 && (cursor.u8()? <= 4 || length > 34);
            Ok(if fits { Probe::Yes } else { Probe::No })
        }
        CERTIFICATE if (3..1 << 20).contains(&length) => Ok(Probe::Likely),
        _ => Ok(Probe::No),
    }
}

/// What is remembered of one connection.
struct Conversation {
    lanes: [Lane; 2],
    session: Session,
}

#[derive(Default)]
struct Lane {
    /// Payload bytes of the current record from the front of the stream on.
    left: usize,
    /// Bytes of the current handshake message that nobody reads.
    unread: usize,
    /// Record headers taken out from between parts of messages.
    cuts: u16,
    is_begun: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match self.next(side, bytes, out) {
            Ok(step) => step,
            Err(Short) => Step::Take(0),
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.session.record(out);
    }
}

impl Conversation {
    fn lane(&mut self, side: Side) -> &mut Lane {
        side.of(self.lanes.each_mut())
    }

    fn next(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let lane = self.lane(side);
        if lane.left > 0 {
            return self.handshake(side, bytes, out);
        }
        let is_first = !std::mem::replace(&mut lane.is_begun, true);
        if is_first && matches!(bytes, [0x80..=0xbf, ..]) {
            lane.is_begun = false;
            return self.ssl2(side, bytes, out);
        }
        let mut cursor = Cursor::new(bytes);
        let (kind, major, _) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
        let length = usize::from(cursor.u16()?);
        if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind) || major != 3 || length > LONGEST_RECORD {
            out.weird("tls.bad_record");
            return Ok(self.finish(out));
        }
        self.record(side, (kind, length), cursor, out)
    }

    fn record(
        &mut self,
        side: Side,
        (kind, length): (u8, usize),
        mut rest: Cursor<'_>,
        out: &mut Output<'_>,
    ) -> Result<Step, Short> {
        match kind {
            HANDSHAKE if !self.session.is_encrypted(side) => {
                self.lane(side).left = length;
                Ok(Step::Take(5))
            }
            ALERT if length == 2 && !self.session.is_encrypted(side) => {
                let (level, _) = (rest.u8()?, rest.u8()?);
                // A warning changes nothing; a fatal alert ends the connection (RFC 5246 §7.2).
                if level == 2 { Ok(self.finish(out)) } else { Ok(Step::Take(7)) }
            }
            CHANGE_CIPHER_SPEC => {
                self.session.changes_cipher(side);
                Ok(self.settle(Step::Skip(5 + length as u64), out))
            }
            APPLICATION_DATA => {
                self.session.sends_data(side, length);
                Ok(self.settle(Step::Skip(5 + length as u64), out))
            }
            _ => Ok(Step::Skip(5 + length as u64)),
        }
    }

    /// Goes on with `step`, unless nothing more will be learned.
    fn settle(&mut self, step: Step, out: &mut Output<'_>) -> Step {
        if self.session.is_over() { self.finish(out) } else { step }
    }

    fn finish(&mut self, out: &mut Output<'_>) -> Step {
        self.session.record(out);
        Step::Finished
    }

    /// Reads the handshake message at the front, of which `left` bytes lie in the current record.
    fn handshake(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let lane = self.lane(side);
        if lane.unread > 0 {
            let here = lane.unread.min(lane.left);
            (lane.unread, lane.left) = (lane.unread - here, lane.left - here);
            return Ok(Step::Skip(here as u64));
        }
        let left = lane.left;
        let mut cursor = Cursor::new(bytes);
        let (Ok(kind), Ok(length)) = (cursor.u8(), cursor.u24()) else { return self.join(side, 4, bytes, out) };
        if left < 4 {
            return self.join(side, 4, bytes, out);
        }
        let length = usize::try_from(length).map_err(|_| Short)?;
        let wanted = match kind {
            CLIENT_HELLO | SERVER_HELLO if length <= LONGEST => length,
            CERTIFICATE => match certificate::wanted(cursor.rest(), left - 4, length) {
                Some(wanted) if wanted <= LONGEST => wanted,
                Some(_) => 0,
                None => return self.join(side, 10, bytes, out),
            },
            _ => 0,
        };
        if 4 + wanted > left || 4 + wanted > bytes.len() {
            return self.join(side, 4 + wanted, bytes, out);
        }
        let message = cursor.take(wanted)?;
        match kind {
            CLIENT_HELLO if wanted > 0 => says::client_hello(&mut self.session, side, message, out),
            SERVER_HELLO if wanted > 0 => says::server_hello(&mut self.session, side, message, out),
            CERTIFICATE if wanted > 0 => says::certificate(&mut self.session, side, message, out),
            _ => {}
        }
        let lane = self.lane(side);
        lane.left -= 4 + wanted;
        lane.unread = length - wanted;
        Ok(self.settle(Step::Take(4 + wanted), out))
    }

    /// Brings `wanted` bytes together: waits for them, or removes the record header that stands between them.
    fn join(&mut self, side: Side, wanted: usize, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let lane = self.lane(side);
        if wanted <= lane.left || bytes.len() < lane.left {
            return Err(Short);
        }
        let at = lane.left;
        let mut cursor = Cursor::new(bytes.get(at..).ok_or(Short)?);
        let (kind, _, length) = (cursor.u8()?, cursor.u16()?, cursor.u16()?);
        lane.cuts += 1;
        // Messages in crumbs would cost a move of all that is held for each of them.
        if kind != HANDSHAKE || usize::from(length) > LONGEST_RECORD || lane.cuts > MOST_CUTS {
            out.weird("tls.bad_record");
            return Ok(self.finish(out));
        }
        lane.left += usize::from(length);
        Ok(Step::Cut { at, length: 5 })
    }

    fn ssl2(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Result<Step, Short> {
        let length = 2 + hello::ssl2_length(bytes)?;
        let message = Cursor::new(bytes).take(length)?;
        says::ssl2_hello(&mut self.session, side, message, out);
        self.lane(side).is_begun = true;
        Ok(self.settle(Step::Take(length), out))
    }
}

#[cfg(test)]
mod tests;
