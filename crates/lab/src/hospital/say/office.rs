//! What machines of an office say: announcements, pages, sealed connections, log-ins, names, log lines.

use crate::bytes::Bytes;
use crate::hospital::chance::narrow;
use crate::hospital::device::mac_text;
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use crate::network as messages;
use crate::office::http;
use crate::office::smb::Visit;
use crate::office::tls::{self, COMMON_NAME, ORGANISATION};
use crate::office::upnp::{self, Described};
use crate::snmp::{self, system};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ciphers as some stacks order them.
const CIPHERS: [&[u16]; 5] = [
    &[0xc02c, 0xc02b, 0xc030, 0xc02f, 0x009d, 0x009c, 0x0035, 0x002f],
    &[0xc030, 0xc02f, 0xc028, 0xc027, 0x009d, 0x009c],
    &[0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a, 0xc009, 0xc013, 0xc014],
    &[0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f, 0x000a],
    &[0xc02f, 0xc013, 0x002f],
];

/// A service is announced by multicast DNS, by IPv6 too where the host speaks it.
pub(super) fn announce(stage: &Stage<'_>) -> Option<Talk> {
    let mdns = stage.model.says.mdns.as_ref()?;
    let texts: Vec<String> = mdns.texts.iter().map(|text| stage.fill(text)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let six = stage.device.speaks_v6 && stage.chance.of(6).happens(0.5);
    let to: IpAddr =
        if six { Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb).into() } else { Ipv4Addr::new(224, 0, 0, 251).into() };
    let lane = stage.group(to, (5353, 5353))?;
    let message =
        messages::service_message((&stage.device.host, stage.stay.ip.octets()), (&mdns.service, mdns.port), &texts);
    Some(stage.datagrams(lane, 0, "dns").say(message))
}

/// A device announces itself by UPnP, and its description is read.
pub(super) fn discovered(stage: &Stage<'_>) -> Vec<Talk> {
    let Some(upnp) = &stage.model.says.upnp else { return Vec::new() };
    let mac = mac_text(stage.device.first_mac).replace(':', "");
    let (maker, model) = (&stage.model.maker, &stage.model.name);
    let said = Described {
        uuid: &format!("5d0c7a10-1f2e-4b7a-8c3d-{mac}"),
        kind: &upnp.kind,
        friendly: &format!("{maker} {model} - {}", mac.to_uppercase()),
        maker,
        model,
        number: model,
        serial: &stage.device.serial,
        server: &upnp.server,
    };
    let host = format!("{}:49152", stage.stay.ip);
    let group = stage.group(Ipv4Addr::new(239, 255, 255, 250).into(), (1900, 1900));
    let told = group.map(|lane| {
        let [first, second] = upnp::notifications(&host, said);
        stage.datagrams(lane, 0, "ssdp").say(first).say(second)
    });
    let read = stage.reader().and_then(|reader| stage.from(reader, 49_152)).map(|lane| {
        let (ask, told) = upnp::fetch(&host, said);
        stage.stream(lane, 2, "http").say(ask).answer(told)
    });
    told.into_iter().chain(read).collect()
}

/// The monitoring asks what it is.
pub(super) fn polled(stage: &Stage<'_>) -> Option<Talk> {
    let description = stage.fill(stage.model.says.snmp.as_deref()?);
    let monitor = stage.role("monitoring").filter(|monitor| *monitor != stage.index)?;
    let place = stage.area().map_or_else(String::new, |area| format!("{} {}", area.building, area.name));
    let asked = [(system::DESCRIPTION, None), (system::NAME, None), (system::LOCATION, None)];
    let told = [
        (system::DESCRIPTION, Some(description.as_str())),
        (system::NAME, Some(stage.device.host.as_str())),
        (system::LOCATION, Some(place.as_str())),
    ];
    let talk = stage.datagrams(stage.from(monitor, 161)?, 0, "snmp").say(snmp::message(1, "public", snmp::GET, &asked));
    Some(talk.answer(snmp::message(1, "public", snmp::RESPONSE, &told)))
}

/// Somebody looks at its page.
pub(super) fn page(stage: &Stage<'_>) -> Option<Talk> {
    let page = stage.model.says.page.as_ref()?;
    let reader = stage.reader().filter(|reader| *reader != stage.index)?;
    let host = format!("Host: {}", stage.stay.ip);
    let agent = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
    let server = format!("Server: {}", stage.fill(&page.server));
    let title = stage.fill(&page.title);
    let body =
        format!("<html><head><title>{title}</title></head><body>Version {}</body></html>", stage.device.firmware);
    let talk = stage.stream(stage.from(reader, 80)?, 0, "http").say(http::request("GET /", &[&host, agent], []));
    Some(talk.answer(http::response("200 OK", &[&server, "Content-Type: text/html"], body)))
}

