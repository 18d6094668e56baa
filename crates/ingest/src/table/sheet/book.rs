//! What a sheet's cells refer to: the list of sheets, shared texts, formats.

use super::Archive;
use crate::ReadError;
use crate::xml::{Said, Tag, Xml};
use std::collections::BTreeMap;

/// Most bytes of shared texts.
const TEXTS: usize = 256 << 20;
/// Most formats.
const FORMATS: usize = 65_536;

/// What a sheet's cells refer to.
pub struct Book {
    /// Its sheets: those to be seen first, of these the largest first.
    pub sheets: Vec<Listed>,
    /// Shared texts.
    pub texts: Vec<Box<str>>,
    /// Whether days are counted from 1904.
    pub is_1904: bool,
    /// Whether a cell of each format holds a date.
    pub dates: Vec<bool>,
}

/// A sheet as the book lists it.
pub struct Listed {
    /// Its place in the list, from 1.
    pub number: usize,
    pub name: String,
    /// Its part.
    pub part: String,
    pub is_hidden: bool,
    size: u64,
}

impl Book {
    /// Reads what `archive` says of its sheets. Errors: when it is no spreadsheet, or is damaged.
    pub fn read(archive: &Archive) -> Result<Self, ReadError> {
        let mut sheets: Vec<(String, String, bool)> = Vec::new();
        let mut is_1904 = false;
        let Some(part) = archive.part("xl/workbook.xml") else {
            return Err(ReadError::Other { wanted: "a spreadsheet", why: "an archive without a workbook" });
        };
        each(part, |_, tag| match tag.name.as_str() {
            "sheet" if sheets.len() < 1024 => {
                let is_hidden = tag.get("state").is_some_and(|state| state != "visible");
                let name = tag.get("name").unwrap_or_default();
                sheets.extend(tag.get("id").map(|id| (name.to_owned(), id.to_owned(), is_hidden)));
            }
            "workbookPr" => is_1904 = tag.get("date1904").is_some_and(|is| is == "1" || is == "true"),
            _ => {}
        })?;
        let mut links = BTreeMap::new();
        if let Some(part) = archive.part("xl/_rels/workbook.xml.rels") {
            each(part, |_, tag| {
                if let (Some(id), Some(target)) = (tag.get("Id"), tag.get("Target"))
                    && links.len() < 4096
                {
                    let target = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
                    links.insert(id.to_owned(), target);
                }
            })?;
        }
        let size =
            |path: &String| archive.parts().find(|(name, _)| name.eq_ignore_ascii_case(path)).map(|(_, size)| size);
        let listed = |(at, (name, id, is_hidden)): (usize, (String, String, bool))| {
            let part = links.get(&id)?;
            Some(Listed { number: at + 1, name, part: part.clone(), is_hidden, size: size(part).unwrap_or_default() })
        };
        let mut sheets: Vec<Listed> = sheets.into_iter().enumerate().filter_map(listed).collect();
        if sheets.is_empty() {
            return Err(ReadError::Other { wanted: "a spreadsheet", why: "it has no sheet" });
        }
        sheets.sort_by_key(|sheet| (sheet.is_hidden, std::cmp::Reverse(sheet.size)));
        Ok(Self { sheets, texts: texts(archive)?, is_1904, dates: dates(archive)? })
    }
}

/// Calls `take` for each element with the names of those around it.
fn each(part: impl std::io::Read, mut take: impl FnMut(&[String], &Tag)) -> Result<(), ReadError> {
    let mut xml = Xml::new(part);
    let mut around = Vec::new();
    while let Some(said) = xml.next()? {
        match said {
            Said::Begin(tag) => {
                take(&around, &tag);
                around.push(tag.name);
            }
            Said::End(_) => drop(around.pop()),
            Said::Text(_) => {}
        }
    }
    Ok(())
}

fn texts(archive: &Archive) -> Result<Vec<Box<str>>, ReadError> {
    let Some(part) = archive.part("xl/sharedStrings.xml") else { return Ok(Vec::new()) };
    let mut xml = Xml::new(part);
    let (mut texts, mut bytes) = (Vec::new(), 0_usize);
    while let Some(said) = xml.next()? {
        if matches!(&said, Said::Begin(tag) if tag.name == "si") {
            let text = xml.text("rPh")?;
            bytes += text.len() + size_of::<Box<str>>();
            if bytes > TEXTS {
                let (bytes, limit) = (bytes as u64, TEXTS as u64);
                return Err(ReadError::TooLarge { what: "list of shared texts", bytes, limit });
            }
            texts.push(text.into_boxed_str());
        }
    }
    Ok(texts)
}

fn dates(archive: &Archive) -> Result<Vec<bool>, ReadError> {
    let Some(part) = archive.part("xl/styles.xml") else { return Ok(Vec::new()) };
    let (mut own, mut dates) = (BTreeMap::new(), Vec::new());
    each(part, |around, tag| {
        let number = tag.get("numFmtId").and_then(|id| id.parse::<u32>().ok());
        match (tag.name.as_str(), number) {
            ("numFmt", Some(number)) if own.len() < FORMATS => {
                own.insert(number, is_date(tag.get("formatCode").unwrap_or_default()));
            }
            ("xf", number) if around.last().is_some_and(|name| name == "cellXfs") && dates.len() < FORMATS => {
                let number = number.unwrap_or_default();
                // Those that every program knows, ECMA-376 part 1 §18.8.30.
                let known = matches!(number, 14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58);
                dates.push(own.get(&number).copied().unwrap_or(known));
            }
            _ => {}
        }
    })?;
    Ok(dates)
}

/// Whether a format shows a date: it has days or years outside quotes, brackets and what a backslash marks.
fn is_date(code: &str) -> bool {
    let (mut is_quoted, mut in_brackets, mut is_marked) = (false, false, false);
    for c in code.chars() {
        match c {
            _ if std::mem::take(&mut is_marked) => {}
            '\\' | '_' | '*' => is_marked = true,
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => in_brackets = true,
            ']' => in_brackets = false,
            'd' | 'D' | 'y' | 'Y' if !is_quoted && !in_brackets => return true,
            _ => {}
        }
    }
    false
}
