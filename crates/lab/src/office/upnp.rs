//! UPnP discovery and description (UPnP Device Architecture 1.1 §1.2, §2.3).

use crate::bytes::Bytes;
use crate::network::group;
use crate::office::http;
use crate::talk::Talk;
use crate::wire::{Capture, Station};

/// What a device says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Described<'a> {
    pub(crate) uuid: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) friendly: &'a str,
    pub(crate) maker: &'a str,
    pub(crate) model: &'a str,
    pub(crate) number: &'a str,
    pub(crate) serial: &'a str,
    /// The software it announces itself with.
    pub(crate) server: &'a str,
}

/// The device announces itself, and `reader` fetches its description.
pub(crate) fn announce(capture: &mut Capture, device: Station, reader: Station, said: Described<'_>) {
    let [a, b, c, d] = device.ip;
    let host = format!("{a}.{b}.{c}.{d}:49152");
    for notify in notifications(&host, said) {
        capture.udp(device, group([239, 255, 255, 250]), (1900, 1900), notify);
    }
    let (get, answer) = fetch(&host, said);
    Talk::stream((reader, 50_152), (device, 49_152)).say(get).answer(answer).play(capture);
}

/// What a device whose description is at `host` announces (§1.2).
pub(crate) fn notifications(host: &str, said: Described<'_>) -> [String; 2] {
    [("upnp:rootdevice", "::upnp:rootdevice"), (said.kind, "")].map(|(kind, name)| {
        format!(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
             LOCATION: http://{host}/rootdesc1.xml\r\nNT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: {}\r\n\
             USN: uuid:{}{name}\r\n\r\n",
            said.server, said.uuid
        )
    })
}

/// Its description is asked for, and given (§2.3).
pub(crate) fn fetch(host: &str, said: Described<'_>) -> (Bytes, Bytes) {
    let (place, server) = (format!("Host: {host}"), format!("Server: {}", said.server));
    let headers = [place.as_str(), "User-Agent: Windows/10.0 UPnP/1.1"];
    let told = ["Content-Type: text/xml; charset=utf-8", server.as_str()];
    (http::request("GET /rootdesc1.xml", &headers, []), http::response("200 OK", &told, description(said)))
}

fn description(said: Described<'_>) -> Bytes {
    Bytes::default().raw(format!(
        "<?xml version=\"1.0\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\">\n<specVersion><major>1</major>\
         <minor>0</minor></specVersion>\n<device>\n<deviceType>{}</deviceType>\n<friendlyName>{}</friendlyName>\n\
         <manufacturer>{}</manufacturer>\n<modelName>{}</modelName>\n<modelNumber>{}</modelNumber>\n\
         <serialNumber>{}</serialNumber>\n<UDN>uuid:{}</UDN>\n<serviceList></serviceList>\n</device>\n</root>\n",
        said.kind, said.friendly, said.maker, said.model, said.number, said.serial, said.uuid
    ))
}
