//! Sends what is spooled, and keeps each batch until the server has it on disk.

use super::spool::Spool;
use super::{Stop, Tale, lock};
use crate::io::link::{Fate, Message};
use anyhow::Context as _;
use std::collections::{BTreeSet, VecDeque};
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
        let mut sender = Sender { spool: &spool, stop: &stop, tale: &tale, settled: BTreeSet::new() };
        while !stop.is_wanted() {
            if let Err(error) = sender.connect(&socket) {
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

/// What has been sent, and what became of it.
struct Sender<'a> {
    spool: &'a Spool,
    stop: &'a Stop,
    tale: &'a Mutex<Tale>,
    /// Records that the server has, or has given up, behind one that it could not take yet.
    settled: BTreeSet<u64>,
}

impl Sender<'_> {
    /// Sends over one connection until it breaks, the server asks to wait, or everything shall end.
    fn connect(&mut self, socket: &Path) -> anyhow::Result<()> {
        let stream = UnixStream::connect(socket).with_context(|| format!("{}", socket.display()))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut from = stream.try_clone()?;
        let mut to = BufWriter::with_capacity(1 << 16, stream);
        let mut unsent = self.spool.unsent();
        let mut under_way: VecDeque<(u64, Id)> = VecDeque::new();
        let mut later = None;
        while !self.stop.is_wanted() {
            while under_way.len() < WINDOW && later.is_none() {
                let Some(record) = unsent.next() else { break };
                let record = record.context("cannot read the spool")?;
                if Spool::is_own(record.kind) {
                    // It is acknowledged with the batch before it.
                    self.settle(record.sequence)?;
                } else if !self.settled.contains(&record.sequence) {
                    let id = Id(record.id.0);
                    let message = Message { id, kind: record.kind, format: record.version, body: record.body };
                    message.send(&mut to)?;
                    under_way.push_back((record.sequence, id));
                }
            }
            to.flush()?;
            let Some((sequence, id)) = under_way.pop_front() else {
                if let Some(why) = later {
                    anyhow::bail!("{why}");
                }
                self.stop.wait(PAUSE);
                continue;
            };
            let (answered, fate) = Fate::receive(&mut from)?.context("the server ended")?;
            anyhow::ensure!(answered == id, "the server answered another batch");
            match fate {
                Fate::Stored(_) => lock(self.tale).acknowledged += 1,
                Fate::Shed => lock(self.tale).shed += 1,
                // What is under way behind it has its answers yet to come.
                Fate::Later(why) | Fate::Refused(why) => {
                    later = later.or(Some(why));
                    continue;
                }
            }
            self.settle(sequence)?;
        }
        Ok(())
    }

    /// Record `sequence` need not be sent again. The spool keeps what is before it and still must be.
    fn settle(&mut self, sequence: u64) -> anyhow::Result<()> {
        self.settled.insert(sequence);
        let before = self.spool.acknowledged();
        let mut last = before;
        while self.settled.remove(&(last + 1)) {
            last += 1;
        }
        if last > before { self.spool.acknowledge(last) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use wardlight_store::segment::{self, Draft};

    /// A server that cannot take the second of three batches at first.
    #[test]
    fn what_the_server_cannot_take_yet_is_sent_again_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let spool = Arc::new(Spool::open(&folder.path().join("spool")).expect("a spool"));
        let draft =
            |n: u8| Draft { id: segment::Id([n; 16]), kind: n.into(), version: 1, is_vital: false, body: vec![n] };
        spool.put(&[draft(1), draft(2), draft(3)]).expect("spooled");
        let (stop, tale) = (Stop::default(), Arc::new(Mutex::new(Tale::default())));
        let thread = start(&socket, &spool, &stop, &tale).expect("a sender");
        let answer = |fates: &[Fate]| {
            let (mut stream, _) = listener.accept().expect("a sensor");
            let received = fates.iter().map(|_| Message::receive(&mut stream).expect("whole").expect("a batch"));
            let ids: Vec<Id> = received.map(|message| message.id).collect();
            for (id, fate) in ids.iter().zip(fates) {
                fate.send(*id, &mut stream).expect("sent");
            }
            (ids.iter().map(|id| id.0[0]).collect::<Vec<u8>>(), stream)
        };
        let (first, _) = answer(&[Fate::Stored(1), Fate::Later("the disk is full".to_owned()), Fate::Shed]);
        assert_eq!(first, [1, 2, 3]);
        let (again, _open) = answer(&[Fate::Stored(2)]);
        assert_eq!(again, [2]);
        while !spool.is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        stop.now();
        thread.join().expect("ends");
        let tale = lock(&tale);
        assert_eq!((tale.acknowledged, tale.shed), (2, 1));
    }
}
