//! STP: which switches there are, and which of them is the root.
//!
//! In comes a BPDU behind its LLC header, or behind the SNAP header of Cisco's tree for each VLAN; out go the sender's
//! identifier and role. Timers and the tables of regions (MSTP) are passed over.
//! Source: IEEE 802.1D-2004 clause 9.3; IEEE 802.1Q-2018 clause 14.2 (the same head for MSTP); Cisco: PVST+.

use crate::codec::cursor::{Cursor, Short};
use crate::entry::{Carrier, Dissector, Info, Parser, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Mac, Privacy, Side};

pub(super) static ENTRY: Stp = Stp;

pub(super) struct Stp;

static INFO: Info = Info {
    name: "stp",
    title: "Spanning Tree Protocol",
    source: "IEEE 802.1D-2004 clause 9.3; IEEE 802.1Q-2018 clause 14.2",
    carriers: &[Carrier::Llc(0x42, 0x42), Carrier::Snap(0x00_000c, 0x010b)],
    ports: &[],
    record: &[
        field("version", Kind::Text, "`stp`, `rstp` or `mstp`"),
        field("message", Kind::Text, "`configuration` or `topology-change`"),
        field("root", Kind::Text, "identifier of the root bridge: priority and hardware address"),
        field("root_cost", Kind::Number, "cost of the path to the root"),
        field("bridge", Kind::Text, "identifier of the bridge that sends"),
        field("port", Kind::Number, "identifier of the port that sends"),
        field("has_changed", Kind::Flag, "whether the topology changes"),
        field("vlan", Kind::Number, "VLAN of the tree, where each has its own"),
    ],
    weirds: &[
        ("stp.short", "the message ends before its fixed part does"),
        ("stp.protocol", "the protocol identifier, the version or the type is none that there is"),
    ],
    window: 0,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Network, meaning }
}

impl Dissector for Stp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for Stp {
    fn read(&mut self, _: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut cursor = Cursor::new(bytes);
        match cursor.array::<4>() {
            Ok([0, 0, 0, 0x80]) => {
                out.fact(About::Sender, Field::NetworkRole, "bridge", bytes);
                out.record(|row| {
                    row.text("version", "stp");
                    row.text("message", "topology-change");
                });
            }
            Ok([0, 0, version @ (0 | 2..=4), 0 | 2]) => match Configuration::read(version, cursor) {
                Ok(configuration) => configuration.tell(out),
                Err(Short) => out.weird("stp.short"),
            },
            Ok(_) => out.weird("stp.protocol"),
            Err(Short) => out.weird("stp.short"),
        }
        Step::Done
    }
}

struct Configuration<'a> {
    version: u8,
    flags: u8,
    root: &'a [u8],
    root_cost: u32,
    bridge: &'a [u8],
    port: u16,
    vlan: Option<u16>,
}

impl<'a> Configuration<'a> {
    fn read(version: u8, mut cursor: Cursor<'a>) -> Result<Self, Short> {
        let (flags, root, root_cost) = (cursor.u8()?, cursor.take(8)?, cursor.u32()?);
        let (bridge, port) = (cursor.take(8)?, cursor.u16()?);
        cursor.skip(8)?;
        // A tree of one VLAN names it behind the length of version 1, in an element of type 0 and length 2.
        let behind = cursor.rest();
        let element = behind.strip_prefix(&[0]).filter(|rest| rest.starts_with(&[0, 0, 0, 2])).unwrap_or(behind);
        let vlan = element.strip_prefix(&[0, 0, 0, 2]).and_then(|rest| Cursor::new(rest).u16().ok());
        Ok(Self { version, flags, root, root_cost, bridge, port, vlan })
    }

    fn tell(&self, out: &mut Output<'_>) {
        out.fact(About::Sender, Field::NetworkRole, "bridge", self.bridge);
        if self.bridge == self.root {
            out.fact(About::Sender, Field::NetworkRole, "root-bridge", self.root);
        }
        out.fact(About::Sender, Field::BridgeId, &identifier(self.bridge), self.bridge);
        out.record(|row| {
            row.text(
                "version",
                ["stp", "stp", "rstp", "mstp", "mstp"].get(usize::from(self.version)).unwrap_or(&"stp"),
            );
            row.text("message", "configuration");
            row.text("root", identifier(self.root));
            row.number("root_cost", self.root_cost);
            row.text("bridge", identifier(self.bridge));
            row.number("port", self.port);
            row.flag("has_changed", self.flags & 1 == 1);
            if let Some(vlan) = self.vlan {
                row.number("vlan", vlan);
            }
        });
    }
}

/// A bridge identifier: priority, then hardware address.
fn identifier(raw: &[u8]) -> String {
    let mut cursor = Cursor::new(raw);
    let parts = cursor.u16().and_then(|priority| Ok((priority, Mac(cursor.array()?))));
    parts.map(|(priority, mac)| format!("{priority:04x}.{mac}")).unwrap_or_default()
}
