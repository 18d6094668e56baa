//! POP3: what mailbox servers greet with, and how their clients log in.
//!
//! In: both directions of a stream until somebody is logged in or encryption begins. Out: words for products of the
//! greeting, the implementation, the way to log in; one record a session. A user's name leaves as a keyed hash; passwords,
//! digests and messages never do.
//!
//! Source: RFC 1939; RFC 2449 (CAPA); RFC 2595 (STLS); RFC 5034 (AUTH).

use crate::codec::ends::{device, known_word, person, say_legacy, say_service};
use crate::codec::greeting;
use crate::codec::lines::{First, Lines, Talk, first, has, word};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Keyed, Kind, Port};

pub(super) const ENTRY: Pop3 = Pop3;

/// POP3.
pub(super) struct Pop3;

static INFO: Info = Info {
    name: "pop3",
    title: "Post Office Protocol version 3",
    source: "RFC 1939; RFC 2449; RFC 2595; RFC 5034",
    carriers: &[Carrier::Tcp],
    ports: &[110],
    record: &[
        person("user", "who logged in"),
        device("auth", Kind::Text, "way to log in: `user`, `apop`, or `auth`"),
        device("success", Kind::Flag, "whether the server let the client in"),
        device("tls", Kind::Flag, "whether encryption began"),
    ],
    weirds: &[("pop3.reply", "the server answers a command with what is no reply (RFC 1939 §3)")],
    window: 8 * 1024,
};

const COMMANDS: &[&str] =
    &["user", "pass", "apop", "auth", "capa", "stls", "quit", "noop", "stat", "list", "retr", "uidl"];

impl Dissector for Pop3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let line = match first(hello.bytes) {
            First::Line(line) => line,
            First::Part(part) if part.len() < 512 && begins(part) => return Probe::More,
            First::Part(_) | First::Other => return Probe::No,
        };
        let (command, rest) = word(line);
        match known_word(COMMANDS, command) {
            _ if command == b"+OK" && has(rest, b"pop") => Probe::Yes,
            // A greeting that names nothing, on a port of its own; Redis says as much, but without words.
            _ if command == b"+OK" => Probe::Likely,
            Some("capa" | "stls") if rest.is_empty() => Probe::Yes,
            Some("user" | "apop" | "auth") => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lines<Session>>::default()
    }
}

fn begins(part: &[u8]) -> bool {
    let begins = |whole: &[u8]| part.iter().zip(whole).all(|(one, other)| one.eq_ignore_ascii_case(other));
    [&b"+OK "[..], b"CAPA\r", b"STLS\r", b"USER ", b"APOP ", b"AUTH"].into_iter().any(begins)
}

#[derive(Default)]
struct Session {
    user: Option<Keyed>,
    command: Option<&'static str>,
    auth: &'static str,
    is_greeted: bool,
    is_let_in: Option<bool>,
    /// Whether the lines of a list are read, up to one of a point alone.
    is_list: bool,
    tls: bool,
}

impl Talk for Session {
    const PORTS: &'static [Port] = &[110];

    fn line(&mut self, is_server: bool, line: &[u8], out: &mut Output<'_>) -> Step {
        if is_server { self.reply(line, out) } else { self.command(line, out) }
    }

    fn end(&mut self, out: &mut Output<'_>) {
        if self.auth.is_empty() && !self.tls {
            return;
        }
        out.record(|row| {
            if let Some(user) = self.user {
                row.keyed("user", user);
            }
            row.text("auth", self.auth);
            if let Some(is_let_in) = self.is_let_in {
                row.flag("success", is_let_in);
            }
            row.flag("tls", self.tls);
        });
    }
}

impl Session {
    fn command(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let (command, rest) = word(line);
        let known = known_word(COMMANDS, command);
        if let Some("user" | "apop" | "auth") = known {
            self.auth = known.unwrap_or_default();
            say_service(false, "_pop3._tcp", command, out);
            say_legacy("cleartext-pop3", command, out);
            let name = word(rest).0;
            self.user = (self.auth != "auth" && !name.is_empty()).then(|| out.keyed(name));
        }
        // What goes on after `AUTH` are secrets, in lines that are no commands.
        if known.is_some() || self.command != Some("auth") {
            self.command = known;
        }
        Step::Take(0)
    }

    fn reply(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let (state, rest) = word(line);
        if self.is_list {
            let (name, program) = word(line);
            if name.eq_ignore_ascii_case(b"IMPLEMENTATION") {
                out.fact(About::Sender, Field::Program, &greeting::plain(program), program);
            }
            self.is_list = state != b".";
            return Step::Take(0);
        }
        let is_good = state == b"+OK";
        if !is_good && state != b"-ERR" && state != b"+" {
            out.weird("pop3.reply");
            return Step::Take(0);
        }
        if is_good && !std::mem::replace(&mut self.is_greeted, true) && self.command.is_none() {
            say_service(true, "_pop3._tcp", state, out);
            out.fact(About::Sender, Field::Pop3Banner, &greeting::plain(rest), rest);
        }
        match self.command {
            Some("capa") => self.is_list = is_good,
            Some("stls") if is_good => self.tls = true,
            Some("pass" | "apop") => self.is_let_in = Some(is_good),
            Some("auth") if state != b"+" => self.is_let_in = Some(is_good),
            // Behind the log-in there are only messages.
            Some("stat" | "list" | "retr" | "uidl") => return Step::Finished,
            _ => {}
        }
        match (self.tls, self.is_let_in) {
            (true, _) => Step::Anew(0),
            (false, Some(true)) => Step::Finished,
            (false, _) => Step::Take(0),
        }
    }
}
