//! Entries of an LDIF document (RFC 2849): attributes by line, folded lines, base64.

use crate::ReadError;
use crate::lines::{FOREIGN, Lines};
use base64ct::{Base64, Encoding as _};
use std::io::Read;

/// Most attributes of an entry, and most bytes of a value.
const ATTRIBUTES: usize = 4096;
const VALUE: usize = 64 * 1024;

/// One entry.
#[derive(Debug, Default)]
pub struct Entry {
    /// Line of its begin.
    pub line: u64,
    pub dn: String,
    attributes: Vec<(String, String)>,
    /// Why it cannot be read.
    pub broken: Option<&'static str>,
    pub notes: Vec<&'static str>,
}

impl Entry {
    /// The values of the attribute called `name`, in lower case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(move |(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

pub struct Entries<R> {
    lines: Lines<R>,
    /// A line and its number that was read too far.
    ahead: Option<(u64, String, bool)>,
}

impl<R: Read> Entries<R> {
    pub const fn new(lines: Lines<R>) -> Self {
        Self { lines, ahead: None }
    }

    /// The next entry. Errors: when the bytes cannot be read.
    pub fn next(&mut self) -> Result<Option<Entry>, ReadError> {
        let mut entry = Entry::default();
        while let Some((number, text, is_foreign)) = self.unfolded()? {
            if text.is_empty() {
                if entry.line > 0 {
                    return Ok(Some(entry));
                }
                continue;
            }
            if text.starts_with('#') || entry.line == 0 && text.to_lowercase().starts_with("version:") || text == "-" {
                continue;
            }
            if entry.line == 0 {
                entry.line = number;
            }
            if is_foreign {
                entry.note(FOREIGN);
            }
            entry.take(&text);
        }
        Ok((entry.line > 0).then_some(entry))
    }

    /// The next line with those that continue it.
    fn unfolded(&mut self) -> Result<Option<(u64, String, bool)>, ReadError> {
        let first = match self.ahead.take() {
            Some(first) => first,
            None => match self.lines.next()? {
                Some(line) => (line.number, line.text, line.is_foreign),
                None => return Ok(None),
            },
        };
        let (number, mut text, mut is_foreign) = first;
        while let Some(line) = self.lines.next()? {
            // A comment may be folded as well; an empty line ends what stands before it.
            let Some(more) = line.text.strip_prefix(' ').filter(|_| !text.is_empty()) else {
                self.ahead = Some((line.number, line.text, line.is_foreign));
                break;
            };
            is_foreign |= line.is_foreign;
            if text.len() < VALUE * 2 {
                text.push_str(more);
            }
        }
        Ok(Some((number, text, is_foreign)))
    }
}

impl Entry {
    fn note(&mut self, note: &'static str) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn take(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else {
            self.broken = Some("a line without an attribute");
            return;
        };
        // Options such as languages stand behind a semicolon.
        let name = name.split(';').next().unwrap_or_default().trim().to_lowercase();
        let value = match value.strip_prefix(':') {
            Some(coded) => match decoded(coded) {
                Some(value) => value,
                None => {
                    self.note("a value that is no base64: left out");
                    return;
                }
            },
            // A value that stands elsewhere is not fetched.
            None if value.starts_with('<') => {
                self.note("a value that stands in another document: left out");
                return;
            }
            None => value.trim_start().to_owned(),
        };
        if name == "dn" {
            if !self.dn.is_empty() {
                self.broken = Some("two names in one entry: is an empty line missing?");
            }
            self.dn = value;
        } else if name == "changetype" && value.trim() != "add" {
            self.broken = Some("a change, not an entry");
        } else if self.attributes.len() < ATTRIBUTES && value.len() <= VALUE {
            self.attributes.push((name, value));
        } else {
            self.note("more or longer attributes than an entry may have: left out");
        }
        if self.dn.is_empty() {
            self.broken = Some("does not begin with a name (dn)");
        }
    }
}

/// Base64 as text, or as hexadecimal digits when it is none.
fn decoded(coded: &str) -> Option<String> {
    let bytes = Base64::decode_vec(coded.trim()).ok()?;
    let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(String::from_utf8(bytes.clone()).ok().filter(|text| !text.contains('\0')).unwrap_or_else(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<Entry> {
        let mut entries = Entries::new(Lines::new(text.as_bytes()).unwrap());
        std::iter::from_fn(|| entries.next().unwrap()).collect()
    }

    #[test]
    fn folded_lines_and_base64_are_read() {
        let read = entries(
            "version: 1\ndn: CN=a,\n DC=b\n# a comment\n  folded\ncn:: w7xuaQ==\nobjectGUID:: AAH//w==\n\ndn: CN=c\n",
        );
        assert_eq!((read.len(), read[0].dn.as_str(), read[0].line), (2, "CN=a,DC=b", 2));
        assert_eq!(read[0].all("cn").collect::<Vec<_>>(), ["üni"]);
        assert_eq!(read[0].all("objectguid").collect::<Vec<_>>(), ["0001ffff"]);
    }

    #[test]
    fn what_is_no_entry_is_told() {
        let read = entries(
            "cn: x\n\ndn: a\ndn: b\n\ndn: c\nchangetype: delete\n\ndn: d\nphoto:< file:///etc/passwd\ncn:: %%\n",
        );
        let broken: Vec<_> = read.iter().map(|entry| entry.broken.is_some()).collect();
        assert_eq!(broken, [true, true, true, false]);
        assert_eq!(read[3].notes.len(), 2);
    }
}
