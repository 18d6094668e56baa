//! SMB: which dialects both ends speak, and what they say of their systems while a session is set up.
//!
//! In comes a TCP stream, with or without NetBIOS session service; out go dialects, computer and domain names, system
//! versions, and whether version 1 is in use. Files, shares and pipes are never looked at: behind the session set-up
//! the stream is only counted. User names leave as keyed hashes, passwords and their proofs not at all.
//! Source: MS-SMB and MS-CIFS (version 1), MS-SMB2 (versions 2 and 3), RFC 1002 §4.3 (session service).

mod smb1;
mod smb2;

use crate::codec::netbios::{ENCODED, Name};
use crate::codec::ntlm::{self, Message as Ntlm};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output, Row};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Smb = Smb;

pub(super) struct Smb;

static INFO: Info = Info {
    name: "smb",
    title: "Server Message Block",
    source: "MS-CIFS; MS-SMB; MS-SMB2; RFC 1002 §4.3",
    carriers: &[Carrier::Tcp],
    ports: &[445, 139],
    record: &[
        field("version", Kind::Number, Privacy::Device, "1, or 2 for versions 2 and 3"),
        field("command", Kind::Text, Privacy::Device, "`negotiate` or `session_setup`"),
        field("status", Kind::Number, Privacy::Device, "NTSTATUS of a response; 0 for success"),
        field("dialect", Kind::Text, Privacy::Device, "Dialect that the server chose"),
        field("dialects", Kind::List, Privacy::Device, "Dialects that the client offered, the first 16"),
        field("signing_required", Kind::Flag, Privacy::Device, "Whether the server demands signed messages"),
        field("native_os", Kind::Text, Privacy::Device, "Native operating system of the sender (version 1)"),
        field("native_lanman", Kind::Text, Privacy::Device, "Native LAN manager of the sender (version 1)"),
        field("username", Kind::Keyed, Privacy::Person, "User who logs on"),
        field("domainname", Kind::Text, Privacy::Network, "Domain of the user who logs on"),
        field(
            "hostname",
            Kind::Text,
            Privacy::Network,
            "The client's name for itself, unless it carries a person's name",
        ),
        field("server_nb_computer_name", Kind::Text, Privacy::Network, "NetBIOS name of the server"),
        field("server_nb_domain_name", Kind::Text, Privacy::Network, "NetBIOS name of the server's domain"),
        field("server_dns_computer_name", Kind::Text, Privacy::Network, "DNS name of the server"),
        field("server_tree_name", Kind::Text, Privacy::Network, "DNS name of the server's forest"),
    ],
    weirds: &[
        ("smb.framing", "what follows a message is no session service header (RFC 1002 §4.3.1)"),
        ("smb.short", "a negotiation or session set-up message ends before what it must hold"),
    ],
    window: WINDOW,
};

