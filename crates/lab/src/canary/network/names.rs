//! Names of hosts and of their owners: DNS, DHCPv6, SSDP and the descriptions that it leads to.
//!
//! In: the canaries. Out: questions, answers and announcements with them as names of computers, mail addresses, texts.

use super::{C, OWNED, SERVER, over};
use crate::bytes::{Bytes, base64};
use crate::network::dns_name;
use crate::office::http::{request, response};
use crate::talk::Talk;

const A: u16 = 1;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const PTR: u16 = 12;
const TXT: u16 = 16;
const RP: u16 = 17;
const SRV: u16 = 33;
const NAPTR: u16 = 35;

pub(super) fn talks() -> Vec<Talk> {
    [dns(), addresses(), services(), vec![description()]].concat()
}

/// A mail address as DNS writes it: what stands before the `@` is one label.
fn mailbox() -> Bytes {
    let (who, place) = C.mail.split_once('@').unwrap_or((C.mail, ""));
    Bytes::default().short(who).raw(dns_name(place))
}

fn owned() -> String {
    format!("{}-PC.ward.example", C.computer_owner)
}

/// A message with one question, and records behind it: their names, types and values.
fn message(flags: u16, name: &Bytes, kind: u16, records: &[(Bytes, u16, Bytes)]) -> Bytes {
    let count = u16::try_from(records.len()).unwrap_or_default();
    let opcode = flags >> 11 & 15;
    // What an update adds stands in the third section.
    let [answers, authority] = if opcode == 5 { [0, count] } else { [count, 0] };
    let head = Bytes::default().u16(0x4711).u16(flags).u16(1).u16(answers).u16(authority).u16(0);
    let head = head.raw(name).u16(kind).u16(1);
    records.iter().fold(head, |all, (name, kind, value)| all.raw(name).u16(*kind).u16(1).u32(300).long(value))
}

fn asked(name: &Bytes, kind: u16) -> Bytes {
    message(0x0100, name, kind, &[])
}

fn told(name: &Bytes, kind: u16, records: &[(Bytes, u16, Bytes)]) -> Bytes {
    message(0x8580, name, kind, records)
}

fn texts(words: &[&str]) -> Bytes {
    words.iter().fold(Bytes::default(), |all, word| all.short(word))
}

/// Computers of people are looked up, forwards and backwards, and name themselves; texts tell of people.
fn dns() -> Vec<Talk> {
    let computer = dns_name(&owned());
    let alias = dns_name(&format!("{}-laptop.ward.example", C.phone_owner));
    let zone = dns_name("ward.example");
    let reverse = dns_name("160.0.20.10.in-addr.arpa");
    let telephone = dns_name("9.1.7.7.4.4.6.6.5.5.8.8.9.4.e164.arpa");
    let lounge =
        Bytes::default().short(format!("{} Lounge", C.computer_owner)).raw(dns_name("_http._tcp.ward.example"));
    let address = || Bytes::default().raw(OWNED.ip);
    let authority = Bytes::default().raw(dns_name("ns.ward.example")).raw(mailbox()).zeros(20);
    let rewritten = Bytes::default().u16(100).u16(10).raw(texts(&["u", "E2U+sip", &format!("!^.*$!sip:{}!", C.mail)]));
    let words = texts(&[C.remark, &format!("patient={};token={}", C.record, C.bearer)]);
    let by_datagrams = over(OWNED, SERVER, 53)
        .say(asked(&computer, A))
        .answer(told(&computer, A, &[(computer.clone(), A, address())]))
        .say(asked(&alias, A))
        .answer(told(&alias, A, &[(alias.clone(), CNAME, computer.clone()), (computer.clone(), A, address())]))
        .say(asked(&reverse, PTR))
        .answer(told(&reverse, PTR, &[(reverse.clone(), PTR, alias.clone())]))
        .say(asked(&zone, TXT))
        .answer(told(&zone, TXT, &[(zone.clone(), TXT, words)]))
        .say(asked(&zone, RP))
        .answer(told(&zone, RP, &[(zone.clone(), RP, mailbox().raw(&computer)), (zone.clone(), SOA, authority)]))
        .say(asked(&telephone, NAPTR))
        .answer(told(&telephone, NAPTR, &[(telephone.clone(), NAPTR, rewritten.u8(0))]))
        .say(asked(&lounge, SRV))
        .answer(told(&lounge, SRV, &[(lounge.clone(), SRV, Bytes::default().zeros(4).u16(80).raw(&computer))]));
    let update =
        message(0x2800, &zone, SOA, &[(computer.clone(), A, address()), (computer.clone(), TXT, texts(&[C.kin]))]);
    let framed = |message: Bytes| Bytes::default().long(message);
    let by_stream = Talk::stream((OWNED, 0), (SERVER, 53)).say(framed(asked(&computer, A))).answer(framed(told(
        &computer,
        A,
        &[(computer.clone(), A, address())],
    )));
    vec![by_datagrams, by_stream, over(OWNED, SERVER, 53).say(update)]
}

fn option(code: u16, value: impl AsRef<[u8]>) -> Bytes {
    Bytes::default().u16(code).long(value)
}

