//! The directory's export as LDIF (RFC 2849): accounts of machines that joined the domain.

use super::{Row, Table};
use crate::hospital::calendar::Moment;
use crate::hospital::chance::{Chance, wide};
use crate::hospital::{DAY, Hospital, START};
use std::fmt::Write as _;

impl Hospital {
    pub(super) fn directory(&self) -> Table {
        let rates = &self.noise.directory;
        let mut table = Table { text: "version: 1\n".to_owned(), rows: Vec::new() };
        let mut joined = 0u32;
        for index in 0..self.len() {
            let own = self.chance.of(0xd14e).of(wide(index));
            let Some((device, model, spot)) = self.paper(index) else { continue };
            if !model.windows || own.of(1).happens(rates.account_missing) {
                continue;
            }
            joined += 1;
            let place =
                self.area(spot.area).map_or_else(String::new, |area| format!("{} room {}", area.name, spot.room));
            let described = own.of(2).happens(rates.description_given).then_some(place);
            let last = START - own.of(3).below(5) * DAY;
            let account = Account { host: &device.host, version: &device.firmware, is_server: !model.role.is_empty() };
            let key = table.add(&account, (own, last), described.as_deref());
            table.close(key, Some(index), Vec::new());
        }
        let stale = (0u32..).take_while(|n| f64::from(*n) < f64::from(joined) * rates.account_stale);
        for n in stale {
            let own = self.chance.of(0x57a1e).of(u64::from(n));
            let host = format!("WS-OLD{n:04}");
            let account = Account { host: &host, version: "6.1.7601", is_server: false };
            let last = START - (200 + own.below(1_500)) * DAY;
            let key = table.add(&account, (own, last), None);
            table.close(key, None, vec!["account_stale"]);
        }
        table
    }
}

struct Account<'a> {
    host: &'a str,
    version: &'a str,
    is_server: bool,
}

impl Table {
    /// Adds an entry; its distinguished name. Several machines may have tried to bear one name: a number follows then.
    fn add(&mut self, account: &Account<'_>, (own, last): (Chance, u64), described: Option<&str>) -> String {
        let Account { host, version, is_server } = *account;
        let (unit, system) =
            if is_server { ("Servers", "Windows Server") } else { ("Workstations", "Windows 10 Enterprise") };
        let first = format!("CN={host},OU={unit},DC=hospital,DC=example");
        let is_taken = self.rows.iter().rev().take(2_000).any(|row| row.key == first);
        let name = if is_taken { format!("{host}-{}", self.rows.len()) } else { host.to_owned() };
        let key = format!("CN={name},OU={unit},DC=hospital,DC=example");
        let created = Moment::at(START - own.of(7).below(2_000) * DAY - 2_000 * DAY).stamp();
        // Hundreds of nanoseconds since 1601-01-01 (MS-ADA1, lastLogonTimestamp).
        let logon = (last + 11_644_473_600) * 10_000_000;
        let lower = name.to_lowercase();
        let _ = write!(
            self.text,
            "\ndn: {key}\nobjectClass: top\nobjectClass: computer\ncn: {name}\nsAMAccountName: {name}$\n\
             dNSHostName: {lower}.hospital.example\noperatingSystem: {system}\noperatingSystemVersion: {version}\n\
             whenCreated: {created}.0Z\nlastLogonTimestamp: {logon}\n"
        );
        if let Some(described) = described {
            let _ = writeln!(self.text, "description: {described}");
        }
        key
    }

    /// Notes what the entry added last is about.
    fn close(&mut self, key: String, about: Option<usize>, faults: Vec<&'static str>) {
        let lines = self.rows.last().map_or(2, |row| row.line);
        let begun = format!("dn: {key}\n");
        let line =
            self.text.rfind(&begun).map_or(lines, |at| line_of(&self.text, at, self.rows.last().map(|row| row.line)));
        self.rows.push(Row { line, key, about, faults });
    }
}

/// The line in which the byte `at` stands, counted on from that of the entry before.
fn line_of(text: &str, at: usize, before: Option<u64>) -> u64 {
    let Some(before) = before else { return wide(text.get(..at).unwrap_or_default().matches('\n').count()) + 1 };
    let entry = text.get(..at).and_then(|head| head.rfind("\ndn: ")).map_or(0, |found| found + 1);
    before + wide(text.get(entry..at).unwrap_or_default().matches('\n').count())
}
