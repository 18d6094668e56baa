//! SSDP: what UPnP devices and control points announce, look for and answer.
//!
//! In go NOTIFY, M-SEARCH and search responses, each one datagram with HTTP-like headers; out go device and service
//! types, the device's UUID, its server and user agent strings and the name it gives itself. A message whose LOCATION
//! names another host than its sender speaks for that host. No other header is handed on, and of LOCATION only scheme,
//! host and port.
//!
//! Source: UPnP Device Architecture 2.0 §1.

use crate::codec::url;
use crate::codec::uuid::Uuid;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) const ENTRY: Ssdp = Ssdp;

pub(super) struct Ssdp;

impl Dissector for Ssdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Message::parse(hello.bytes) {
            Some(Message { kind: MessageKind::Response, target, name, .. }) if target.is_empty() || name.is_empty() => {
                Probe::No
            }
            Some(_) => Probe::Yes,
            None => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Reading)
    }
}

static INFO: Info = Info {
    name: "ssdp",
    title: "Simple Service Discovery Protocol",
    source: "UPnP Device Architecture 2.0 §1",
    carriers: &[Carrier::Udp],
    ports: &[1900],
    record: &[
        field("kind", Privacy::Device, "`notify`, `search` or `response`"),
        field("state", Privacy::Device, "What a notify says: `ssdp:alive`, `ssdp:byebye` or `ssdp:update` (NTS)"),
        field("target", Privacy::Device, "What is announced (NT), or sought (ST)"),
        field("name", Privacy::Device, "Unique service name (USN)"),
        field("server", Privacy::Device, "Operating system and product of the device (SERVER)"),
        field("user_agent", Privacy::Device, "Operating system and product of the control point (USER-AGENT)"),
        field("location", Privacy::Network, "Where the device is described: scheme, host and port of LOCATION"),
    ],
    weirds: &[
        ("ssdp.header", "a line is no header: it has no colon"),
        ("ssdp.missing_header", "a header that the kind of message must have is missing: NT, NTS, ST or USN"),
        ("ssdp.usn", "the unique service name does not begin with a UUID, as UPnP 1.1 and later require"),
    ],
    window: 0,
};

const fn field(name: &'static str, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind: Kind::Text, privacy, meaning }
}

struct Reading;

impl Parser for Reading {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if let Some(message) = Message::parse(bytes) {
            message.say(out);
        }
        Step::Take(bytes.len())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MessageKind {
    Notify,
    Search,
    Response,
}

struct Message<'a> {
    kind: MessageKind,
    state: &'a [u8],
    target: &'a [u8],
    name: &'a [u8],
    location: &'a [u8],
    server: &'a [u8],
    user_agent: &'a [u8],
    friendly_name: &'a [u8],
    control_point: &'a [u8],
    is_broken: bool,
}

