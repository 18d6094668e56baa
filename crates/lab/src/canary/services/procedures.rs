//! Procedures of other computers: DCE/RPC and Sun RPC with mounts and NFS.
//!
//! In: the canaries. Out: calls with them as users, computers, folders, files and arguments.

use super::{CLIENT, over, to};
use crate::bytes::{Bytes, length, utf16};
use crate::canary::words::CANARIES as C;
use crate::office::ntlm;
use crate::talk::Talk;
use crate::wire::Station;

/// Interfaces (MS-SAMR §1.9, C706 appendix O, IEC 61158-6-10 §4.10.3), and the one way to write arguments.
const SAMR: [u8; 16] = [0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0, 1, 0x23, 0x45, 0x67, 0x89, 0xac];
const MAPPER: [u8; 16] = [0x08, 0x83, 0xaf, 0xe1, 0x1f, 0x5d, 0xc9, 0x11, 0x91, 0xa4, 8, 0, 0x2b, 0x14, 0xa0, 0xfa];
const DEVICE: [u8; 16] = [0x01, 0, 0xa0, 0xde, 0x97, 0x6c, 0xd1, 0x11, 0x82, 0x71, 0, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
const WRITTEN: [u8; 16] = [0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60];

const PLANT: Station = Station::new([0x00, 0x0e, 0x8c, 0x0c, 0x00, 0x48], 175, "cage-plant-io");

const MOUNT: u32 = 100_005;
const NFS: u32 = 100_003;

pub(super) fn talks() -> Vec<Talk> {
    vec![accounts(), mapper(), plant(), mounts(), files()]
}

/// A message of DCE/RPC over a connection, with the token of who calls (C706 §12.6, MS-RPCE §2.2.2.11).
fn pdu(kind: u8, body: Bytes, token: Option<&Bytes>) -> Bytes {
    let trailer = token.map(|token| Bytes::default().raw([9, 2, 0, 0]).u32le(0).raw(token)).unwrap_or_default();
    let secret = token.map_or(0, |token| length(&token.0));
    let size = length::<u16>(&body.0) + 16 + length::<u16>(&trailer.0);
    let head = Bytes::default().raw([5, 0, kind, 3, 0x10, 0, 0, 0]).u16le(size).u16le(secret).u32le(1);
    head.raw(body).raw(trailer)
}

fn bind(interface: [u8; 16]) -> Bytes {
    let head = Bytes::default().u16le(5840).u16le(5840).u32le(0).u32le(1).u16le(0).raw([1, 0]);
    head.raw(interface).u32le(1).raw(WRITTEN).u32le(2)
}

fn bound() -> Bytes {
    let head = Bytes::default().u16le(5840).u16le(5840).u32le(7).u16le(4).raw("135\0").zeros(2);
    head.u32le(1).u32le(0).raw(WRITTEN).u32le(2)
}

fn call(operation: u16, arguments: &Bytes) -> Bytes {
    Bytes::default().u32le(length(&arguments.0)).u16le(0).u16le(operation).raw(arguments)
}

/// A user logs on at a computer of its own, looks for an account and sets a password.
fn accounts() -> Talk {
    let own = format!("{}-PC", C.computer_owner);
    let words = Bytes::default().raw(utf16(&format!("{}\0{}\0{}\0", C.windows, C.operator, C.password)));
    let answer = Bytes::default().raw(utf16(&format!("{}\0{}\0", C.operator, C.remark)));
    to(49_155)
        .say(pdu(11, bind(SAMR), Some(&ntlm::negotiate())))
        .answer(pdu(12, bound(), Some(&ntlm::challenge(&own, "CAGEDOMAIN"))))
        .say(pdu(16, Bytes::default().u32le(0), Some(&ntlm::authenticate(C.windows, &own, &own))))
        .say(pdu(0, call(17, &words), None))
        .answer(pdu(2, call(0, &answer), None))
}

/// An endpoint mapper lists what people call their programs.
fn mapper() -> Talk {
    let note = format!("Cage of {}\0", C.operator);
    let entry = Bytes::default().zeros(20).u32le(1).u32le(1).u32le(3).u32le(0).u32le(64).padded(&note, 64, 0).zeros(4);
    to(135)
        .say(pdu(11, bind(MAPPER), None))
        .answer(pdu(12, bound(), None))
        .say(pdu(0, call(2, &Bytes::default().raw(C.login)), None))
        .answer(pdu(2, call(0, &entry), None))
}

/// PROFINET: a controller that is called after its owner opens a relation (IEC 61158-6-10 §5.2.3).
fn plant() -> Talk {
    let own = format!("{}-pc", C.computer_owner.to_lowercase());
    let message = |kind: u8, body: Bytes| {
        let head = Bytes::default().raw([4, kind, 0x20, 0, 0x10, 0, 0, 0]).raw([0x0c; 16]).raw(DEVICE).raw([0x0d; 16]);
        let head = head.u32le(0).u32le(1).u32le(0).u16le(0).u16le(0xffff).u16le(0xffff);
        head.u16le(length(&body.0)).u16le(0).raw([0, 0]).raw(body)
    };
    let relation = Bytes::default().u16(0x0101).long(Bytes::default().zeros(52).long(own));
    let record = Bytes::default().raw([0, 0x22, 0, 56, 1, 0]).padded(C.attending, 54, b' ');
    Talk::datagrams((CLIENT, 0), (PLANT, 34_964)).say(message(0, relation)).answer(message(2, record))
}

/// Text behind its length, filled up to whole words (RFC 4506 §4.11).
fn text(text: &str) -> Bytes {
    Bytes::default().longer(text).zeros(text.len().wrapping_neg() % 4)
}

/// A call by a computer that is called after its owner (RFC 5531 §9, appendix A).
fn asked(id: u32, program: u32, procedure: u32, arguments: Bytes) -> Bytes {
    let own = text(&format!("{}-PC", C.computer_owner));
    let known = Bytes::default().u32(99).raw(own).u32(1000).u32(1000).u32(0);
    let head = Bytes::default().u32(id).u32(0).u32(2).u32(program).u32(3).u32(procedure);
    head.u32(1).longer(known).u32(0).u32(0).raw(arguments)
}

fn told(id: u32, result: Bytes) -> Bytes {
    Bytes::default().u32(id).u32(1).u32(0).u32(0).u32(0).u32(0).raw(result)
}

/// Folders of patients are mounted, and all mounts listed with their hosts (RFC 1813 §5.2).
fn mounts() -> Talk {
    let folder = || text(&format!("/export/{}", C.share));
    let listed = Bytes::default().u32(1).raw(text(&format!("{}-PC", C.computer_owner))).raw(folder()).u32(0);
    over(635)
        .say(asked(1, MOUNT, 2, Bytes::default()))
        .answer(told(1, listed))
        .say(asked(2, MOUNT, 1, folder()))
        .answer(told(2, Bytes::default().u32(0).longer(C.record)))
}

/// NFS: files of patients are looked up, written, read and found to be links (RFC 1813 §3.3).
fn files() -> Talk {
    let framed = |message: Bytes| Bytes::default().u32(0x8000_0000 | length::<u32>(&message.0)).raw(message);
    let handle = || Bytes::default().longer([0x5a; 16]);
    let content = || Bytes::default().zeros(12).raw(text(C.content));
    to(2049)
        .say(framed(asked(1, NFS, 3, handle().raw(text(C.file)))))
        .say(framed(asked(2, NFS, 7, handle().raw(content()))))
        .say(framed(asked(3, NFS, 10, handle().raw(text(C.upload)).zeros(20).raw(text(&format!("/{}", C.share))))))
        .answer(framed(told(1, Bytes::default().u32(0).raw(handle()).raw(text(C.remark)))))
        .answer(framed(told(3, Bytes::default().u32(0).raw(text(C.content)))))
}
