//! Niagara Fox: controllers and supervisors of buildings that greet each other with what they are.
//!
//! In: both directions of a stream. Out: of each end's `hello` its application, version, system, brand and host number, and
//! its names by rule; one record for each. Whatever comes behind the greetings is not looked at: users, challenges and
//! passwords among it.
//!
//! Source: Tridium, Niagara AX and Niagara 4 platform guides name the service (port 1911) and what a station tells of
//! itself; the form of the greeting is what stations say on the wire.

use crate::codec::lanes::{Lane, Lanes};
use crate::codec::text;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use crate::{About, Output};
use wardlight_model::{Field, FieldInfo, Kind, Privacy};

pub(super) const ENTRY: Fox = Fox;

/// Niagara Fox.
pub(super) struct Fox;

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

static INFO: Info = Info {
    name: "fox",
    title: "Niagara Fox",
    source: "Tridium Niagara AX and 4 platform guides (service and properties); the greeting as stations say it",
    carriers: &[Carrier::Tcp],
    ports: &[1911],
    record: &[
        field("fox_version", Kind::Text, "Version of the protocol"),
        field("application", Kind::Text, "Application, such as `Station` or `Workbench`, and its version"),
        field("system", Kind::Text, "Operating system and its version"),
        field("brand", Kind::Text, "Brand that the software is licensed for"),
    ],
    weirds: &[("fox.greeting", "a greeting does not end, or its first line is none")],
    window: 8192,
};

const MAGIC: &[u8] = b"fox a ";

impl Dissector for Fox {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        if hello.bytes.starts_with(MAGIC) {
            Probe::Yes
        } else if MAGIC.starts_with(hello.bytes) {
            Probe::More
        } else {
            Probe::No
        }
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::<Lanes<Greeting>>::default()
    }
}

#[derive(Default)]
struct Greeting;

impl Lane for Greeting {
    fn read(&mut self, bytes: &[u8], out: &mut Output<'_>) -> Step {
        const END: &[u8] = b"\n};;";
        let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
            if bytes.len() < INFO.window {
                return Step::Take(0);
            }
            out.weird("fox.greeting");
            return Step::Done;
        };
        let mut lines = bytes.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
        if lines.next().is_some_and(|first| first.ends_with(b"fox hello")) {
            Said::read(lines).say(out);
        } else {
            out.weird("fox.greeting");
        }
        Step::Done
    }

    fn end(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        if !bytes.is_empty() {
            out.weird("fox.greeting");
        }
    }

    fn lose(&mut self) {}
}

/// The properties of a greeting that are read.
#[derive(Default)]
struct Said<'a> {
    version: &'a [u8],
    application: [&'a [u8]; 2],
    machine: [&'a [u8]; 2],
    system: [&'a [u8]; 2],
    brand: &'a [u8],
    host: &'a [u8],
    station: &'a [u8],
    host_id: &'a [u8],
}

impl<'a> Said<'a> {
    fn read(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut said = Self::default();
        for line in lines {
            let Some(at) = line.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default());
            // Values begin with the letter of their type.
            let Some([_, b':', value @ ..]) = Some(value.trim_ascii_end()) else { continue };
            match name {
                b"fox.version" => said.version = value,
                b"app.name" => said.application[0] = value,
                b"app.version" => said.application[1] = value,
                b"vm.name" => said.machine[0] = value,
                b"vm.version" => said.machine[1] = value,
                b"os.name" => said.system[0] = value,
                b"os.version" => said.system[1] = value,
                b"brandId" => said.brand = value,
                b"hostName" => said.host = value,
                b"station.name" => said.station = value,
                b"hostId" => said.host_id = value,
                _ => {}
            }
        }
        said
    }

    fn say(&self, out: &mut Output<'_>) {
        // What people use to look at stations greets as well.
        let is_station = self.application[0] == b"Station";
        let role = if is_station { "fox-station" } else { "fox-client" };
        out.fact(About::Sender, Field::PlantRole, role, self.application[0]);
        out.fact(About::Sender, Field::Legacy, "cleartext-fox", self.version);
        for pair in [self.application, self.system, self.machine] {
            out.fact(About::Sender, Field::Software, &joined(pair), pair[0]);
        }
        // Controllers have a number and a brand of their own; on computers both are the software's.
        if self.host_id.starts_with(b"Qnx-") {
            out.text(About::Sender, Field::Serial, self.host_id);
            out.text(About::Sender, Field::Manufacturer, self.brand);
        }
        // Some state their address in place of a name.
        out.text(About::Sender, Field::FriendlyName, if self.station.is_empty() { self.host } else { self.station });
        out.record(|row| {
            row.text("fox_version", self.version);
            row.text("application", joined(self.application));
            row.text("system", joined(self.system));
            row.text("brand", self.brand);
        });
    }
}

fn joined([name, version]: [&[u8]; 2]) -> String {
    if name.is_empty() { String::new() } else { format!("{} {}", text::clean(name), text::clean(version)) }
}
