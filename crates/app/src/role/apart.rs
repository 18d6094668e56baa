//! The sensor as a process of its own beside the server: it reads hostile bytes, so that it may crash, and crashes alone.
//!
//! In: the arguments of this program. Out: a child that is this program as a sensor, started again when it dies, with growing
//! pauses; how often it died. It dies with its parent, and goes on where its spool ends.

use super::Stop;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The first pause after a crash, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(30)];
/// A child that lived so long did not crash at once.
const STEADY: Duration = Duration::from_secs(60);
/// How often it is looked whether the child lives.
const LOOK: Duration = Duration::from_millis(50);
/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(10);
/// Crashes after which one that shall end by itself is given up.
const MOST: u64 = 5;

/// How the child does.
#[derive(Debug, Default)]
pub struct Fate {
    /// Times that it died of something.
    pub crashes: AtomicU64,
    /// Whether it read all that it should, and ended.
    pub is_done: AtomicBool,
}

/// Keeps a sensor running until `stop`; with `once`, until it has read everything. Its exit code. Errors: it cannot be
/// started.
pub fn keep(once: bool, fate: &Fate, stop: &Stop) -> anyhow::Result<ExitCode> {
    let mut pause = PAUSES[0];
    loop {
        let (mut child, begun) = (start()?, Instant::now());
        let Some(status) = watch(&mut child, stop)? else {
            end(&mut child)?;
            return Ok(ExitCode::SUCCESS);
        };
        if let Some(code) = status.code()
            && (once || stop.is_wanted())
        {
            fate.is_done.store(true, Ordering::SeqCst);
            return Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)));
        }
        let crashes = fate.crashes.fetch_add(1, Ordering::SeqCst) + 1;
        anyhow::ensure!(!once || crashes < MOST, "the sensor {}, {MOST} times", how(status));
        if begun.elapsed() > STEADY {
            pause = PAUSES[0];
        }
        eprintln!("wardlight: the sensor {}; it is started again in {} ms", how(status), pause.as_millis());
        stop.wait(pause);
        if stop.is_wanted() {
            return Ok(ExitCode::SUCCESS);
        }
        pause = pause.saturating_mul(2).min(PAUSES[1]);
    }
}

/// This very program, as it was called, as a sensor.
fn start() -> anyhow::Result<Child> {
    let own = std::env::args_os().skip(1);
    let as_sensor = ["--role", "sensor", "--beside"].map(OsString::from);
    // The file itself may have been replaced since.
    let mut command = Command::new("/proc/self/exe");
    Ok(command.args(own).args(as_sensor).stdin(Stdio::null()).spawn()?)
}

/// Waits until the child ends, or until `stop`: then `None`.
fn watch(child: &mut Child, stop: &Stop) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if stop.is_wanted() {
            return Ok(None);
        }
        stop.wait(LOOK);
    }
}

/// Tells it to end, and sees to it.
fn end(child: &mut Child) -> anyhow::Result<()> {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > GRACE {
            child.kill()?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("died of signal {signal}"),
        (None, code) => format!("ended with code {}", code.unwrap_or_default()),
    }
}
