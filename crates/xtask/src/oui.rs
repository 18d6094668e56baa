//! Renews `data/oui.tsv`, the list of who was given which hardware addresses.
//!
//! In: listings of the IEEE's registry as CSV files. Out: the table, and how it differs from the one before; the same
//! listings always give the same bytes. Never writes a table that lacks one of the registries that are still given out.
//!
//! Source: <https://regauth.standards.ieee.org/> (MA-L, MA-M, MA-S and the older IAB); RFC 4180 (CSV).

use anyhow::{Context as _, Result, bail, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use wardlight_model::Time;

const TABLE: &str = "data/oui.tsv";
/// Where Debian's package `ieee-data` has the listings, and which of them hold blocks of addresses.
const FOLDER: &str = "/usr/share/ieee-data";
const LISTINGS: &[&str] = &["oui.csv", "mam.csv", "oui36.csv", "iab.csv"];
const MEND: &str = "`apt-get install ieee-data` brings the listings to /usr/share/ieee-data";
const HEADER: [&str; 4] = ["Registry", "Assignment", "Organization Name", "Organization Address"];
/// The registries, the hexadecimal digits that the addresses of one block share, and whether no table is whole without
/// it. `IAB` is closed. `CID` is not here: its numbers are never part of an address of its own.
const REGISTRIES: &[(&str, usize, bool)] =
    &[("MA-L", 6, true), ("MA-M", 7, true), ("MA-S", 9, true), ("IAB", 9, false)];
/// What stands for a block whose holder wants no name, and for one that is split into smaller ones.
const NOBODY: [&str; 3] = ["", "Private", "IEEE Registration Authority"];

/// Writes the table below `root` from the listings `files`, those of the Debian package when there are none. Errors:
/// which file is missing or no listing, and where to get one.
pub fn run(root: &Path, files: &[PathBuf]) -> Result<()> {
    let installed: Vec<PathBuf> = LISTINGS.iter().map(|name| Path::new(FOLDER).join(name)).collect();
    let files = if files.is_empty() { &installed } else { files };
    let listings = files.iter().map(|path| Listing::read(path)).collect::<Result<Vec<_>>>()?;
    let path = root.join(TABLE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let (new, told) = renew(&listings, &old)?;
    println!("{told}");
    if new == old {
        println!("  {TABLE} is up to date");
    } else {
        std::fs::write(&path, new).with_context(|| format!("cannot write {TABLE}"))?;
        println!("  {TABLE} written");
    }
    Ok(())
}

/// One file of the registry.
struct Listing {
    blocks: Vec<Block>,
    changed: SystemTime,
}

/// One row of a listing.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    registry: &'static str,
    prefix: String,
    name: String,
}

impl Listing {
    fn read(path: &Path) -> Result<Self> {
        let read = || Ok::<_, std::io::Error>((std::fs::read_to_string(path)?, path.metadata()?.modified()?));
        let (text, changed) = read().with_context(|| format!("cannot read {} ({MEND})", path.display()))?;
        let blocks = blocks(&text)
            .with_context(|| format!("{} is no CSV listing of the IEEE's registry ({MEND})", path.display()))?;
        Ok(Self { blocks, changed })
    }
}

/// The blocks of a listing. Errors: which line is none.
fn blocks(text: &str) -> Result<Vec<Block>> {
    let mut records = records(text)?.into_iter();
    let header = records.next().map(|(_, fields)| fields).unwrap_or_default();
    ensure!(header == HEADER, "line 1 is not {}", HEADER.join(","));
    records.map(|(line, fields)| block(&fields).with_context(|| format!("line {line} lists no block"))).collect()
}

fn block(fields: &[String]) -> Result<Block> {
    let [registry, prefix, name, _address] = fields else { bail!("it has {} fields, not 4", fields.len()) };
    let known = REGISTRIES.iter().find(|(name, ..)| name == registry);
    let &(registry, digits, _) = known.with_context(|| format!("{registry:?} is no registry of address blocks"))?;
    let is_prefix = prefix.len() == digits && prefix.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(is_prefix, "{prefix:?} is not of {digits} hexadecimal digits, as {registry} has them");
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Block { registry, prefix: prefix.to_ascii_uppercase(), name })
}

