//! The head of one message: how bytes begin that are HTTP, and the fields that matter.

use crate::Part;
use crate::codec::inflate;
use crate::codec::uri::Shape;
use crate::entry::Probe;
use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Response, Status};

/// Longest head read.
pub const LONGEST: usize = 32 * 1024;
/// Most fields of a head read.
const FIELDS: usize = 128;
/// A request line longer than this with a known method counts as HTTP before its end is seen.
const LONG_LINE: usize = 2048;

/// Methods by RFC 9110 §9, RFC 5789, RFC 4918 (WebDAV), UPnP 1.1 §4 (GENA), RFC 10008 and custom.
const METHODS: [&str; 24] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "SEARCH",
    "REPORT",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "M-SEARCH",
    "RPC_IN_DATA",
];

/// How the body of a message is delimited, by its fields alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Length {
    /// They do not say.
    #[default]
    Unsaid,
    /// `Content-Length`.
    Known(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// They contradict themselves or are no numbers.
    Bad,
}

/// A request or response head, borrowed.
#[derive(Debug, Default)]
pub struct Head<'a> {
    /// Method of a request, when it is a known one.
    pub method: &'static str,
    /// Target of a request.
    pub target: &'a [u8],
    /// Status of a response; 0 in requests.
    pub status: u16,
    /// Minor version.
    pub minor: u8,
    /// Length of the head itself.
    pub raw: usize,
    /// How the body is delimited.
    pub length: Length,
    /// Both `Content-Length` and `Transfer-Encoding` are there (RFC 9112 §6.3).
    pub is_ambiguous: bool,
    /// `Content-Type`.
    pub media: &'a str,
    /// `Content-Encoding`, unless it is `identity`.
    pub encoding: &'a str,
    /// `Accept`.
    pub accept: &'a str,
    /// `SOAPAction`.
    pub action: &'a [u8],
    /// `Host`.
    pub host: &'a [u8],
    /// `User-Agent`.
    pub agent: &'a [u8],
    /// `Server`.
    pub server: &'a [u8],
    /// Scheme of `Authorization`: what stands before its first blank.
    pub scheme: &'a [u8],
    /// Token of an `Authorization` by NTLM, when it is the first message, which carries no credentials.
    pub negotiate: &'a [u8],
    /// The first `WWW-Authenticate` fields.
    pub challenges: [&'a [u8]; 4],
    /// A `Cookie` is sent.
    pub has_cookie: bool,
    /// Sent on for somebody else: `Via`, `Forwarded` or `X-Forwarded-For`.
    pub is_forwarded: bool,
}

/// Whether bytes begin with a head.
#[must_use]
pub fn begins(bytes: &[u8]) -> Probe {
    const RESPONSE: &[u8] = b"HTTP/1.";
    let bytes = without_blank_lines(bytes);
    let common = bytes.iter().zip(RESPONSE).take_while(|(a, b)| a == b).count();
    if common == bytes.len().min(RESPONSE.len()) {
        return match bytes.get(RESPONSE.len()..) {
            Some([b'0' | b'1', b' ', b'1'..=b'9', ..]) => Probe::Yes,
            Some([b'0' | b'1', b' '] | [b'0' | b'1'] | []) | None => Probe::More,
            Some(_) => Probe::No,
        };
    }
    begins_request(bytes)
}

fn begins_request(bytes: &[u8]) -> Probe {
    let is_token = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    let length = bytes.iter().take(24).take_while(|byte| is_token(byte)).count();
    let (method, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
    let is_known = METHODS.iter().any(|known| known.as_bytes() == method);
    let Some((b' ', rest)) = rest.split_first() else {
        let could_be = METHODS.iter().any(|known| known.as_bytes().starts_with(method));
        return if rest.is_empty() && could_be { Probe::More } else { Probe::No };
    };
    if length == 0 {
        return Probe::No;
    }
    if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest.get(..end).unwrap_or_default().trim_ascii_end();
        let is_http = line.len() > 9 && (line.ends_with(b" HTTP/1.1") || line.ends_with(b" HTTP/1.0"));
        return if is_http { Probe::Yes } else { Probe::No };
    }
    let has_target = rest.first().is_none_or(|byte| matches!(byte, b'/' | b'*' | b'h' | b'H') || method == b"CONNECT");
    match (is_known && has_target, rest.len() > LONG_LINE) {
        (true, true) => Probe::Yes,
        (true, false) => Probe::More,
        (false, _) => Probe::No,
    }
}

