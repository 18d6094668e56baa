//! Printing, files without log-ins, and what rides on HTTP: IPP, PJL, LPD, TFTP, CoAP, WinRM, WebSocket, gRPC.
//!
//! In: the canaries. Out: conversations with them as owners and names of jobs and files, tokens and texts.

use super::{over, to};
use crate::bytes::{Bytes, base64, length};
use crate::canary::words::CANARIES as C;
use crate::office::http::{request, response};
use crate::talk::Talk;

const HOST: &str = "Host: 10.20.0.145";

pub(super) fn talks() -> Vec<Talk> {
    [vec![printed(C.employer), raw(), script(), job(), queue()], vec![written(), sensor(), shell(), live(), called()]]
        .concat()
}

/// An attribute of IPP (RFC 8010 §3.1.4).
fn attribute(tag: u8, name: &str, value: &str) -> Bytes {
    Bytes::default().u8(tag).long(name).long(value)
}

/// IPP: a user prints a patient's document, and asks the printer, which is called `name`, what it is.
pub(super) fn printed(name: &str) -> Talk {
    let kind = "Content-Type: application/ipp";
    let begun = |code: u16| {
        let head =
            Bytes::default().u8(2).u8(0).u16(code).u32(7).u8(1).raw(attribute(0x47, "attributes-charset", "utf-8"));
        head.raw(attribute(0x48, "attributes-natural-language", "en"))
    };
    let asked = |code: u16| begun(code).raw(attribute(0x42, "requesting-user-name", C.login));
    let print =
        asked(2).raw(attribute(0x42, "job-name", C.file)).raw(attribute(0x49, "document-format", "application/pdf"));
    let print = print.u8(3).raw("%PDF-1.4 ").raw(C.content);
    let taken = begun(0).u8(2).raw(attribute(0x42, "job-name", C.file));
    let taken = taken.raw(attribute(0x42, "job-originating-user-name", C.operator)).u8(3);
    let own = begun(0).u8(4).raw(attribute(0x41, "printer-make-and-model", "Cage Press 5"));
    let own =
        own.raw(attribute(0x42, "printer-name", name)).raw(attribute(0x41, "printer-location", C.attending)).u8(3);
    let post = |body: Bytes| request("POST /ipp/print", &[HOST, kind], body);
    to(631).say(post(print)).answer(response("200 OK", &[kind], taken)).say(post(asked(11).u8(3))).answer(response(
        "200 OK",
        &[kind],
        own,
    ))
}

/// PJL: a job with its owner, and what the printer says of it.
fn raw() -> Talk {
    let exit = "\x1b%-12345X";
    let display = format!("@PJL USTATUS DEVICE\r\nCODE=10001\r\nDISPLAY=\"Job of {}\"\r\n\x0c", C.operator);
    let job = format!(
        "{exit}@PJL SET USERNAME=\"{}\"\r\n@PJL JOB NAME=\"{}\"\r\n@PJL COMMENT {}\r\n@PJL ENTER LANGUAGE=PCL\r\n",
        C.login, C.file, C.remark
    );
    to(9100)
        .say(format!("{exit}@PJL INFO ID\r\n{exit}"))
        .answer("@PJL INFO ID\r\n\"HP LaserJet M507\"\r\n\x0c")
        .answer(display)
        .say(job)
        .answer(format!("@PJL USTATUS JOB\r\nEND\r\nNAME=\"{}\"\r\n\x0c", C.file))
        .say(format!("\x1bEPatient {}, {}{exit}", C.family, C.given))
}

fn script() -> Talk {
    to(9100).say(format!("%!PS-Adobe-3.0\n%%Title: {}\n%%For: {}\n({}) show\n", C.file, C.operator, C.result))
}

/// LPD: a job with its control file (RFC 1179 §6, §7).
fn job() -> Talk {
    let control = format!("Hward-7\nP{}\nJ{}\nL{}\nN{}\n\0", C.login, C.file, C.operator, C.file);
    to(515)
        .say("\x02lab\n")
        .answer([0])
        .say("\x02120 cfA012ward-7\n")
        .answer([0])
        .say(control)
        .answer([0])
        .say("\x0327 dfA012ward-7\n")
        .answer([0])
        .say(format!("{}\0", C.content))
}

/// LPD: what waits in a queue.
fn queue() -> Talk {
    to(515)
        .say(format!("\x04lab {}\n", C.login))
        .answer(format!("Rank Owner Job Files\n1st {} 12 {}\n", C.login, C.file))
}

/// TFTP: a file is written.
fn written() -> Talk {
    let named = |name: &str| Bytes::default().u16(2).raw(name).u8(0).raw("octet\0");
    over(69)
        .say(named(C.upload))
        .answer([0, 4, 0, 0])
        .say(Bytes::default().u16(3).u16(1).raw(C.content))
        .answer(Bytes::default().u16(5).u16(2).raw(format!("{} may not write\0", C.login)))
}

