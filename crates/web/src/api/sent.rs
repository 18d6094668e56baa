//! What a program sent with its request: the pairs of a query string, and how many rows it wants from where.

use crate::answer::{Problem, Wrong};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

/// Most rows of one answer.
pub const MOST: usize = 1000;
/// Rows of one answer when nothing is said.
const USUAL: usize = 100;

/// The pairs of a query string, in its order.
pub struct Pairs(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        pairs.map(|Query(pairs)| Self(pairs)).map_err(|error| Wrong::Senseless(error.body_text()).into())
    }
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The mark that the part before it ended with.
    pub after: Option<String>,
    /// Most rows.
    pub limit: usize,
}

impl Pairs {
    /// The part of a list, and the pairs that are left. Errors: a name that is neither of these nor in `names`, a number
    /// that is none, or a name twice that stands once.
    pub fn part(self, names: &[&str]) -> Result<(Part, Vec<(String, String)>), Wrong> {
        let mut part = Part { after: None, limit: USUAL };
        let mut seen: Vec<&str> = Vec::new();
        let mut rest = Vec::new();
        for (name, value) in self.0 {
            match name.as_str() {
                "limit" => part.limit = limit(&value)?,
                "after" => part.after = Some(value),
                other if names.contains(&other) => {
                    rest.push((name, value));
                    continue;
                }
                other => return Err(unknown(other, names)),
            }
            let once = if name == "limit" { "limit" } else { "after" };
            if seen.contains(&once) {
                return Err(Wrong::Senseless(format!("`{once}` is said twice.")));
            }
            seen.push(once);
        }
        Ok((part, rest))
    }

    /// Errors: anything is asked.
    pub fn none(self) -> Result<(), Wrong> {
        self.0.first().map_or(Ok(()), |(name, _)| {
            Err(Wrong::Senseless(format!("`{}` is asked here; nothing can be.", shown(name))))
        })
    }
}

fn limit(value: &str) -> Result<usize, Wrong> {
    let limit = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit())).map(str::parse);
    let limit = limit.and_then(Result::ok).filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| Wrong::Senseless(format!("`limit` is a whole number from 1 to {MOST}.")))
}

fn unknown(name: &str, names: &[&str]) -> Wrong {
    let all: Vec<&str> = names.iter().copied().chain(["limit", "after"]).collect();
    Wrong::Senseless(format!("`{}` is none of {}.", shown(name), all.join(", ")))
}

/// The beginning of a name that somebody sent.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The next mark of a list of which `all` were found, one more than the `limit` when there are more; the rows to show.
#[must_use]
pub fn cut<T>(mut all: Vec<T>, limit: usize, mark: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let has_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| has_more).map(mark);
    (all, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(pairs: &[(&str, &str)]) -> Result<Part, Wrong> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Pairs(pairs).part(&["q"]).map(|(part, _)| part)
    }

    #[test]
    fn a_part_has_bounds_and_nothing_unknown_is_passed_over() {
        assert_eq!(part(&[]).unwrap(), Part { after: None, limit: USUAL });
        assert_eq!(part(&[("limit", "1000"), ("q", "a"), ("q", "b")]).unwrap().limit, 1000);
        for wrong in [("limit", "0"), ("limit", "1001"), ("limit", "+5"), ("limit", ""), ("offset", "3")] {
            assert!(matches!(part(&[wrong]), Err(Wrong::Senseless(_))), "{wrong:?}");
        }
        assert!(part(&[("limit", "5"), ("limit", "6")]).is_err());
    }

    #[test]
    fn a_mark_is_given_only_when_there_is_more() {
        assert_eq!(cut(vec![1, 2, 3], 2, i32::to_string), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(cut(vec![1, 2], 2, i32::to_string), (vec![1, 2], None));
    }
}
