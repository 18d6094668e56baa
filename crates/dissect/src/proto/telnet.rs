//! Telnet: what a server says before anybody logs in, and the client's terminal.
//!
//! In: both directions of a stream until the server asks who is there or the client sends text. Out: words for products of
//! the first lines, the terminal type; one record a session. What is typed is never read, nor the variables of an
//! environment.
//!
//! Source: RFC 854, RFC 855; RFC 1091 (terminal type); RFC 1572 (environment, passed over).

use crate::codec::ends::{device, say_legacy, say_service, server};
use crate::codec::greeting;
use crate::codec::lines::{LONGEST, has};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Telnet = Telnet;

/// Telnet.
pub(super) struct Telnet;

static INFO: Info = Info {
    name: "telnet",
    title: "Telnet",
    source: "RFC 854; RFC 855; RFC 1091",
    carriers: &[Carrier::Tcp],
    ports: &[23],
    record: &[
        device("terminal", Kind::Text, "terminal type of the client"),
        device("is_asked", Kind::Flag, "whether the server asks for a name or password"),
    ],
    weirds: &[("telnet.option", "a sub-negotiation has no end (RFC 855)")],
    window: 8 * 1024,
};

const IAC: u8 = 255;
const SUBNEGOTIATION: u8 = 250;
const END: u8 = 240;
const TERMINAL_TYPE: u8 = 24;
/// Highest option of the registry below the extended list.
const LAST_OPTION: u8 = 49;
/// Most lines of a greeting that are said.
const LINES: u8 = 3;

impl Dissector for Telnet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [IAC, 251..=254, 0..=LAST_OPTION, rest @ ..] => match rest.first() {
                None | Some(&IAC | b'\r' | b'\n' | b' '..=b'~' | 0x1b) => Probe::Yes,
                Some(_) => Probe::No,
            },
            [IAC] | [IAC, 251..=254] => Probe::More,
            [b'\r' | b'\n' | b' '..=b'~' | 0x1b, ..] if hello.ports.contains(&23) => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Session>::default()
    }
}

#[derive(Default)]
struct Session {
    lines: u8,
    terminal: String,
    is_said: [bool; 2],
    is_over: bool,
}

impl Parser for Session {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_server = server(out.context(), INFO.ports) == side;
        if !std::mem::replace(side.of(self.is_said.each_mut()), true) {
            let raw = bytes.get(..1).unwrap_or_default();
            say_service(is_server, "_telnet._tcp", raw, out);
            out.fact(About::Sender, Field::Legacy, "cleartext-telnet", raw);
            if is_server {
                say_legacy("cleartext-telnet", raw, out);
            }
        }
        match bytes {
            [IAC, SUBNEGOTIATION, rest @ ..] => self.negotiate(is_server, rest, out),
            [IAC, 251..=254, _, ..] => Step::Take(3),
            [IAC] | [IAC, 251..=254] => Step::Take(0),
            [IAC, ..] => Step::Take(2),
            // What a client types begins here.
            [b'\r' | b'\n' | 0, ..] if !is_server => Step::Take(1),
            _ if !is_server => self.finish(false, out),
            _ => self.text(bytes, out),
        }
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.finish(false, out);
    }
}

/// Whether `name` is that of a kind of terminal (RFC 1091, the names of terminfo), and not of whoever sits there.
fn is_terminal(name: &[u8]) -> bool {
    const KINDS: [&str; 29] = [
        "adm", "aixterm", "ansi", "at386", "cygwin", "dec", "dtterm", "dumb", "eterm", "gnome", "hp", "ibm", "iris",
        "konsole", "linux", "network", "nsterm", "putty", "rxvt", "scoansi", "screen", "sun", "tmux", "tvi", "unknown",
        "vt", "wyse", "wy", "xterm",
    ];
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/');
    let begins = |kind: &str| name.get(..kind.len()).is_some_and(|head| head.eq_ignore_ascii_case(kind.as_bytes()));
    // What stands behind a kind are numbers, sizes and colours.
    let is_short = |kind: &str| name.len() <= kind.len() + 12;
    name.iter().all(is_plain) && KINDS.iter().any(|kind| begins(kind) && is_short(kind))
}

impl Session {
    fn negotiate(&mut self, is_server: bool, rest: &[u8], out: &mut Output<'_>) -> Step {
        let Some(end) = rest.windows(2).position(|pair| pair == [IAC, END]) else {
            if rest.len() <= 1024 {
                return Step::Take(0);
            }
            out.weird("telnet.option");
            return Step::Done;
        };
        if let Some([TERMINAL_TYPE, 0, name @ ..]) = rest.get(..end)
            && !is_server
            && is_terminal(name)
        {
            let terminal = crate::codec::text::clean(name).to_lowercase();
            out.fact(About::Sender, Field::TelnetTerminal, &terminal, name);
            self.terminal = terminal;
        }
        Step::Take(end + 4)
    }

    /// Reads a line of the server, or what is there of it.
    fn text(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let end = bytes.iter().position(|byte| matches!(*byte, b'\n' | IAC));
        let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let asks = [&b"login:"[..], b"username:", b"user name:", b"password:", b"user:", b"passcode:"];
        if asks.into_iter().any(|prompt| has(line, prompt)) {
            return self.finish(true, out);
        }
        let Some(end) = end else {
            return if bytes.len() > LONGEST { self.finish(false, out) } else { Step::Take(0) };
        };
        let banner = greeting::plain(line);
        if !banner.is_empty() && self.lines < LINES {
            self.lines += 1;
            out.fact(About::Sender, Field::TelnetBanner, &banner, line);
        }
        Step::Take(if bytes.get(end) == Some(&IAC) { end } else { end + 1 })
    }

    fn finish(&mut self, is_asked: bool, out: &mut Output<'_>) -> Step {
        if !std::mem::replace(&mut self.is_over, true) {
            out.record(|row| {
                row.text("terminal", &self.terminal);
                row.flag("is_asked", is_asked);
            });
        }
        Step::Finished
    }
}