/// It calls its server: the hospital's for what is of medical use, its maker's else.
pub(super) fn call(stage: &Stage<'_>) -> Option<Talk> {
    let agent = format!("User-Agent: {}", stage.fill(stage.model.says.agent.as_deref()?));
    let (lane, host) = match stage.role("pumps").filter(|_| stage.model.is_medical()) {
        Some(server) => (stage.to(server, 80)?, "Host: devices.hospital.example"),
        None => (stage.outside("connectivity.example", 80)?, "Host: connectivity.example"),
    };
    let body = format!("{{\"serial\":\"{}\",\"firmware\":\"{}\"}}", stage.device.serial, stage.device.firmware);
    let talk = stage.stream(lane, 0, "http");
    Some(if stage.model.is_medical() {
        talk.say(http::request("POST /api/status", &[host, &agent, "Content-Type: application/json"], body))
            .answer(http::response("200 OK", &["Server: nginx", "Content-Type: application/json"], "{}"))
    } else {
        talk.say(http::request("GET /generate_204", &[host, &agent], [])).answer(http::response(
            "204 No Content",
            &["Server: specimen"],
            [],
        ))
    })
}

/// A sealed connection: to the server that it names, or to this device, which shows its certificate.
pub(super) fn sealed(stage: &Stage<'_>) -> Option<Talk> {
    let says = &stage.model.says;
    let style =
        stage.model.name.bytes().fold(stage.model.maker.len(), |sum, letter| sum * 31 % 1_009 + usize::from(letter));
    let ciphers = CIPHERS.get(style % CIPHERS.len()).copied().unwrap_or_default();
    let (lane, name, organisation) = if let Some(certificate) = &says.certificate {
        let reader = stage.reader().filter(|reader| *reader != stage.index)?;
        let name = format!("{}.hospital.example", stage.device.host.to_lowercase());
        (stage.from(reader, certificate.serves)?, name, certificate.organisation.clone())
    } else {
        let name = says.tls.clone()?;
        let organisation = name.split('.').rev().nth(1).unwrap_or_default().to_owned();
        (stage.outside(&name, 443)?, name, organisation)
    };
    let authority = [(ORGANISATION, "Specimen Trust"), (COMMON_NAME, "Specimen Trust CA 2")];
    let subject = [(ORGANISATION, organisation.as_str()), (COMMON_NAME, name.as_str())];
    let certificate = tls::certificate(&authority, &subject, &[name.as_str()]);
    let size = narrow::<usize>(300 + stage.chance.of(5).below(2_000));
    let talk =
        stage.stream(lane, 0, "ssl").say(tls::client_hello_of(&name, ciphers)).answer(tls::server_hello(certificate));
    Some(talk.say(tls::client_finished()).answer(tls::finished()).say(tls::sealed(size)).answer(tls::sealed(size * 4)))
}

/// Somebody logs in, and a file is written.
pub(super) fn login(stage: &Stage<'_>) -> Option<Talk> {
    let server = stage.role("files").or_else(|| stage.role("directory")).filter(|server| *server != stage.index)?;
    let name = stage.hospital.host(server);
    let visit = Visit {
        user: stage.clinician(4),
        domain: "HOSPITAL",
        station: &stage.device.host,
        server: name,
        share: "ward",
        file: "roster\\today.ini",
    };
    let talk = stage.stream(stage.to(server, 445)?, 0, "smb");
    let content = b"[roster]\r\nlanguage=en\r\n";
    Some(visit.smb2(content).into_iter().fold(talk, |talk, (asked, told)| talk.say(asked).answer(told)))
}

/// Its NetBIOS name is registered.
pub(super) fn names(stage: &Stage<'_>) -> Option<Talk> {
    let [a, b, c, _] = stage.stay.ip.octets();
    let lane = stage.group(Ipv4Addr::new(a, b, c, 255).into(), (137, 137)).filter(|_| stage.device.behind.is_none())?;
    let name: String = stage.device.host.chars().take(15).collect();
    Some(stage.datagrams(lane, 0, "dns").say(messages::registration(&name, 0, stage.stay.ip.octets())))
}

/// A line for the log (RFC 3164 §4).
pub(super) fn log(stage: &Stage<'_>) -> Option<Talk> {
    let line = stage.fill(stage.model.says.syslog.as_deref()?);
    let server = stage.role("monitoring").filter(|server| *server != stage.index)?;
    let text = format!("<189>{} {} {line}", stage.now().syslog(), stage.device.host);
    Some(stage.datagrams(stage.to(server, 514)?, 0, "syslog").say(Bytes::default().raw(text)))
}
