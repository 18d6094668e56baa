//! One endpoint of a discovery message: who it is, of what types, in which scopes, at which addresses.

use super::metadata;
use crate::codec::uuid::Uuid;
use crate::codec::xml::Scanner;
use crate::codec::{biceps, url};
use crate::{About, Output};
use std::borrow::Cow;
use wardlight_model::Field;

/// Most types, and most scopes, of one endpoint that are read.
const MOST: usize = 32;

/// The endpoints of one message, in order.
#[derive(Clone)]
pub(super) struct Announcements<'a> {
    scanner: Scanner<'a>,
    /// Depth of the element whose children describe an endpoint, or hold the matches that do.
    level: usize,
    /// The message holds `…Match` elements, one an endpoint.
    has_matches: bool,
    is_over: bool,
    left: usize,
}

impl<'a> Announcements<'a> {
    /// Of the message called `kind`, within whose element `scanner` stands.
    pub(super) fn new(scanner: Scanner<'a>, kind: &[u8]) -> Self {
        let level = scanner.depth();
        Self { scanner, level, has_matches: kind.ends_with(b"Matches"), is_over: false, left: MOST }
    }
}

impl<'a> Iterator for Announcements<'a> {
    type Item = Announcement<'a>;

    fn next(&mut self) -> Option<Announcement<'a>> {
        if self.is_over || self.left == 0 {
            return None;
        }
        self.left -= 1;
        if self.has_matches {
            self.scanner.child(self.level)?;
            return Some(Announcement::read(&mut self.scanner));
        }
        self.is_over = true;
        Some(Announcement::read(&mut self.scanner))
    }
}

/// One endpoint.
#[derive(Clone)]
pub(super) struct Announcement<'a> {
    /// Address of its endpoint reference.
    endpoint: Option<&'a [u8]>,
    types: Option<(Scanner<'a>, &'a [u8])>,
    scopes: &'a [u8],
    addresses: &'a [u8],
}

impl<'a> Announcement<'a> {
    /// The endpoint that the element in which `scanner` stands describes.
    pub(super) fn read(scanner: &mut Scanner<'a>) -> Self {
        let mut found = Self { endpoint: None, types: None, scopes: &[], addresses: &[] };
        let level = scanner.depth();
        while let Some(part) = scanner.child(level) {
            let value = scanner.value().map(|text| text.raw);
            match part.local {
                b"EndpointReference" => found.endpoint = address_in(scanner),
                b"Types" => found.types = value.map(|raw| (scanner.clone(), raw)),
                b"Scopes" => found.scopes = value.unwrap_or_default(),
                b"XAddrs" => found.addresses = value.unwrap_or_default(),
                _ => {}
            }
        }
        found
    }

    /// Its types with their customary prefixes, each with the bytes that say it.
    pub(super) fn types(&self) -> impl Iterator<Item = (Cow<'a, str>, &'a [u8])> {
        let words = self.types.iter().flat_map(|(scanner, raw)| words(raw).map(move |word| (scanner, word)));
        words.take(MOST).map(|(scanner, word)| (metadata::type_name(scanner.resolve(word)), word))
    }

    /// Its transport addresses: scheme, host and port.
    pub(super) fn addresses(&self) -> Vec<Vec<u8>> {
        let origins = words(self.addresses).take(MOST).filter_map(url::origin);
        origins.map(|(scheme, host)| [scheme, b"://", host].concat()).collect()
    }

    /// Its UUID, and the bytes that say it.
    pub(super) fn uuid(&self) -> Option<(Uuid, &'a [u8])> {
        Uuid::in_urn(self.endpoint?)
    }

    /// Says what is announced, of the sender or of the host that the addresses name.
    pub(super) fn say(&self, out: &mut Output<'_>) {
        let sender = out.context().ends.get(out.context().side.index()).and_then(|end| end.ip);
        let other = sender.and_then(|sender| url::elsewhere(words(self.addresses).take(MOST), sender));
        let about = other.map_or(About::Sender, About::Host);
        match self.uuid() {
            Some((uuid, raw)) => out.fact(about, Field::Uuid, uuid.as_str(), raw),
            None if self.endpoint.is_some() => out.weird("wsd.endpoint"),
            None => {}
        }
        for (name, raw) in self.types() {
            out.fact(about, Field::DeviceType, &name, raw);
        }
        for scope in words(self.scopes).take(MOST) {
            say_scope(about, scope, out);
        }
    }
}

