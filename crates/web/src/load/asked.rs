//! What a list of devices was asked for: everything that its address says, and nothing else.
//!
//! In: the pairs of a query string. Out: the same as a question to the projection, and addresses of lists that differ from
//! it in one thing. `q` searches, `sort` names a column (`-` before it turns it round), `col` is a column shown, `facet` one
//! to choose values of, `sure` a band of confidence, `from` how many rows to pass over; every other name is a column whose
//! value is asked for, `-` for *not known*.

use crate::part::sure::Sure;
use crate::part::words::encoded;
use std::fmt::Write as _;
use wardlight_store::projection::{Column, Filter, Kind, Literal, Query, Sort, parse};

/// Rows of one page.
pub const ROWS: usize = 25;
/// Things that one address may ask for.
const PAIRS: usize = 96;
/// Stands for *not known* in an address.
pub const ABSENT: &str = "-";

/// Why an address asks for nothing, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Senseless(pub String);

/// The question.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asked {
    /// Words, or a filter as [`parse`] reads it.
    pub search: String,
    /// Values asked for, in the address's order.
    pub picks: Vec<(Column, String)>,
    /// Bands of confidence asked for.
    pub sure: Vec<Sure>,
    /// What it is sorted by; by name without it.
    pub sort: Option<(Column, bool)>,
    /// Columns shown; the usual ones when there are none.
    pub columns: Vec<Column>,
    /// Columns besides the usual ones whose values are offered.
    pub facets: Vec<Column>,
    /// Rows to pass over.
    pub from: usize,
    /// The devices that the asker may see; all without it. No address says it.
    pub bound: Option<Filter>,
}

impl Asked {
    /// Reads the pairs of an address. Errors: one names no column, or is no number.
    pub fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Senseless> {
        let mut asked = Self::default();
        for (at, (name, value)) in pairs.into_iter().enumerate() {
            if at >= PAIRS {
                return Err(Senseless(format!("an address asks for {PAIRS} things at most")));
            }
            match name {
                "q" => value.trim().clone_into(&mut asked.search),
                "sort" => asked.sort = Some(sorted(value)?),
                "col" => put(&mut asked.columns, column(value)?),
                "facet" => put(&mut asked.facets, column(value)?),
                "sure" => asked.sure.push(band(value)?),
                "from" => asked.from = value.parse().map_err(|_| Senseless(format!("`from={value}` is no number")))?,
                "page" | "format" => {}
                other => asked.picks.push((column(other)?, value.to_owned())),
            }
        }
        Ok(asked)
    }

    /// Whether anything in it says with whom devices talk. Errors: as [`Self::filter`].
    pub fn asks_for_traffic(&self) -> Result<bool, Senseless> {
        let shown = self.columns.iter().chain(&self.facets).chain(self.sort.as_ref().map(|(column, _)| column));
        Ok(shown.copied().any(Column::is_traffic) || asks_for_traffic(&self.filter(None)?))
    }

    /// The devices asked for; `but` leaves out what is chosen of one column. Errors: the search is no filter.
    pub fn filter(&self, but: Option<Column>) -> Result<Filter, Senseless> {
        let mut all = vec![parse(&self.search).map_err(|error| {
            Senseless(format!("the search cannot be understood {error}; put words with signs in quotes"))
        })?];
        let mut columns: Vec<Column> = self.picks.iter().map(|(column, _)| *column).collect();
        columns.sort_unstable();
        columns.dedup();
        all.extend(columns.into_iter().filter(|column| Some(*column) != but).map(|column| self.chosen(column)));
        if !self.sure.is_empty() && but != Some(Column::TypeConfidence) {
            all.push(Filter::Any(self.sure.iter().map(|sure| sure.filter()).collect()));
        }
        all.extend(self.bound.clone());
        Ok(Filter::All(all))
    }

    /// What is chosen of `column`: any of its values.
    fn chosen(&self, column: Column) -> Filter {
        let values = self.picks.iter().filter(|(of, _)| *of == column).map(|(_, value)| value.as_str());
        Filter::Any(
            values
                .map(|value| match Literal::read(column.kind(), value) {
                    _ if value == ABSENT => Filter::Not(Box::new(Filter::Present(column))),
                    Some(literal) => Filter::Is(column, vec![literal]),
                    // A value that the column cannot have is none's.
                    None => Filter::Any(Vec::new()),
                })
                .collect(),
        )
    }

    /// The question to the projection, for `rows` rows. Errors: as [`Self::filter`].
    pub fn query(&self, rows: usize) -> Result<Query, Senseless> {
        let (column, is_descending) = self.sort.unwrap_or((Column::Name, false));
        Ok(Query {
            filter: self.filter(None)?,
            sort: vec![Sort { column, is_descending }],
            offset: self.from,
            limit: rows,
        })
    }

    /// Whether `value` of `column` is chosen.
    #[must_use]
    pub fn has(&self, column: Column, value: &str) -> bool {
        self.picks.iter().any(|(of, chosen)| *of == column && chosen.to_lowercase() == value.to_lowercase())
    }

    /// The same from the first row on.
    #[must_use]
    pub fn anew(&self) -> Self {
        Self { from: 0, ..self.clone() }
    }

    /// Sorted by `column`; the other way round when it is already.
    #[must_use]
    pub fn sorted_by(&self, column: Column) -> Self {
        let is_descending = match self.sort {
            Some((by, is_descending)) if by == column => !is_descending,
            _ => matches!(column.kind(), Kind::Number | Kind::Time),
        };
        Self { sort: Some((column, is_descending)), ..self.anew() }
    }

