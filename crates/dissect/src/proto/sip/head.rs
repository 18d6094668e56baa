//! The head of one message (RFC 3261 §7): its kind, and the few fields that are about devices.

use crate::codec::text;
use crate::entry::Probe;

/// Most fields looked at.
const FIELDS: usize = 128;
/// Longest first line.
const LINE: usize = 2048;

/// Methods of RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086.
const METHODS: [&str; 14] = [
    "REGISTER",
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "UPDATE",
    "MESSAGE",
    "REFER",
    "PUBLISH",
    "INFO",
];

/// What is read of a head.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    /// Method of the request, or that `CSeq` names; empty when it is none of the specifications.
    pub method: &'static str,
    /// Status of an answer; 0 in requests.
    pub status: u16,
    /// `User-Agent`.
    pub agent: &'a [u8],
    /// `Server`.
    pub server: &'a [u8],
    /// The first `Contact`.
    pub contact: &'a [u8],
    /// `Allow`.
    pub allow: &'a [u8],
    /// Values of `Via`.
    pub hops: u32,
    /// `Content-Length`, when it is a number.
    pub length: Option<u64>,
    /// Whether a line is no field.
    pub is_odd: bool,
}

impl<'a> Head<'a> {
    /// Reads the head that `bytes` are.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        let mut head = Self::default();
        match kind(lines.next().unwrap_or_default()) {
            Kind::Request(method) => head.method = method,
            Kind::Answer(status) => head.status = status,
            Kind::Other => return head,
        }
        for line in lines.take(FIELDS) {
            // A line that begins with a blank goes on with the one before: none of those read here is that long.
            if line.trim_ascii().is_empty() || matches!(line, [b' ' | b'\t', ..]) {
                continue;
            }
            match line.iter().position(|byte| *byte == b':').and_then(|at| line.split_at_checked(at)) {
                Some((name, value)) => head.field(name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()),
                None => head.is_odd = true,
            }
        }
        head
    }

    fn field(&mut self, name: &[u8], value: &'a [u8]) {
        let is = |long: &str, short: &str| [long, short].iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()));
        if is("Via", "v") {
            self.hops = self.hops.saturating_add(values(value));
        } else if is("Content-Length", "l") {
            self.length = std::str::from_utf8(value).ok().and_then(|number| number.parse().ok());
        } else if is("CSeq", "CSeq") && self.status > 0 {
            let named = value.rsplit(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
            self.method = known(named).unwrap_or_default();
        } else if is("User-Agent", "User-Agent") {
            self.agent = value;
        } else if is("Server", "Server") {
            self.server = value;
        } else if is("Contact", "m") && self.contact.is_empty() {
            self.contact = value;
        } else if is("Allow", "Allow") {
            self.allow = value;
        }
    }
}

/// What a first line begins.
enum Kind {
    Request(&'static str),
    Answer(u16),
    Other,
}

fn kind(line: &[u8]) -> Kind {
    let line = line.trim_ascii_end();
    if let Some(
        [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', ..]
        | [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9'],
    ) = line.strip_prefix(b"SIP/2.0 ")
    {
        let digit = |byte: &u8| u16::from(byte - b'0');
        return Kind::Answer(digit(a) * 100 + digit(b) * 10 + digit(c));
    }
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().and_then(known);
    let is_target = words.next().is_some_and(is_address);
    match (method, is_target, words.next(), words.next()) {
        (Some(method), true, Some(b"SIP/2.0"), None) => Kind::Request(method),
        _ => Kind::Other,
    }
}

/// Whether a target is one that SIP has: it says so by its scheme.
fn is_address(target: &[u8]) -> bool {
    [&b"sip:"[..], b"sips:", b"tel:", b"urn:"]
        .iter()
        .any(|scheme| target.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme)))
}

fn known(name: &[u8]) -> Option<&'static str> {
    METHODS.iter().find(|method| method.as_bytes() == name).copied()
}

