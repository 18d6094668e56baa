//! Filters as people write them: `type:"infusion pump" maker:Baxter last_seen>2026-01-01 -label:router 10.2.0.0/16`.
//!
//! | written | meant |
//! |---|---|
//! | `maker:Baxter`, `type:pump,monitor` | is it, is one of them |
//! | `maker:*`, `-maker:*` | says anything, says nothing |
//! | `name~icu`, `name^icu` | contains, starts with |
//! | `last_seen>2026-01-01`, `<`, `<=`, `>=` | numbers and times |
//! | `address:10.2.0.0/16`, `10.2.0.0/16`, `00:1b:21:3c:4d:5e` | addresses; an id alone means that device |
//! | `word`, `"two words"` | search |
//! | `a b`, `a AND b`, `a OR b`, `-a`, `NOT a`, `( )` | all, any, not; `OR` binds least |
//!
//! In quotes `\"` and `\\` stand for `"` and `\`. `*` alone means every device.

use super::filter::{Bound, Filter, Literal, Net};
use super::{Column, Kind};
use wardlight_model::{Id, Mac};

/// How deep parts may stand in parts.
const DEPTH: usize = 32;

/// Why a text is no filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {fault}")]
pub struct ParseFilterError {
    /// Which character, from 1.
    pub at: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a filter's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A test names a column that there is not.
    #[error("there is no column `{name}`{}; to search for it as text, put it in quotes", meant(*.near))]
    UnknownColumn {
        /// The name.
        name: String,
        /// The column whose name is most like it.
        near: Option<Column>,
    },
    /// The value does not fit the column.
    #[error("`{text}` is no value of `{}`, which {}", .column.name(), wants(*.column))]
    Value {
        /// The column.
        column: Column,
        /// The value.
        text: String,
    },
    /// The column does not allow this test.
    #[error("`{sign}` does not fit `{}`, which {}", .column.name(), wants(*.column))]
    Operator {
        /// The column.
        column: Column,
        /// How the test is written.
        sign: &'static str,
    },
    /// Something is expected here, and nothing stands here.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A quote or bracket that opens here is never closed.
    #[error("`{0}` is never closed")]
    Unclosed(char),
    /// A bracket is closed that was not opened, or a comma separates nothing.
    #[error("`{0}` does not belong here; put it in quotes to search for it")]
    Stray(char),
    /// Parts in parts in parts.
    #[error("more than 32 parts stand in each other; write it flatter")]
    TooDeep,
}

fn meant(near: Option<Column>) -> String {
    near.map(|column| format!(", perhaps `{}`", column.name())).unwrap_or_default()
}

fn wants(column: Column) -> &'static str {
    match column.kind() {
        Kind::Text | Kind::List if column.is_address() => {
            "takes addresses and networks, such as `:10.2.0.0/16` or `^10.2.`"
        }
        Kind::Text | Kind::List => "takes texts with `:`, `~` (contains) or `^` (starts with)",
        Kind::Number => "takes numbers with `:`, `<`, `<=`, `>` or `>=`",
        Kind::Time => "takes moments such as `2026-01-01` or `2026-01-01T12:00Z` with `:`, `<`, `<=`, `>` or `>=`",
        Kind::Flag => "takes `:yes` or `:no`",
    }
}

