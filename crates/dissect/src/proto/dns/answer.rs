//! Names that answers and updates give to hosts.

use crate::codec::address::is_host;
use crate::codec::dns::{Message, Name, Part, Section, kind};
use crate::codec::text;
use crate::{About, Output};
use std::net::IpAddr;
use wardlight_model::Field;

/// Most aliases followed from the question.
const ALIASES: usize = 8;
/// Most records looked at, unless a whole zone is transferred.
const MOST: usize = 256;
/// Most servers named by SRV and MX answers whose addresses are looked for.
const SERVERS: usize = 16;

/// The records of the answer section.
pub(super) fn of<'a>(message: &Message<'a>) -> impl Iterator<Item = Part<'a>> + use<'a> {
    message.records().filter(|part| part.section == Section::Answer)
}

/// Says which hosts the answers name: by the question's name where aliases lead from it to the record, and by their own
/// where SRV and MX answers or a zone transfer name them.
pub(super) fn answers(message: &Message<'_>, out: &mut Output<'_>) {
    let Some(question) = message.question() else { return };
    let aliases = Aliases::of(message, question.name);
    let is_transfer = matches!(question.kind, kind::AXFR | kind::IXFR);
    let servers: Servers<'_> = Servers::of(message);
    let most = if is_transfer { usize::MAX } else { MOST };
    for part in message.records().take(most) {
        if is_transfer && part.section == Section::Answer {
            host(&part, part.name, out);
            reverse(&part, part.name, out);
        } else if part.section == Section::Answer && aliases.lead_to(&part.name) {
            host(&part, question.name, out);
            reverse(&part, question.name, out);
        } else if matches!(part.section, Section::Answer | Section::Additional) && servers.name(&part.name) {
            host(&part, part.name, out);
        }
    }
}

/// Says which hosts an update gives names to (RFC 2136 §2.5.1: records to add stand in the authority section).
pub(super) fn updates(message: &Message<'_>, out: &mut Output<'_>) {
    if message.is_response() {
        return;
    }
    for part in message.records().filter(|part| part.section == Section::Authority && part.class == 1) {
        host(&part, part.name, out);
        reverse(&part, part.name, out);
    }
}

/// `name` points to the address in `part`.
fn host(part: &Part<'_>, name: Name<'_>, out: &mut Output<'_>) {
    if let Some(ip) = part.address() {
        say(ip, name, out);
    }
}

/// `owner`, a reverse name, points back to the name in `part`.
fn reverse(part: &Part<'_>, owner: Name<'_>, out: &mut Output<'_>) {
    if part.kind == kind::PTR
        && let Some((ip, name)) = owner.reverse().zip(part.target())
    {
        say(ip, name, out);
    }
}

fn say(ip: IpAddr, name: Name<'_>, out: &mut Output<'_>) {
    if is_host(ip) && name.reverse().is_none() {
        let text = name.text().in_lower_case();
        out.fact(About::Host(ip), Field::DnsName, &text::clean(text.as_ref()), name.raw());
    }
}

/// The question's name and those that CNAME answers lead to from it.
struct Aliases<'a> {
    names: [Option<Name<'a>>; ALIASES],
}

impl<'a> Aliases<'a> {
    fn of(message: &Message<'a>, question: Name<'a>) -> Self {
        let mut last = question;
        let mut names = [None; ALIASES];
        for (at, name) in names.iter_mut().enumerate() {
            if at > 0 {
                let leads = |part: &Part<'a>| part.kind == kind::CNAME && part.name.is_same(&last);
                let Some(next) = of(message).find(leads).and_then(|part| part.target()) else { break };
                last = next;
            }
            *name = Some(last);
        }
        Self { names }
    }

    fn lead_to(&self, name: &Name<'_>) -> bool {
        self.names.iter().flatten().any(|alias| alias.is_same(name))
    }
}

/// Servers that SRV and MX answers name.
struct Servers<'a> {
    names: [Option<Name<'a>>; SERVERS],
}

impl<'a> Servers<'a> {
    fn of(message: &Message<'a>) -> Self {
        let mut names = [None; SERVERS];
        let named = of(message).filter(|part| matches!(part.kind, kind::SRV | kind::MX));
        names.iter_mut().zip(named).for_each(|(name, part)| *name = part.target());
        Self { names }
    }

    fn name(&self, owner: &Name<'_>) -> bool {
        self.names.iter().flatten().any(|name| name.is_same(owner))
    }
}
