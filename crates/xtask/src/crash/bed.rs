//! One installation to be hurt: its folders, its configuration, and the server that runs there.

use super::state;
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long the server may take to end or to commit.
const PATIENCE: Duration = Duration::from_secs(60);

/// The installation. Its folder goes with it, unless it is kept.
pub(super) struct Bed {
    program: PathBuf,
    folder: tempfile::TempDir,
}

/// A server that runs.
pub(super) struct Server(Mutex<Child>);

impl Bed {
    /// A new one for `program`, with nothing in it. Errors: what the disk says.
    pub fn new(program: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wl-crash-").tempdir().context("cannot make a folder")?;
        let bed = Self { program: program.to_owned(), folder };
        fs::create_dir(bed.root())?;
        let text = format!(
            "[files]\ndata = {:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[store]\ncommit_ms = 20\n[journal]\nsegment_mib = 1\n\
             reserve_mib = 1\n",
            bed.root().join("data"),
            bed.root().join("keys"),
            bed.path().join("backup"),
        );
        fs::write(bed.config(), text)?;
        Ok(bed)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of all that the server writes.
    pub fn root(&self) -> PathBuf {
        self.path().join("root")
    }

    fn config(&self) -> PathBuf {
        self.path().join("wardlight.toml")
    }

    /// Where the server listens.
    pub fn socket(&self) -> PathBuf {
        self.root().join("data/server.sock")
    }

    /// What the servers said that ran here.
    pub fn said(&self) -> String {
        fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }

    /// Starts the server, below `strace` with these words unless there are none. Errors: it does not start.
    pub fn start(&self, strace: &[String]) -> Result<Server> {
        let mut command = match strace {
            [] => Command::new(&self.program),
            words => {
                let mut command = Command::new("strace");
                command.args(words).arg(&self.program);
                command
            }
        };
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path().join("log"))?;
        command.arg("run").arg("--config").arg(self.config()).args(["--role", "server"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A socket of the one before would take connections that nobody serves.
        let _ = fs::remove_file(self.socket());
        Ok(Server(Mutex::new(command.spawn().context("cannot start the server")?)))
    }

    /// Starts the server again, sends it what is not acknowledged, stops it in order, and compares what is there with
    /// what was sent. Errors: the first difference, and what the servers said.
    pub fn settle(&self, sent: &mut Sent) -> Result<()> {
        self.finish(sent).and_then(|()| state::compare(&self.program, &self.config(), &self.root(), sent)).with_context(
            || {
                let said = self.said();
                let from = said.len().saturating_sub(4000);
                format!("the servers said: {}", said.get(from..).unwrap_or(&said).trim())
            },
        )
    }

    fn finish(&self, sent: &mut Sent) -> Result<()> {
        let server = self.start(&[])?;
        let outcome = wire::send(&self.socket(), sent, || server.is_alive(), || {}).and_then(|is_all| {
            if !is_all {
                bail!("the server did not take what was sent again");
            }
            self.committed(&server, sent)
        });
        let ended = server.stop()?;
        outcome?;
        if !ended.success() {
            bail!("the server ended with {ended}");
        }
        Ok(())
    }

    /// Waits until the state shows all that was acknowledged.
    fn committed(&self, server: &Server, sent: &Sent) -> Result<()> {
        let wanted = sent.stored.values().copied().max().unwrap_or_default();
        let begun = Instant::now();
        loop {
            let text = fs::read(self.root().join("data/standing.json")).unwrap_or_default();
            let standing: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            let committed = standing.get("committed").and_then(serde_json::Value::as_u64).unwrap_or_default();
            if committed >= wanted {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE || !server.is_alive() {
                bail!("journal record {wanted} was acknowledged, and the state shows only {committed}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Server {
    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        self.child().try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Ends it as a loss of power would, as far as the program can tell.
    pub fn kill(&self) -> Result<ExitStatus> {
        let mut child = self.child();
        child.kill()?;
        Ok(child.wait()?)
    }

    /// Tells it to end in order, and waits. Errors: it does not within a minute.
    pub fn stop(&self) -> Result<ExitStatus> {
        if let Some(ended) = self.child().try_wait()? {
            return Ok(ended);
        }
        let pid = i32::try_from(self.child().id()).ok().and_then(Pid::from_raw).context("no such number")?;
        // It may end by itself meanwhile.
        let _ = kill_process(pid, Signal::TERM);
        let begun = Instant::now();
        loop {
            if let Some(ended) = self.child().try_wait()? {
                return Ok(ended);
            }
            if begun.elapsed() > PATIENCE {
                self.kill()?;
                bail!("the server does not end");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
