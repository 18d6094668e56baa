//! What each stage took: time by the clock, and of the processor.

use anyhow::Result;
use std::fs;
use std::time::Instant;

/// Ticks of `/proc/<pid>/stat` in a second (proc_pid_stat(5)): 100 on every Linux there is.
const TICKS: f64 = 100.0;

/// What one stage took.
pub struct Stage {
    /// What it did.
    pub name: &'static str,
    /// Seconds by the clock.
    pub seconds: f64,
    /// Seconds of the processor.
    pub cpu: f64,
}

/// Stages in their order.
#[derive(Default)]
pub struct Clock {
    /// They.
    pub stages: Vec<Stage>,
}

impl Clock {
    /// Does `work` and notes what it took.
    pub fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let (begun, before) = (Instant::now(), cpu());
        let done = work()?;
        self.stages.push(Stage { name, seconds: begun.elapsed().as_secs_f64(), cpu: cpu() - before });
        Ok(done)
    }

    /// Seconds by the clock of the stages called so, together.
    pub fn seconds(&self, names: &[&str]) -> f64 {
        self.stages.iter().filter(|stage| names.contains(&stage.name)).map(|stage| stage.seconds).sum()
    }
}

/// The most memory that was in use, as the kernel writes it.
pub fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("unknown").trim().to_owned()
}

/// Seconds of the processor that this program took so far.
pub fn cpu() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in brackets may hold spaces; user and system time are the twelfth and thirteenth field behind it.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}
