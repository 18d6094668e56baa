//! Logs, calls, pictures and messages: syslog, SIP, RTSP, MQTT, AMQP, SMPP.
//!
//! In: the canaries. Out: conversations with them as callers, log-ins, addresses and texts.

use super::{over, plain, to};
use crate::bytes::{Bytes, base64, length};
use crate::canary::words::CANARIES as C;
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    [logs(), calls(), vec![pictures(), broker(), broker5(), queue(), pager()]].concat()
}

/// Messages of both specifications, over UDP and in both framings over TCP.
fn logs() -> Vec<Talk> {
    let modern = format!(
        "<34>1 2024-05-14T08:15:00.003Z ward-7 evntslog 8710 ID47 [cage@32473 user=\"{}\"] Patient {}, {} {} admitted",
        C.login, C.family, C.given, C.record
    );
    let old = format!("<34>May 14 08:15:00 ward-7 sshd[812]: Failed password for {} with {}", C.login, C.password);
    let others = [
        format!("<13>May 14 08:15:00 {} {} admitted", C.family, C.given),
        format!("<13>May 14 08:15:00 {}: {}", C.family, C.remark),
        format!("<13>May 14 08:15:00 {} is let in", C.login),
        format!("<30>2024-05-14T08:15:00.003+02:00 ward-7 sudo: {} : USER=root ; COMMAND=cat {}", C.login, C.file),
        format!("<189>29: *May 14 08:15:00: %SYS-5-CONFIG_I: Configured by {}", C.operator),
        format!("<34>{} {}", C.operator, C.remark),
    ];
    let sent = others.iter().fold(over(514).say(&modern).say(&old), Talk::say);
    let counted = to(601).say(format!("{} {modern}", modern.len())).say(format!("{} {old}", old.len()));
    let lines = others.iter().fold(to(601).say(format!("{old}\n")), |talk, line| talk.say(format!("{line}\n")));
    vec![sent, counted, lines]
}

/// A message of SIP between people.
fn message(first: &str, (number, method): (u8, &str), more: &str, body: &str) -> String {
    format!(
        "{first}\r\nVia: SIP/2.0/UDP 10.20.0.144:5060;branch=z9hG4bK{number}\r\nFrom: \"{}\" <sip:{}@ward.example>;tag=1\r\n\
         To: \"{}, {}\" <sip:{}@ward.example>\r\nCall-ID: {number}@10.20.0.144\r\nCSeq: {number} {method}\r\n\
         Contact: \"{}\" <sip:{}@10.20.0.144:5060>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        C.operator,
        C.login,
        C.family,
        C.given,
        C.phone,
        C.operator,
        C.login,
        body.len()
    )
}

/// A telephone registers, calls, and sends text.
fn calls() -> Vec<Talk> {
    let proof = format!(
        "User-Agent: Cage Desk/4.2 ({}s telephone)\r\nAuthorization: Digest username=\"{}\", realm=\"Cage\", nonce=\"{}\", \
         response=\"0123456789abcdef0123456789abcdef\"\r\n",
        C.phone_owner, C.digest, C.key
    );
    let register = message("REGISTER sip:ward.example SIP/2.0", (1, "REGISTER"), &proof, "");
    let wanted =
        format!("WWW-Authenticate: Digest realm=\"Cage\", nonce=\"{}\"\r\nServer: Cage Exchange 16\r\n", C.key);
    let refused = message("SIP/2.0 401 Unauthorized", (1, "REGISTER"), &wanted, "");
    let text = format!("MESSAGE sip:{}@ward.example SIP/2.0", C.phone);
    let text = message(&text, (2, "MESSAGE"), "Content-Type: text/plain\r\n", C.remark);
    let sdp = format!(
        "v=0\r\no={} 1 1 IN IP4 10.20.0.144\r\ns={} {}\r\nc=IN IP4 10.20.0.144\r\nm=audio 4000 RTP/AVP 0\r\n",
        C.login, C.given, C.family
    );
    let known = format!(
        "P-Asserted-Identity: \"{}\" <sip:{}@ward.example>\r\nSubject: {}\r\nContent-Type: application/sdp\r\n",
        C.operator, C.login, C.diagnosis
    );
    let invite = message(&format!("INVITE sip:{}@ward.example SIP/2.0", C.phone), (3, "INVITE"), &known, &sdp);
    let accepted = message("SIP/2.0 200 OK", (3, "INVITE"), "Content-Type: application/sdp\r\n", &sdp);
    let done = message("SIP/2.0 200 OK", (2, "MESSAGE"), "", "");
    let in_turn =
        |talk: Talk| talk.say(&register).answer(&refused).say(&text).answer(&done).say(&invite).answer(&accepted);
    vec![in_turn(over(5060)), in_turn(to(5060))]
}

