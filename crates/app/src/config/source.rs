//! Sources of records that are read by themselves: one `[[source]]` section for each.

use super::section::section;
use std::net::SocketAddr;
use std::path::PathBuf;
use wardlight_ingest::source;

section! {
    /// A source of records that is read by itself. One such section for each; `path` or `listen` says where it is.
    pub struct Source = "source" {
        /// What it is called here: letters, digits, `-`, `_`, `.`. The same name again brings its rows up to date.
        name: String = String::new(),
        /// Its importer, such as `cmms`; empty recognises each document. `netflow` may listen.
        kind: String = String::new(),
        /// Document that is read whenever it changed, or a folder of which every new or changed document is read.
        path: PathBuf = PathBuf::new(),
        /// Address and UDP port at which flow exports (NetFlow, IPFIX, sFlow) are received; nothing is ever sent.
        listen: String = String::new(),
        /// Shortest time between two looks, in seconds.
        every_s: u64 = 60,
        /// Hours without anything new after which the source counts as stale; 0 never.
        stale_after_h: u64 = 48,
        /// File that says which column means what, in TOML; empty takes what is known of headers and values.
        mapping: PathBuf = PathBuf::new(),
        /// Whether a document is not all that its source has: rows that are not in it are still there.
        part: bool = false,
        /// Number of the routing domain that its addresses belong to.
        scope: u32 = 0,
    }
}

/// Longest name.
const NAME: usize = 64;

impl Source {
    /// Where it listens, when it does.
    pub fn listens(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Where it is, as its operator says it.
    pub fn place(&self) -> String {
        if self.listen.is_empty() { self.path.display().to_string() } else { format!("udp {}", self.listen) }
    }

    /// Errors: the key that makes no sense, and what would.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
        if self.name.is_empty()
            || self.name.len() > NAME
            || self.name.starts_with('.')
            || !self.name.chars().all(is_plain)
        {
            return Err(("name", "give 1 to 64 letters, digits, `-`, `_` or `.`, not beginning with `.`"));
        }
        if !self.kind.is_empty() && source::named(&self.kind).is_none() {
            return Err(("kind", "there is no such importer; leave it empty to have each document recognised"));
        }
        match (self.path.as_os_str().is_empty(), self.listen.is_empty()) {
            (true, true) => return Err(("path", "say where it is: `path`, or `listen` for flow exports")),
            (false, false) => return Err(("listen", "`path` and `listen` exclude each other: make two sources of it")),
            (true, false) if self.kind != "netflow" => {
                return Err(("kind", "only `kind = \"netflow\"` can listen"));
            }
            (true, false) if self.listens().is_none() => {
                return Err(("listen", "write an address and a port, such as 127.0.0.1:2055 or [::1]:2055"));
            }
            _ => {}
        }
        if self.every_s == 0 {
            return Err(("every_s", "it must be at least 1"));
        }
        Ok(())
    }
}
