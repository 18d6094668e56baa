//! Events by syslog: RFC 5424 messages, counted in octets (RFC 6587 §3.4.1), over TCP or TLS (RFC 5425).
//!
//! In: events. Out: one message each. The protocol has no receipt: after each message it is looked whether the collector
//! closed the connection, and then the message counts as not told.

use super::outlet::{Carrier, Failure};
use super::{Event, Severity, cef, ocsf};
use crate::config::Syslog;
use anyhow::Context as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

/// How long connecting, writing and a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is looked for the collector's closing after a message.
const LOOK: Duration = Duration::from_millis(20);
/// Facility 13, log audit (RFC 5424 §6.2.1).
const FACILITY: u8 = 13;
/// Largest number of `sequenceId` (RFC 5424 §7.3.1).
const SEQUENCES: u64 = 2_147_483_647;

/// A way to one collector.
pub struct Collector {
    config: Syslog,
    tls: Option<Arc<ClientConfig>>,
    host: String,
    connection: Option<Connection>,
}

enum Connection {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Collector {
    /// As configured. Errors: its certificates cannot be read.
    pub fn of(config: &Syslog) -> anyhow::Result<Self> {
        let tls = config.tls.then(|| tls(config)).transpose()?;
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Ok(Self { config: config.clone(), tls, host, connection: None })
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.config, self.tls.as_ref())?),
        };
        // One that was closed since takes a message without a word.
        connection.check()?;
        connection.write(message)?;
        connection.check()
    }
}

impl Carrier for Collector {
    fn carry(&mut self, event: &Event, sequence: u64) -> Result<(), Failure> {
        let text = if self.config.form == "ocsf" { ocsf::object(event).to_string() } else { cef::line(event) };
        let sent = self.send(&framed(&message(event, &self.host, sequence, &text)));
        sent.map_err(|error| {
            self.connection = None;
            Failure { what: error.to_string(), asked: None }
        })
    }
}

/// The message, of which `text` is the last part (RFC 5424 §6).
fn message(event: &Event, host: &str, sequence: u64, text: &str) -> String {
    let severity = match event.kind.severity() {
        Severity::Info => 6,
        Severity::Low => 5,
        Severity::Medium => 4,
        Severity::High => 3,
        Severity::Critical => 2,
    };
    let priority = FACILITY * 8 + severity;
    let (host, program) = (printable(host, 255), std::process::id());
    let sequence = sequence.saturating_sub(1) % SEQUENCES + 1;
    let version = quoted(env!("CARGO_PKG_VERSION"));
    format!(
        "<{priority}>1 {} {host} wardlight {program} {} [origin software=\"Wardlight\" swVersion=\"{version}\"]\
         [meta sequenceId=\"{sequence}\"] {text}",
        event.at,
        printable(event.kind.name(), 32),
    )
}

/// The message behind its length.
fn framed(message: &str) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message.as_bytes()].concat()
}

/// A field of the header: printable ASCII without spaces, `-` for none.
fn printable(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// The value of a parameter (RFC 5424 §6.3.3).
fn quoted(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| match c {
        '"' | '\\' | ']' => [Some('\\'), Some(c)],
        c => [Some(c), None],
    });
    escaped.flatten().collect()
}

fn tls(config: &Syslog) -> anyhow::Result<Arc<ClientConfig>> {
    let path = &config.certificates;
    let of = || format!("{} (certificates of syslog `{}`)", path.display(), config.name);
    let text = std::fs::read(path).with_context(of)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        roots.add(certificate.with_context(of)?).with_context(of)?;
    }
    anyhow::ensure!(!roots.is_empty(), "{}: it holds no certificate in PEM", of());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(tls))
}

fn connect(config: &Syslog, tls: Option<&Arc<ClientConfig>>) -> io::Result<Connection> {
    let (host, port) = config.host().ok_or_else(|| io::Error::other("the address is none"))?;
    let mut last = io::Error::other("the name leads to no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return begin(stream, host, tls),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn begin(mut stream: TcpStream, host: &str, tls: Option<&Arc<ClientConfig>>) -> io::Result<Connection> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Connection::Plain(stream)) };
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut client = ClientConnection::new(Arc::clone(tls), name).map_err(io::Error::other)?;
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    Ok(Connection::Tls(Box::new(StreamOwned::new(client, stream))))
}

impl Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let to: &mut dyn Write = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        };
        to.write_all(bytes)?;
        to.flush()
    }

    /// Errors: the collector closed the connection.
    fn check(&mut self) -> io::Result<()> {
        let socket = match self {
            Self::Plain(stream) => &*stream,
            Self::Tls(stream) => &stream.sock,
        };
        socket.set_read_timeout(Some(LOOK))?;
        let from: &mut dyn Read = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream,
        };
        match from.read(&mut [0; 64]) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the collector closed the connection")),
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::tests_sample::sample;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_as_the_standard_has_it() {
        let (version, program) = (env!("CARGO_PKG_VERSION"), std::process::id());
        let message = message(&sample(Kind::SensorSilent), "ward é1", 7, "CEF:0|…");
        assert_eq!(
            message,
            format!(
                "<107>1 2026-09-21T14:13:20.123456Z ward1 wardlight {program} sensor.silent \
                 [origin software=\"Wardlight\" swVersion=\"{version}\"][meta sequenceId=\"7\"] CEF:0|…"
            )
        );
        let framed = framed(&message);
        let counted = format!("{} <107>1 ", message.len());
        assert!(framed.starts_with(counted.as_bytes()) && message.len() > message.chars().count(), "octets count");
    }

    #[test]
    fn numbers_begin_anew_where_the_standard_ends_them() {
        let number = |sequence| {
            let message = message(&sample(Kind::SensorBack), "", sequence, "x");
            assert!(message.contains("Z - wardlight "), "no name is `-`: {message}");
            message.split("sequenceId=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
        };
        assert_eq!(number(SEQUENCES).as_deref(), Some("2147483647"));
        assert_eq!(number(SEQUENCES + 1).as_deref(), Some("1"));
    }

    proptest! {
        #[test]
        fn any_value_ends_where_its_quote_does(text in "[\"\\\\\\]a-zä ]{0,40}") {
            let quoted = quoted(&text) + "\"]";
            let (mut read, mut chars) = (String::new(), quoted.chars());
            while let Some(c) = chars.next() {
                match c {
                    '\\' => read.extend(chars.next()),
                    '"' => break,
                    ']' => prop_assert!(false, "an open bracket"),
                    c => read.push(c),
                }
            }
            prop_assert_eq!((read, chars.as_str()), (text, "]"));
        }

        #[test]
        fn any_host_is_one_word(text in any::<String>()) {
            let host = printable(&text, 255);
            prop_assert!(!host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic()) && host.len() <= 255);
        }
    }
}
