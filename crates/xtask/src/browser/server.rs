//! A server that runs beside the scripts.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Bytes of its log that are told when something is wrong.
const TOLD: usize = 2_000;

/// The server, while it runs.
pub(super) struct Server {
    child: Child,
    said: Vec<String>,
    log: PathBuf,
}

impl Server {
    /// Starts `command`, and waits until it says `ready`; what it says goes to `log` as well. Errors: it does not.
    pub fn start(command: &mut Command, ready: &str, log: &Path) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut server = Self { child, said: Vec::new(), log: log.to_owned() };
        let mut file = File::create(log)?;
        let mut lines = BufReader::new(server.child.stderr.take().context("no output")?).lines().map_while(Result::ok);
        for line in lines.by_ref() {
            writeln!(file, "{line}")?;
            server.said.push(line);
            if server.said.last().is_some_and(|line| line.contains(ready)) {
                break;
            }
        }
        ensure!(server.said.last().is_some_and(|line| line.contains(ready)), "no server: {}", server.said.join("\n"));
        std::thread::spawn(move || {
            for line in lines {
                let _ = writeln!(file, "{line}");
            }
        });
        Ok(server)
    }

    /// The link by which the first account is made. Errors: it named none.
    pub fn link(&self) -> Result<String> {
        self.word("make the first at ").context("the server names no link")
    }

    /// Where its pages are. Errors: it did not say.
    pub fn port(&self) -> Result<u16> {
        let address = self.word("pages at https://").context("the server names no address")?;
        Ok(address.rsplit(':').next().unwrap_or_default().parse()?)
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.len().saturating_sub(TOLD);
        format!("the server's log: {}", log.get(from..).unwrap_or(&log))
    }

    /// Ends it in order. Errors: it does not end well.
    pub fn end(mut self) -> Result<()> {
        shell::run(Command::new("kill").arg(self.child.id().to_string()))?;
        let ended = self.child.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    fn word(&self, before: &str) -> Option<String> {
        self.said.iter().find_map(|line| line.split_once(before).map(|(_, word)| word.trim().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
