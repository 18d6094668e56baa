//! ISC dhcpd's lease file: blocks of statements (dhcpd.leases(5)).

use super::lease::{Lease, hex, utc};
use crate::Options;
use crate::item::{Reason, Row};
use wardlight_model::Time;

/// Most statements of a block.
const STATEMENTS: usize = 256;

/// Blocks of a lease file, line by line.
#[derive(Default)]
pub struct Blocks {
    open: Option<(u64, Block)>,
}

/// One block.
#[derive(Default)]
pub struct Block {
    head: String,
    statements: Vec<String>,
    is_whole: bool,
    depth: usize,
}

impl Blocks {
    /// Takes `text` when it belongs to a block, and gives the blocks that end with it.
    pub fn take(&mut self, number: u64, text: &str) -> Option<Vec<(u64, Block)>> {
        let begins = text.starts_with("lease ") || text.starts_with("lease6 ") || text.starts_with("ia-na ");
        if begins && text.ends_with('{') {
            let next = Block { head: text.trim_end_matches('{').trim().to_owned(), ..Block::default() };
            // A block that has not ended when the next begins is half a block.
            return Some(self.open.replace((number, next)).into_iter().collect());
        }
        let (_, block) = self.open.as_mut()?;
        if text.starts_with('}') {
            if block.depth > 0 {
                block.depth -= 1;
                return Some(Vec::new());
            }
            block.is_whole = true;
            return Some(self.open.take().into_iter().collect());
        }
        block.depth += usize::from(text.ends_with('{'));
        if block.statements.len() < STATEMENTS {
            // Behind a statement may stand a comment.
            let end = if text.contains('"') { None } else { text.find(';') };
            let statement = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
            block.statements.push(statement.trim_end_matches(';').to_owned());
        }
        Some(Vec::new())
    }

    /// The block that the document ended within.
    pub fn end(&mut self) -> Option<(u64, Block)> {
        self.open.take()
    }
}

impl Block {
    /// Says what the block tells. Errors: why it is set aside.
    pub fn tell(&self, options: &Options<'_>, row: &mut Row) -> Result<(), Reason> {
        if !self.is_whole {
            return Err("a lease that does not end".into());
        }
        if !self.head.starts_with("lease ") {
            return Ok(());
        }
        let ip = self.head.strip_prefix("lease ").and_then(|ip| ip.trim().parse().ok()).ok_or("names no address")?;
        let value = |name: &str| self.statements.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let text =
            |name: &str| value(name).map(|text| text.trim_start_matches('=').trim().trim_matches('"').to_owned());
        let state = value("binding state ").unwrap_or("active");
        let lease = Lease {
            ip: Some(ip),
            mac: value("hardware ethernet ").and_then(|mac| mac.parse().ok()),
            hostname: text("client-hostname "),
            vendor_class: text("set vendor-class-identifier "),
            client_id: value("uid ").and_then(uid),
            time: value("cltt ").and_then(moment).or_else(|| value("starts ").and_then(moment)),
            is_held: state == "active",
            ..Lease::default()
        };
        lease.tell(options, row);
        Ok(())
    }
}

/// `4 2026/11/22 10:00:00`, or `epoch 1795348800`.
fn moment(text: &str) -> Option<Time> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["epoch", seconds, ..] => seconds.parse().ok().map(Time::from_seconds),
        [_weekday, date, time, ..] => utc(date, time),
        _ => None,
    }
}

/// A client identifier: hexadecimal pairs, or quoted text with octal escapes.
fn uid(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return hex(text) };
    let mut bytes = Vec::new();
    let mut rest = quoted.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let mut octal = None;
        while let Some(digit) = rest.next_if(|digit| (b'0'..=b'7').contains(digit) && octal.is_none_or(|(_, n)| n < 3))
        {
            let (sum, n) = octal.unwrap_or((0_u32, 0));
            octal = Some((sum * 8 + u32::from(digit - b'0'), n + 1));
        }
        bytes.push(match octal {
            Some((sum, _)) => u8::try_from(sum).ok()?,
            None => rest.next()?,
        });
    }
    hex(&bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_identifiers_are_read_in_both_writings() {
        assert_eq!(uid("\"\\001\\000\\032+<M^\"").as_deref(), Some("01001a2b3c4d5e"));
        assert_eq!(uid("01:00:1a:2b:3c:4d:5e").as_deref(), Some("01001a2b3c4d5e"));
        assert_eq!(uid("\"\\777\""), None);
    }
}
