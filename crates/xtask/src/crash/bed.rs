//! One installation to be hurt: its folders, its configuration, and the server that runs there.

use super::state;
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the server may take to end or to commit.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is tried: the program, and what its configuration says beside its folders.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    /// The program.
    pub program: PathBuf,
    /// The database's address; SQLite in the data folder when it is none.
    pub store: Option<String>,
    /// Seconds between two looks at what may be deleted or merged.
    pub tidy_s: u64,
}

impl Setting {
    /// `program` with SQLite, which deletes and merges nothing in the time that a trial takes.
    pub fn of(program: &Path) -> Self {
        Self { program: program.to_owned(), store: None, tidy_s: 600 }
    }
}

/// The installation. Its folder goes with it.
pub(super) struct Bed {
    setting: Setting,
    folder: tempfile::TempDir,
}

/// A server that runs.
pub(super) struct Server(Life);

enum Life {
    /// A child of ours.
    Own(Mutex<Child>),
    /// Somebody else's, who tells its number and its end in files of this folder.
    Told(PathBuf),
}

impl Bed {
    /// A new one, with nothing in it. Errors: what the disk says.
    pub fn new(setting: &Setting) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wl-crash-").tempdir().context("cannot make a folder")?;
        let bed = Self { setting: setting.clone(), folder };
        fs::create_dir(bed.root())?;
        let at = |name: &str| bed.root().join(name);
        let text = format!(
            "[files]\ndata = {:?}\nkeys = {:?}\n[backup]\nfolder = {:?}\n[store]\nurl = {:?}\ncommit_ms = 20\n\
             [history]\ntidy_s = {}\n[journal]\nsegment_mib = 1\nreserve_mib = 1\n",
            at("data"),
            at("keys"),
            at("backup"),
            bed.setting.store.as_deref().unwrap_or("sqlite:"),
            bed.setting.tidy_s,
        );
        fs::write(bed.config(), text)?;
        Ok(bed)
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of all that the program writes.
    pub fn root(&self) -> PathBuf {
        self.path().join("root")
    }

    /// Its configuration.
    pub fn config(&self) -> PathBuf {
        self.path().join("wardlight.toml")
    }

    /// The program and its setting.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The address of its database.
    pub fn store(&self) -> String {
        let file = || format!("sqlite:{}", self.root().join("data/state.db").display());
        self.setting.store.clone().unwrap_or_else(file)
    }

    /// Where the server listens.
    pub fn socket(&self) -> PathBuf {
        self.root().join("data/server.sock")
    }

    /// What the servers said that ran here, or the end of it.
    pub fn said(&self) -> String {
        let said = fs::read_to_string(self.path().join("log")).unwrap_or_default();
        let from = said.len().saturating_sub(4000);
        said.get(from..).unwrap_or(&said).trim().to_owned()
    }

    /// The program with `words`, below `strace` with those words unless there are none.
    pub fn command(&self, strace: &[String], words: &[&str]) -> Result<Command> {
        let mut command = match strace {
            [] => Command::new(&self.setting.program),
            traced => {
                let mut command = Command::new("strace");
                command.args(traced).arg(&self.setting.program);
                command
            }
        };
        let open = |name: &str| fs::OpenOptions::new().create(true).append(true).open(self.path().join(name));
        command.args(words).arg("--config").arg(self.config());
        command.stdin(Stdio::null()).stdout(open("told")?).stderr(open("log")?);
        Ok(command)
    }

    /// Runs the program with `words` to its end. Errors: it cannot be started.
    pub fn run(&self, words: &[&str]) -> Result<Output> {
        let mut command = self.command(&[], words)?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().context("cannot start the program")
    }

    /// Starts the server, below `strace` with these words unless there are none. Errors: it does not start.
    pub fn start(&self, strace: &[String]) -> Result<Server> {
        let mut command = self.command(strace, &["run", "--role", "server"])?;
        // A socket of the one before would take connections that nobody serves.
        let _ = fs::remove_file(self.socket());
        Ok(Server(Life::Own(Mutex::new(command.spawn().context("cannot start the server")?))))
    }

    /// Starts the server again, sends it what is not acknowledged, stops it in order, and compares what is there with
    /// what was sent. Errors: the first difference, and what the servers said.
    pub fn settle(&self, sent: &mut Sent) -> Result<()> {
        self.finish(sent)
            .and_then(|()| state::compare(self, sent))
            .with_context(|| format!("the servers said: {}", self.said()))
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
        if ended != Some(0) {
            bail!("the server ended with {ended:?}");
        }
        Ok(())
    }

    /// Waits until the state shows all that was acknowledged.
    pub fn committed(&self, server: &Server, sent: &Sent) -> Result<()> {
        let wanted = sent.stored.values().copied().max().unwrap_or_default();
        let begun = Instant::now();
        loop {
            let text = fs::read(self.root().join("data/standing.json")).unwrap_or_default();
            let standing: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
            let reached = |name| standing.get(name).and_then(serde_json::Value::as_u64).unwrap_or_default();
            let committed = reached("committed").min(reached("history"));
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
    /// One whose number stands in the file `pid` of `folder`, and whose exit code will in `ended`.
    pub fn told(folder: &Path) -> Self {
        Self(Life::Told(folder.to_owned()))
    }

    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        matches!(self.ended(), Ok(None))
    }

    /// Ends it as a loss of power would, as far as the program can tell. Gives its exit code, if it has one.
    pub fn kill(&self) -> Result<Option<i32>> {
        if self.is_alive() {
            self.signal(Signal::KILL);
        }
        self.wait()
    }

    /// Tells it to end in order, and waits. Gives its exit code; none when it was killed. Errors: it does not end within
    /// a minute.
    pub fn stop(&self) -> Result<Option<i32>> {
        if self.is_alive() {
            self.signal(Signal::TERM);
        }
        self.wait().inspect_err(|_| self.signal(Signal::KILL))
    }

    fn wait(&self) -> Result<Option<i32>> {
        let begun = Instant::now();
        loop {
            if let Some(code) = self.ended()? {
                return Ok(code);
            }
            if begun.elapsed() > PATIENCE {
                bail!("the server does not end");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// `None` while it runs; then its exit code, if it has one.
    fn ended(&self) -> Result<Option<Option<i32>>> {
        match &self.0 {
            Life::Own(child) => Ok(lock(child).try_wait()?.map(|status| status.code())),
            Life::Told(folder) => {
                let text = fs::read_to_string(folder.join("ended")).unwrap_or_default();
                let code = text.strip_suffix('\n').map(str::parse::<i32>).transpose()?;
                Ok(code.map(|code| (code < 128).then_some(code)))
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = match &self.0 {
            Life::Own(child) => i32::try_from(lock(child).id()).ok(),
            Life::Told(folder) => fs::read_to_string(folder.join("pid")).ok().and_then(|text| text.trim().parse().ok()),
        };
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may end by itself meanwhile.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}