/// Reads a filter; blank text means every device.
///
/// # Errors
/// [`ParseFilterError`] says where the text is no filter, and why.
pub fn parse(text: &str) -> Result<Filter, ParseFilterError> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if parser.peek_word().is_none() {
        return Ok(Filter::All(Vec::new()));
    }
    let filter = parser.any()?;
    match parser.peek_word() {
        Some(c) => Err(parser.fault(parser.at, Fault::Stray(c))),
        None => Ok(filter),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// Bytes read.
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Filter, ParseFilterError> {
        let mut parts = vec![self.all()?];
        while self.keyword("OR") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, ParseFilterError> {
        let mut parts = vec![self.part()?];
        loop {
            let and = self.keyword("AND");
            let is_end = self.peek_word().is_none_or(|c| c == ')') || self.sees_keyword("OR");
            if is_end && !and {
                return Ok(single(parts, Filter::All));
            }
            parts.push(self.part()?);
        }
    }

    fn part(&mut self) -> Result<Filter, ParseFilterError> {
        let begin = self.skip_blanks();
        let is_not = self.keyword("NOT") || self.take("-");
        let is_group = !is_not && self.take("(");
        if !is_not && !is_group {
            return self.test();
        }
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.fault(begin, Fault::TooDeep));
        }
        let part = if is_not { Filter::Not(Box::new(self.part()?)) } else { self.any()? };
        self.skip_blanks();
        if is_group && !self.take(")") {
            let fault = self.peek().map_or(Fault::Unclosed('('), Fault::Stray);
            return Err(self.fault(if self.peek().is_some() { self.at } else { begin }, fault));
        }
        self.depth -= 1;
        Ok(part)
    }

    fn test(&mut self) -> Result<Filter, ParseFilterError> {
        let begin = self.skip_blanks();
        match self.peek() {
            None => return Err(self.fault(begin, Fault::Missing("a word or test"))),
            Some('"') => return Ok(Filter::Search(self.quoted()?)),
            Some(c @ (')' | ',')) => return Err(self.fault(begin, Fault::Stray(c))),
            Some(_) => {}
        }
        if self.sees_keyword("OR") || self.sees_keyword("AND") {
            return Err(self.fault(begin, Fault::Missing("a word or test before it")));
        }
        let word = self.run(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'));
        if let Some(filter) = address(word) {
            self.at += word.len();
            return Ok(filter);
        }
        let name = self.run(|c| !c.is_ascii_alphanumeric() && c != '_');
        let sign = word.get(name.len()..).and_then(|rest| rest.chars().next());
        if name.is_empty() || !matches!(sign, Some(':' | '~' | '^' | '<' | '>' | '=')) {
            self.at += word.len();
            return Ok(if word == "*" { Filter::All(Vec::new()) } else { Filter::Search(word.to_owned()) });
        }
        self.at += name.len();
        let column = Column::named(name).ok_or_else(|| {
            self.fault(begin, Fault::UnknownColumn { name: name.to_owned(), near: Column::nearest(name) })
        })?;
        self.operator(column)
    }

    fn operator(&mut self, column: Column) -> Result<Filter, ParseFilterError> {
        let begin = self.at;
        let is_text = matches!(column.kind(), Kind::Text | Kind::List);
        let is_ordered = matches!(column.kind(), Kind::Number | Kind::Time);
        for bound in [Bound::AtMost, Bound::AtLeast, Bound::Below, Bound::Above] {
            if self.take(bound.sign()) {
                self.fits(begin, column, bound.sign(), is_ordered)?;
                return Ok(Filter::Compare(column, bound, self.literal(column)?));
            }
        }
        if self.take("~") {
            self.fits(begin, column, "~", is_text)?;
            Ok(Filter::Contains(column, self.value()?))
        } else if self.take("^") {
            self.fits(begin, column, "^", is_text)?;
            Ok(Filter::Starts(column, self.value()?))
        } else {
            let _ = self.take(":") || self.take("=");
            self.values(column)
        }
    }

    /// What follows `column:`.
    fn values(&mut self, column: Column) -> Result<Filter, ParseFilterError> {
        if self.run(ends_value) == "*" {
            self.at += 1;
            return Ok(Filter::Present(column));
        }
        let (mut values, mut nets) = (Vec::new(), Vec::new());
        loop {
            let begin = self.at;
            if column.is_address() && self.peek() != Some('"') {
                let text = self.value()?;
                let net = Net::read(&text).ok_or_else(|| self.fault(begin, Fault::Value { column, text }))?;
                nets.push(Filter::Within(column, net));
            } else {
                values.push(self.literal(column)?);
            }
            if !self.take(",") {
                break;
            }
        }
        if !values.is_empty() {
            nets.push(Filter::Is(column, values));
        }
        Ok(single(nets, Filter::Any))
    }

    fn literal(&mut self, column: Column) -> Result<Literal, ParseFilterError> {
        let begin = self.at;
        let text = self.value()?;
        Literal::read(column.kind(), &text).ok_or_else(|| self.fault(begin, Fault::Value { column, text }))
    }

    fn value(&mut self) -> Result<String, ParseFilterError> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let value = self.run(ends_value);
        if value.is_empty() {
            return Err(self.fault(self.at, Fault::Missing("a value")));
        }
        self.at += value.len();
        Ok(value.to_owned())
    }

    fn quoted(&mut self) -> Result<String, ParseFilterError> {
        let begin = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = begin + at + 1;
                    return Ok(text);
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                _ => text.push(c),
            }
        }
        Err(self.fault(begin, Fault::Unclosed('"')))
    }

    fn fits(&self, at: usize, column: Column, sign: &'static str, fits: bool) -> Result<(), ParseFilterError> {
        if fits { Ok(()) } else { Err(self.fault(at, Fault::Operator { column, sign })) }
    }

    fn fault(&self, byte: usize, fault: Fault) -> ParseFilterError {
        let before = self.text.get(..byte).unwrap_or(self.text);
        ParseFilterError { at: before.chars().count() + 1, fault }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_word(&mut self) -> Option<char> {
        self.skip_blanks();
        self.peek()
    }

    fn skip_blanks(&mut self) -> usize {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at
    }

    fn take(&mut self, sign: &str) -> bool {
        let is_next = self.rest().starts_with(sign);
        self.at += if is_next { sign.len() } else { 0 };
        is_next
    }

    fn sees_keyword(&self, word: &str) -> bool {
        let ends = |rest: &str| rest.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'));
        self.rest().strip_prefix(word).is_some_and(ends)
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.skip_blanks();
        self.sees_keyword(word) && self.take(word)
    }

    /// What stands here up to the first character that ends it, or to the end.
    fn run(&self, is_end: impl Fn(char) -> bool) -> &'a str {
        self.rest().split(is_end).next().unwrap_or_default()
    }
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '(' | ')' | '"')
}

