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
    let place = format!("http://{a}.{b}.{c}.{d}:49152/rootdesc1.xml");
    for (kind, name) in [("upnp:rootdevice", "::upnp:rootdevice"), (said.kind, "")] {
        let notify = format!(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\nLOCATION: {place}\r\n\
             NT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: {}\r\nUSN: uuid:{}{name}\r\n\r\n",
            said.server, said.uuid
        );
        capture.udp(device, group([239, 255, 255, 250]), (1900, 1900), notify);
    }
    let get = http::request(
        "GET /rootdesc1.xml",
        &[&format!("Host: {a}.{b}.{c}.{d}:49152"), "User-Agent: Windows/10.0 UPnP/1.1"],
        [],
    );
    let xml = description(said);
    let answer =
        http::response("200 OK", &["Content-Type: text/xml; charset=utf-8", &format!("Server: {}", said.server)], &xml);
    Talk::stream((reader, 50_152), (device, 49_152)).say(get).answer(answer).play(capture);
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
