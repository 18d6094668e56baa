//! Which of several answers to one field is shown, and which contradict each other.
//!
//! Every source's answer is kept with its time and confidence. The one with the highest worth is shown: trust in the kind
//! of source for this field, times confidence, halved with age.

use super::rules::{Rules, SourceKind};
use super::slip::undecorated;
use crate::Knowledge;
use crate::maker::fold;
use wardlight_model::{AssetField, Form, Id, Time, bare};

/// The second answer must be worth this share of the first for the two to be a dispute.
const RIVAL: f64 = 0.5;

/// One source's answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Answer {
    /// What it says.
    pub value: String,
    /// Who says it; `network` is the wire itself.
    pub source: String,
    /// What kind of system that is.
    pub kind: SourceKind,
    /// The member whose answer it is.
    pub member: Id,
    /// When it was so.
    pub time: Time,
    /// How sure the source is.
    pub confidence: f64,
    /// What it is worth now.
    pub worth: f64,
}

/// One field with every answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Held {
    /// Which field.
    #[serde(serialize_with = "super::asset::name_of")]
    pub field: AssetField,
    /// The answers, the best first.
    pub answers: Vec<Answer>,
    /// Whether a good answer contradicts the best: work for somebody.
    pub is_disputed: bool,
}

impl Held {
    /// The value shown.
    #[must_use]
    pub fn shown(&self) -> Option<&str> {
        self.answers.first().map(|answer| answer.value.as_str())
    }
}

/// Weighs the answers of one asset, by field.
pub(super) struct Choice<'a> {
    pub(super) rules: &'a Rules,
    pub(super) knowledge: &'a Knowledge,
    pub(super) now: Time,
}

impl Choice<'_> {
    /// What an answer to `field` is worth now, to four places.
    pub(super) fn worth(&self, field: AssetField, kind: SourceKind, confidence: f64, time: Time) -> f64 {
        let worth = self.rules.precedence(field).map_or(0.0, |rule| rule.worth(kind, confidence, self.now.since(time)));
        (worth * 1e4).round() / 1e4
    }

    /// Orders the answers by worth and finds disputes. Of the same value, only each member's best stays.
    pub(super) fn held(&self, field: AssetField, mut answers: Vec<Answer>) -> Held {
        answers.sort_by(|a, b| {
            let rank = b.worth.total_cmp(&a.worth).then(b.time.cmp(&a.time));
            rank.then_with(|| (&a.source, &a.value, a.member).cmp(&(&b.source, &b.value, b.member)))
        });
        // Most have one answer, and there are very many of them.
        let mut kept: Vec<Answer> = Vec::with_capacity(1);
        for answer in answers {
            if !kept.iter().any(|other| other.member == answer.member && other.value == answer.value) {
                kept.push(answer);
            }
        }
        kept.shrink_to_fit();
        let is_disputed = self.is_disputed(field, &kept);
        Held { field, answers: kept, is_disputed }
    }

    fn is_disputed(&self, field: AssetField, answers: &[Answer]) -> bool {
        let is_asked = self.rules.precedence(field).is_some_and(|rule| rule.disputed) && !field.is_many();
        let Some((best, others)) = answers.split_first().filter(|_| is_asked) else { return false };
        let mut rivals = others.iter().filter(|other| other.member != best.member && other.worth >= RIVAL * best.worth);
        rivals.any(|rival| !self.is_same(field, &best.value, &rival.value))
    }

    /// Whether two values of `field` mean the same.
    pub(super) fn is_same(&self, field: AssetField, a: &str, b: &str) -> bool {
        let either = |test: &dyn Fn(&str, &str) -> bool| test(a, b) || test(b, a);
        match field {
            AssetField::Maker => fold(self.knowledge.makers.normal(a)) == fold(self.knowledge.makers.normal(b)),
            AssetField::Model => either(&|a, b| super::score::is_part(&fold(a), &fold(b))),
            AssetField::Type => match (self.r#type(a), self.r#type(b)) {
                (Some(a), Some(b)) => self.knowledge.types.is_kind_of(a, b) || self.knowledge.types.is_kind_of(b, a),
                // What is not understood contradicts nothing.
                _ => true,
            },
            _ if field.form() == Form::Identifier => undecorated(&bare(a)) == undecorated(&bare(b)),
            _ => fold(a) == fold(b),
        }
    }

    /// The type of our vocabulary that `text` is or means.
    pub(super) fn r#type<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        if self.knowledge.types.knows(text) { Some(text) } else { self.knowledge.phrases.meaning(text) }
    }
}
