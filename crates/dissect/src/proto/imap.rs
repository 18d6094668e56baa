//! IMAP: what mailbox servers greet with, what both ends say they are, and how clients log in.
//!
//! In: both directions of a stream until a mailbox is opened or encryption begins. Out: words for products of the greeting,
//! name and version of the ID command; one record a session. A user's name leaves as a keyed hash; passwords, names of
//! mailboxes and messages never do.
//!
//! Source: RFC 3501 §6, §7; RFC 2971 (ID); RFC 2595.

use crate::codec::ends::{device, known_word, person, say_legacy, say_service};
use crate::codec::greeting;
use crate::codec::lines::{First, Lines, Talk, first, has, word};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Keyed, Kind, Port};

pub(super) const ENTRY: Imap = Imap;

/// IMAP.
pub(super) struct Imap;

static INFO: Info = Info {
    name: "imap",
    title: "Internet Message Access Protocol",
    source: "RFC 3501 §6, §7; RFC 2971; RFC 2595",
    carriers: &[Carrier::Tcp],
    ports: &[143],
    record: &[
        person("user", "who logged in"),
        device("auth", Kind::Text, "way to log in: `login` or `authenticate`"),
        device("mechanisms", Kind::List, "known ways to log in that the server offers"),
        device("starttls", Kind::Flag, "whether the server offers encryption"),
        device("tls", Kind::Flag, "whether encryption began"),
    ],
    weirds: &[],
    window: 8 * 1024,
};

const BEFORE: &[&str] =
    &["capability", "noop", "id", "login", "authenticate", "starttls", "enable", "namespace", "logout"];
const MECHANISMS: &[&str] = &[
    "auth=plain",
    "auth=login",
    "auth=cram-md5",
    "auth=digest-md5",
    "auth=ntlm",
    "auth=gssapi",
    "auth=xoauth2",
    "auth=oauthbearer",
    "auth=scram-sha-1",
    "auth=scram-sha-256",
    "auth=external",
    "auth=anonymous",
];

impl Dissector for Imap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let line = match first(hello.bytes) {
            First::Line(line) => line,
            First::Part(part) if part.len() < 512 && (part.starts_with(b"* ") || b"* ".starts_with(part)) => {
                return Probe::More;
            }
            First::Part(part) if part.len() < 64 && hello.ports.contains(&143) => return Probe::More,
            First::Part(_) | First::Other => return Probe::No,
        };
        let (tag, rest) = word(line);
        let is_state = known_word(&["ok", "preauth", "bye"], word(rest).0).is_some();
        let is_tag = !tag.is_empty() && tag.len() <= 16 && tag.iter().all(u8::is_ascii_alphanumeric);
        match known_word(BEFORE, word(rest).0) {
            _ if tag == b"*" && is_state && has(rest, b"imap") => Probe::Yes,
            _ if tag == b"*" && is_state => Probe::Likely,
            Some("capability" | "starttls") if is_tag && word(rest).1.is_empty() => Probe::Yes,
            Some(_) if is_tag => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lines<Session>>::default()
    }
}

#[derive(Default)]
struct Session {
    user: Option<Keyed>,
    auth: &'static str,
    mechanisms: Vec<&'static str>,
    is_greeted: bool,
    starttls: bool,
    is_encrypting: bool,
    tls: bool,
    is_heard: bool,
}

impl Talk for Session {
    const PORTS: &'static [Port] = &[143];

    fn line(&mut self, is_server: bool, line: &[u8], out: &mut Output<'_>) -> Step {
        if is_server { self.reply(line, out) } else { self.command(line, out) }
    }

    fn end(&mut self, out: &mut Output<'_>) {
        if !self.is_heard {
            return;
        }
        out.record(|row| {
            if let Some(user) = self.user {
                row.keyed("user", user);
            }
            row.text("auth", self.auth);
            row.list("mechanisms", &self.mechanisms);
            row.flag("starttls", self.starttls);
            row.flag("tls", self.tls);
        });
    }
}

