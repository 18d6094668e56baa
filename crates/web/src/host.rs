//! The name by which browsers reach the pages. Keys belong to it, and other houses lead back to it.

use std::net::IpAddr;

/// The name by which browsers reach the pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name alone, such as `wardlight.example.org`.
    pub name: String,
    /// What every address of ours begins with, such as `https://wardlight.example.org:8443`.
    pub origin: String,
}

/// Why the name by which browsers reach the pages cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Keys belong to names.
    #[error("{0:?} is an address: give a name, such as wardlight.example.org, or leave it empty")]
    Address(String),
    /// It is no name.
    #[error("{0:?} is no name and port, such as wardlight.example.org:8443")]
    Name(String),
}

impl Host {
    /// The host that `text` names, with the port that it names or `port`.
    ///
    /// # Errors
    /// [`HostError`] when it is an address or no name.
    pub fn read(text: &str, port: u16) -> Result<Self, HostError> {
        let no_name = || HostError::Name(text.to_owned());
        if text.parse::<IpAddr>().is_ok() || text.starts_with('[') {
            return Err(HostError::Address(text.to_owned()));
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, port.parse().map_err(|_| no_name())?),
            None => (text, port),
        };
        let is_label = |label: &str| {
            let is_fit = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && is_fit && !label.starts_with('-') && !label.ends_with('-')
        };
        if name.parse::<IpAddr>().is_ok() {
            return Err(HostError::Address(text.to_owned()));
        }
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(no_name());
        }
        let name = name.to_ascii_lowercase();
        let origin = if port == 443 { format!("https://{name}") } else { format!("https://{name}:{port}") };
        Ok(Self { name, origin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_and_never_an_address() {
        let origin = |text, port| Host::read(text, port).map(|host| host.origin);
        assert_eq!(origin("Ward.Example.org", 443), Ok("https://ward.example.org".to_owned()));
        assert_eq!(origin("ward", 8443), Ok("https://ward:8443".to_owned()));
        assert_eq!(origin("ward.example:443", 8443), Ok("https://ward.example".to_owned()));
        for text in ["10.0.0.1", "10.0.0.1:8443", "::1", "[::1]:8443"] {
            assert!(matches!(origin(text, 1), Err(HostError::Address(_))), "{text}");
        }
        for text in ["https://ward", "ward/", "a..b", "-a", "a b", "ward:x", "ward:99999"] {
            assert!(matches!(origin(text, 1), Err(HostError::Name(_))), "{text}");
        }
    }
}
