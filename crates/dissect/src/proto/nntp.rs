//! NNTP: servers for news, and who reads them.
//!
//! In: both directions of a stream, by line, up to the first article or log-in. Out: roles of both ends, the known product
//! that a server says it is; one record. Names of groups, articles, users and passwords are passed over.
//!
//! Source: RFC 3977 §5, §6; RFC 4642 (STARTTLS); RFC 4643 (AUTHINFO).

use crate::codec::ends::{device, known_word, say_legacy, say_service, server};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Port, Side};

pub(super) const ENTRY: Nntp = Nntp;

/// NNTP.
pub(super) struct Nntp;

const PORTS: &[Port] = &[119];
const LONGEST: usize = 512;
const COMMANDS: &[&str] = &[
    "mode",
    "capabilities",
    "authinfo",
    "group",
    "listgroup",
    "article",
    "head",
    "body",
    "stat",
    "xover",
    "over",
    "ihave",
    "check",
    "takethis",
    "newnews",
    "newgroups",
    "post",
    "list",
    "xhdr",
    "date",
    "starttls",
    "help",
    "quit",
];
const PRODUCTS: &[&str] =
    &["inn", "leafnode", "dnews", "diablo", "typhoon", "cyclone", "noffle", "sn", "cnews", "twisted", "innd"];

static INFO: Info = Info {
    name: "nntp",
    title: "Network News Transfer Protocol",
    source: "RFC 3977 §5 and §6, RFC 4642, RFC 4643",
    carriers: &[Carrier::Tcp],
    ports: PORTS,
    record: &[
        device("product", Kind::Text, "known product that the server says it is, with its version"),
        device("commands", Kind::List, "known commands, up to the first that ends reading"),
    ],
    weirds: &[("nntp.line", "a line is longer than 512 bytes (RFC 3977 §3.1)")],
    window: 1024,
};

impl Dissector for Nntp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let Some(end) = hello.bytes.iter().position(|byte| *byte == b'\n') else {
            let is_text = hello.bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | 0x80..));
            let may_begin = |begin: &[u8]| hello.bytes.iter().zip(begin).all(|(one, other)| one == other);
            let is_begun = may_begin(b"200 ") || may_begin(b"201 ") || may_begin(b"MODE READER");
            return if is_text && is_begun && hello.bytes.len() < LONGEST { Probe::More } else { Probe::No };
        };
        let line = hello.bytes.get(..end).unwrap_or_default().trim_ascii_end();
        let words = || line.split(|byte| matches!(byte, b' ' | b',' | b'/' | b'(' | b')'));
        match line {
            [b'2', b'0', b'0' | b'1', b' ', ..] => {
                let is_news = |word: &[u8]| word == b"NNTP" || word == b"NNRP" || word == b"InterNetNews";
                if words().any(is_news) { Probe::Yes } else { Probe::Likely }
            }
            b"MODE READER" | b"mode reader" => Probe::Yes,
            _ if known_word(COMMANDS, words().next().unwrap_or_default()).is_some() => Probe::Likely,
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

#[derive(Default)]
struct Conversation {
    product: String,
    commands: Vec<&'static str>,
    /// Lines of the server that were read.
    lines: u8,
    is_recorded: bool,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Some(end) = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n') else {
            if bytes.len() < LONGEST {
                return Step::Take(0);
            }
            out.weird("nntp.line");
            return Step::Done;
        };
        let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
        let is_over =
            if server(out.context(), PORTS) == side { self.reply(line, out) } else { self.command(line, out) };
        if is_over {
            self.record(out);
            return if line.starts_with(b"382") { Step::Anew(end + 1) } else { Step::Finished };
        }
        Step::Take(end + 1)
    }

    fn end(&mut self, _: Side, _: &[u8], out: &mut Output<'_>) {
        self.record(out);
    }
}

impl Conversation {
    /// Reads a line of the server; `true` when nothing more will be learned.
    fn reply(&mut self, line: &[u8], out: &mut Output<'_>) -> bool {
        self.lines = self.lines.saturating_add(1);
        let raw = line.get(..3).unwrap_or(line);
        match raw {
            b"200" | b"201" => {
                say_service(true, "_nntp._tcp", raw, out);
                self.say_product(line, out);
            }
            // An article, or encryption, follows.
            b"220" | b"221" | b"222" | b"382" | b"239" => return true,
            _ if line.starts_with(b"IMPLEMENTATION ") => self.say_product(line, out),
            _ => {}
        }
        self.lines > 64
    }

    /// Says the first known product with the version behind it.
    fn say_product(&mut self, line: &[u8], out: &mut Output<'_>) {
        let mut words =
            line.split(|byte| matches!(byte, b' ' | b',' | b'/' | b'(' | b')')).filter(|word| !word.is_empty());
        let Some(name) = words.find(|word| known_word(PRODUCTS, word).is_some()) else { return };
        let is_version =
            |word: &&[u8]| word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b'.') && word.len() < 20;
        let Some(version) = words.take(4).find(is_version) else { return };
        self.product = format!("{} {}", text::clean(name), text::clean(version));
        out.fact(About::Sender, Field::Software, &self.product, name);
    }

    fn command(&mut self, line: &[u8], out: &mut Output<'_>) -> bool {
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let raw = line.get(..word.len()).unwrap_or_default();
        say_service(false, "_nntp._tcp", raw, out);
        let Some(command) = known_word(COMMANDS, word) else { return false };
        if self.commands.len() < 16 && !self.commands.contains(&command) {
            self.commands.push(command);
        }
        if !matches!(command, "mode" | "capabilities" | "starttls" | "help" | "date" | "quit") {
            say_legacy("cleartext-nntp", raw, out);
            return true;
        }
        false
    }

    fn record(&mut self, out: &mut Output<'_>) {
        let is_empty = self.product.is_empty() && self.commands.is_empty();
        if !std::mem::replace(&mut self.is_recorded, true) && !is_empty {
            out.record(|row| {
                row.text("product", &self.product);
                row.list("commands", &self.commands);
            });
        }
    }
}
