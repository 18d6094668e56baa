//! Services of a channel without encryption: what applications say of themselves.
//!
//! In: the body of one message. Out: facts about the application that sends it, and a record. Applications that a
//! discovery server knows besides itself are counted only.
//!
//! Source: OPC 10000-4 1.05 §5.5.2 (FindServers), §5.5.4 (GetEndpoints), §5.7.2 (CreateSession), §5.11.2 (Read), §7.2
//! (ApplicationDescription), §7.14 (EndpointDescription); OPC 10000-6 annex A (numbers).

use super::{encoding, policy};
use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::{About, Output};
use std::collections::VecDeque;
use wardlight_model::Field;

/// Numbers of the binary encodings of requests and responses.
const FIND_SERVERS: u32 = 425;
const GET_ENDPOINTS: u32 = 431;
const CREATE_SESSION_REQUEST: u32 = 461;
const CREATE_SESSION: u32 = 464;
const READ_REQUEST: u32 = 631;
const READ: u32 = 634;
/// Number of the binary encoding of BuildInfo.
const BUILD_INFO: u32 = 340;
/// Nodes of the parts of a server's BuildInfo (OPC 10000-5 §6.3.2).
const BUILD_PARTS: [(u32, Field); 4] =
    [(2261, Field::Model), (2262, Field::OpcuaProduct), (2263, Field::Manufacturer), (2264, Field::Software)];
/// Most reads that wait for their answers, and most nodes of one.
const IN_FLIGHT: usize = 8;
const NODES: usize = 32;
const NODES_ASKED: u32 = 32;

/// What is remembered of a channel.
#[derive(Debug, Default)]
pub(super) struct Services {
    /// Handles of reads that ask for parts of the build, and what each of their nodes is.
    reads: VecDeque<(u32, Vec<Option<Field>>)>,
}

/// Type of an application that only asks.
const CLIENT: u32 = 1;

/// What one application says of itself.
struct Application<'a> {
    product: &'a [u8],
    name: &'a [u8],
    /// 0 server, 1 client, 2 both, 3 discovery server.
    kind: u32,
}

impl Services {
    /// Reads one message behind its size. Errors: [`Short`] when its parameters are not as they should be.
    pub(super) fn read(&mut self, body: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
        let mut cursor = Cursor::new(body);
        // Channel, token, sequence number, request.
        cursor.skip(16)?;
        match encoding::node(&mut cursor)? {
            FIND_SERVERS => find_servers(&mut cursor, out),
            GET_ENDPOINTS => endpoints_answer(&mut cursor, out),
            CREATE_SESSION_REQUEST => create_session(&mut cursor, out),
            CREATE_SESSION => created_session(&mut cursor, out),
            READ_REQUEST => self.ask(&mut cursor),
            READ => self.answer(&mut cursor, out),
            _ => Ok(()),
        }
    }