    /// Without one chosen value.
    #[must_use]
    pub fn without(&self, column: Column, value: &str) -> Self {
        let mut asked = self.anew();
        asked.picks.retain(|(of, chosen)| !(*of == column && chosen == value));
        asked
    }

    /// Its query string, without the question mark.
    #[must_use]
    pub fn address(&self) -> String {
        let mut out = String::new();
        for (name, value) in self.pairs() {
            let _ = write!(out, "{}{name}={}", if out.is_empty() { "" } else { "&" }, encoded(&value));
        }
        out
    }

    /// What a form keeps of it, from the first row on, that asks for the pairs of these names itself.
    #[must_use]
    pub fn kept(&self, own: &[&str]) -> Vec<(&'static str, String)> {
        let mut pairs = self.anew().pairs();
        pairs.retain(|(name, _)| !own.contains(name));
        pairs
    }

    /// The same for the form of filters, which asks for every value itself.
    #[must_use]
    pub fn kept_beside_filters(&self) -> Vec<(&'static str, String)> {
        Self { picks: Vec::new(), sure: Vec::new(), ..self.clone() }.kept(&[])
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        let mut put = |name: &'static str, value: &str| pairs.push((name, value.to_owned()));
        if !self.search.is_empty() {
            put("q", &self.search);
        }
        self.picks.iter().for_each(|(column, value)| put(column.name(), value));
        self.sure.iter().for_each(|sure| put("sure", sure.name()));
        if let Some((column, is_descending)) = self.sort {
            put("sort", &format!("{}{}", if is_descending { "-" } else { "" }, column.name()));
        }
        self.columns.iter().for_each(|column| put("col", column.name()));
        self.facets.iter().for_each(|column| put("facet", column.name()));
        if self.from > 0 {
            put("from", &self.from.to_string());
        }
        pairs
    }
}

/// Adds `column`, once.
fn put(columns: &mut Vec<Column>, column: Column) {
    if !columns.contains(&column) {
        columns.push(column);
    }
}

/// Whether `filter` asks with whom devices talk.
fn asks_for_traffic(filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(asks_for_traffic),
        Filter::Not(part) => asks_for_traffic(part),
        Filter::Is(column, _)
        | Filter::Contains(column, _)
        | Filter::Starts(column, _)
        | Filter::Within(column, _)
        | Filter::Compare(column, ..)
        | Filter::Present(column) => column.is_traffic(),
        Filter::Search(_) => false,
    }
}

fn band(name: &str) -> Result<Sure, Senseless> {
    let found = Sure::ALL.into_iter().find(|sure| sure.name() == name);
    found.ok_or_else(|| Senseless(format!("`sure={name}` is none of high, middle, low")))
}

fn sorted(text: &str) -> Result<(Column, bool), Senseless> {
    let (name, is_descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
    Ok((column(name)?, is_descending))
}

fn column(name: &str) -> Result<Column, Senseless> {
    Column::named(name).ok_or_else(|| {
        let near = Column::nearest(name).map(|near| format!(", perhaps `{}`", near.name())).unwrap_or_default();
        Senseless(format!("there is no column `{name}`{near}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Asked, Senseless> {
        Asked::read(pairs.iter().copied())
    }

    #[test]
    fn an_address_says_the_whole_question_and_is_written_back_the_same() {
        let asked = read(&[
            ("q", " icu pump "),
            ("type", "infusion pump"),
            ("type", "-"),
            ("sure", "low"),
            ("sort", "-last_seen"),
            ("col", "mac"),
            ("from", "50"),
        ])
        .unwrap();
        assert_eq!(
            asked.address(),
            "q=icu%20pump&type=infusion%20pump&type=-&sure=low&sort=-last_seen&col=mac&from=50"
        );
        assert_eq!((asked.from, asked.anew().from), (50, 0));
        assert!(asked.has(Column::Type, "Infusion Pump") && !asked.has(Column::Maker, "infusion pump"));
        assert_eq!(asked.without(Column::Type, "-").picks, [(Column::Type, "infusion pump".to_owned())]);
    }

    #[test]
    fn what_makes_no_sense_says_what_is_near() {
        assert_eq!(read(&[("tpye", "x")]).unwrap_err().0, "there is no column `tpye`, perhaps `type`");
        assert!(read(&[("from", "x")]).unwrap_err().0.contains("no number"));
        let told = read(&[("q", "(a")]).unwrap().filter(None).unwrap_err().0;
        assert!(told.contains("never closed"), "{told}");
    }

    #[test]
    fn a_form_keeps_what_it_does_not_ask_for() {
        let pairs = [
            ("q", "pump"),
            ("maker", "B. Braun"),
            ("sure", "low"),
            ("sort", "-address"),
            ("col", "address"),
            ("from", "25"),
        ];
        let asked = read(&pairs).unwrap();
        let kept = |pairs: Vec<(&'static str, String)>| pairs.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(kept(asked.kept(&["q"])), ["maker", "sure", "sort", "col"]);
        assert_eq!(kept(asked.kept(&["col"])), ["q", "maker", "sure", "sort"]);
        assert_eq!(kept(asked.kept_beside_filters()), ["q", "sort", "col"]);
    }

    #[test]
    fn sorting_by_the_same_column_turns_it_round() {
        let asked = Asked::default().sorted_by(Column::Name);
        assert_eq!(asked.sort, Some((Column::Name, false)));
        assert_eq!(asked.sorted_by(Column::Name).sort, Some((Column::Name, true)));
        assert_eq!(asked.sorted_by(Column::LastSeen).sort, Some((Column::LastSeen, true)), "the latest first");
    }
}
