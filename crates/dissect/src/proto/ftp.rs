//! FTP: what the server on the control connection says it is, and who logs in how.
//!
//! In: both directions of the control connection. Out: words for products of the greeting, the system, the features; one
//! record for each command that is answered. A user's name leaves as a keyed hash; passwords, accounts, names of files and
//! folders, and texts of replies never do. Behind `AUTH TLS` bytes are only counted; data
//! connections are announced.
//!
//! Source: RFC 959 §4, §5.4; RFC 2389 (FEAT); RFC 2428; RFC 4217 (AUTH TLS).

use crate::codec::ends::{device, known_word, person, say_legacy, say_service};
use crate::codec::greeting;
use crate::codec::lines::{First, Lines, Talk, first, has, word};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use std::collections::VecDeque;
use wardlight_model::{Field, Keyed, Kind, Port, Transport};

pub(super) const ENTRY: Ftp = Ftp;

/// FTP.
pub(super) struct Ftp;

static INFO: Info = Info {
    name: "ftp",
    title: "File Transfer Protocol",
    source: "RFC 959 §4, §5.4; RFC 2389; RFC 4217",
    carriers: &[Carrier::Tcp],
    ports: &[21],
    record: &[
        person("user", "who logged in"),
        device("command", Kind::Text, "command that is answered, when it is a known one"),
        device("reply_code", Kind::Number, "code of the reply"),
        device("features", Kind::List, "known features that the server has (FEAT)"),
    ],
    weirds: &[("ftp.reply", "a line of the server is no reply (RFC 959 §4.2)")],
    window: 8 * 1024,
};

/// Most commands that wait for their replies.
const PIPELINED: usize = 16;
const COMMANDS: &[&str] = &[
    "abor", "appe", "auth", "cdup", "clnt", "cwd", "dele", "eprt", "epsv", "feat", "host", "list", "mdtm", "mkd",
    "mlsd", "mlst", "mode", "nlst", "noop", "opts", "pass", "pasv", "pbsz", "port", "prot", "pwd", "quit", "rest",
    "retr", "rmd", "rnfr", "rnto", "site", "size", "stat", "stor", "stru", "syst", "type", "user",
];
const FEATURES: &[&str] = &[
    "auth", "ccc", "clnt", "eprt", "epsv", "esta", "host", "lang", "mdtm", "mff", "mfmt", "mlst", "pasv", "pbsz",
    "prot", "rest", "site", "size", "sscn", "tvfs", "utf8", "xcrc", "xmd5",
];

impl Dissector for Ftp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match first(hello.bytes) {
            First::Line(line) if line.starts_with(b"220") && is_reply(line) => {
                match (has(line, b"ftp"), has(line, b"smtp")) {
                    (true, _) => Probe::Yes,
                    (false, true) => Probe::No,
                    (false, false) => Probe::Likely,
                }
            }
            First::Line(line) => match line.to_ascii_uppercase().as_slice() {
                b"AUTH TLS" | b"AUTH SSL" | b"SYST" | b"FEAT" => Probe::Yes,
                command if command.starts_with(b"USER ") => Probe::Likely,
                _ if is_reply(line) => Probe::Likely,
                _ => Probe::No,
            },
            First::Part(part) if part.len() < 512 && hello.ports.contains(&21) => Probe::More,
            First::Part(part) if may_begin(part) => Probe::More,
            First::Part(_) | First::Other => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lines<Control>>::default()
    }
}

/// Whether a line not yet whole may be a greeting, or a command that only FTP has.
fn may_begin(part: &[u8]) -> bool {
    let begins = |whole: &[u8]| part.iter().zip(whole).all(|(one, other)| one.eq_ignore_ascii_case(other));
    part.len() < 512 && [&b"220"[..], b"AUTH ", b"SYST\r", b"FEAT\r"].into_iter().any(begins)
}

/// Whether a line begins with a reply code (RFC 959 §4.2).
fn is_reply(line: &[u8]) -> bool {
    matches!(line, [b'1'..=b'6', b'0'..=b'5', b'0'..=b'9'] | [b'1'..=b'6', b'0'..=b'5', b'0'..=b'9', b' ' | b'-', ..])
}

#[derive(Default)]
struct Control {
    is_greeted: bool,
    is_anonymous: bool,
    user: Option<Keyed>,
    /// Commands that wait for their replies.
    commands: VecDeque<Option<&'static str>>,
    /// Code of a reply of several lines that goes on.
    goes_on: Option<[u8; 3]>,
    features: Vec<&'static str>,
}

impl Talk for Control {
    const PORTS: &'static [Port] = &[21];