/// The address of the endpoint reference that `scanner` stands in.
fn address_in<'a>(scanner: &mut Scanner<'a>) -> Option<&'a [u8]> {
    let level = scanner.depth();
    while let Some(part) = scanner.child(level) {
        if part.local == b"Address" {
            return scanner.value().map(|text| text.raw);
        }
    }
    None
}

fn words(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Says what a scope tells of a device. Contexts other than the location are those of patients and staff: never read.
fn say_scope(about: About<'_>, scope: &[u8], out: &mut Output<'_>) {
    if holds_other_context(scope) {
        return;
    }
    if let Some(rest) = scope.strip_prefix(b"sdc.ctxt.loc:/") {
        if let Some(location) = location(rest) {
            out.fact(about, Field::SdcLocation, &location, scope);
        }
    } else if let Some(rest) = scope.strip_prefix(b"sdc.cdc.type:/") {
        let mut parts = rest.splitn(3, |byte| *byte == b'/');
        let (system, code) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        if let Some(code) = biceps::mdc_type(code, url::decode(system).as_bytes()) {
            out.fact(about, Field::MdcType, &code, scope);
        }
    } else if let Some(purpose) = scope.strip_prefix(b"sdc.mds.pkp:")
        && purpose.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    {
        out.text(about, Field::ServiceOffered, scope);
    } else if let Some(rest) = scope.strip_prefix(b"onvif://www.onvif.org/") {
        let field = [(&b"hardware/"[..], Field::Model), (b"name/", Field::FriendlyName)];
        let found = field.into_iter().find_map(|(begin, field)| Some((field, rest.strip_prefix(begin)?)));
        if let Some((field, value)) = found {
            out.fact(about, field, &url::decode(value), value);
        }
    }
}

/// Whether a scope that was not told apart from the next holds one of a patient or of staff.
fn holds_other_context(scope: &[u8]) -> bool {
    let mut contexts = scope.windows(12).filter(|window| window.starts_with(b"sdc.ctxt."));
    contexts.any(|window| !window.ends_with(b"loc"))
}

/// The place that a location scope names: by its query, else by its fallback identifier (11073-20701 §9.4.1).
fn location(rest: &[u8]) -> Option<String> {
    let mut halves = rest.splitn(2, |byte| *byte == b'?');
    let (path, query) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    let parameters = query.split(|byte| *byte == b'&').map(|part| part.strip_prefix(b"amp;").unwrap_or(part));
    let mut parts = [const { None }; 6];
    for parameter in parameters.take(MOST) {
        let Some((name, value)) = parameter.iter().position(|byte| *byte == b'=').map(|at| parameter.split_at(at))
        else {
            continue;
        };
        let at = [&b"fac"[..], b"bldng", b"flr", b"poc", b"rm", b"bed"].iter().position(|known| *known == name);
        if let Some(part) = at.and_then(|at| parts.get_mut(at)) {
            *part = Some(url::decode(value.get(1..).unwrap_or_default()));
        }
    }
    biceps::location(parts).or_else(|| {
        let decoded = url::decode(path.strip_prefix(b"sdc.ctxt.loc.detail/")?);
        let parts: Vec<_> = decoded.split('/').map(|part| Some(url::decode(part.as_bytes()))).collect();
        biceps::location(parts.try_into().ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_read_from_query_or_fallback_identifier() {
        for (scope, place) in [
            (
                "sdc.ctxt.loc.detail/HOSP%2F%2F%2FCU2%2F%2FBed7?fac=HOSP&amp;poc=CU2&amp;bed=Bed7",
                Some("HOSP///CU2//Bed7"),
            ),
            ("x/y?bldng=Haus+A&flr=2&rm=2%2F7", Some("/Haus A/2//2%2F7/")),
            ("sdc.ctxt.loc.detail/HOSP%2F%2F%2FCU2%2F%2FBed7", Some("HOSP///CU2//Bed7")),
            ("sdc.ctxt.loc.detail/HOSP///CU2//Bed7?fac=", Some("HOSP///CU2//Bed7")),
            ("sdc.ctxt.loc.detail/only", None),
            ("urn%3Aoid%3A1.2/7", None),
            ("", None),
        ] {
            assert_eq!(location(scope.as_bytes()).as_deref(), place, "{scope}");
        }
    }

    #[test]
    fn a_scope_that_runs_into_a_patients_is_not_read() {
        assert!(holds_other_context(b"sdc.ctxt.loc:/x/y?bed=7,sdc.ctxt.pat:/urn/Meier"));
        assert!(!holds_other_context(b"sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSP?bed=7"));
    }
}
