//! What was lately found in one snapshot: a page lists, counts and sorts out values of the same devices many times, and
//! who opens it next asks for the same.

use super::block::Mask;
use super::query::Facets;
use super::{Column, Filter};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers kept of each sort: those of a few pages. One takes 32 bytes for 256 devices, or a few values.
const KEPT: usize = 128;

/// Answers of one snapshot, which never change.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// For each filter the slots of every block that meet it.
    pub(super) selections: Recent<Filter, Arc<[Mask]>>,
    /// For each filter, column and limit the values.
    pub(super) facets: Recent<(Filter, Column, usize), Facets>,
}

/// The answers asked for last.
#[derive(Debug)]
pub(super) struct Recent<K, V>(Mutex<VecDeque<(K, V)>>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    /// The answer to `question`, which is found by `find` when it was not asked lately. No lock is held meanwhile: who asks
    /// the same at the same time finds it too.
    pub(super) fn get(&self, question: K, find: impl FnOnce(&K) -> V) -> V {
        if let Some(answer) = self.recall(&question) {
            return answer;
        }
        let answer = find(&question);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= KEPT {
            held.pop_front();
        }
        held.push_back((question, answer.clone()));
        answer
    }

    fn recall(&self, question: &K) -> Option<V> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = held.iter().rposition(|(other, _)| other == question)?;
        let known = held.remove(place)?;
        let answer = known.1.clone();
        held.push_back(known);
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once_until_too_many_others_were_asked_for() {
        let recent = Recent::default();
        let mut found = Vec::new();
        let mut ask = |question: usize| {
            assert_eq!(
                recent.get(question, |question| {
                    found.push(*question);
                    question * 2
                }),
                question * 2
            );
        };
        (0..KEPT).for_each(&mut ask);
        ask(0);
        ask(KEPT);
        ask(0);
        ask(1);
        let wanted: Vec<usize> = (0..=KEPT).chain([1]).collect();
        assert_eq!(found, wanted, "what was asked for last is kept");
    }
}
