//! Who is told what happens here: one `[[webhook]]` or `[[syslog]]` section for each.

use super::section::section;
use crate::role::events::Kind;
use std::net::IpAddr;
use std::path::PathBuf;

section! {
    /// An address that is told of events by HTTP, signed as Standard Webhooks says. One such section for each; without any,
    /// nothing is ever sent.
    pub struct Webhook = "webhook" {
        /// What it is called here: letters, digits, `-`, `_`, `.`.
        name: String = String::new(),
        /// Where events are sent, such as `https://siem.example.org/hook`. No redirect is followed.
        url: String = String::new(),
        /// The file of the secret that signs, for its owner alone: `whsec_` and 24 to 64 random bytes in base 64.
        secret: PathBuf = PathBuf::new(),
        /// Kinds of events to tell, such as `device.found`; empty tells all.
        events: Vec<String> = Vec::new(),
        /// A file of certificates in PEM to trust beside those of the system, such as of the house's own authority.
        certificates: PathBuf = PathBuf::new(),
        /// Whether it is on this very machine: then its address must be a loopback one, and `http://` will do.
        near: bool = false,
    }
}

section! {
    /// A collector that is told of events by syslog (RFC 5424 over TCP). One such section for each; without any, nothing is
    /// ever sent.
    pub struct Syslog = "syslog" {
        /// What it is called here: letters, digits, `-`, `_`, `.`.
        name: String = String::new(),
        /// Name or address, and port, such as `siem.example.org:6514`.
        address: String = String::new(),
        /// The form of a message: `cef` or `ocsf`.
        form: String = "cef".to_owned(),
        /// Whether to speak TLS (RFC 5425); without it anybody on the way reads along.
        tls: bool = true,
        /// The file of the certificates in PEM that may vouch for the collector; needed for TLS.
        certificates: PathBuf = PathBuf::new(),
        /// Kinds of events to tell, such as `device.found`; empty tells all.
        events: Vec<String> = Vec::new(),
    }
}

/// Longest name.
const NAME: usize = 64;

/// The key that makes no sense, and what would.
type Wrong = (&'static str, &'static str);

impl Webhook {
    /// Errors: the key that makes no sense, and what would.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        check_name(&self.name)?;
        check_events(&self.events)?;
        let wrong = ("url", "write a whole address that begins with https://, without a name or password in it");
        let url = reqwest::Url::parse(&self.url).map_err(|_| wrong)?;
        let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host_str().filter(|_| is_bare).ok_or(wrong)?;
        let ip: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        match (url.scheme(), self.near) {
            (_, true) if !ip.is_some_and(|ip| ip.is_loopback()) => {
                return Err(("url", "`near = true` goes with 127.0.0.1 or [::1]"));
            }
            ("https", _) | ("http", true) => {}
            _ => return Err(wrong),
        }
        if ip.is_some_and(|ip| !crate::role::events::may_reach(ip, self.near)) {
            return Err(("url", "no event is sent to this machine itself, to link-local or to many at once"));
        }
        if self.secret.as_os_str().is_empty() {
            return Err(("secret", "name the file of the secret that signs"));
        }
        Ok(())
    }
}

impl Syslog {
    /// Errors: the key that makes no sense, and what would.
    pub(super) fn check(&self) -> Result<(), Wrong> {
        check_name(&self.name)?;
        check_events(&self.events)?;
        let is_whole = self.host().is_some_and(|(host, _)| !host.is_empty());
        if !is_whole {
            return Err(("address", "write a name or address and a port, such as siem.example.org:6514 or [::1]:6514"));
        }
        if !["cef", "ocsf"].contains(&self.form.as_str()) {
            return Err(("form", "one of cef and ocsf"));
        }
        if self.tls && self.certificates.as_os_str().is_empty() {
            return Err(("certificates", "name the file of the certificates that vouch for the collector"));
        }
        Ok(())
    }

    /// The host's name or address, and the port.
    pub fn host(&self) -> Option<(&str, u16)> {
        let (host, port) = self.address.rsplit_once(':')?;
        let is_plain = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
        Some((host.trim_matches(['[', ']']), port.parse().ok()?)).filter(|_| is_plain)
    }
}

fn check_name(name: &str) -> Result<(), Wrong> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    if name.is_empty() || name.len() > NAME || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(("name", "give 1 to 64 letters, digits, `-`, `_` or `.`, not beginning with `.`"));
    }
    Ok(())
}

fn check_events(events: &[String]) -> Result<(), Wrong> {
    if events.iter().all(|name| Kind::named(name).is_some()) {
        return Ok(());
    }
    Err(("events", "there is no such kind of event: docs/reference/events.md lists them"))
}
