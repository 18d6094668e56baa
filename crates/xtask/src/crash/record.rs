//! Runs that are recorded call by call, and what was recorded.

use super::bed::{Bed, Server};
use super::trace::{self, CALLS, Call, HARMLESS, HIDDEN};
use super::wire::{self, Sent};
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the recorder, or a program that it records, may take to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// How something is recorded.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    /// The folder of traces.
    pub folder: PathBuf,
    /// Whether each call is recorded with the function it was made in, which takes ten times as long.
    pub with_stacks: bool,
}

/// What was recorded.
pub(super) struct Run {
    /// Where its text lies.
    pub path: PathBuf,
    /// Its calls.
    pub calls: Vec<Call>,
    /// Lines of its text.
    pub lines: usize,
    /// Whether it was killed.
    pub is_killed: bool,
}

impl Recorder {
    /// Records a server of `bed` that takes what waits in `sent`, and is then told to end. `kill` is the call at which
    /// it is killed before, as `strace` names it. Errors: it does not end as it should, unless it may be killed.
    pub fn serve(&self, bed: &Bed, name: &str, sent: &mut Sent, kill: Option<&str>) -> Result<Run> {
        let path = self.folder.join(format!("{name}.trace"));
        let mut words = self.words(&path);
        match kill {
            Some(call) => words.extend(["-e".to_owned(), format!("inject={call}:signal=SIGKILL")]),
            // It is faster so, but then no call is cut off.
            None => words.push("--seccomp-bpf".to_owned()),
        }
        let server = bed.start(&words)?;
        let is_all = wire::send(&bed.socket(), sent, || server.is_alive(), || {})?;
        if is_all && server.is_alive() {
            bed.committed(&server, sent).or_else(|error| if kill.is_some() { Ok(()) } else { Err(error) })?;
        }
        let ended = server.stop()?;
        ensure!(kill.is_some() || is_all && ended == Some(0), "the recorded server ended: {}", bed.said());
        Ok(Run { is_killed: ended.is_none(), ..Run::read(&path)? })
    }

    /// Records the program of `bed` with `words`. Errors: it fails.
    pub fn run(&self, bed: &Bed, name: &str, words: &[&str]) -> Result<Run> {
        let path = self.folder.join(format!("{name}.trace"));
        let traced = [self.words(&path), vec!["--seccomp-bpf".to_owned()]].concat();
        let status = bed.command(&traced, words)?.status().context("cannot start strace")?;
        ensure!(status.success(), "{words:?} to be recorded ended with {status}: {}", bed.said());
        Run::read(&path)
    }

    /// A stage on which several programs of `bed` are recorded.
    pub fn stage<'a>(&self, bed: &'a Bed, name: &str) -> Result<Stage<'a>> {
        let path = self.folder.join(format!("{name}.trace"));
        let mut shell = Command::new("strace");
        shell.args(self.words(&path)).args(["--seccomp-bpf", "sh"]);
        shell.env("W", &bed.setting().program).env("B", bed.path()).env("C", bed.config());
        let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("cannot start strace")?;
        let input = shell.stdin.take();
        Ok(Stage { bed, path, shell, input })
    }

    /// What `strace` is told to record to `path`.
    pub fn words(&self, path: &Path) -> Vec<String> {
        let what = match self.with_stacks {
            true => {
                format!("trace={CALLS},mmap,creat,writev,pwritev,pwritev2,renameat,symlink,symlinkat,truncate,{HIDDEN}")
            }
            false => format!("trace=!{HARMLESS}"),
        };
        let out = path.display().to_string();
        let hidden = format!("inject={HIDDEN}:error=ENOSYS");
        let words = ["-D", "-f", "-q", "-y", "-xx", "-s", "100000000", "-o", &out];
        let words = [&words[..], &["-e", &what, "-e", &hidden]].concat();
        words.into_iter().chain(self.with_stacks.then_some("-k")).map(str::to_owned).collect()
    }
}

impl Run {
    /// The run whose trace is written to `path`, once the recorder is done with it.
    pub fn read(path: &Path) -> Result<Self> {
        let begun = Instant::now();
        // The tracer is not our child.
        let text = loop {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            if is_whole(&text) {
                break text;
            }
            ensure!(begun.elapsed() < PATIENCE, "{}: the recorder does not end", path.display());
            std::thread::sleep(Duration::from_millis(5));
        };
        let calls = trace::read(&text);
        ensure!(!calls.is_empty(), "{}: no call was recorded", path.display());
        Ok(Self { path: path.to_owned(), lines: text.lines().count(), calls, is_killed: false })
    }
}

/// Whether every thread in the trace has come to its end. The first need not be the last to do so.
fn is_whole(trace: &str) -> bool {
    let is_end = |rest: &str| rest.trim_start().starts_with("+++");
    let lines = || trace.lines().filter_map(|line| line.split_once(' '));
    if !lines().next_back().is_some_and(|(_, rest)| is_end(rest)) {
        return false;
    }
    let mut under_way = BTreeSet::new();
    for (thread, rest) in lines() {
        if is_end(rest) {
            under_way.remove(thread)
        } else {
            under_way.insert(thread)
        };
    }
    under_way.is_empty()
}

/// A shell that is recorded with all that it starts.
pub(super) struct Stage<'a> {
    bed: &'a Bed,
    path: PathBuf,
    shell: Child,
    input: Option<std::process::ChildStdin>,
}

impl Stage<'_> {
    /// Starts the server.
    pub fn serve(&mut self) -> Result<Server> {
        self.say(
            "(sh -c 'echo $$ >\"$B/pid\"; exec \"$W\" run --config \"$C\" --role server' >/dev/null 2>>\"$B/log\"; \
             echo $? >\"$B/ended\") &",
        )?;
        Ok(Server::told(self.bed.path()))
    }

    /// Runs the program with `words` to its end. Errors: it fails.
    pub fn run(&mut self, words: &str) -> Result<()> {
        let done = self.bed.path().join("done");
        self.say(&format!("\"$W\" {words} --config \"$C\" >>\"$B/told\" 2>>\"$B/log\"; echo $? >\"$B/done\""))?;
        let begun = Instant::now();
        loop {
            match fs::read_to_string(&done).unwrap_or_default().as_str() {
                "0\n" => break,
                text if text.ends_with('\n') => bail!("`{words}` ended with {}: {}", text.trim(), self.bed.said()),
                _ if begun.elapsed() > PATIENCE => bail!("`{words}` does not end"),
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        Ok(fs::remove_file(done)?)
    }

    /// Ends the shell, and gives what was recorded.
    pub fn close(mut self) -> Result<Run> {
        self.input = None;
        self.shell.wait()?;
        Run::read(&self.path)
    }

    fn say(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the shell is closed")?;
        Ok(writeln!(input, "{line}")?)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_whole_once_every_thread_has_ended() {
        let (begun, one, other) =
            ("7 clone() = 8\n8 write(1) = 2\n", "7 +++ exited with 0 +++\n", "8 +++ killed by SIGKILL +++\n");
        for whole in [[begun, one, other], [begun, other, one]] {
            assert!(is_whole(&whole.concat()));
        }
        for half in [&[][..], &[begun], &[begun, one], &[begun, other], &[begun, one, "8 write(1) = 2\n"]] {
            assert!(!is_whole(&half.concat()), "{half:?}");
        }
    }
}
