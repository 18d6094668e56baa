//! Steps of a long task: announced, timed, and summed up at the end, what was left out included.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// How a step ended.
pub enum Outcome {
    /// It was done; a remark may say what came out.
    Done(String),
    /// It could not be done here; the text says why and how to get what is missing.
    Skipped(String),
}

impl Outcome {
    /// Done, with nothing to remark.
    pub fn done() -> Self {
        Self::Done(String::new())
    }

    /// Prints what came out.
    pub fn say(&self) {
        match self {
            Self::Done(remark) => println!("{remark}"),
            Self::Skipped(why) => println!("skipped: {why}"),
        }
    }
}

/// The steps run so far.
#[derive(Default)]
pub struct Steps {
    lines: Vec<String>,
    skipped: usize,
}

impl Steps {
    /// Runs one step. Errors: those of the step, after the summary of all steps up to it.
    pub fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        println!("── {name}");
        let begin = Instant::now();
        let outcome = step();
        let time = begin.elapsed();
        match outcome {
            Ok(Outcome::Done(remark)) => self.note("✓", name, time, &remark),
            Ok(Outcome::Skipped(why)) => {
                self.skipped += 1;
                self.note("–", name, time, &format!("skipped: {why}"));
            }
            Err(error) => {
                self.note("✗", name, time, &format!("{error:#}"));
                self.sum_up();
                bail!("{name}: {error:#}");
            }
        }
        Ok(())
    }

    /// Prints every step with its time and remark.
    pub fn sum_up(&self) {
        println!("── summary");
        self.lines.iter().for_each(|line| println!("{line}"));
        match self.skipped {
            0 => {}
            1 => println!("One step was skipped: see – above."),
            n => println!("{n} steps were skipped: see – above."),
        }
    }

    fn note(&mut self, mark: &str, name: &str, time: Duration, remark: &str) {
        let line = format!("{mark} {name:<12} {:>7.1} s  {remark}", time.as_secs_f64());
        let line = line.trim_end().to_owned();
        println!("{line}");
        self.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn nothing_is_skipped_silently() {
        let mut steps = Steps::default();
        steps.run("one", || Ok(Outcome::done())).expect("done");
        steps.run("two", || Ok(Outcome::Skipped("no such program".to_owned()))).expect("skipped");
        let error = steps.run("three", || Err(anyhow!("broken"))).expect_err("fails");
        assert_eq!(error.to_string(), "three: broken");
        assert!(steps.lines[1].contains("skipped: no such program"), "{:?}", steps.lines);
        assert_eq!((steps.lines.len(), steps.skipped), (3, 1));
    }
}