impl Session {
    fn command(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let (_, rest) = word(line);
        let (command, rest) = word(rest);
        let known = known_word(BEFORE, command);
        self.is_heard |= known.is_some();
        match known {
            Some("id") => say_id(rest, out),
            Some("starttls") => self.is_encrypting = true,
            Some(auth @ ("login" | "authenticate")) => {
                self.auth = auth;
                say_service(false, "_imap._tcp", command, out);
                say_legacy("cleartext-imap", command, out);
                let name = quoted(rest).map_or_else(|| word(rest).0, |(name, _)| name);
                self.user = (auth == "login" && !name.is_empty() && !name.starts_with(b"{")).then(|| out.keyed(name));
            }
            Some(_) => {}
            // Lines of a log-in that goes on have no tag and command; mailboxes come after it.
            None if rest.is_empty() && command.is_empty() => {}
            None => return Step::Finished,
        }
        Step::Take(0)
    }

    fn reply(&mut self, line: &[u8], out: &mut Output<'_>) -> Step {
        let (tag, rest) = word(line);
        let (kind, words) = word(rest);
        self.is_heard |= tag == b"*";
        if tag != b"*" {
            self.tls = std::mem::take(&mut self.is_encrypting) && kind.eq_ignore_ascii_case(b"OK");
            return if self.tls { Step::Anew(0) } else { Step::Take(0) };
        }
        if has(rest, b"CAPABILITY") {
            let words = || rest.split(|byte| matches!(byte, b' ' | b'[' | b']'));
            self.starttls |= words().any(|word| word.eq_ignore_ascii_case(b"STARTTLS"));
            let known: Vec<_> = words().filter_map(|word| known_word(MECHANISMS, word)).collect();
            if !known.is_empty() {
                self.mechanisms = known.into_iter().filter_map(|word| word.strip_prefix("auth=")).collect();
            }
        }
        match known_word(&["ok", "preauth", "id"], kind) {
            Some("id") => say_id(words, out),
            Some(_) if !std::mem::replace(&mut self.is_greeted, true) => {
                say_service(true, "_imap._tcp", kind, out);
                let text = match words.iter().position(|byte| *byte == b']') {
                    Some(end) if words.starts_with(b"[") => words.get(end + 1..).unwrap_or_default().trim_ascii(),
                    _ => words,
                };
                out.fact(About::Sender, Field::ImapBanner, &greeting::plain(text), text);
            }
            _ => {}
        }
        Step::Take(0)
    }
}

/// Says name, version and system that `list` states (RFC 2971 §3.3).
fn say_id(list: &[u8], out: &mut Output<'_>) {
    let mut parts: [&[u8]; 4] = [&[]; 4];
    let mut rest = list;
    while let Some((key, behind)) = quoted(rest) {
        let Some((value, behind)) = quoted(behind) else { break };
        let known = ["name", "version", "os", "os-version"].iter();
        let mut places = known.zip(parts.iter_mut()).filter(|(name, _)| name.as_bytes().eq_ignore_ascii_case(key));
        if let Some((_, place)) = places.next() {
            *place = value;
        }
        rest = behind;
    }
    // People may have written anything into it.
    let said = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(&b' ');
    out.fact(About::Sender, Field::Program, &greeting::plain(&said), parts.first().copied().unwrap_or_default());
}

/// The first quoted text of `bytes`, when nothing but blanks, brackets and `NIL` stand before it; and what is behind it.
fn quoted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let begin = bytes.iter().position(|byte| !matches!(byte, b' ' | b'('))?;
    let rest = bytes.get(begin..)?;
    if let Some(rest) = rest.strip_prefix(b"NIL") {
        return Some((&[], rest));
    }
    let rest = rest.strip_prefix(b"\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    Some((rest.get(..end)?, rest.get(end + 1..)?))
}