/// The records of CSV, with the line in which each begins. Quotation marks within fields go too: the registry's own text
/// listings are without them. Errors: when the text ends amid a field.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>> {
    let (mut records, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begin, mut is_quoted) = (1, 1, false);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    for letter in text.chars().chain(end.chars()) {
        line += usize::from(letter == '\n');
        match letter {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                let last = std::mem::take(&mut field);
                fields.push(last.trim_end_matches('\r').to_owned());
                records.push((begin, std::mem::take(&mut fields)));
                begin = line;
            }
            letter => field.push(letter),
        }
    }
    ensure!(!is_quoted, "it ends within the quotation marks of line {begin}");
    Ok(records)
}

/// The table that `listings` give, and how it differs from the `old` one. Of a block listed twice the last holder counts.
/// Errors: when a registry is missing.
fn renew(listings: &[Listing], old: &str) -> Result<(String, String)> {
    let blocks = || listings.iter().flat_map(|listing| &listing.blocks);
    let mut counts = Vec::new();
    for (registry, _, is_needed) in REGISTRIES {
        let count = blocks().filter(|block| block.registry == *registry).count();
        ensure!(count > 0 || !is_needed, "no file lists {registry}: name all of {} ({MEND})", LISTINGS.join(", "));
        counts.extend((count > 0).then_some((registry, count)));
    }
    let names: Vec<&str> = counts.iter().map(|(registry, _)| **registry).collect();
    let counts: Vec<String> = counts.iter().map(|(registry, count)| format!("{registry} {count}")).collect();
    let date = date(listings.iter().map(|listing| listing.changed).max().unwrap_or(UNIX_EPOCH));

    let named = blocks().filter(|block| !NOBODY.contains(&block.name.as_str()));
    let rows: BTreeMap<&str, &str> = named.map(|block| (block.prefix.as_str(), block.name.as_str())).collect();
    let before: BTreeMap<&str, &str> =
        old.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect();
    let told = format!(
        "  read {} blocks as of {date}: {}\n  {} have a holder: {} added, {} dropped, {} renamed",
        blocks().count(),
        counts.join(", "),
        rows.len(),
        rows.keys().filter(|prefix| !before.contains_key(*prefix)).count(),
        before.keys().filter(|prefix| !rows.contains_key(*prefix)).count(),
        rows.iter().filter(|(prefix, name)| before.get(*prefix).is_some_and(|old| old != *name)).count(),
    );
    let body = rows.iter().map(|(prefix, name)| format!("{prefix}\t{name}\n"));
    Ok((std::iter::once(head(&names.join(", "), &date)).chain(body).collect(), told))
}

fn head(registries: &str, date: &str) -> String {
    format!(
        "# Prefixes of hardware addresses and the organisation each was given to.\n\
         # Source: IEEE Registration Authority, public listings {registries} as of {date}\n\
         # (https://regauth.standards.ieee.org/).\n\
         # Licence: the IEEE does not assert any copyright in the public listings (see the copyright file of Debian's\n\
         # package ieee-data, which ships them).\n\
         # Refresh: `cargo xtask oui`, or hand the program a newer file of the same form.\n"
    )
}