/// Room for a session set-up with a large Kerberos ticket.
const WINDOW: usize = 65_536;
/// Bytes of a message that tell whether it is of interest: magic, command, status and flags of either version.
const HEAD: usize = 20;
/// Length of an SMB1 header; none is shorter.
const SMALLEST: usize = 32;
/// Whole session request without scopes: two names of 34 bytes behind the header.
const SESSION_REQUEST: usize = 4 + 2 * (ENCODED + 2);

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Smb {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        match hello.bytes {
            [0, high, middle, low, magic @ ..] => {
                let length = u32::from_be_bytes([0, *high, *middle, *low]);
                match magic {
                    _ if length < 32 => Probe::No,
                    [0xfc..=0xff, b'S', b'M', b'B', ..] => Probe::Yes,
                    [] | [0xfc..=0xff] | [0xfc..=0xff, b'S'] | [0xfc..=0xff, b'S', b'M'] => Probe::More,
                    _ => Probe::No,
                }
            }
            [0x81, 0, 0, 0x44, 0x20, name @ ..] => {
                let name = name.get(..ENCODED).unwrap_or(name);
                match name.iter().all(|letter| matches!(letter, b'A'..=b'P')) {
                    true if name.len() == ENCODED => Probe::Yes,
                    true => Probe::More,
                    false => Probe::No,
                }
            }
            [0x82 | 0x85, 0, 0, 0, ..] => Probe::Likely,
            short if short.len() < 5 => match short {
                [0] | [0, _] | [0, _, _] => Probe::More,
                [0x81 | 0x82 | 0x85, rest @ ..] if rest.iter().take(2).all(|byte| *byte == 0) => Probe::More,
                _ => Probe::No,
            },
            _ => Probe::No,
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// Numbers remembered between messages.
#[derive(Default)]
struct Conversation {
    /// What the client offered: places in [`smb1::DIALECTS`] plus one, 0 for others.
    offered1: [u8; 16],
    /// What the client offered: dialect revisions.
    offered2: [u16; 16],
}

/// What a message was, for the stream it came in.
enum Heard {
    /// More may come from either end.
    GoOn,
    /// The session is set up: nothing more is learned.
    SetUp,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Some(([kind, length @ ..], rest)) = bytes.split_first_chunk::<4>() else { return Step::Take(0) };
        let [high, middle, low] = *length;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        match kind {
            0x00 => self.message(side, (length, rest), out),
            0x81 if length == SESSION_REQUEST - 4 => {
                let Some(names) = rest.get(..length) else { return Step::Take(0) };
                session_request(names, out);
                Step::Take(SESSION_REQUEST)
            }
            0x81..=0x85 => Step::Skip(length as u64 + 4),
            _ => {
                out.weird("smb.framing");
                Step::Done
            }
        }
    }
}

impl Conversation {
    fn message(&mut self, side: Side, (length, rest): (usize, &[u8]), out: &mut Output<'_>) -> Step {
        if length < SMALLEST {
            return Step::Skip(length as u64 + 4);
        }
        let Some(head) = rest.get(..HEAD) else { return Step::Take(0) };
        match head {
            [0xff, b'S', b'M', b'B', command, ..] => {
                if *command != smb1::NEGOTIATE {
                    out.fact(About::Sender, Field::Legacy, "smb1", head);
                }
                if !matches!(*command, smb1::NEGOTIATE | smb1::SESSION_SETUP) {
                    return Step::Done;
                }
            }
            [0xfe, b'S', b'M', b'B', ..] if smb2::is_about_the_session(head) => {}
            // Encrypted, compressed, or work within a session: by now this end has said what it says of itself.
            [0xfc..=0xfe, b'S', b'M', b'B', ..] => return Step::Done,
            _ => {
                out.weird("smb.framing");
                return Step::Done;
            }
        }
        if length + 4 > WINDOW {
            return Step::Skip(length as u64 + 4);
        }
        let Some(message) = rest.get(..length) else { return Step::Take(0) };
        let heard = match message {
            [0xff, ..] => smb1::read(self, message, out),
            _ => smb2::read(self, message, out),
        };
        match heard {
            Ok(Heard::SetUp) if side == Side::Responder => Step::Finished,
            Ok(_) => Step::Take(length + 4),
            Err(_) => {
                out.weird("smb.short");
                Step::Take(length + 4)
            }
        }
    }
}

/// Says the names in a session request: whom it is for, then who asks.
fn session_request(names: &[u8], out: &mut Output<'_>) {
    let (called, calling) = names.split_at_checked(ENCODED + 2).unwrap_or_default();
    for (about, encoded) in [(About::Receiver, called), (About::Sender, calling)] {
        let Some(encoded) = encoded.get(1..=ENCODED) else { continue };
        if let Some(name) = Name::decode(encoded).filter(Name::is_computer) {
            out.fact(about, Field::NetbiosName, &text::clean(name.text()), encoded);
        }
    }
}

/// Says what an NTLMSSP message within `token` tells, and gives the message.
fn tell_token<'a>(token: &'a [u8], out: &mut Output<'_>) -> Option<Ntlm<'a>> {
    let message = ntlm::find(token)?;
    ntlm::tell(&message, out);
    Some(message)
}

/// Writes what an NTLMSSP message tells into a record.
fn record_token(message: &Ntlm<'_>, row: &mut Row<'_>) {
    match message {
        Ntlm::Challenge { target, .. } => {
            let names = [
                ("server_nb_computer_name", &target.computer),
                ("server_nb_domain_name", &target.domain),
                ("server_dns_computer_name", &target.dns_computer),
                ("server_tree_name", &target.dns_tree),
            ];
            for (name, words) in names {
                row.host(name, words.text().as_bytes());
            }
        }
        Ntlm::Authenticate { workstation, domain, user, .. } => {
            user.person("username", row);
            row.asked("domainname", domain.text().as_bytes());
            row.host("hostname", workstation.text().as_bytes());
        }
        Ntlm::Negotiate { workstation, .. } => row.host("hostname", workstation.text().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::hear;

    fn probe(bytes: &[u8]) -> Probe {
        ENTRY.probe(&Hello { side: Side::Initiator, bytes, ports: [40000, 445] })
    }

    #[test]
    fn only_smb_and_session_requests_are_claimed() {
        assert_eq!(probe(b"\0\0\0\x54\xffSMB"), Probe::Yes);
        assert_eq!(probe(b"\0\0\0\x54\xfeS"), Probe::More);
        assert_eq!(probe(b"\0\0\0\x10\xffSMB"), Probe::No);
        assert_eq!(probe(b"\0\0\0\x54\x03\0\0"), Probe::No);
        assert_eq!(probe(b"\x81\0\0\x44 CKFDENECFDEFFCFGEFFCCACACACACACA"), Probe::Yes);
        assert_eq!(probe(b"\x81\0\0\x44 get / HTTP"), Probe::No);
        assert_eq!(probe(b"\x82\0\0\0"), Probe::Likely);
        assert_eq!(probe(b""), Probe::No);
    }

    #[test]
    fn work_within_a_session_is_not_read() {
        let read = "fe\"SMB\" 4000 0100 00000000 0800 0100 00000000 00000000 0000000000000000 fffe0000 01000000 \
                    0000000000000000 00000000000000000000000000000000";
        let heard = hear(&format!("tcp 10.0.0.5:40000 > 10.0.0.9:445\n> 00001000 {read}\n> \"never a header\""));
        assert_eq!((heard.facts.len(), heard.weirds.len(), heard.service), (0, 0, Some("smb")));
    }
}
