//! Agreement counted, and disagreement by class: what they say, what we say.

use super::words::Words;
use super::{GOAL, Other, Said};
use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Whom, what they say, what we say.
type Class = (Other, String, String);

/// What was compared.
#[derive(Default)]
pub(super) struct Classes {
    /// Conversations of which the other named a protocol, and those of them on which we agree.
    judged: BTreeMap<Other, [u64; 2]>,
    /// Where those are that differ so.
    differ: BTreeMap<Class, Vec<String>>,
}

/// Classes that are understood.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explained {
    class: Vec<Reason>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    with: String,
    theirs: String,
    ours: String,
    /// How many conversations at most.
    most: usize,
    /// Why.
    why: String,
}

impl Classes {
    /// Takes in what both say of the conversations in `file`.
    pub(super) fn compare(&mut self, other: Other, ours: &Said, theirs: &Said, words: &Words, file: &str) {
        let none = BTreeSet::from(["no conversation".to_owned()]);
        for (ends, names) in theirs {
            let spoken = words.spoken(other, names);
            if spoken.is_empty() {
                continue;
            }
            let ours = ours.get(ends).unwrap_or(&none);
            let [judged, agreed] = self.judged.entry(other).or_default();
            *judged += 1;
            if words.agree(other, ours, &spoken) {
                *agreed += 1;
                continue;
            }
            let joined = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            let class = (other, joined(&spoken), joined(ours));
            self.differ.entry(class).or_default().push(example(file, ends));
        }
    }

    /// Prints it, with one conversation of each class that is not explained; with all of every class when `shows_all`. Errors: a class is not explained or is larger than explained, or too few agree.
    pub(super) fn judge(&self, explained: &Path, shows_all: bool) -> Result<()> {
        let text = fs::read_to_string(explained).with_context(|| explained.display().to_string())?;
        let known: Explained = toml::from_str(&text).with_context(|| explained.display().to_string())?;
        let reason = |(other, theirs, ours): &Class| {
            known.class.iter().find(|one| one.with == other.name() && one.theirs == *theirs && one.ours == *ours)
        };
        let (mut open, mut few) = (0, Vec::new());
        for (class, all) in &self.differ {
            let count = all.len();
            let is_known = reason(class).is_some_and(|reason| count <= reason.most && !reason.why.is_empty());
            let (other, theirs, ours) = class;
            open += usize::from(!is_known);
            if shows_all || !is_known {
                let mark = if is_known { ' ' } else { '✗' };
                let shown = all.get(..if shows_all { count } else { 1 }).unwrap_or_default().join("\n      ");
                println!("{mark} {} says {theirs}, we say {ours}: {count}, such as\n      {shown}", other.name());
            }
        }
        for (other, [judged, agreed]) in &self.judged {
            #[expect(clippy::cast_precision_loss, reason = "counts of conversations are far below 2^52")]
            let share = *agreed as f64 / (*judged).max(1) as f64;
            println!("{}: {agreed} of {judged} conversations, {:.1} %", other.name(), share * 100.0);
            few.extend((share < GOAL).then_some(other.name()));
        }
        for unneeded in known
            .class
            .iter()
            .filter(|one| !self.differ.keys().any(|class| reason(class).is_some_and(|found| std::ptr::eq(found, *one))))
        {
            println!("  not needed any more: {} says {}, we say {}", unneeded.with, unneeded.theirs, unneeded.ours);
        }
        ensure!(open == 0, "{open} classes of disagreement are not explained in {}", explained.display());
        ensure!(few.is_empty(), "fewer than {:.0} % agree with {}", GOAL * 100.0, few.join(" and "));
        Ok(())
    }
}

fn example(file: &str, (is_tcp, one, other): &super::Ends) -> String {
    let by = if *is_tcp { "tcp" } else { "udp" };
    format!("{file} {by} {}:{} {}:{}", one.0, one.1, other.0, other.1)
}
