//! FTP data connections: files and listings, which are counted and never read.
//!
//! In: what goes through a connection that the control connection announced. Out: nothing but the name of the conversation.
//!
//! Source: RFC 959 §3.3 (data port); RFC 2428 (EPRT, EPSV).

use crate::Output;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use wardlight_model::Side;

pub(super) const ENTRY: FtpFiles = FtpFiles;

/// FTP data connections.
pub(super) struct FtpFiles;

static INFO: Info = Info {
    name: "ftp_data",
    title: "FTP data connection",
    source: "RFC 959 §3.3, RFC 2428",
    carriers: &[Carrier::Tcp],
    ports: &[],
    record: &[],
    weirds: &[],
    window: 0,
};

impl Dissector for FtpFiles {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// Files may begin with any bytes: only an announcement makes them FTP's.
    fn probe(&self, _: &Hello<'_>) -> Probe {
        Probe::Likely
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Self)
    }
}

impl Parser for FtpFiles {
    fn read(&mut self, _: Side, _: &[u8], _: &mut Output<'_>) -> Step {
        Step::Finished
    }
}
