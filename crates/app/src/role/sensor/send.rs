//! Sends what is spooled, and keeps each batch until the server has it on disk.

use super::spool::Spool;
use super::{Stop, Tale, lock};
use crate::io::link::{Fate, Message};
use anyhow::Context as _;
use std::collections::VecDeque;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use wardlight_model::Id;

/// Batches sent and not yet acknowledged.
const WINDOW: usize = 32;
/// Silence of the server after which the connection counts as dead.
const PATIENCE: Duration = Duration::from_secs(30);
/// Tries to reach the server that fail before anybody is told.
const QUIET: u32 = 20;
/// Time between two tries to reach the server, and between two looks for new batches.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts the thread that sends to the server at `socket` until `stop`.
pub(super) fn start(
    socket: &Path,
    spool: &Arc<Spool>,
    stop: &Stop,
    tale: &Arc<Mutex<Tale>>,
) -> io::Result<thread::JoinHandle<()>> {
    let (socket, spool, stop, tale) = (socket.to_owned(), Arc::clone(spool), stop.clone(), Arc::clone(tale));
    thread::Builder::new().name("send".to_owned()).spawn(move || {
        let (mut said, mut tried) = (String::new(), 0);
        while !stop.is_wanted() {
            if let Err(error) = connect(&socket, &spool, &stop, &tale) {
                let text = format!("{error:#}");
                tried += 1;
                // A server that is started together with it needs a moment.
                if text != said && tried > QUIET {
                    eprintln!("wardlight: the sensor waits for its server: {text}");
                    said = text;
                }
            }
            stop.wait(PAUSE);
        }
        spool.close();
    })
}

/// Sends over one connection until it breaks or everything shall end.
fn connect(socket: &Path, spool: &Spool, stop: &Stop, tale: &Mutex<Tale>) -> anyhow::Result<()> {
    let stream = UnixStream::connect(socket).with_context(|| format!("{}", socket.display()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut from = stream.try_clone()?;
    let mut to = BufWriter::with_capacity(1 << 16, stream);
    let mut unsent = spool.unsent();
    let mut under_way: VecDeque<(u64, Id)> = VecDeque::new();
    while !stop.is_wanted() {
        while under_way.len() < WINDOW {
            let Some(record) = unsent.next() else { break };
            let record = record.context("cannot read the spool")?;
            if Spool::is_own(record.kind) {
                if under_way.is_empty() {
                    spool.acknowledge(record.sequence)?;
                }
                continue;
            }
            let id = Id(record.id.0);
            let message = Message { id, kind: record.kind, format: record.version, body: record.body };
            message.send(&mut to)?;
            under_way.push_back((record.sequence, id));
        }
        to.flush()?;
        let Some((sequence, id)) = under_way.pop_front() else {
            // What is the spool's own stands behind the last batch and is acknowledged with it.
            spool.acknowledge(unsent.position() - 1)?;
            stop.wait(PAUSE);
            continue;
        };
        let (answered, fate) = Fate::receive(&mut from)?.context("the server ended")?;
        anyhow::ensure!(answered == id, "the server answered another batch");
        match fate {
            Fate::Stored(_) => lock(tale).acknowledged += 1,
            Fate::Shed => lock(tale).shed += 1,
            Fate::Later(why) | Fate::Refused(why) => anyhow::bail!(why),
        }
        spool.acknowledge(sequence)?;
    }
    Ok(())
}
