//! What goes wrong with a source, and how to mend it.

use super::kept::{Failure, MOST, Moment};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use wardlight_model::Time;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub place: String,
    pub what: String,
    pub mend: &'static str,
    /// Whether trying again cannot help before the document changes.
    pub is_lasting: bool,
}

impl Trouble {
    fn passing(place: &Path, what: impl ToString, mend: &'static str) -> Self {
        Self { place: place.display().to_string(), what: what.to_string(), mend, is_lasting: false }
    }

    pub fn open(place: &Path, error: &io::Error) -> Self {
        let mend = match error.kind() {
            io::ErrorKind::NotFound => "put the document there, or correct `path` of this source",
            io::ErrorKind::PermissionDenied => "let the account that runs `wardlight` read it",
            _ => "look at the disk or the share that it lies on",
        };
        Self::passing(place, error, mend)
    }

    pub fn special(place: &Path) -> Self {
        Self::passing(place, "it is neither a document nor a folder", "correct `path` of this source")
    }

    pub fn unnamed(place: &Path) -> Self {
        Self::passing(place, "its name is no UTF-8", "give it another name")
    }

    pub fn crowd(place: &Path, many: usize) -> Self {
        let what = format!("it holds {many} documents, at most {MOST} are followed");
        Self::passing(place, what, "move those that were read to another folder")
    }

    pub fn mapping(place: &Path, error: &anyhow::Error) -> Self {
        Self::passing(place, format!("{error:#}"), "correct the file that `mapping` of this source names")
    }

    pub fn changed(place: &Path) -> Self {
        Self::passing(place, "it changed while it was read", "nothing: it is read again once it stays as it is")
    }

    pub fn server(place: &Path, error: &anyhow::Error) -> Self {
        Self::passing(
            place,
            format!("{error:#}"),
            "it is tried again by itself; `wardlight doctor` says how the server is",
        )
    }

    pub fn disk(place: &Path, error: &io::Error) -> Self {
        Self::passing(place, error, "look at the disk: what was read is noted there")
    }

    pub fn damaged_memory(place: &Path, error: &anyhow::Error) -> Self {
        let mend = "move that file away: every document of the source is then read again";
        Self::passing(place, format!("{error:#}"), mend)
    }

    pub fn broken_off(place: &str) -> Self {
        let what = "the importer broke off".to_owned();
        let mend = "take the newest document out of the way, and report it: this is a mistake of the program";
        Self { place: place.to_owned(), what, mend, is_lasting: false }
    }

    pub fn bind(address: SocketAddr, error: &io::Error) -> Self {
        let mend = match error.kind() {
            io::ErrorKind::AddrInUse => "end the other program that listens there, or name another port",
            io::ErrorKind::AddrNotAvailable => "name an address that this machine has",
            _ => "name a port above 1023, or an address that this account may use",
        };
        Self { place: format!("udp {address}"), what: error.to_string(), mend, is_lasting: false }
    }

    /// Nobody knows what the document is.
    pub fn unknown(place: &Path, error: &anyhow::Error) -> Self {
        let mend = "name its importer by `kind` of this source, or take the document away";
        Self { is_lasting: true, ..Self::passing(place, format!("{error:#}"), mend) }
    }

    /// It could not be read to its end.
    pub fn unread(place: &Path, why: &str) -> Self {
        let mend = "export it again; what stood before that place was taken in";
        Self { is_lasting: true, ..Self::passing(place, why, mend) }
    }

    pub fn at(self, at: Time) -> Failure {
        Failure { at: Moment(at), place: self.place, what: self.what, mend: self.mend.to_owned() }
    }
}
