//! Remote commands of BSD: rsh, rlogin and rexec, which believe who one says one is.
//!
//! In: what a client sends first. Out: roles of both ends, that all of it goes in clear text; one record. Who logs in leaves as
//! a keyed hash; passwords and commands never do. Everything behind is only counted.
//!
//! Source: RFC 1282 §1 (rlogin); 4.3BSD rshd(8) and rexecd(8).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::ends::{device, person, say_legacy, say_service};
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, Kind, Side};

pub(super) const ENTRY: Rsh = Rsh;

/// Remote commands of BSD.
pub(super) struct Rsh;

const EXEC: u16 = 512;

static INFO: Info = Info {
    name: "rsh",
    title: "BSD remote commands: rsh, rlogin, rexec",
    source: "RFC 1282 §1, 4.3BSD rshd(8) and rexecd(8)",
    carriers: &[Carrier::Tcp],
    ports: &[EXEC, 513, 514],
    record: &[
        device("service", Kind::Text, "`rsh`, `rlogin` or `rexec`"),
        person("client_user", "who asks, as the client says"),
        person("server_user", "who is logged in"),
    ],
    weirds: &[],
    window: 1024,
};

impl Dissector for Rsh {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match Opening::read(hello.bytes, hello.ports.contains(&EXEC)) {
            _ if hello.side == Side::Responder => Probe::No,
            Ok(Some(opening)) if opening.service == "rlogin" => Probe::Yes,
            Ok(Some(_)) => Probe::Likely,
            Ok(None) => Probe::No,
            Err(Short) => Probe::More,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Rsh {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let is_exec = out.context().ports.contains(&EXEC);
        match Opening::read(bytes, is_exec) {
            Ok(Some(opening)) if side == Side::Initiator => opening.say(bytes.get(..1).unwrap_or_default(), out),
            Err(Short) if side == Side::Initiator => return Step::Take(0),
            _ => {}
        }
        if side == Side::Initiator { Step::Finished } else { Step::Done }
    }
}

struct Opening<'a> {
    service: &'static str,
    client_user: &'a [u8],
    server_user: &'a [u8],
}

impl<'a> Opening<'a> {
    /// What a client sends first; nothing when it is something else. Errors: [`Short`] while it is not all there.
    fn read(bytes: &'a [u8], is_exec: bool) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let digits = bytes.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
        if bytes.get(digits).is_some_and(|byte| *byte != 0) || digits > 5 {
            return Ok(None);
        }
        cursor.until(0)?;
        let (Some(first), Some(second)) = (word(&mut cursor)?, word(&mut cursor)?) else { return Ok(None) };
        let Some(last) = word(&mut cursor)? else { return Ok(None) };
        let is_terminal = last
            .split(|byte| *byte == b'/')
            .nth(1)
            .is_some_and(|speed| !speed.is_empty() && speed.iter().all(u8::is_ascii_digit));
        if !cursor.is_empty() {
            return Ok(None);
        }
        let service = match digits {
            0 if is_terminal => "rlogin",
            _ if is_exec => "rexec",
            _ => "rsh",
        };
        // Of rexec the second word is a password.
        let (client_user, server_user) = if service == "rexec" { (&[][..], first) } else { (first, second) };
        Ok(Some(Self { service, client_user, server_user }))
    }

    fn say(&self, raw: &[u8], out: &mut Output<'_>) {
        let service = match self.service {
            "rlogin" => "_login._tcp",
            "rexec" => "_exec._tcp",
            _ => "_shell._tcp",
        };
        say_service(false, service, raw, out);
        out.fact(About::Receiver, Field::ServiceOffered, service, raw);
        say_legacy(self.service, raw, out);
        out.record(|row| {
            row.text("service", self.service);
            row.person("client_user", self.client_user);
            row.person("server_user", self.server_user);
        });
    }
}

/// A printable word up to its zero byte; nothing when it is none. Errors: [`Short`] while it is not all there.
fn word<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, Short> {
    let end = cursor.rest().iter().position(|byte| *byte == 0);
    let word = cursor.rest().get(..end.unwrap_or(cursor.left())).unwrap_or_default();
    if !word.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x80..)) || word.len() > 512 {
        return Ok(None);
    }
    cursor.until(0).map(|word| Some(word).filter(|word| !word.is_empty()))
}
