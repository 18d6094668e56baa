//! What an exchange says: facts of both ends, and its record.

use super::head::{Head, Length};
use super::page;
use crate::codec::ntlm::{self, Message};
use crate::codec::person::before_person;
use crate::codec::uri::Shape;
use crate::codec::{base64, text};
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::Kind::{List, Number, Text};
use wardlight_model::Privacy::{Device, Network};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

/// Fields of the record, named as in Zeek's http.log.
pub const RECORD: &[FieldInfo] = &[
    field("trans_depth", Number, Device, "which request of the conversation, from 1; left out when it was not seen"),
    field("method", Text, Device, "method of the request, when it is a known one"),
    field("host", Text, Network, "host asked for"),
    field("uri", Text, Device, "shape of the target: well-known words, * for all else, no values"),
    field("version", Text, Device, "version of the response, else of the request"),
    field("user_agent", Text, Device, "product the client names, without accounts"),
    field("request_body_len", Number, Device, "length of the request's body in bytes, as stated"),
    field("response_body_len", Number, Device, "length of the response's body in bytes, as stated or counted"),
    field("status_code", Number, Device, "status of the response"),
    field("info_code", Number, Device, "last interim status (1xx)"),
    field("orig_mime_types", List, Device, "media type of the request's body"),
    field("resp_mime_types", List, Device, "media type of the response's body"),
    field("resp_encoding", Text, Device, "content coding of the response's body"),
];

/// Breaches named.
pub const WEIRDS: &[(&str, &str)] = &[
    ("http.no_message", "a side of the conversation sends what is no HTTP message"),
    ("http.malformed_head", "a message head breaks RFC 9112 §2 to §5"),
    ("http.long_head", "a message head is longer than 32 KiB"),
    ("http.length_and_chunked", "Content-Length beside Transfer-Encoding, as request smuggling uses (RFC 9112 §6.3)"),
    ("http.bad_length", "Content-Length is no number, or two differ"),
    ("http.bad_chunk", "a chunked body breaks RFC 9112 §7.1"),
    ("http.form_login", "a form with a password is sent in clear"),
    ("http.password_in_uri", "a parameter of the request target is called like a password"),
];

/// A request waiting for its response.
pub struct Asked {
    /// Which end asked.
    pub side: Side,
    /// Last interim status, 0 for none.
    pub interim: u16,
    method: &'static str,
    shape: Shape,
    depth: u32,
    minor: u8,
    /// Nobody is logged in, so that the page is the same for all.
    is_anonymous: bool,
    length: Option<u64>,
    /// Values of the record, when records are wanted.
    words: Option<Box<Words>>,
}

struct Words {
    host: String,
    agent: String,
    media: String,
}

impl Asked {
    /// The request that `head` makes, the `depth`th from `side`.
    pub fn new((side, depth): (Side, u32), head: &Head<'_>, shape: Shape, out: &Output<'_>) -> Self {
        let is_device_login =
            ["Basic", "Digest"].iter().any(|scheme| head.scheme.eq_ignore_ascii_case(scheme.as_bytes()));
        let words = || Words {
            host: text::clean(head.host).into_owned(),
            agent: text::clean(before_person(head.agent)).into_owned(),
            media: text::tidy(head.kind()).into_owned(),
        };
        Self {
            side,
            interim: 0,
            method: head.method,
            shape,
            depth,
            minor: head.minor,
            is_anonymous: !head.has_cookie && (head.scheme.is_empty() || is_device_login),
            length: if let Length::Known(length) = head.length { Some(length) } else { None },
            words: out.wants_records().then(|| Box::new(words())),
        }
    }
}

/// A response with the request it answers, when that was seen.
pub struct Answer {
    asked: Option<Asked>,
    status: u16,
    minor: u8,
    /// Media type and coding, when records are wanted.
    words: Option<Box<(String, String)>>,
}

impl Answer {
    /// The response that `head` makes to `asked`.
    pub fn new(asked: Option<Asked>, head: &Head<'_>, out: &Output<'_>) -> Self {
        let words = || (text::tidy(head.kind()).into_owned(), text::tidy(head.encoding).into_owned());
        let words = out.wants_records().then(|| Box::new(words()));
        Self { asked, status: head.status, minor: head.minor, words }
    }

    /// No response to `asked`.
    pub const fn none(asked: Asked) -> Self {
        Self { minor: asked.minor, asked: Some(asked), status: 0, words: None }
    }

    /// Method and shape of the request; empty when it was not seen.
    #[must_use]
    pub fn request(&self) -> (&'static str, Shape) {
        self.asked.as_ref().map_or(("", Shape::default()), |asked| (asked.method, asked.shape))
    }

    /// Whether the response is a page that everybody gets: no login, nothing but well-known words asked for.
    #[must_use]
    pub fn is_public_page(&self, head: &Head<'_>) -> bool {
        let is_plain = |asked: &Asked| asked.is_anonymous && asked.shape.is_plain() && !asked.shape.is_absolute();
        head.status == 200 && !head.is_forwarded && self.asked.as_ref().is_some_and(is_plain)
    }

    fn comes_from_sender(&self, head: &Head<'_>) -> bool {
        !head.is_forwarded && self.asked.as_ref().is_none_or(|asked| !asked.shape.is_absolute())
    }

