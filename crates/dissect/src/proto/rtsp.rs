//! RTSP: cameras and recorders that stream, and who watches them.
//!
//! In: both directions of a stream. Out: products of server and client, realms; one record a
//! message. Addresses of streams, session numbers, credentials and bodies never leave; media between
//! the messages is skipped.
//!
//! Source: RFC 2326 §4 to §12, §10.12 (interleaved); RFC 7826 §5.

use crate::codec::ends::{device, known_word, say_legacy, say_service};
use crate::codec::lanes::{Lane, Lanes};
use crate::codec::lines::word;
use crate::codec::person::before_person;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind};

pub(super) const ENTRY: Rtsp = Rtsp;

/// RTSP.
pub(super) struct Rtsp;

static INFO: Info = Info {
    name: "rtsp",
    title: "Real-Time Streaming Protocol",
    source: "RFC 2326; RFC 7826 §5",
    carriers: &[Carrier::Tcp],
    ports: &[554, 8554],
    record: &[
        device("method", Kind::Text, "method of a request"),
        device("status", Kind::Number, "status of an answer"),
        device("server", Kind::Text, "product of the server, without comments"),
        device("user_agent", Kind::Text, "product of the client, without comments"),
        device("content", Kind::Text, "`sdp` when streams are described"),
    ],
    weirds: &[("rtsp.message", "what should be a message is none")],
    window: 24 * 1024,
};

const METHODS: &[&str] = &[
    "options",
    "describe",
    "announce",
    "setup",
    "play",
    "pause",
    "teardown",
    "get_parameter",
    "set_parameter",
    "redirect",
    "record",
    "play_notify",
];
/// Longest head of a message that is read.
const LONGEST: usize = 16 * 1024;

impl Dissector for Rtsp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        begins(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lanes<Direction>>::default()
    }
}

/// Whether `bytes` begin with a request or status line.
fn begins(bytes: &[u8]) -> Probe {
    const ANSWERS: [&[u8]; 2] = [b"RTSP/1.0 ", b"RTSP/2.0 "];
    if ANSWERS.iter().any(|line| bytes.starts_with(line)) {
        return Probe::Yes;
    }
    if ANSWERS.iter().any(|line| line.starts_with(bytes)) {
        return Probe::More;
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let is_whole = line.len() < bytes.len();
    let (method, rest) = word(line);
    let is_method = known_word(METHODS, method).is_some();
    let may_be_method =
        METHODS.iter().any(|name| name.as_bytes().iter().zip(line).all(|(a, b)| a.eq_ignore_ascii_case(b)));
    match is_whole {
        true if is_method && (rest.ends_with(b"RTSP/1.0") || rest.ends_with(b"RTSP/2.0")) => Probe::Yes,
        false if may_be_method && line.len() < 1024 => Probe::More,
        _ => Probe::No,
    }
}

#[derive(Default)]
struct Direction {
    /// Whether bytes went missing, so that the next message is looked for where the next piece begins.
    is_lost: bool,
}

impl Lane for Direction {
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        match bytes {
            [b'$', _, high, low, ..] if !self.is_lost => {
                return Step::Skip(4 + u64::from(u16::from_be_bytes([*high, *low])));
            }
            [b'$', ..] if !self.is_lost && bytes.len() < 4 => return Step::Take(0),
            [b'\r' | b'\n', ..] => return Step::Take(1),
            _ => {}
        }
        match begins(bytes) {
            Probe::Yes => self.is_lost = false,
            Probe::More if bytes.len() < LONGEST => return Step::Take(0),
            _ => {
                if !self.is_lost {
                    out.weird("rtsp.message");
                }
                return Step::Done;
            }
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() > LONGEST { Step::Done } else { Step::Take(0) };
        };
        let head = Head::read(bytes.get(..end).unwrap_or_default());
        head.say(out);
        Step::Skip(u64::try_from(end + 4).unwrap_or_default().saturating_add(head.length))
    }

    fn end(&mut self, _: &[u8], _: &mut Output<'_>) {}

    fn lose(&mut self) {
        self.is_lost = true;
    }
}

/// What of a message's head is read.
#[derive(Default)]
struct Head<'a> {
    method: Option<&'static str>,
    status: u64,
    first: &'a [u8],
    server: &'a [u8],
    agent: &'a [u8],
    challenge: &'a [u8],
    is_sdp: bool,
    length: u64,
}

impl<'a> Head<'a> {
    fn read(raw: &'a [u8]) -> Self {
        let mut lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let (first, rest) = word(lines.next().unwrap_or_default());
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let method = known_word(METHODS, first);
        let status = if method.is_none() { number(word(rest).0) } else { 0 };
        let mut head = Self { method, status, first, ..Self::default() };
        for line in lines {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at_checked(colon).unwrap_or_default();
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            match name.to_ascii_lowercase().as_slice() {
                b"server" => head.server = product(value),
                b"user-agent" => head.agent = product(value),
                b"www-authenticate" => head.challenge = value,
                b"content-type" => head.is_sdp = value.eq_ignore_ascii_case(b"application/sdp"),
                b"content-length" => head.length = number(value),
                _ => {}
            }
        }
        head
    }

    fn say(&self, out: &mut Output<'_>) {
        say_service(self.method.is_none(), "_rtsp._tcp", self.first, out);
        say_legacy("cleartext-rtsp", self.first, out);
        out.text(About::Sender, Field::RtspServer, self.server);
        out.text(About::Sender, Field::RtspUserAgent, self.agent);
        if self.status == 401 {
            if let Some(realm) = quoted_realm(self.challenge) {
                out.text(About::Sender, Field::HttpRealm, before_person(realm));
            }
            if word(self.challenge).0.eq_ignore_ascii_case(b"Basic") {
                out.fact(About::Sender, Field::Legacy, "rtsp-basic", self.challenge);
            }
        }
        out.record(|row| {
            row.text("method", self.method.map(str::to_ascii_uppercase).unwrap_or_default());
            if self.status > 0 {
                row.number("status", self.status);
            }
            row.text("server", self.server);
            row.text("user_agent", self.agent);
            row.text("content", if self.is_sdp { "sdp" } else { "" });
        });
    }
}

/// A product without the comment behind it, and without whose it is.
fn product(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|byte| *byte == b'(').unwrap_or(value.len());
    before_person(value.get(..end).unwrap_or_default()).trim_ascii()
}

fn quoted_realm(challenge: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"realm=\"";
    let at = challenge.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME))?;
    challenge.get(at + NAME.len()..)?.split(|byte| *byte == b'"').next()
}