/// `bytes` without the empty lines that may precede a message (RFC 9112 §2.2).
#[must_use]
pub fn without_blank_lines(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(blank..).unwrap_or_default()
}

/// Length of the head that `bytes` begin with, when its end is there; the first `scanned` bytes hold no end.
#[must_use]
pub fn length(bytes: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(3);
    let rest = bytes.get(from..)?;
    rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| match rest.get(at + 1..)? {
        [b'\n', ..] => Some(from + at + 2),
        [b'\r', b'\n', ..] => Some(from + at + 3),
        _ => None,
    })
}

impl<'a> Head<'a> {
    /// Whether the body is plain, or coded in a way that can be unpacked.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.encoding.is_empty() || inflate::is_known(self.encoding)
    }

    /// Reads a whole head. `None` when it is malformed.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; FIELDS];
        let mut config = ParserConfig::default();
        config.ignore_invalid_headers_in_requests(true).ignore_invalid_headers_in_responses(true);
        config.allow_spaces_after_header_name_in_responses(true).allow_obsolete_multiline_headers_in_responses(true);
        if without_blank_lines(bytes).starts_with(b"HTTP/") {
            let mut response = Response::new(&mut headers);
            match config.parse_response(&mut response, bytes) {
                Ok(Status::Complete(_)) => {}
                Ok(Status::Partial) | Err(_) => return None,
            }
            let (minor, status) = (response.version?, response.code?);
            let mut head = Self { status, minor, raw: bytes.len(), ..Self::default() };
            response.headers.iter().for_each(|header| head.field(header));
            return Some(head);
        }
        let mut request = Request::new(&mut headers);
        match config.parse_request(&mut request, bytes) {
            Ok(Status::Complete(_)) => {}
            Ok(Status::Partial) | Err(_) => return None,
        }
        let method = METHODS.iter().find(|known| request.method == Some(known)).copied().unwrap_or_default();
        let (minor, target, raw) = (request.version?, request.path?.as_bytes(), bytes.len());
        let mut head = Self { method, minor, target, raw, ..Self::default() };
        request.headers.iter().for_each(|header| head.field(header));
        Some(head)
    }

    /// Shape of the target.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape::of(self.target)
    }

    /// The media type without parameters.
    #[must_use]
    pub fn kind(&self) -> &'a str {
        self.media.split(';').next().unwrap_or_default().trim()
    }

    /// What is known of its body, given method and shape of the request.
    #[must_use]
    pub fn part(&self, method: &'static str, target: Shape) -> Part<'a> {
        let (media, accept, status, action) = (self.media, self.accept, self.status, self.action);
        Part { media, method, target, accept, status, action, is_head: false }
    }

    fn field(&mut self, header: &Header<'a>) {
        let value = header.value.trim_ascii();
        let text = std::str::from_utf8(value).unwrap_or_default();
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        match header.name.len() {
            3 if is("Via") => self.is_forwarded = true,
            4 if is("Host") => self.host = value,
            6 if is("Accept") => self.accept = text,
            6 if is("Server") => self.server = value,
            6 if is("Cookie") => self.has_cookie = true,
            9 if is("Forwarded") => self.is_forwarded = true,
            10 if is("User-Agent") => self.agent = value,
            10 if is("SOAPAction") => self.action = value,
            12 if is("Content-Type") => self.media = text,
            13 if is("Authorization") => self.authorization(value),
            14 if is("Content-Length") => self.content_length(value),
            15 if is("X-Forwarded-For") => self.is_forwarded = true,
            16 if is("Content-Encoding") && !text.eq_ignore_ascii_case("identity") => self.encoding = text,
            16 if is("WWW-Authenticate") => {
                if let Some(free) = self.challenges.iter_mut().find(|held| held.is_empty()) {
                    *free = value;
                }
            }
            17 if is("Transfer-Encoding") => self.transfer_encoding(value),
            _ => {}
        }
    }

    fn authorization(&mut self, value: &'a [u8]) {
        // Base64 of `NTLMSSP`, 0 and the message type 1.
        const FIRST: &[u8] = b"TlRMTVNTUAAB";
        self.scheme = value.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let token = value.get(self.scheme.len()..).unwrap_or_default().trim_ascii();
        if token.starts_with(FIRST) {
            self.negotiate = token;
        }
    }

    fn content_length(&mut self, value: &[u8]) {
        let mut numbers = value.split(|byte| *byte == b',').map(|number| decimal(number.trim_ascii()));
        let first = numbers.next().flatten();
        let said = match first.filter(|first| numbers.all(|number| number == Some(*first))) {
            Some(length) => Length::Known(length),
            None => Length::Bad,
        };
        match self.length {
            Length::Unsaid => self.length = said,
            Length::Chunked => self.is_ambiguous = true,
            Length::Known(_) | Length::Bad if self.length != said => self.length = Length::Bad,
            Length::Known(_) | Length::Bad => {}
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) {
        let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
        if last.eq_ignore_ascii_case(b"chunked") {
            self.is_ambiguous |= self.length != Length::Unsaid;
            self.length = Length::Chunked;
        }
    }
}

/// The number that is written in decimal digits only, below 2^63.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| *number <= u64::MAX >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_known_by_their_first_line() {
        for (text, probe) in [
            ("GET / HTTP/1.1\r\n", Probe::Yes),
            ("GET / HTTP/1.1", Probe::More),
            ("GE", Probe::More),
            ("\r\nHTTP/1.0 200 OK", Probe::Yes),
            ("HTTP/1.1 ", Probe::More),
            ("HTTP/1.1 2", Probe::Yes),
            ("HTTP/2.0 200", Probe::No),
            ("get /x HTTP/1.0\n", Probe::Yes),
            ("BREW /pot HTTP/1.1\r\n", Probe::Yes),
            ("GET /x\r\n", Probe::No),
            ("OPTIONS sip:a@b SIP/2.0\r\n", Probe::No),
            ("OPTIONS rtsp://a/b RTSP/1.0\r\n", Probe::No),
            ("PRI * HTTP/2.0\r\n", Probe::No),
            ("SSH-2.0-x\r\n", Probe::No),
            ("\u{16}\u{3}\u{1}", Probe::No),
        ] {
            assert_eq!(begins(text.as_bytes()), probe, "{text:?}");
        }
        assert_eq!(begins(format!("GET /{}", "a".repeat(3000)).as_bytes()), Probe::Yes);
    }

    #[test]
    fn the_end_of_a_head_is_found_across_pieces() {
        let bytes = b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
        assert_eq!(length(bytes, 0), Some(bytes.len() - 4));
        assert_eq!(length(&bytes[..23], 0), None);
        assert_eq!(length(bytes, 23), Some(bytes.len() - 4));
        assert_eq!(length(b"GET / HTTP/1.0\n\nx", 0), Some(16));
    }

    #[track_caller]
    fn check_length(fields: &str, length: Length) {
        let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
        assert_eq!(Head::read(text.as_bytes()).map(|head| head.length), Some(length), "{fields}");
    }

    #[test]
    fn lengths_are_taken_by_rfc_9112_section_6_3() {
        check_length("Content-Length: 5", Length::Known(5));
        check_length("Content-Length: 5, 5", Length::Known(5));
        check_length("Content-Length: 5\r\nContent-Length: 6", Length::Bad);
        check_length("Content-Length: -1", Length::Bad);
        check_length("Content-Length: 18446744073709551615", Length::Bad);
        check_length("Content-Length: 5\r\nTransfer-Encoding: gzip, chunked", Length::Chunked);
        check_length("X: 1", Length::Unsaid);
    }
}
