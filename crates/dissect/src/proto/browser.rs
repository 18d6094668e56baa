//! NetBIOS datagrams and the Windows browser service in them: computers that announce themselves.
//!
//! In: datagrams of the NetBIOS datagram service. Out: computer names, workgroups, system versions and the roles that an
//! announcement states; one record an announcement. Comments, which people write, and names of users are never looked
//! at. Source: RFC 1002 §4.4 (datagrams), MS-BRWS §2.2 (announcements), MS-MAIL §2.2 (mailslots).

use crate::codec::cursor::{Cursor, Short};
use crate::codec::netbios::{ENCODED, Name};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy, Side};

pub(super) static ENTRY: Browser = Browser;

/// Datagrams of NetBIOS, and announcements in them.
pub(super) struct Browser;

/// Where names begin in a datagram.
const NAMES_AT: usize = 14;
/// `<bit> <what it says>`: types of servers (MS-BRWS §2.2.10) that say more than that there is one.
const TYPES: [(u32, &str); 14] = [
    (0x0000_0004, "sqlserver"),
    (0x0000_0008, "domain-controller"),
    (0x0000_0010, "backup-domain-controller"),
    (0x0000_0020, "time-source"),
    (0x0000_0040, "apple-file-server"),
    (0x0000_0080, "novell-server"),
    (0x0000_0200, "print-server"),
    (0x0000_0400, "dial-in-server"),
    (0x0000_0800, "unix-server"),
    (0x0000_1000, "nt-workstation"),
    (0x0000_8000, "nt-server"),
    (0x0004_0000, "master-browser"),
    (0x0008_0000, "domain-master-browser"),
    (0x0200_0000, "terminal-server"),
];
const UNIX: u32 = 0x0800;
const NT: u32 = 0x9000;

static INFO: Info = Info {
    name: "browser",
    title: "NetBIOS datagrams and browser service",
    source: "RFC 1002 §4.4, MS-BRWS §2.2, MS-MAIL §2.2",
    carriers: &[Carrier::Udp],
    ports: &[138],
    record: &[
        field("kind", Kind::Text, Privacy::Device, "`host`, `domain`, `master`, `election` and the like"),
        field("host", Kind::Text, Privacy::Network, "computer, or domain, that is announced"),
        field("group", Kind::Text, Privacy::Network, "workgroup or domain that it is announced to"),
        field("os_version", Kind::Text, Privacy::Device, "version of its system, as stated: `major.minor`"),
        field("types", Kind::List, Privacy::Device, "roles it states"),
    ],
    weirds: &[("browser.short", "an announcement ends before what it must hold")],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, privacy: Privacy, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy, meaning }
}

impl Dissector for Browser {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if Datagram::read(hello.bytes).is_ok_and(|datagram| datagram.is_some()) { Probe::Yes } else { Probe::No }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

struct Datagram<'a> {
    source: Name,
    source_raw: &'a [u8],
    target: Name,
    target_raw: &'a [u8],
    content: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// `None` when it is none with user's content. Errors: [`Short`].
    fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        let mut cursor = Cursor::new(bytes);
        let kind = cursor.u8()?;
        if !matches!(kind, 0x10..=0x12) || cursor.u8()? & 0xf0 != 0 {
            return Ok(None);
        }
        cursor.skip(NAMES_AT - 2)?;
        let (Some((source, source_raw)), Some((target, target_raw))) = (name(&mut cursor)?, name(&mut cursor)?) else {
            return Ok(None);
        };
        Ok(Some(Self { source, source_raw, target, target_raw, content: cursor.rest() }))
    }
}

/// A name of one label or more; those behind the first are its scope.
fn name<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(Name, &'a [u8])>, Short> {
    if usize::from(cursor.u8()?) != ENCODED {
        return Ok(None);
    }
    let raw = cursor.take(ENCODED)?;
    loop {
        let length = cursor.u8()?;
        if length == 0 {
            return Ok(Name::decode(raw).map(|name| (name, raw)));
        }
        cursor.skip(length.into())?;
    }
}

impl Parser for Browser {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let Ok(Some(datagram)) = Datagram::read(bytes) else { return Step::Take(1) };
        if datagram.source.is_computer() {
            out.fact(About::Sender, Field::NetbiosName, &text::clean(datagram.source.text()), datagram.source_raw);
        }
        if let Some(message) = mailslot(datagram.content)
            && announcement(&datagram, message, out).is_err()
        {
            out.weird("browser.short");
        }
        Step::Take(1)
    }
}

/// What is written to the browser's mailslot: an SMB transaction carries it (MS-MAIL §2.2.1).
fn mailslot(content: &[u8]) -> Option<&[u8]> {
    const SLOT: &[u8] = b"\\MAILSLOT\\BROWSE\0";
    if !content.starts_with(b"\xffSMB\x25") {
        return None;
    }
    let at = content.windows(SLOT.len()).position(|window| window.eq_ignore_ascii_case(SLOT))?;
    content.get(at + SLOT.len()..)
}

fn announcement(datagram: &Datagram<'_>, message: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(message);
    let kind = match cursor.u8()? {
        1 => "host",
        12 => "domain",
        15 => "master",
        2 => "request",
        8 => "election",
        9 => "backup-list-request",
        10 => "backup-list",
        11 => "become-backup",
        13 => "master-name",
        14 => "reset",
        _ => return Ok(()),
    };
    let group = group(&datagram.target);
    if !matches!(kind, "host" | "domain" | "master") {
        out.record(|row| {
            row.text("kind", kind);
            row.asked("group", group.unwrap_or_default());
        });
        return Ok(());
    }
    cursor.skip(5)?;
    let raw = cursor.take(16)?;
    let host = raw.split(|byte| *byte == 0).next().unwrap_or_default();
    let version_raw = cursor.rest().get(..2).unwrap_or_default();
    let (major, minor, types) = (cursor.u8()?, cursor.u8()?, cursor.u32_le()?);
    let names = || TYPES.iter().filter(|(bit, _)| types & bit != 0).map(|(_, name)| *name);
    // A domain announcement is made by its master browser, about the domain.
    if kind == "domain" {
        out.text(About::Sender, Field::Domain, host);
    } else {
        out.text(About::Sender, Field::NetbiosName, host);
        out.fact(About::Sender, Field::Domain, &text::clean(group.unwrap_or_default()), datagram.target_raw);
        if types & NT != 0 && types & UNIX == 0 {
            out.fact(About::Sender, Field::Software, &format!("Windows {major}.{minor}"), version_raw);
        }
        for name in names() {
            out.fact(About::Sender, Field::ServiceOffered, &format!("netbios:{name}"), version_raw);
        }
    }
    out.record(|row| {
        row.text("kind", kind);
        if kind == "domain" {
            row.asked("host", host)
        } else {
            row.host("host", host)
        }
        row.asked("group", group.unwrap_or_default());
        row.text("os_version", format!("{major}.{minor}"));
        row.list("types", names());
    });
    Ok(())
}

/// The workgroup or domain that a name stands for, when it stands for one.
fn group(name: &Name) -> Option<&[u8]> {
    matches!(name.kind, 0x00 | 0x1b..=0x1e).then(|| name.text()).filter(|text| !text.starts_with(&[1]))
}
