//! What of OWASP ASVS 5.0.0 is met: `data/asvs.toml`, read, and as a page.

use serde::Deserialize;
use std::fmt::Write as _;

/// Where it stands.
pub const PATH: &str = "data/asvs.toml";
/// Where the page stands.
pub const PAGE: &str = "docs/reference/asvs.md";

/// Each chapter's number, what it is about, and how many items of levels 1 and 2 it has.
pub const CHAPTERS: [(u8, &str, usize); 17] = [
    (1, "Encoding and sanitization", 27),
    (2, "Validation and business logic", 11),
    (3, "Web frontend", 19),
    (4, "API and web service", 10),
    (5, "Files", 9),
    (6, "Authentication", 35),
    (7, "Sessions", 18),
    (8, "Authorization", 7),
    (9, "Self-contained tokens", 7),
    (10, "OAuth and OIDC", 29),
    (11, "Cryptography", 14),
    (12, "Secure communication", 9),
    (13, "Configuration", 13),
    (14, "Data protection", 9),
    (15, "Secure coding and architecture", 13),
    (16, "Logging and error handling", 16),
    (17, "WebRTC", 7),
];
/// How many items of each level there are.
pub const LEVELS: [usize; 2] = [70, 183];

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "licence")]
    _licence: String,
    /// The items, by number.
    pub item: Vec<Item>,
}

/// One item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// OWASP's number for it.
    pub id: String,
    /// The lowest level that asks for it.
    pub level: u8,
    /// How it stands.
    pub state: State,
    /// Why, of this very program.
    pub why: String,
    /// Tests that fail when it is not so, as nextest names them, or tasks of `cargo xtask`.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Files that show it, each with what to look at.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// How an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum State {
    /// It is so.
    #[serde(rename = "met")]
    Met,
    /// It is not so, or not wholly.
    #[serde(rename = "not met")]
    NotMet,
    /// There is nothing here that it is about.
    #[serde(rename = "does not apply")]
    DoesNotApply,
}

impl State {
    const ALL: [Self; 3] = [Self::Met, Self::NotMet, Self::DoesNotApply];

    const fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::DoesNotApply => "does not apply",
        }
    }
}

impl Item {
    /// The chapter's number and the places behind it; none when it is no number of an item.
    pub fn number(&self) -> Option<[u8; 3]> {
        let mut parts = self.id.strip_prefix('V')?.split('.').map(|part| part.parse().ok());
        let number = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(number)
    }
}

/// Reads `text`. Errors: it is not of the form.
pub fn read(text: &str) -> Result<Table, toml::de::Error> {
    toml::from_str(text)
}

/// The page about `items`.
pub fn page(items: &[Item]) -> String {
    let mut page = String::from(
        "# OWASP ASVS 5.0.0, levels 1 and 2\n\nWritten by `cargo xtask reference` from [data/asvs.toml](../../data/asvs.toml); \
         edit that, not this page. Numbers are those of the\n[standard](https://github.com/OWASP/ASVS/tree/v5.0.0), which says what \
         each asks for; words are ours. The test run checks that\neach item is there once, and that the tests and files that it \
         names exist.\n\n| chapter | met | not met | does not apply |\n|---|--:|--:|--:|\n",
    );
    let count = |items: &[&Item], state| items.iter().filter(|item| item.state == state).count();
    let of = |chapter: u8| -> Vec<&Item> {
        items.iter().filter(|item| item.number().is_some_and(|[own, ..]| own == chapter)).collect()
    };
    let row = |page: &mut String, name: &str, items: &[&Item]| {
        let [met, not_met, other] = State::ALL.map(|state| count(items, state));
        let _ = writeln!(page, "| {name} | {met} | {not_met} | {other} |");
    };
    for (chapter, name, _) in CHAPTERS {
        row(&mut page, &format!("V{chapter} {name}"), &of(chapter));
    }
    row(&mut page, "all", &items.iter().collect::<Vec<_>>());
    for (chapter, name, _) in CHAPTERS {
        let _ = write!(
            page,
            "\n## V{chapter} {name}\n\n| item | level | state | why | shown by |\n|---|--:|---|---|---|\n"
        );
        for item in of(chapter) {
            let shown: Vec<String> =
                item.tests.iter().chain(&item.evidence).map(|one| format!("`{}`", one.replace('`', ""))).collect();
            let (id, level, state) = (&item.id, item.level, item.state.name());
            let _ = writeln!(page, "| {id} | {level} | {state} | {} | {} |", item.why, shown.join("<br>"));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_what_it_lists() {
        let text = "source = \"x\"\nlicence = \"y\"\n[[item]]\nid = \"V1.1.1\"\nlevel = 2\nstate = \"not met\"\nwhy = \"Because.\"\n\
                    tests = [\"a b\"]\n";
        let page = page(&read(text).expect("a table").item);
        for line in ["| V1 Encoding and sanitization | 0 | 1 | 0 |", "| V1.1.1 | 2 | not met | Because. | `a b` |"] {
            assert!(page.lines().any(|own| own == line), "{line}: {page}");
        }
        assert!(read(&text.replace("not met", "perhaps")).is_err());
    }
}
