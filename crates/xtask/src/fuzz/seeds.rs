//! Golden conversations as first inputs of the fuzz targets, in the form that `fuzz/src/lib.rs` states.

use crate::crash::load;
use anyhow::{Context as _, Result};
use std::path::Path;

/// Writes the golden cases of `entry`, or of all, from `golden` into `folder`. Errors: when a file cannot be written.
pub fn write(golden: &Path, entry: Option<&str>, folder: &Path) -> Result<()> {
    let list = |folder: &Path| {
        std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|found| found.path())
    };
    let protocols = list(golden).filter(|path| entry.is_none_or(|name| path.ends_with(name)));
    for case in protocols.flat_map(|protocol| list(&protocol).collect::<Vec<_>>()) {
        let Ok(script) = std::fs::read_to_string(case.join("input.txt")) else { continue };
        let name: Vec<_> = case.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
        let path = folder.join(name.join("-"));
        write_seed(&path, &seed(&script))?;
    }
    Ok(())
}

/// How many conversations the golden cases of `entry` know as its own, and how many facts and records they say, by their
/// expectations: the paths of success that a run begins from. Errors: a case has none.
pub fn said(golden: &Path, entry: &str) -> Result<[usize; 3]> {
    let mut said = [0; 3];
    for case in std::fs::read_dir(golden.join(entry)).with_context(|| format!("{entry} has no golden cases"))? {
        let path = case?.path().join("expect.json");
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let expected: serde_json::Value = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        let [known, lists @ ..] = &mut said;
        *known += usize::from(expected.get("service").and_then(serde_json::Value::as_str) == Some(entry));
        for (count, list) in lists.iter_mut().zip(["facts", "records"]) {
            *count += expected.get(list).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
        }
    }
    Ok(said)
}

/// Writes each line of the `.hex` files in `golden`, and the other files whole, as bytes into `folder`. Errors: when a file
/// cannot be read or written.
pub fn ledger(golden: &Path, folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(golden).with_context(|| golden.display().to_string())?.filter_map(Result::ok) {
        let text = std::fs::read_to_string(entry.path()).with_context(|| entry.path().display().to_string())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_hex = name.ends_with(".hex");
        let seeds: Vec<Vec<u8>> = if is_hex { text.lines().map(bytes).collect() } else { vec![text.into_bytes()] };
        for (n, seed) in seeds.iter().enumerate() {
            write_seed(&folder.join(format!("{name}-{n}")), seed)?;
        }
    }
    Ok(())
}

/// Writes each document in `golden` into `folder`, behind the byte that picks its source. Errors: when a file cannot be
/// read or written.
pub fn ingest(golden: &Path, folder: &Path) -> Result<()> {
    let list = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|found| found.path()).collect()
    };
    let mut sources = list(golden);
    sources.sort();
    for (pick, source) in sources.iter().enumerate() {
        for document in list(source).iter().flat_map(|case| list(case)) {
            let name: Vec<_> = document.iter().rev().take(3).map(|part| part.to_string_lossy()).collect();
            let bytes = std::fs::read(&document).with_context(|| document.display().to_string())?;
            write_seed(&folder.join(name.join("-")), &[&[u8::try_from(pick)?], bytes.as_slice()].concat())?;
        }
    }
    Ok(())
}

/// Writes a journal body of each kind into `folder`. Errors: when a file cannot be written.
pub fn records(folder: &Path) -> Result<()> {
    for n in 0..25 {
        let (kind, body) = load::body(n);
        let kind = u8::try_from(kind.number()).context("a kind of the journal")?;
        write_seed(&folder.join(format!("{kind}-{n}")), &[&[kind], body.as_slice()].concat())?;
    }
    Ok(())
}

fn write_seed(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The conversation written in `script`, for the entry that is picked first.
fn seed(script: &str) -> Vec<u8> {
    let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
    for line in script.lines() {
        let mark = line.chars().next().unwrap_or('#');
        let rest = line.get(mark.len_utf8()..).unwrap_or_default();
        match mark {
            '>' => messages.push((0, bytes(rest))),
            '<' => messages.push((1, bytes(rest))),
            ' ' => messages.last_mut().into_iter().for_each(|(_, message)| message.extend(bytes(rest))),
            _ => {}
        }
    }
    let mut seed = vec![0, 0, 0];
    for (flags, message) in messages {
        for part in message.chunks(usize::from(u16::MAX)) {
            seed.push(flags);
            seed.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes());
            seed.extend(part);
        }
    }
    seed
}

/// The bytes of hexadecimal and quoted text; what is neither is left out.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => quoted(&mut rest, &mut out),
            c => out.extend(c.to_digit(16).and_then(|high| pair(high, rest.next()))),
        }
    }
    out
}

fn quoted(rest: &mut std::str::Chars<'_>, out: &mut Vec<u8>) {
    while let Some(c) = rest.next().filter(|c| *c != '"') {
        let escaped = if c == '\\' { rest.next() } else { None };
        match escaped {
            None => out.extend(c.to_string().bytes()),
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('t') => out.push(b'\t'),
            Some('0') => out.push(0),
            Some('x') => {
                let high = rest.next().and_then(|c| c.to_digit(16));
                out.extend(high.and_then(|high| pair(high, rest.next())));
            }
            Some(other) => out.extend(other.to_string().bytes()),
        }
    }
}

fn pair(high: u32, low: Option<char>) -> Option<u8> {
    low.and_then(|c| c.to_digit(16)).and_then(|low| u8::try_from(high * 16 + low).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_becomes_messages() {
        let script = "# comment\nudp 10.0.0.1:5 > 10.0.0.2:53\n> 0a0B \"A\\x00\\\"\"\n  ff\n< \"ok\"\nend\n";
        assert_eq!(seed(script), [0, 0, 0, 0, 6, 0, 0x0a, 0x0b, b'A', 0, b'"', 0xff, 1, 2, 0, b'o', b'k']);
    }
}