    fn line(&mut self, is_server: bool, line: &[u8], out: &mut Output<'_>) -> Step {
        if is_server {
            return self.reply(line, out);
        }
        let (command, rest) = word(line);
        let known = known_word(COMMANDS, command);
        if !command.is_empty() && self.commands.len() < PIPELINED {
            self.commands.push_back(known);
        }
        match known {
            Some("user") => {
                say_service(false, "_ftp._tcp", command, out);
                say_legacy("cleartext-ftp", command, out);
                self.is_anonymous = [&b"anonymous"[..], b"ftp"].iter().any(|name| rest.eq_ignore_ascii_case(name));
                self.user = (!self.is_anonymous && !rest.is_empty()).then(|| out.keyed(rest));
            }
            Some("port" | "eprt") => expect_files(rest, out),
            Some("clnt") => out.fact(About::Sender, Field::Program, &greeting::plain(rest), rest),
            _ => {}
        }
        Step::Take(0)
    }
}

impl Control {
    fn reply(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let Some((code, rest)) = line.split_first_chunk::<3>().filter(|_| is_reply(line)) else {
            match (self.goes_on, self.commands.front()) {
                (Some(_), Some(Some("feat"))) => self.features.extend(known_word(FEATURES, word(line).0)),
                (Some(_), _) => {}
                (None, _) if line.is_empty() => {}
                (None, _) => out.weird("ftp.reply"),
            }
            return Step::Take(0);
        };
        if self.goes_on.is_some_and(|begun| begun != *code) {
            return Step::Take(0);
        }
        self.greet(code, rest.get(1..).unwrap_or_default(), out);
        let is_last = rest.first() != Some(&b'-');
        self.goes_on = (!is_last).then_some(*code);
        if is_last { self.answer(code, rest, out) } else { Step::Take(0) }
    }

    fn greet(&mut self, code: &[u8; 3], text: &[u8], out: &mut Output<'_>) {
        if code == b"220" && self.commands.is_empty() {
            let banner = greeting::plain(text);
            say_service(true, "_ftp._tcp", code, out);
            if !self.is_greeted {
                out.fact(About::Sender, Field::FtpBanner, &banner, text);
            }
            self.is_greeted |= !banner.is_empty();
        }
    }

    /// The last line of a reply.
    fn answer(&mut self, code: &[u8; 3], rest: &[u8], out: &mut Output<'_>) -> Step {
        let number = code.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        if number < 200 {
            return Step::Take(0);
        }
        let Some(command) = self.commands.pop_front().flatten() else { return Step::Take(0) };
        match (command, number) {
            ("pasv", 227) | ("epsv", 229) => expect_files(rest, out),
            ("syst", 215) => out.fact(About::Sender, Field::FtpSystem, &greeting::plain(rest), rest),
            ("user" | "pass", 230) if self.is_anonymous => {
                out.fact(About::Sender, Field::Legacy, "anonymous-ftp", code);
            }
            _ => {}
        }
        let (user, features) = (self.user, std::mem::take(&mut self.features));
        out.record(|row| {
            if let Some(user) = user {
                row.keyed("user", user);
            }
            row.text("command", command.to_ascii_uppercase());
            row.number("reply_code", number);
            row.list("features", features);
        });
        if command == "auth" && number == 234 { Step::Anew(0) } else { Step::Take(0) }
    }
}

/// Announces the data connection that a reply to PASV or EPSV, or a PORT or EPRT command, names. Whatever address stands
/// there, only the speaker's own is believed.
fn expect_files(text: &[u8], out: &mut Output<'_>) {
    if let Some(port) = port_of_files(text) {
        out.expect(Transport::TCP, port, "ftp_data");
    }
}

/// The port in `h1,h2,h3,h4,p1,p2` (RFC 959 §4.1.2) or `|1|address|port|` (RFC 2428 §2, §3).
fn port_of_files(text: &[u8]) -> Option<Port> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<Port>().ok();
    let port = match text.split(|byte| *byte == b'|').nth(3) {
        Some(digits) => number(digits)?,
        None => {
            let is_apart = |byte: &u8| !byte.is_ascii_digit() && *byte != b',';
            let six = text.split(is_apart).find(|part| part.split(|byte| *byte == b',').count() == 6)?;
            let mut last = six.rsplit(|byte| *byte == b',').map(number);
            let (low, high) = (last.next()??, last.next()??);
            high.checked_mul(256)?.checked_add(low)?
        }
    };
    Some(port).filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_files_are_read_in_all_four_forms() {
        for (text, port) in [
            (&b" Entering Passive Mode (10,0,0,9,19,137)."[..], Some(5001)),
            (b"10,0,0,5,4,1", Some(1025)),
            (b" Entering Extended Passive Mode (|||6446|)", Some(6446)),
            (b"|2|2001:db8::5|5282|", Some(5282)),
            (b"10,0,0,5,256,1", None),
            (b"10,0,0,5,0,0", None),
            (b"Planted Patience", None),
        ] {
            assert_eq!(port_of_files(text), port, "{}", String::from_utf8_lossy(text));
        }
    }
}