impl<'a> Message<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let mut message = Self::begin(lines.next()?)?;
        for line in lines.take_while(|line| !line.is_empty()).take(64) {
            match line.iter().position(|byte| *byte == b':').and_then(|at| line.split_at_checked(at)) {
                Some((name, value)) => message.header(name, value.get(1..).unwrap_or_default().trim_ascii()),
                None => message.is_broken = true,
            }
        }
        // An address that the datagram breaks off in may end within a log-in.
        if bytes.ends_with(message.location) {
            message.location = &[];
        }
        Some(message)
    }

    fn begin(first: &[u8]) -> Option<Self> {
        let kind = if first.starts_with(b"NOTIFY * HTTP/") {
            MessageKind::Notify
        } else if first.starts_with(b"M-SEARCH * HTTP/") {
            MessageKind::Search
        } else if first.starts_with(b"HTTP/1.") && first.get(8..13).is_some_and(|code| code.starts_with(b" 200")) {
            MessageKind::Response
        } else {
            return None;
        };
        Some(Self {
            kind,
            state: &[],
            target: &[],
            name: &[],
            location: &[],
            server: &[],
            user_agent: &[],
            friendly_name: &[],
            control_point: &[],
            is_broken: false,
        })
    }

    fn header(&mut self, name: &[u8], value: &'a [u8]) {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        let held = match self.kind {
            MessageKind::Notify if is("NT") => &mut self.target,
            MessageKind::Search | MessageKind::Response if is("ST") => &mut self.target,
            MessageKind::Notify if is("NTS") => &mut self.state,
            MessageKind::Notify | MessageKind::Response if is("USN") => &mut self.name,
            MessageKind::Notify | MessageKind::Response if is("LOCATION") => &mut self.location,
            MessageKind::Notify | MessageKind::Response if is("SERVER") => &mut self.server,
            MessageKind::Search if is("USER-AGENT") => &mut self.user_agent,
            MessageKind::Search if is("CPUUID.UPNP.ORG") => &mut self.control_point,
            MessageKind::Search if is("CPFN.UPNP.ORG") => &mut self.friendly_name,
            MessageKind::Notify | MessageKind::Response
                if ["FRIENDLYNAME.UPNP.ORG", "X-FRIENDLY-NAME", "DLNADEVICENAME.LGE.COM"].into_iter().any(is) =>
            {
                &mut self.friendly_name
            }
            _ => return,
        };
        *held = value;
    }

    fn say(&self, out: &mut Output<'_>) {
        if self.is_broken {
            out.weird("ssdp.header");
        }
        let needs = [(true, self.target), (self.kind != MessageKind::Search, self.name)];
        let needs_state = self.kind == MessageKind::Notify && self.state.is_empty();
        if needs_state || needs.iter().any(|(needed, value)| *needed && value.is_empty()) {
            out.weird("ssdp.missing_header");
        }
        match self.kind {
            MessageKind::Search => self.say_search(out),
            MessageKind::Notify | MessageKind::Response => self.say_device(out),
        }
        self.record(out);
    }

    fn say_search(&self, out: &mut Output<'_>) {
        if Uuid::in_urn(self.target).is_none() {
            out.text(About::Sender, Field::ServiceSought, self.target);
        }
        out.text(About::Sender, Field::UserAgent, self.user_agent);
        out.text(About::Sender, Field::FriendlyName, self.friendly_name);
        let uuid = Uuid::in_urn(self.control_point)
            .or_else(|| Uuid::parse(self.control_point).map(|uuid| (uuid, self.control_point)));
        if let Some((uuid, raw)) = uuid {
            out.fact(About::Sender, Field::Uuid, uuid.as_str(), raw);
        }
    }

    fn say_device(&self, out: &mut Output<'_>) {
        let sender = out.context().ends.get(out.context().side.index()).and_then(|end| end.ip);
        let other = sender.and_then(|sender| url::elsewhere(std::iter::once(self.location), sender));
        let about = other.map_or(About::Sender, About::Host);
        let named = self.name.windows(2).position(|window| window == b"::").unwrap_or(self.name.len());
        match Uuid::in_urn(self.name.get(..named).unwrap_or_default()) {
            Some((uuid, raw)) => out.fact(about, Field::Uuid, uuid.as_str(), raw),
            None if self.name.is_empty() => {}
            None => out.weird("ssdp.usn"),
        }
        if let Some(field) = announced(self.target) {
            out.text(about, field, self.target);
        }
        out.text(about, Field::SsdpServer, self.server);
        if self.friendly_name.contains(&b'%') {
            out.fact(about, Field::FriendlyName, &url::decode(self.friendly_name), self.friendly_name);
        } else {
            out.text(about, Field::FriendlyName, self.friendly_name);
        }
    }

    fn record(&self, out: &mut Output<'_>) {
        out.record(|row| {
            let kind = match self.kind {
                MessageKind::Notify => "notify",
                MessageKind::Search => "search",
                MessageKind::Response => "response",
            };
            row.text("kind", kind);
            row.text("state", self.state);
            row.text("target", self.target);
            row.text("name", self.name);
            row.text("server", self.server);
            row.text("user_agent", self.user_agent);
            if let Some((scheme, host)) = url::origin(self.location) {
                row.text("location", [scheme, b"://", host].concat());
            }
        });
    }
}

/// What the notification or search target of a device's own message says; nothing when it only says that it is one.
fn announced(target: &[u8]) -> Option<Field> {
    let has = |part: &[u8]| target.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    let is_plain = ["upnp:", "ssdp:", "uuid:"].iter().any(|begin| target.starts_with(begin.as_bytes()));
    if target.is_empty() || is_plain {
        None
    } else if has(b":device:") {
        Some(Field::DeviceType)
    } else {
        Some(Field::ServiceOffered)
    }
}

#[cfg(test)]
mod tests {
    use crate::trial;

    #[test]
    fn an_answer_speaks_for_the_host_it_locates() {
        let heard = trial::hear(
            "udp 10.0.0.9:1900 > 10.0.0.5:40000\n> \"HTTP/1.1 200 OK\\r\\nST: upnp:rootdevice\\r\\n\
             LOCATION: http://10.0.0.7:80/d.xml\\r\\nSERVER: Linux UPnP/1.1 Pump/2\\r\\n\
             USN: uuid:2f402f80-da50-11e1-9b23-0017882476ff::upnp:rootdevice\\r\\n\\r\\n\"",
        );
        heard.says("10.0.0.7 ssdp.server = Linux UPnP/1.1 Pump/2");
        heard.says("10.0.0.7 bind.uuid = 2f402f80-da50-11e1-9b23-0017882476ff");
        assert_eq!(heard.facts.len(), 2, "{:?}", heard.facts);
    }

    #[test]
    fn an_address_that_is_cut_within_a_log_in_is_not_told() {
        let heard = trial::hear(
            "udp 10.0.0.9:1900 > 10.0.0.5:40000\n> \"HTTP/1.1 200 OK\\r\\nST: upnp:rootdevice\\r\\n\
             USN: uuid:2f402f80-da50-11e1-9b23-0017882476ff::upnp:rootdevice\\r\\nLOCATION: http://meier:Gehe\"",
        );
        assert!(heard.records[0]["location"].is_null(), "{}", heard.records[0]);
    }

    #[test]
    fn other_http_like_datagrams_are_left_alone() {
        for text in [
            "NOTIFY sip:a@b SIP/2.0\\r\\n\\r\\n",
            "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n",
            "HTTP/1.1 404 Not Found\\r\\nST: a\\r\\nUSN: b\\r\\n\\r\\n",
            "OPTIONS * RTSP/1.0\\r\\n\\r\\n",
        ] {
            let heard = trial::hear(&format!("udp 10.0.0.9:1900 > 10.0.0.5:40000\n> \"{text}\""));
            assert_eq!(heard.service.filter(|service| *service != "sip"), None, "{text}");
        }
    }
}