    fn ask(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Short> {
        let handle = encoding::request(cursor)?;
        // Age and which times are wanted.
        cursor.skip(8 + 4)?;
        let mut nodes = Vec::new();
        for _ in 0..encoding::count(cursor)?.min(NODES_ASKED) {
            let node = encoding::node(cursor)?;
            let _attribute = cursor.u32_le()?;
            encoding::string(cursor)?;
            let _namespace = cursor.u16_le()?;
            encoding::string(cursor)?;
            nodes.push(BUILD_PARTS.into_iter().find(|(known, _)| *known == node).map(|(_, field)| field));
        }
        if nodes.iter().flatten().next().is_some() {
            if self.reads.len() == IN_FLIGHT {
                self.reads.pop_front();
            }
            self.reads.push_back((handle, nodes));
        }
        Ok(())
    }

    fn answer(&mut self, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
        let (handle, is_success) = encoding::response(cursor)?;
        let at = self.reads.iter().position(|(asked, _)| *asked == handle);
        let nodes = at.and_then(|at| self.reads.remove(at)).map(|(_, nodes)| nodes).unwrap_or_default();
        if !is_success {
            return Ok(());
        }
        let count = encoding::count(cursor)?;
        let whose = nodes.into_iter().chain(std::iter::repeat(None)).take(NODES);
        for (_, field) in (0..count).zip(whose) {
            // What is not known ends the reading, and is no breach.
            let Ok(value) = value(cursor) else { return Ok(()) };
            match (value, field) {
                (Value::Text(text), Some(field)) => out.text(About::Sender, field, text),
                (Value::Build(build), _) => say_build(build, out)?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// A value that was read.
enum Value<'a> {
    Text(&'a [u8]),
    Build(&'a [u8]),
    Other,
}

/// Passes over a data value of a simple type. Errors: [`Short`], also for other types.
fn value<'a>(cursor: &mut Cursor<'a>) -> Result<Value<'a>, Short> {
    let mask = cursor.u8()?;
    let mut read = Value::Other;
    if mask & 1 != 0 {
        match cursor.u8()? {
            0 => {}
            1..=3 => cursor.skip(1)?,
            4 | 5 => cursor.skip(2)?,
            6 | 7 | 10 | 19 => cursor.skip(4)?,
            8 | 9 | 11 | 13 => cursor.skip(8)?,
            12 | 15 => read = Value::Text(encoding::string(cursor)?),
            21 => drop(encoding::localized(cursor)?),
            22 => {
                let (kind, body) = encoding::extension(cursor)?;
                read = if kind == BUILD_INFO { Value::Build(body) } else { Value::Other };
            }
            _ => return Err(Short),
        }
    }
    for (bit, length) in [(2, 4), (4, 8), (16, 2), (8, 8), (32, 2)] {
        if mask & bit != 0 {
            cursor.skip(length)?;
        }
    }
    Ok(read)
}

fn say_build(build: &[u8], out: &mut Output<'_>) -> Result<(), Short> {
    let mut cursor = Cursor::new(build);
    for field in [Field::OpcuaProduct, Field::Manufacturer, Field::Model, Field::Software] {
        out.text(About::Sender, field, encoding::string(&mut cursor)?);
    }
    Ok(())
}

fn find_servers(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    encoding::response(cursor)?;
    let count = encoding::count(cursor)?;
    // More than one are those that a discovery server knows.
    let applications = (count == 1).then(|| application(cursor)).transpose()?;
    if let Some(application) = &applications {
        say(application, out);
    }
    out.record(|row| {
        row.text("message", "find-servers");
        row.number("applications", count);
        row.text("product_uri", applications.map(|application| application.product).unwrap_or_default());
    });
    Ok(())
}

fn endpoints_answer(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    encoding::response(cursor)?;
    endpoints("get-endpoints", cursor, out)
}

/// Whoever opens a session describes itself.
fn create_session(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    encoding::request(cursor)?;
    say(&application(cursor)?, out);
    Ok(())
}

fn created_session(cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    encoding::response(cursor)?;
    encoding::node(cursor)?;
    encoding::node(cursor)?;
    // How long the session lives.
    cursor.skip(8)?;
    encoding::string(cursor)?;
    encoding::string(cursor)?;
    endpoints("create-session", cursor, out)
}

fn endpoints(message: &'static str, cursor: &mut Cursor<'_>, out: &mut Output<'_>) -> Result<(), Short> {
    let count = encoding::count(cursor)?;
    let (mut policies, mut product) = (Vec::new(), &b""[..]);
    for n in 0..count.min(64) {
        encoding::string(cursor)?;
        let application = application(cursor)?;
        if n == 0 {
            say(&application, out);
            product = application.product;
        }
        encoding::string(cursor)?;
        let _mode = cursor.u32_le()?;
        let uri = encoding::string(cursor)?;
        let policy = policy(uri);
        if !policy.is_empty() && !policies.contains(&policy) {
            policies.push(policy);
        }
        if policy == "None" {
            out.fact(About::Sender, Field::Legacy, "opcua-none-offered", uri);
        }
        for _ in 0..encoding::count(cursor)? {
            encoding::string(cursor)?;
            let _kind = cursor.u32_le()?;
            (0..3).try_for_each(|_| encoding::string(cursor).map(drop))?;
        }
        encoding::string(cursor)?;
        let _level = cursor.u8()?;
    }
    out.record(|row| {
        row.text("message", message);
        row.list("policies", &policies);
        row.number("applications", count);
        row.text("product_uri", product);
    });
    Ok(())
}

fn application<'a>(cursor: &mut Cursor<'a>) -> Result<Application<'a>, Short> {
    // Its own URI mostly holds a host name.
    encoding::string(cursor)?;
    let product = encoding::string(cursor)?;
    let name = encoding::localized(cursor)?;
    let kind = cursor.u32_le()?;
    encoding::string(cursor)?;
    encoding::string(cursor)?;
    for _ in 0..encoding::count(cursor)? {
        encoding::string(cursor)?;
    }
    Ok(Application { product, name, kind })
}

fn say(application: &Application<'_>, out: &mut Output<'_>) {
    out.text(About::Sender, Field::OpcuaProduct, application.product);
    if application.kind != CLIENT {
        // Many put the name of their host behind an `@`.
        let name = text::clean(application.name);
        out.fact(About::Sender, Field::FriendlyName, name.split('@').next().unwrap_or_default(), application.name);
    }
    let role = match application.kind {
        CLIENT => "opcua-client",
        3 => "opcua-discovery-server",
        _ => "opcua-server",
    };
    out.fact(About::Sender, Field::PlantRole, role, application.product);
}
