//! Documents that people bring by a page: held in memory only, read by the importers, sent to the server's own socket like
//! those of the command line.

use super::later;
use crate::io::import::Reading;
use crate::io::link::{Message, deliver};
use crate::role::places::{Places, secret};
use crate::role::{new_id, now};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use wardlight_model::journal::FORMAT;
use wardlight_web::house::{Document, Refused, Report};

/// Reads `document`; takes in what it says unless it is a trial. Errors: nobody knows what it is, or no server answers.
pub fn read(places: &Places, document: &Document) -> Result<Report, Refused> {
    let held = held(&document.bytes).map_err(|error| later(&error))?;
    // Importers open what they read by name, more than once.
    let path = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
    let run = new_id().map_err(|error| later(&error))?;
    let reading = Reading {
        path: &path,
        name: Some(&document.name),
        called: Some(document.called.as_str()).filter(|name| !name.is_empty()),
        importer: Some(document.importer.as_str()).filter(|name| !name.is_empty()),
        mapping: document.mapping.as_ref(),
        is_whole: document.is_whole,
        scope: document.scope,
        run,
        now: now(),
    };
    // Who reads it shows whether anybody can, before anything is taken in.
    let named = |error: anyhow::Error| {
        let path = path.display().to_string();
        Refused::Senseless(format!("{error:#}").replace(&path, &document.name))
    };
    reading.importer().map_err(named)?;
    let mapping = reading.columns().map_err(named)?;
    let report = if document.is_trial {
        // What it would hide is hidden under a key that is forgotten.
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| later(&error))?;
        reading.read(&key, |_, _| Ok(()))
    } else {
        let mut stream = UnixStream::connect(places.socket()).map_err(|error| later(&error))?;
        let key = secret(&places.names_key()).map_err(|error| later(&error))?;
        reading.read(&key, |kind, body| {
            deliver(&Message { id: new_id()?, kind: kind.number(), format: FORMAT, body }, &mut stream)
        })
    };
    let crate::io::import::Report { importer, tally, troubles, more, broken } = report.map_err(named)?;
    Ok(Report { run, importer, tally, troubles, more, broken, mapping })
}

/// The bytes as a file that lies on no disk.
fn held(bytes: &[u8]) -> std::io::Result<File> {
    let mut file = File::from(memfd_create("document", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}