/// The day of `moment` in UTC, as 2022-08-27.
fn date(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let shown = Time::from_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).to_string();
    shown.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wardlight_inventory::Oui;

    const BEGIN: &str = "Registry,Assignment,Organization Name,Organization Address\r\n";
    const LARGE: &str = "MA-L,002272,\"American  Micro-Fuel, Corp.\",\"2181 \"\"B\"\" Loop\nFerndale\"\r\n\
        MA-L,001efc,\"JSC \"\"MASSA-K\"\"\",Street\r\nMA-L,70B3D5,IEEE Registration Authority,\r\n\
        MA-L,080030,NETWORK RESEARCH CORPORATION,\r\nMA-L,080030,CERN,CH\r\n";
    const OTHERS: &str = "MA-M,208593B,IOG Products LLC,\r\nMA-M,741AE09,Private,\r\nMA-S,70B3D5719,2M Technology,TX";
    const DAY: Duration = Duration::from_secs(1_661_630_937);

    /// A checkout without a table, and the listings in it.
    fn checkout(listings: &[&str]) -> (tempfile::TempDir, Vec<PathBuf>) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("data")).unwrap();
        let write = |(n, text): (usize, &&str)| {
            let path = root.path().join(format!("{n}.csv"));
            std::fs::write(&path, format!("{BEGIN}{text}")).unwrap();
            std::fs::File::options().append(true).open(&path).unwrap().set_modified(UNIX_EPOCH + DAY).unwrap();
            path
        };
        let paths = listings.iter().enumerate().map(write).collect();
        (root, paths)
    }

    #[track_caller]
    fn expect_error(listings: &[&str], parts: &[&str]) {
        let (root, mut files) = checkout(listings);
        files.extend(listings.is_empty().then(|| root.path().join("none.csv")));
        let error = format!("{:#}", run(root.path(), &files).expect_err("must be refused"));
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in: {error}");
        }
        assert!(!root.path().join(TABLE).exists(), "a table was written");
    }

    #[test]
    fn listings_become_the_table_and_again_the_same_one() {
        let (root, files) = checkout(&[LARGE, OTHERS]);
        run(root.path(), &files).unwrap();
        let table = std::fs::read_to_string(root.path().join(TABLE)).unwrap();
        assert_eq!(
            table,
            head("MA-L, MA-M, MA-S", "2022-08-27")
                + "001EFC\tJSC MASSA-K\n002272\tAmerican Micro-Fuel, Corp.\n080030\tCERN\n208593B\tIOG Products LLC\n\
                   70B3D5719\t2M Technology\n"
        );
        let oui = Oui::load(&table);
        assert_eq!(oui.len(), 5);
        assert_eq!(oui.organisation("70:b3:d5:71:9f:ff".parse().unwrap()), Some("2M Technology"));
        run(root.path(), &files).unwrap();
        assert_eq!(std::fs::read_to_string(root.path().join(TABLE)).unwrap(), table);
    }

    #[test]
    fn what_changed_is_counted() {
        let listing =
            |text: &str| Listing { blocks: blocks(&format!("{BEGIN}{text}")).unwrap(), changed: UNIX_EPOCH + DAY };
        let old = "# head\n002272\tAnother\n080030\tCERN\nAAAAAA\tGone\n";
        let (_, told) = renew(&[listing(LARGE), listing(OTHERS)], old).unwrap();
        assert_eq!(
            told,
            "  read 8 blocks as of 2022-08-27: MA-L 5, MA-M 2, MA-S 1\n  5 have a holder: 3 added, 1 dropped, 1 renamed"
        );
    }

    #[test]
    fn what_is_no_listing_is_named_with_the_way_to_mend_it() {
        expect_error(&[], &["cannot read", "none.csv", "apt-get install ieee-data"]);
        expect_error(&[LARGE], &["no file lists MA-M", "mam.csv", "apt-get install ieee-data"]);
        let lame = |row: &str, why: &str| expect_error(&[LARGE, row], &["1.csv", "apt-get install ieee-data", why]);
        lame("MA-L,00227,X,", "line 2 lists no block: \"00227\" is not of 6 hexadecimal digits");
        lame("MA-L,000000,\"a\nb\",\nMA-L,00227G,X,", "line 4 lists no block: \"00227G\"");
        lame("CID,0A0000,X,", "\"CID\" is no registry of address blocks");
        lame("MA-L,002272", "it has 2 fields, not 4");
        lame("MA-L,002272,\"X,\nMA-L", "ends within the quotation marks of line 2");
    }

    #[test]
    fn a_file_without_the_registrys_header_is_refused() {
        let error = blocks("<html>404</html>").expect_err("no listing").to_string();
        assert_eq!(error, "line 1 is not Registry,Assignment,Organization Name,Organization Address");
        assert!(blocks("").is_err());
    }
}
