//! For whom a message speaks: the sender itself, or hosts that a proxy or reflector announces.

use crate::About;
use crate::codec::address::is_host;
use crate::codec::dns::{Message, Name, Part, kind};
use std::net::IpAddr;

/// Most addresses, and most hosts of services, that are looked at in one message.
const MOST: usize = 64;

/// One message, asked whose the things it announces are.
pub(super) struct Voice<'a> {
    message: Message<'a>,
    sender: Option<IpAddr>,
    /// Whose what no address in the message belongs to is.
    rest: Option<About<'static>>,
    is_for_others: bool,
}

impl<'a> Voice<'a> {
    /// Of a message from `sender`, who `has_spoken_for_others` before or not.
    pub(super) fn of(message: &Message<'a>, sender: Option<IpAddr>, has_spoken_for_others: bool) -> Self {
        let mut voice = Self { message: *message, sender, rest: None, is_for_others: false };
        let has_own = voice.addresses().any(|(_, ip)| Some(ip) == sender);
        let is_comparable = |ip: &IpAddr| sender.is_some_and(|sender| sender.is_ipv4() == ip.is_ipv4());
        voice.is_for_others = !has_own && voice.addresses().any(|(_, ip)| is_comparable(&ip));
        let only_other = voice.only_host();
        voice.rest = match (has_own, voice.addresses().next()) {
            (true, _) => Some(About::Sender),
            (false, Some(_)) => only_other,
            (false, None) => (!has_spoken_for_others).then_some(About::Sender),
        };
        voice
    }

    /// Whether the message gives addresses and none is the sender's.
    pub(super) const fn is_for_others(&self) -> bool {
        self.is_for_others
    }

    /// Who has the address `ip`.
    pub(super) fn host(&self, ip: IpAddr) -> Option<About<'static>> {
        let about = if self.sender == Some(ip) { About::Sender } else { About::Host(ip) };
        is_host(ip).then_some(about)
    }

    /// Whose the service instance called `name` is.
    pub(super) fn instance(&self, name: &Name<'_>) -> Option<About<'static>> {
        let hosts = |part: &Part<'a>| part.kind == kind::SRV && part.name.is_same(name);
        let host = super::claims(&self.message).filter(|part| part.kind == kind::SRV).take(MOST).find(hosts);
        let about = host.and_then(|part| part.target()).and_then(|target| self.named(&target));
        about.or(self.rest)
    }

    /// Who is called `name`, by the addresses the message gives it.
    fn named(&self, name: &Name<'_>) -> Option<About<'static>> {
        let own = |(owner, ip): (Name<'a>, IpAddr)| owner.is_same(name).then_some(ip);
        let mut first = None;
        for ip in self.addresses().filter_map(own) {
            if Some(ip) == self.sender {
                return Some(About::Sender);
            }
            first = first.or_else(|| self.host(ip));
        }
        first
    }

    /// The host with the message's addresses, when they are all of one name.
    fn only_host(&self) -> Option<About<'static>> {
        let (name, _) = self.addresses().next()?;
        self.addresses().all(|(other, _)| other.is_same(&name)).then(|| self.named(&name)).flatten()
    }

    fn addresses(&self) -> impl Iterator<Item = (Name<'a>, IpAddr)> + use<'a> {
        super::claims(&self.message).filter_map(|part| Some((part.name, part.address()?))).take(MOST)
    }
}