/// DHCPv6 with all options that are for names, places, log-ins and texts; straight and by a relay agent. The
/// laboratory lays it onto IPv4, which its readers do not mind.
fn addresses() -> Vec<Talk> {
    let identifier = option(1, Bytes::default().u16(3).u16(1).raw(OWNED.mac));
    let begin = |kind: u8| Bytes::default().raw([kind, 0x10, 0xa1, 0xb2]).raw(&identifier);
    let home = Bytes::default().u8(0).u16(0x4445).u8(23).short(C.kin).u8(6).short(C.street).u8(3).short(C.town);
    let realm = Bytes::default().raw([2, 1, 0]).zeros(8).raw(C.mail).u32(7).raw([0x5a; 16]);
    let solicit = begin(1)
        .raw(option(8, [0, 0]))
        .raw(option(39, Bytes::default().u8(0).raw(dns_name(&owned()))))
        .raw(option(15, Bytes::default().long(C.login).long(C.employer)))
        .raw(option(16, Bytes::default().u32(311).long("MSFT 5.0")))
        .raw(option(17, Bytes::default().u32(311).raw(option(1, C.remark))))
        .raw(option(11, realm))
        .raw(option(3, Bytes::default().u32(5).zeros(8)));
    let named = begin(0x0b).raw(option(39, Bytes::default().u8(0).short(format!("{}-iPad", C.phone_owner))));
    let domain = dns_name(&format!("{}-PC.home", C.computer_owner));
    let reply = begin(7)
        .raw(option(2, Bytes::default().u16(3).u16(1).raw(SERVER.mac)))
        .raw(option(13, Bytes::default().u16(0).raw(C.remark)))
        .raw(option(24, domain))
        .raw(option(59, format!("http://{}:{}@cage.ward.example/{}", C.login, C.password, C.file)))
        .raw(option(36, home));
    let relayed = Bytes::default().raw([12, 0]).raw([0x20, 1, 0x0d, 0xb8]).zeros(12).raw([0xfe, 0x80]).zeros(13).u8(9);
    let relayed = relayed
        .raw(option(18, format!("Gi1/0/5 {}", C.attending)))
        .raw(option(37, Bytes::default().u32(9).raw(C.street)))
        .raw(option(38, C.account))
        .raw(option(9, &solicit));
    vec![over(OWNED, SERVER, 547).say(&solicit).say(named).answer(reply), over(SERVER, OWNED, 547).say(relayed)]
}

/// SSDP: devices and control points called after their owners, and addresses with log-ins in them.
fn services() -> Vec<Talk> {
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\r\n")).collect::<String>() + "\r\n";
    let host = || "HOST: 239.255.255.250:1900".to_owned();
    let usn = |kind: &str| format!("USN: uuid:7b1e0a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b::{kind}");
    let place = format!("LOCATION: http://{}:{}@10.20.0.160:8080/{}?token={}", C.login, C.password, C.share, C.bearer);
    let renderer = "urn:schemas-upnp-org:device:MediaRenderer:1";
    let notified = lines(&[
        "NOTIFY * HTTP/1.1".to_owned(),
        host(),
        place.clone(),
        format!("NT: {renderer}"),
        "NTS: ssdp:alive".to_owned(),
        "SERVER: Linux UPnP/1.0 Cage/1".to_owned(),
        format!("X-FRIENDLY-NAME: {}s iPad", C.phone_owner),
        format!("FRIENDLYNAME.UPNP.ORG: {} Lounge", C.computer_owner),
        format!("X-USER: {} {}", C.login, base64(C.password.as_bytes())),
        format!("SECURELOCATION.UPNP.ORG: https://{}@10.20.0.160/", C.login),
        usn(renderer),
    ]);
    let sought = lines(&[
        "M-SEARCH * HTTP/1.1".to_owned(),
        host(),
        "MAN: \"ssdp:discover\"".to_owned(),
        "ST: ssdp:all".to_owned(),
        "USER-AGENT: Windows/10.0 UPnP/2.0 Cage/1".to_owned(),
        format!("CPFN.UPNP.ORG: {}'s laptop", C.computer_owner),
        format!("X-PATIENT: {}^{}", C.family, C.given),
    ]);
    let answered = lines(&[
        "HTTP/1.1 200 OK".to_owned(),
        place,
        "SERVER: Linux UPnP/1.1 Cage/2".to_owned(),
        "ST: upnp:rootdevice".to_owned(),
        usn("upnp:rootdevice"),
        format!("DLNADeviceName.lge.com: %5BTV%5D%20{}", C.phone_owner),
    ]);
    vec![over(OWNED, SERVER, 1900).say(sought).answer(answered), over(OWNED, SERVER, 1900).say(notified)]
}

/// UPnP: a device called after its owner describes itself, then is told a log-in (UPnP Device Architecture 2.0 §2.3,
/// §3.1).
fn description() -> Talk {
    let device = format!(
        "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><owner>{0}</owner><device><deviceType>\
         urn:schemas-upnp-org:device:MediaRenderer:1</deviceType><friendlyName>{1}s iPad</friendlyName><manufacturer>Cage\
         </manufacturer><modelDescription>{2}</modelDescription><modelName>Cage Display</modelName><presentationURL>\
         http://{3}:{4}@10.20.0.160/</presentationURL><UDN>uuid:7b1e0a52-3c4d-4e5f-8a9b-0c1d2e3f4a5b</UDN><user>{3}</user>\
         </device></root>",
        C.operator, C.phone_owner, C.remark, C.login, C.key
    );
    let action = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:Login xmlns:u=\"urn:cage\"><Name>{}\
         </Name><Password>{}</Password></u:Login></s:Body></s:Envelope>",
        C.login, C.passcode
    );
    let kind = "Content-Type: text/xml; charset=\"utf-8\"";
    let asked = format!("GET /{}/description.xml", C.share);
    let host = ["Host: 10.20.0.160:49152"];
    let headers = [host[0], kind, "SOAPACTION: \"urn:cage#Login\""];
    Talk::stream((SERVER, 0), (OWNED, 49_152))
        .say(request(&asked, &host, []))
        .answer(response("200 OK", &[kind], device))
        .say(request("POST /control", &headers, action))
        .answer(response("500 Internal Server Error", &[kind], format!("<s:Fault>{}</s:Fault>", C.remark)))
}
