//! For whom a message speaks: the sender itself, or hosts that a proxy or reflector announces.

use crate::About;
use crate::codec::address::is_host;
use crate::codec::dns::{Message, Name, kind};
use std::net::IpAddr;

/// Most addresses, and most instances with their hosts, that are remembered of one message.
const MOST: usize = 32;

/// Who speaks in one message: asked whose the things it announces are.
pub(super) struct Voice<'a> {
    sender: Option<IpAddr>,
    addresses: [Option<(Name<'a>, IpAddr)>; MOST],
    /// Instances, each with the name of its host.
    instances: [Option<(Name<'a>, Name<'a>)>; MOST],
    /// Whose that is which no address in the message belongs to.
    rest: Option<About<'static>>,
}

impl<'a> Voice<'a> {
    /// Of a message from `sender`, who `has_spoken_for_others` before or not.
    pub(super) fn of(message: &Message<'a>, sender: Option<IpAddr>, has_spoken_for_others: bool) -> Self {
        let mut voice = Self { sender, addresses: [None; MOST], instances: [None; MOST], rest: None };
        let addresses = super::claims(message).filter_map(|part| Some((part.name, part.address()?)));
        voice.addresses.iter_mut().zip(addresses).for_each(|(slot, address)| *slot = Some(address));
        let services = super::claims(message).filter(|part| part.kind == kind::SRV);
        let instances = services.filter_map(|part| Some((part.name, part.target()?)));
        voice.instances.iter_mut().zip(instances).for_each(|(slot, instance)| *slot = Some(instance));
        voice.rest = voice.rest(has_spoken_for_others);
        voice
    }

    /// Whether the message gives addresses and none is the sender's.
    pub(super) fn is_for_others(&self) -> bool {
        let is_comparable = |ip: IpAddr| self.sender.is_some_and(|sender| sender.is_ipv4() == ip.is_ipv4());
        !self.has_own() && self.addresses().any(|(_, ip)| is_comparable(ip))
    }

    /// Who has the address `ip`.
    pub(super) fn host(&self, ip: IpAddr) -> Option<About<'static>> {
        let about = if self.sender == Some(ip) { About::Sender } else { About::Host(ip) };
        is_host(ip).then_some(about)
    }

    /// Whose the service instance called `name` is.
    pub(super) fn instance(&self, name: &Name<'_>) -> Option<About<'static>> {
        let host = self.instances.iter().flatten().find(|(instance, _)| instance.is_same(name));
        host.and_then(|(_, host)| self.named(host)).or(self.rest)
    }

    fn rest(&self, has_spoken_for_others: bool) -> Option<About<'static>> {
        match self.addresses().next() {
            Some(_) if self.has_own() => Some(About::Sender),
            // Several hosts in one message, none of them the sender: whose it is cannot be told.
            Some((name, _)) if self.addresses().all(|(other, _)| other.is_same(&name)) => self.named(&name),
            Some(_) => None,
            None => (!has_spoken_for_others).then_some(About::Sender),
        }
    }

    /// Who is called `name`, by the addresses the message gives it.
    fn named(&self, name: &Name<'_>) -> Option<About<'static>> {
        let mut first = None;
        for (_, ip) in self.addresses().filter(|(owner, _)| owner.is_same(name)) {
            if Some(ip) == self.sender {
                return Some(About::Sender);
            }
            first = first.or_else(|| self.host(ip));
        }
        first
    }

    fn has_own(&self) -> bool {
        self.addresses().any(|(_, ip)| Some(ip) == self.sender)
    }

    fn addresses(&self) -> impl Iterator<Item = (Name<'a>, IpAddr)> {
        self.addresses.iter().flatten().copied()
    }
}
