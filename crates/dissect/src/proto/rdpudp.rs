//! RDP over UDP: who opens a screen of another computer by datagrams.
//!
//! In: datagrams, up to the answer. Out: roles of both ends; one record. The cookie and what is encrypted are passed over.
//!
//! Source: MS-RDPEUDP §2.2.1 (header), §2.2.2.1 (SYN), §2.2.2.9 (SYNEX); MS-RDPEUDP2.

use crate::Output;
use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::{Kind, Side};

pub(super) const ENTRY: RdpUdp = RdpUdp;

/// RDP over UDP.
pub(super) struct RdpUdp;

static INFO: Info = Info {
    name: "rdpudp",
    title: "Remote Desktop Protocol over UDP",
    source: "MS-RDPEUDP §2.2.1, §2.2.2.1 and §2.2.2.9",
    carriers: &[Carrier::Udp],
    ports: &[3389],
    record: &[
        device("is_answer", Kind::Flag, "whether it is the server's answer"),
        device("is_lossy", Kind::Flag, "whether lost datagrams are not sent again"),
        device("version", Kind::Text, "highest version the sender speaks: `1`, `2` or `3`"),
    ],
    weirds: &[],
    window: 0,
};

const SYN: u16 = 0x0001;
const ACK: u16 = 0x0004;
const LOSSY: u16 = 0x0200;
const SYNEX: u16 = 0x1000;

impl Dissector for RdpUdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Opening::read(hello.bytes) {
            Ok(Some(_)) => Probe::Yes,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for RdpUdp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok(Some(opening)) = Opening::read(bytes) else { return Step::Finished };
        say_service(opening.is_answer, "_rdp._udp", bytes.get(..8).unwrap_or_default(), out);
        out.record(|row| {
            row.flag("is_answer", opening.is_answer);
            row.flag("is_lossy", opening.is_lossy);
            row.text("version", opening.version);
        });
        if opening.is_answer { Step::Finished } else { Step::Take(bytes.len()) }
    }
}

struct Opening {
    is_answer: bool,
    is_lossy: bool,
    version: &'static str,
}

impl Opening {
    /// The SYN that all of `bytes` are, padded with zeros; nothing when they are none.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let (acknowledged, _window, flags) = (cursor.u32()?, cursor.u16()?, cursor.u16()?);
        let is_answer = flags & ACK != 0;
        if flags & SYN == 0 || flags & !0x1fff != 0 || (!is_answer && acknowledged != u32::MAX) {
            return Ok(None);
        }
        cursor.skip(4)?;
        let (up, down) = (cursor.u16()?, cursor.u16()?);
        let is_mtu = |size: u16| (1132..=1232).contains(&size);
        let is_padded = matches!(bytes.len(), 1132..=1232) && bytes.last() == Some(&0);
        if !is_mtu(up) || !is_mtu(down) || !is_padded {
            return Ok(None);
        }
        let version = if flags & SYNEX != 0 { version(&mut cursor, flags)? } else { "1" };
        Ok(Some(Self { is_answer, is_lossy: flags & LOSSY != 0, version }))
    }
}

/// The version of the extension, behind the correlation identifier when there is one.
fn version(cursor: &mut Cursor<'_>, flags: u16) -> Result<&'static str, Short> {
    if flags & 0x0800 != 0 {
        cursor.skip(32)?;
    }
    cursor.skip(2)?;
    Ok(match cursor.u16()? {
        1 => "1",
        2 => "2",
        0x0101 => "3",
        _ => "",
    })
}
