//! Other computers from afar: SSH, VNC, sound and pictures, RDP by datagrams, OpenVPN.
//!
//! In: the canaries. Out: conversations with them in greetings, as names of screens and speakers, as log-ins and keys.

use super::{CLIENT, SERVER, over, to};
use crate::bytes::{Bytes, length};
use crate::canary::secured::personal;
use crate::canary::words::CANARIES as C;
use crate::office::tls;
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    [shells(), screens(), vec![description(), words(), session(), way()]].concat()
}

fn own() -> String {
    format!("{}-PC", C.computer_owner)
}

/// An unencrypted packet of SSH (RFC 4253 §6).
fn packet(content: Bytes) -> Bytes {
    let padding = 4 + (content.0.len() + 9).wrapping_neg() % 8;
    let body = Bytes::default().u8(u8::try_from(padding).unwrap_or_default()).raw(content).zeros(padding);
    Bytes::default().longer(body)
}

/// SSH: greetings, identifications with comments, own algorithms, a reason to part (RFC 4253 §4.2, §7.1, §11).
fn shells() -> Vec<Talk> {
    let exchange = || {
        let lists = ["curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256"];
        let own = format!("zlib@{}", C.mail);
        let lists = lists.iter().copied().chain(["none", own.as_str(), "", C.employer]);
        let all = lists.fold(Bytes::default().u8(20).raw([0x5a; 16]), |all, list| all.longer(list));
        packet(all.u8(0).u32(0))
    };
    let parted = packet(Bytes::default().u8(1).u32(2).longer(format!("{} may not", C.login)).longer("de"));
    let client = format!("SSH-2.0-PuTTY_Release_0.78 {} {}\r\n", own(), C.mail);
    let server = format!("SSH-2.0-OpenSSH_9.2 {}\r\n", C.contact);
    let greeted = format!("Welcome to the computer of {}\r\n{}\r\n{server}", C.operator, C.remark);
    let talk = |server: &str| to(22).answer(server).say(&client).answer(exchange()).say(exchange()).answer(&parted);
    vec![talk(&greeted), talk(&server)]
}

/// RFB: screens called after people; a reason to refuse; a log-in in clear; keys and what was copied (RFC 6143 §7).
fn screens() -> Vec<Talk> {
    let format = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    let screen = |name: &str| Bytes::default().u16(1024).u16(768).raw(format).longer(name);
    let keys = C.passcode.bytes().fold(Bytes::default(), |all, key| all.raw([4, 1, 0, 0]).u32(u32::from(key)));
    let copied = Bytes::default().raw([6, 0, 0, 0]).longer(C.remark);
    let left = Bytes::default().raw([3, 0, 0, 0]).longer(C.diagnosis);
    let begun = || to(5900).answer("RFB 003.008\n").say("RFB 003.008\n");
    let open = begun().answer([1, 1]).say([1]).answer([0; 4]).say([1]).answer(screen(&own())).say(keys).say(copied);
    let secret = begun().answer([1, 2]).say([2]).answer([0x11; 16]).say([0x22; 16]).answer([0; 4]).say([0]);
    let named = format!("{} ({}s iPad)", C.operator, C.phone_owner);
    let refused = begun().answer(Bytes::default().u8(0).longer(format!("{} is at work", C.operator)));
    let known = Bytes::default().u32(length(C.login.as_bytes())).u32(length(C.password.as_bytes()));
    let clear = begun().answer([1, 19]).say([19]).answer([0, 2]).say([0, 2]).answer([0]).answer([1, 0, 0, 1, 0]);
    let clear = clear.say([0, 0, 1, 0]).say(known.raw(C.login).raw(C.password)).answer([0; 4]);
    vec![open.answer(left), secret.answer(screen(&named)), refused, clear]
}

/// RTCP: all that may be said of who speaks, a reason to leave, what a program adds (RFC 3550 §6.5 to §6.7).
fn description() -> Talk {
    let packet = |count: u8, kind: u8, body: Bytes| {
        let padding = body.0.len().wrapping_neg() % 4;
        let words = length::<u16>(&body.0) + u16::try_from(padding).unwrap_or_default();
        Bytes::default().raw([0x80 | count, kind]).u16(words / 4).raw(body).zeros(padding)
    };
    let source = || Bytes::default().u32(0x1122_3344);
    let private = Bytes::default().short("owner").raw(C.kin);
    let tool = format!("Cage Phone 1 {}", C.operator);
    let items = [C.mail, C.operator, C.mail, C.phone, C.street, &tool, C.remark];
    let said = (1..).zip(items).fold(source(), |all, (kind, item): (u8, &str)| all.u8(kind).short(item));
    let said = said.u8(8).short(private).zeros(1);
    let report = packet(0, 200, source().zeros(20));
    let left = packet(1, 203, source().short(format!("{} hangs up", C.phone_owner)));
    let added = packet(0, 204, source().raw("CAGE").raw(C.login));
    let talk = over(5005).say(report.clone().raw(packet(1, 202, said)));
    talk.say(report.clone().raw(left)).answer(report.raw(added))
}

/// RTP that carries words while they are typed (RFC 4103 §3).
fn words() -> Talk {
    let texts = [C.remark, C.family, C.phone, C.diagnosis];
    (1..).zip(texts).fold(over(5004), |talk, (number, text): (u16, &str)| {
        let head = Bytes::default().raw([0x80, 98]).u16(number).u32(u32::from(number) * 300).u32(0x1122_3344);
        talk.say(head.raw(text))
    })
}

/// RDP by datagrams: once both ends are open, TLS asks for the computer by its owner's name (MS-RDPEUDP §3.1.5).
fn session() -> Talk {
    let opening = |acknowledged: u32, flags: u16| {
        let head = Bytes::default().u32(acknowledged).u16(64).u16(flags).u32(7).u16(1232).u16(1232).u16(1).u16(2);
        let room = 1232 - head.0.len();
        head.zeros(room)
    };
    let asked = Bytes::default().u32(7).u16(64).u16(8).zeros(4).u32(8).u32(8).raw(personal(&own()));
    over(3389).say(opening(u32::MAX, 0x1001)).answer(opening(7, 0x1005)).say(asked)
}

/// OpenVPN without a key of its own for the set-up: the certificate of who connects is open (TLS 1.2), and so are names
/// that older ones push.
fn way() -> Talk {
    let begin = |opcode: u8, session: u8| Bytes::default().u8(opcode).raw([session; 8]);
    let owner = [(tls::ORGANISATION, C.employer), (tls::COMMON_NAME, C.operator)];
    let own = tls::certificate(&[(tls::COMMON_NAME, "Cage CA")], &owner, &[C.mail]);
    let talk = Talk::datagrams((CLIENT, 0), (SERVER, 1194))
        .say(begin(0x38, 0xe0).u8(0).u32(0))
        .answer(begin(0x40, 0x53).u8(1).u32(0).raw([0xe0; 8]).u32(0));
    talk.say(begin(0x20, 0xe0).u8(0).u32(1).raw(personal(C.mail)))
        .say(begin(0x20, 0xe0).u8(0).u32(2).raw(tls::client_certificate(own)))
        .answer(begin(0x20, 0x53).u8(0).u32(1).raw(format!("auth-user-pass {} {}", C.login, C.password)))
}