/// An option of CoAP with a value of 13 bytes and more (RFC 7252 §3.1).
fn option(ahead: u8, value: &str) -> Bytes {
    Bytes::default().u8(ahead << 4 | 13).u8(length::<u8>(value.as_bytes()).saturating_sub(13)).raw(value)
}

/// CoAP: a path and a query that name a patient and hold a token; text.
fn sensor() -> Talk {
    let asked = Bytes::default().raw([0x40, 2, 0x12, 0x34]).raw(option(11, C.family)).raw(option(0, C.record));
    let asked = asked.raw(option(4, &format!("token={}", C.bearer))).raw(option(0, &format!("user={}", C.login)));
    let told = Bytes::default().raw([0x60, 0x45, 0x12, 0x34, 0xc0, 0xff]).raw(C.result);
    over(5683).say(asked.u8(0xff).raw(C.remark)).answer(told)
}

/// WinRM: a log-in, a command and its outcome.
fn shell() -> Talk {
    let kind = "Content-Type: application/soap+xml;charset=UTF-8";
    let proof = format!("Authorization: Basic {}", base64(format!("{}:{}", C.windows, C.password).as_bytes()));
    let envelope = |head: String, body: String| {
        format!(
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' \
             xmlns:r='http://schemas.microsoft.com/wbem/wsman/1/windows/shell'><s:Header>{head}</s:Header>\
             <s:Body>{body}</s:Body></s:Envelope>"
        )
    };
    let user = format!("<r:User>{}</r:User><r:Password>{}</r:Password>", C.windows, C.cleartext);
    let command = format!("<r:CommandLine><r:Command>type {}</r:Command></r:CommandLine>", C.file);
    let told = format!("<r:ReceiveResponse><r:Stream>{}</r:Stream></r:ReceiveResponse>", C.content);
    to(5985).say(request("POST /wsman", &[HOST, kind, &proof], envelope(user, command))).answer(response(
        "200 OK",
        &["Server: Microsoft-HTTPAPI/2.0", kind],
        envelope(String::new(), told),
    ))
}

/// A frame of text, masked as clients do (RFC 6455 §5.2, §5.3).
fn masked(mask: [u8; 4], text: &str) -> Bytes {
    let hidden: Vec<u8> = text.bytes().zip(mask.into_iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Bytes::default().u8(0x81).u8(length::<u8>(&hidden) | 0x80).raw(mask).raw(hidden)
}

/// WebSocket: a token in the target, then frames of text; one whose mask hides nothing.
fn live() -> Talk {
    let text = format!("{{\"patient\":\"{}\",\"text\":\"{}\"}}", C.family, C.remark);
    let asked = request(
        &format!("GET /live?token={}&patient={}", C.bearer, C.record),
        &[
            HOST,
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: Y2FnZWNhZ2VjYWdlY2FnZQ==",
            "Sec-WebSocket-Protocol: mqtt",
            "Sec-WebSocket-Version: 13",
            &format!("Cookie: SESSION={}", C.cookie),
        ],
        [],
    );
    let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    to(8080)
        .say(asked)
        .answer(switched)
        .say(masked([0; 4], &text))
        .say(masked([0x37, 0xfa, 0x21, 0x3d], &text))
        .answer(Bytes::default().u8(0x81).short(text))
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &Bytes) -> Bytes {
    let [_, high, middle, low] = length::<u32>(&payload.0).to_be_bytes();
    Bytes::default().raw([high, middle, low, kind, flags]).u32(stream).raw(payload)
}

/// gRPC: a path and a token in the head, text in the message (RFC 7541 §6.2.1).
fn called() -> Talk {
    let field = |index: u8, value: &str| Bytes::default().u8(0x40 | index).short(value);
    let fields = Bytes::default().u8(0x83).u8(0x86).raw(field(4, &format!("/ward.Patients/Find?name={}", C.search)));
    let fields = fields.raw(field(1, "10.20.0.145:50051")).raw(field(31, "application/grpc"));
    let fields = fields.raw(field(58, "grpc-go/1.58.0")).raw(field(23, &format!("Bearer {}", C.bearer)));
    let fields = fields.raw(field(32, &format!("session={}", C.cookie)));
    let text = Bytes::default().u8(0).longer(C.remark);
    let answered = Bytes::default().u8(0x88).raw(field(31, "application/grpc"));
    to(50_051)
        .say(Bytes::default().raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").raw(frame(4, 0, 0, &Bytes::default())))
        .say(frame(1, 4, 1, &fields))
        .answer(frame(4, 0, 0, &Bytes::default()).raw(frame(1, 4, 1, &answered)))
        .say(frame(0, 1, 1, &text))
        .answer(frame(0, 1, 1, &Bytes::default().u8(0).longer(C.result)))
}