    /// Writes the record of the exchange; `length` is that of the response's body, when it is known.
    pub fn record(&self, length: Option<u64>, out: &mut Output<'_>) {
        out.record(|row| {
            row.text("version", if self.minor == 0 { b"1.0" } else { b"1.1" });
            if let Some(asked) = &self.asked {
                row.number("trans_depth", asked.depth);
                row.text("method", asked.method.as_bytes());
                row.text("uri", asked.shape.to_string().as_bytes());
                if let Some(words) = &asked.words {
                    row.asked("host", &words.host);
                    row.text("user_agent", words.agent.as_bytes());
                    row.list("orig_mime_types", Some(&words.media).filter(|media| !media.is_empty()));
                }
                if let Some(length) = asked.length {
                    row.number("request_body_len", length);
                }
                if asked.interim > 0 {
                    row.number("info_code", asked.interim);
                }
            }
            if self.status > 0 {
                row.number("status_code", self.status);
            }
            if let Some(length) = length {
                row.number("response_body_len", length);
            }
            if let Some((media, encoding)) = self.words.as_deref() {
                row.list("resp_mime_types", Some(media).filter(|media| !media.is_empty()));
                row.text("resp_encoding", encoding.as_bytes());
            }
        });
    }
}

/// Says what a request tells. `bytes` begin with its head.
pub fn request(head: &Head<'_>, shape: Shape, bytes: &[u8], out: &mut Output<'_>) {
    if !head.is_forwarded {
        out.text(About::Sender, Field::UserAgent, before_person(head.agent));
        if let Some(name) = host_name(head.host) {
            let text = text::clean(name);
            let masked = out.masked(&text);
            out.fact(About::Sender, Field::HttpHost, &masked, name);
        }
        say_negotiate(head.negotiate, out);
    }
    if head.scheme.eq_ignore_ascii_case(b"Basic") {
        out.fact(About::Sender, Field::Legacy, "http-basic", head.scheme);
        if !shape.is_absolute() {
            out.fact(About::Receiver, Field::Legacy, "http-basic", head.scheme);
        }
    }
    if parameters(head.target).any(page::names_password) {
        out.weird("http.password_in_uri");
    }
    out.exchange(head.part(head.method, shape), bytes.get(..head.raw).unwrap_or_default());
}

/// Says what a response tells. `bytes` begin with its head.
pub fn response(head: &Head<'_>, answer: &Answer, bytes: &[u8], out: &mut Output<'_>) {
    if answer.comes_from_sender(head) {
        out.text(About::Sender, Field::HttpServer, before_person(head.server));
        if head.status == 401 {
            head.challenges.iter().for_each(|challenge| say_challenge(challenge, out));
        }
    }
    let (method, shape) = answer.request();
    out.exchange(head.part(method, shape), bytes.get(..head.raw).unwrap_or_default());
}

/// Reads one `WWW-Authenticate` field: a realm, or what an NTLM challenge tells of the server (MS-NTHT §2.1).
fn say_challenge(challenge: &[u8], out: &mut Output<'_>) {
    if let Some(realm) = realm(challenge) {
        out.text(About::Sender, Field::HttpRealm, before_person(realm));
    }
    let (scheme, token) =
        challenge.split_at_checked(challenge.iter().position(u8::is_ascii_whitespace).unwrap_or(0)).unwrap_or_default();
    if scheme.eq_ignore_ascii_case(b"NTLM") || scheme.eq_ignore_ascii_case(b"Negotiate") {
        let mut room = [0; 1024];
        let message = base64::decode(token, &mut room).and_then(ntlm::find);
        if let Some(message @ Message::Challenge { .. }) = message {
            ntlm::tell(&message, out);
        }
    }
}

/// Says what the first NTLM message of a client tells. The last one carries credentials and is never decoded.
fn say_negotiate(token: &[u8], out: &mut Output<'_>) {
    let mut room = [0; 256];
    if let Some(message @ Message::Negotiate { .. }) = base64::decode(token, &mut room).and_then(ntlm::find) {
        ntlm::tell(&message, out);
    }
}

/// The realm that a challenge names, with or without quotes (RFC 9110 §11.5).
fn realm(challenge: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"realm=";
    let at = challenge.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME))?;
    let value = challenge.get(at + NAME.len()..)?;
    match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next(),
        None => value.split(|byte| matches!(byte, b',' | b' ')).next(),
    }
}

/// The host name in a `Host` field, when it is a name and no address.
fn host_name(host: &[u8]) -> Option<&[u8]> {
    let name = host.split(|byte| *byte == b':').next().filter(|name| !name.is_empty() && !host.starts_with(b"["))?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_address = std::str::from_utf8(name).is_ok_and(|text| text.parse::<IpAddr>().is_ok());
    Some(name).filter(|name| name.iter().all(is_name) && !is_address)
}

/// The names of the parameters of a request target.
fn parameters(target: &[u8]) -> impl Iterator<Item = &[u8]> {
    let query = target.iter().position(|byte| *byte == b'?').and_then(|at| target.get(at + 1..)).unwrap_or_default();
    query.split(|byte| *byte == b'&').map(|pair| pair.split(|byte| *byte == b'=').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_and_hosts_are_cut_out() {
        assert_eq!(realm(b"Basic realm=\"AXIS_ACCC8E\", charset=x"), Some(&b"AXIS_ACCC8E"[..]));
        assert_eq!(realm(b"Digest nonce=\"1\", Realm=x, qop=auth"), Some(&b"x"[..]));
        assert_eq!(realm(b"NTLM"), None);
        assert_eq!(host_name(b"pacs.example:8080"), Some(&b"pacs.example"[..]));
        assert_eq!(host_name(b"192.0.2.1:8080"), None);
        assert_eq!(host_name(b"[2001:db8::1]"), None);
        assert_eq!(host_name(b"a b"), None);
    }
}
