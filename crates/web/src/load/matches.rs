//! Why records are taken for one device, and which pairs wait for a person.

use crate::part::words::{named, percent};
use wardlight_inventory::resolve::{Asset, Bar, By, Question, Why};
use wardlight_model::{AssetField, Id};

/// Why a member is part of its asset, in words; empty for the first.
#[must_use]
pub fn reason(by: Option<&By>) -> String {
    match by {
        None => String::new(),
        Some(By::Person) => "a person said so".to_owned(),
        Some(By::Score(score)) => {
            let reasons: Vec<String> = score.reasons.iter().map(ToString::to_string).collect();
            named(&format!("{}: {}", percent(score.probability), reasons.join("; ")))
        }
    }
}

/// What people call the member `id` of `asset`.
#[must_use]
pub fn member_name(asset: Option<&Asset>, id: Id) -> String {
    let Some(asset) = asset else { return id.to_string() };
    let shown = asset.shown(AssetField::Name).or_else(|| asset.shown(AssetField::Model)).unwrap_or_default();
    let of = asset.members.iter().find(|member| member.id == id);
    let [source, key] = of.map_or(["", ""], |member| [&*member.source, &*member.key]);
    named([source, key, shown].join(" ").trim())
}

/// Why a pair waits for a person.
#[must_use]
pub const fn asked_because(why: Why) -> &'static str {
    match why {
        Why::Unsure => "too little speaks for it",
        Why::Tied => "another answer is about as likely, and both cannot be",
        Why::Barred(Bar::Decided) => "somebody decided otherwise",
        Why::Barred(Bar::Nested) => "one speaks for the other",
        Why::Barred(Bar::Retired) => "one is listed as gone when the other saw it",
        Why::Barred(Bar::Serials) => "their serial numbers differ",
        Why::Barred(Bar::Tags) => "one source gave them different asset tags",
    }
}

/// Up to `limit` of `questions` that come behind `after`, likeliest first, then by their two ids; and how many there are.
#[must_use]
pub fn questions(questions: &[Question], after: Option<Place>, limit: usize) -> Vec<&Question> {
    let mut found: Vec<&Question> =
        questions.iter().filter(|question| after.is_none_or(|after| Place::of(question) > after)).collect();
    if limit < found.len() {
        found.select_nth_unstable_by_key(limit, |question| Place::of(question));
        found.truncate(limit);
    }
    found.sort_unstable_by_key(|question| Place::of(question));
    found
}

/// Where a pair stands among all: what sorts first is likelier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The bits of how unlikely it is.
    pub doubt: u64,
    /// The two ids.
    pub ends: [Id; 2],
}

impl Place {
    /// The place of `question`.
    #[must_use]
    pub fn of(question: &Question) -> Self {
        // Bits of numbers that are not negative sort as the numbers do.
        let doubt = (1.0 - question.score.probability).max(0.0).to_bits();
        Self { doubt, ends: [question.a, question.b] }
    }
}