/// A lone address, network or id, which needs no column.
fn address(word: &str) -> Option<Filter> {
    if let Some(net) = Net::read(word) {
        return Some(Filter::Within(Column::Address, net));
    }
    if let Some(id) = word.parse::<Id>().ok().filter(|_| word.contains('-')) {
        return Some(Filter::Is(Column::Id, vec![Literal::Text(id.to_string().into())]));
    }
    let has_marks = word.contains([':', '-', '.']);
    let mac: Mac = word.parse().ok().filter(|_| has_marks)?;
    Some(Filter::Is(Column::Mac, vec![Literal::Text(mac.to_string().into())]))
}

/// The one part, or `many` of them.
fn single(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(part) if parts.is_empty() => part,
        Some(part) => {
            parts.push(part);
            many(parts)
        }
        None => many(parts),
    }
}

impl Column {
    /// The column whose name is at most two letters away from `name`.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        let away = |column: &Self| (distance(name, column.name()), *column);
        Self::ALL.iter().map(away).min().filter(|(away, _)| *away <= 2).map(|(_, column)| column)
    }
}

/// How many letters must be put in, taken out or replaced (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (n, x) in a.chars().enumerate() {
        let mut corner = n;
        let mut left = n + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.chars()) {
            let best = (corner + usize::from(x != y)).min(left + 1).min(*cell + 1);
            (corner, left, *cell) = (*cell, best, best);
        }
        row.iter_mut().take(1).for_each(|first| *first = n + 1);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    #[test]
    fn a_filter_is_read_as_it_is_meant() {
        for (text, meant) in [
            ("", "*"),
            (
                "type:\"infusion pump\" maker:Baxter last_seen>2026-01-01 -label:router 10.2.0.0/16",
                "(type:\"infusion pump\" maker:\"Baxter\" last_seen>2026-01-01T00:00:00.000000Z -label:\"router\" \
                 address:10.2.0.0/16)",
            ),
            ("a b OR c", "((\"a\" \"b\") OR \"c\")"),
            ("a AND (b OR NOT c)", "(\"a\" (\"b\" OR -\"c\"))"),
            ("--a", "--\"a\""),
            ("type:pump,\"x, y\" flows>=10 bytes<1e3", "(type:\"pump\",\"x, y\" flows>=10 bytes<1000)"),
            ("maker:* -maker:* name~icu name^\"a\\\"b\"", "(maker:* -maker:* name~\"icu\" name^\"a\\\"b\")"),
            ("00-1B-21-3C-4D-5E fe80::1", "(mac:\"00:1b:21:3c:4d:5e\" address:fe80::1/128)"),
            ("01890A5D-ac96-774b-bcce-b302099a8057", "id:\"01890a5d-ac96-774b-bcce-b302099a8057\""),
            ("address:10.0.0.1,10.1.0.0/16", "(address:10.0.0.1/32 OR address:10.1.0.0/16)"),
            ("is_router:yes unknown_type=no or ORB", "(is_router:yes unknown_type:no \"or\" \"ORB\")"),
            ("Dräger 心電計 x-ray", "(\"Dräger\" \"心電計\" \"x-ray\")"),
        ] {
            assert_eq!(shown(text), meant, "{text}");
            assert_eq!(shown(meant), meant, "what is written is read again");
        }
    }

    #[test]
    fn a_wrong_filter_says_where_and_how_to_mend_it() {
        for (text, at, what) in [
            ("ä makr:x", 3, "there is no column `makr`, perhaps `maker`; to search"),
            ("zzzzzzzz:x", 1, "there is no column `zzzzzzzz`; to search"),
            ("maker:", 7, "a value is missing"),
            ("type:a,", 8, "a value is missing"),
            ("flows>many", 7, "`many` is no value of `flows`, which takes numbers"),
            ("maker>5", 6, "`>` does not fit `maker`, which takes texts"),
            ("flows~5", 6, "`~` does not fit `flows`"),
            ("last_seen>soon", 11, "`soon` is no value of `last_seen`, which takes moments such as `2026-01-01`"),
            ("is_router:maybe", 11, "which takes `:yes` or `:no`"),
            ("address:10.2", 9, "`10.2` is no value of `address`, which takes addresses"),
            ("a (b OR c", 3, "`(` is never closed"),
            ("a \"b", 3, "`\"` is never closed"),
            ("a) b", 2, "`)` does not belong here"),
            ("a OR", 5, "a word or test is missing"),
            ("OR a", 1, "a word or test before it is missing"),
            ("()", 2, "`)` does not belong here"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.to_string().contains(what), "{text}: {error}");
        }
        let deep = "(".repeat(100_000);
        assert_eq!(parse(&deep), Err(ParseFilterError { at: 33, fault: Fault::TooDeep }));
    }
}