/// A camera asks who is there.
fn pictures() -> Talk {
    let url = format!("rtsp://{}:{}@10.20.0.145:554/{}", C.login, C.cleartext, C.share);
    let basic = base64(format!("{}:{}", C.login, C.password).as_bytes());
    to(554)
        .say(format!("OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Cage Recorder/2.1 ({})\r\n\r\n", C.operator))
        .answer("RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Cage Camera/3\r\n\r\n")
        .say(format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 2\r\n\r\n"))
        .answer("RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Basic realm=\"CAGE_7\"\r\n\r\n")
        .say(format!("DESCRIBE {url} RTSP/1.0\r\nCSeq: 3\r\nAuthorization: Basic {basic}\r\n\r\n"))
        .answer(described())
        .say(format!("PLAY {url} RTSP/1.0\r\nCSeq: 4\r\nSession: {}\r\n\r\n", C.cookie))
        .answer("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n")
}

fn described() -> String {
    let sdp = format!("v=0\r\ns={}\r\ni={}\r\n", C.family, C.remark);
    format!("RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len())
}

/// An MQTT packet: its length in groups of seven bits, the lowest first (MQTT 5.0 §1.5.5).
fn packet(kind: u8, body: &Bytes) -> Bytes {
    let size: u16 = length(&body.0);
    let [high, low] = (size << 1).to_be_bytes();
    let head = Bytes::default().u8(kind);
    let head = if high == 0 { head.u8(low >> 1) } else { head.u8(low >> 1 | 0x80).u8(high) };
    head.raw(body)
}

/// A pump leaves a will, logs in and publishes.
fn broker() -> Talk {
    let connect =
        Bytes::default().long("MQTT").u8(4).u8(0xc6).u16(60).long("pump-7").long(format!("ward/{}", C.record));
    let connect = connect.long(C.remark).long(C.login).long(C.password);
    let publish = Bytes::default().long(format!("ward/{}/alarm", C.visit)).raw(C.content);
    to(1883)
        .say(packet(0x10, &connect))
        .say(packet(0x30, &publish))
        .answer([0x20, 2, 0, 0])
        .answer(packet(0x30, &publish))
}

/// The same with version 5, whose packets have properties.
fn broker5() -> Talk {
    let own = Bytes::default().u8(0x26).long("user").long(C.operator);
    let connect = Bytes::default().long("MQTT").u8(5).u8(0xc2).u16(60).short(own).long("pump-8");
    let reason = Bytes::default().u8(0x1f).long(C.remark);
    let refused = Bytes::default().u8(0).u8(0x86).short(reason);
    to(1883).say(packet(0x10, &connect.long(C.digest).long(C.passcode))).answer(packet(0x20, &refused))
}

/// A method or content of AMQP 0-9-1 in its frame.
fn frame(kind: u8, channel: u16, payload: &Bytes) -> Bytes {
    Bytes::default().u8(kind).u16(channel).longer(payload).u8(0xce)
}

fn table(pairs: &[(&str, &str)]) -> Bytes {
    pairs.iter().fold(Bytes::default(), |all, (name, text)| all.short(name).u8(b'S').longer(text))
}

/// A gateway logs in and hands on a message.
fn queue() -> Talk {
    let told = table(&[("cluster_name", C.mail), ("product", "RabbitMQ"), ("version", "3.8.2")]);
    let start = Bytes::default().u16(10).u16(10).u8(0).u8(9).longer(told).longer("PLAIN AMQPLAIN").longer("en_US");
    let own = table(&[("product", "Cage Gateway"), ("version", "3.4"), ("connection_name", C.operator)]);
    let start_ok = Bytes::default().u16(10).u16(11).longer(own).short("PLAIN").longer(plain()).short("en_US");
    let refused = Bytes::default().u16(10).u16(50).u16(403).short(format!("{} refused", C.login)).u32(0);
    to(5672)
        .say(Bytes::default().raw("AMQP").raw([0, 0, 9, 1]))
        .answer(frame(1, 0, &start))
        .say(frame(1, 0, &start_ok))
        .say(frame(3, 1, &Bytes::default().raw(C.remark)))
        .answer(frame(1, 0, &refused))
}

/// A message of SMPP.
fn pdu(command: u32, number: u32, body: &Bytes) -> Bytes {
    Bytes::default().u32(length::<u32>(&body.0) + 16).u32(command).u32(0).u32(number).raw(body)
}

/// An alarm goes to a telephone by way of a message centre; one comes back.
fn pager() -> Talk {
    let bind = Bytes::default().raw(C.digest).u8(0).raw(C.access).u8(0).raw("ward\0").u8(0x34).zeros(3);
    let text = |from: &str, whom: &str| {
        let ends = Bytes::default().raw([0, 1, 1]).raw(from).u8(0).raw([1, 1]).raw(whom).u8(0);
        ends.zeros(9).short(C.remark)
    };
    let asked = to(2775).say(pdu(9, 1, &bind)).answer(pdu(0x8000_0009, 1, &Bytes::default().raw(C.login).u8(0)));
    asked.say(pdu(4, 2, &text("alarm", C.phone))).answer(pdu(0x8000_0004, 2, &Bytes::default().raw("1\0"))).answer(pdu(
        5,
        3,
        &text(C.phone, "alarm"),
    ))
}