/// Whether bytes begin with a message.
pub(super) fn begins(bytes: &[u8]) -> Probe {
    let blank = bytes.iter().take(8).take_while(|byte| matches!(**byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(blank..).unwrap_or_default();
    if let Some(end) = bytes.iter().take(LINE).position(|byte| *byte == b'\n') {
        return match kind(bytes.get(..end).unwrap_or_default()) {
            Kind::Other => Probe::No,
            Kind::Request(_) | Kind::Answer(_) => Probe::Yes,
        };
    }
    let status = b"SIP/2.0 ";
    let could_be = |begin: &[u8]| begin.iter().zip(bytes).all(|(a, b)| a == b);
    let could_ask = |method: &&str| {
        let rest = bytes.strip_prefix(method.as_bytes()).and_then(|rest| rest.strip_prefix(b" "));
        let target = |rest: &[u8]| {
            let is_begun = |scheme: &[u8]| scheme.iter().zip(rest).all(|(a, b)| b.eq_ignore_ascii_case(a));
            [&b"sip:"[..], b"sips:", b"tel:", b"urn:"].into_iter().any(is_begun)
        };
        rest.map_or_else(|| could_be(method.as_bytes()) && bytes.len() <= method.len(), target)
    };
    let is_open = bytes.len() < LINE && (could_be(status) || METHODS.iter().any(could_ask));
    if is_open { Probe::More } else { Probe::No }
}

/// Length of the head that `bytes` begin with, its blank line included, when that is there; the first `scanned` bytes
/// hold none.
pub(super) fn length(bytes: &[u8], scanned: usize) -> Option<usize> {
    let rest = bytes.get(scanned..)?;
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'\n' if rest.get(at + 1..)?.starts_with(b"\r\n") => Some(at + 3),
        b'\n' if rest.get(at + 1..)?.starts_with(b"\n") => Some(at + 2),
        _ => None,
    };
    rest.iter().enumerate().find_map(ends).map(|length| scanned + length)
}

/// How many values a field has that is a list: commas within quotes and comments do not count.
fn values(value: &[u8]) -> u32 {
    let (mut count, mut quoted, mut depth) = (1_u32, false, 0_u32);
    for byte in value {
        match byte {
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => count = count.saturating_add(1),
            _ => {}
        }
    }
    count
}

/// The products that a field names, without comments; one that is a version stays, since it begins with a digit.
pub(super) fn product(value: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut rest = value.get(..text::LONGEST).unwrap_or(value);
    while let Some(at) = rest.iter().position(|byte| *byte == b'(') {
        let (before, comment) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        kept.extend_from_slice(before);
        let (comment, behind) = comment.split_at_checked(closing(comment)).unwrap_or((comment, &[]));
        if comment.get(1).is_some_and(u8::is_ascii_digit) && comment.iter().filter(|byte| **byte == b' ').count() < 2 {
            kept.extend_from_slice(comment);
        } else if kept.ends_with(b" ") {
            kept.pop();
        }
        rest = behind;
    }
    kept.extend_from_slice(rest);
    kept
}

/// Length of the comment that `bytes` begin with.
fn closing(bytes: &[u8]) -> usize {
    let mut depth = 0_u32;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}

/// The value of a parameter of an address field, such as `+sip.instance` of `Contact`.
pub(super) fn parameter<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut parts = value.split(|byte| *byte == b';').skip(1);
    parts.find_map(|part| {
        let (held, given) = part.split_at_checked(part.iter().position(|byte| *byte == b'=')?)?;
        held.trim_ascii().eq_ignore_ascii_case(name).then(|| given.get(1..).unwrap_or_default())
    })
}

/// The transport that a `Contact` asks for; empty when it names none, or one that is not known.
pub(super) fn transport(contact: &[u8]) -> &'static str {
    let asked = parameter(contact, b"transport").unwrap_or_default();
    let end = asked.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let asked = asked.get(..end).unwrap_or_default();
    ["udp", "tcp", "tls", "ws", "wss"]
        .into_iter()
        .find(|known| asked.eq_ignore_ascii_case(known.as_bytes()))
        .unwrap_or("")
}

/// The methods of the specifications that `Allow` names.
pub(super) fn methods(allow: &[u8]) -> impl Iterator<Item = &'static str> {
    allow.split(|byte| *byte == b',').filter_map(|name| known(name.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_first_line() {
        for (bytes, expected) in [
            ("REGISTER sip:a.example SIP/2.0\r\n", Probe::Yes),
            ("\r\n\r\nINVITE tel:1 SIP/2.0\r\n", Probe::Yes),
            ("SIP/2.0 200 OK\r\n", Probe::Yes),
            ("SIP/2.0 401\r\n", Probe::Yes),
            ("REGISTER sip:a", Probe::More),
            ("OPTIONS s", Probe::More),
            ("SIP/2", Probe::More),
            ("", Probe::More),
            ("OPTIONS * RTSP/1.0\r\n", Probe::No),
            ("OPTIONS * HTTP/1.1\r\n", Probe::No),
            ("OPTIONS r", Probe::No),
            ("NOTIFY * HTTP/1.1\r\n", Probe::No),
            ("SIP/2.0 abc\r\n", Probe::No),
            ("REGISTER sip:a sip:b SIP/2.0\r\n", Probe::No),
        ] {
            assert_eq!(begins(bytes.as_bytes()), expected, "{bytes}");
        }
    }

    #[test]
    fn products_lose_their_comments_but_not_a_version() {
        for (value, kept) in [
            ("Acme-Desk/1.2", "Acme-Desk/1.2"),
            ("LinphoneiOS/4.5.1 (Annas iPhone) LinphoneSDK/5.0", "LinphoneiOS/4.5.1 LinphoneSDK/5.0"),
            ("kamailio (5.2.1 (x86_64/linux))", "kamailio (5.2.1 (x86_64/linux))"),
            ("Softphone (7 for Anna Muster)", "Softphone"),
            ("X (unclosed Anna", "X"),
        ] {
            assert_eq!(String::from_utf8_lossy(&product(value.as_bytes())), kept);
        }
    }

    #[test]
    fn hops_are_counted_in_lists_and_lines() {
        let head = Head::read(
            b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a, SIP/2.0/UDP b\r\nv: SIP/2.0/UDP c\r\nCSeq: 1 INVITE\r\n\r\n",
        );
        assert_eq!((head.hops, head.method, head.status), (3, "INVITE", 200));
    }

    #[test]
    fn parameters_of_a_contact_are_found() {
        let contact =
            b"<sip:1@10.0.0.1;transport=TCP>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"";
        assert_eq!(transport(contact), "tcp");
        assert!(parameter(contact, b"+sip.instance").is_some_and(|text| text.starts_with(b"\"<urn:uuid:0")));
    }
}
