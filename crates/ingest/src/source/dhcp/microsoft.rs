//! Microsoft's audit log: `ID,Date,Time,Description,IP Address,Host Name,MAC Address,…`, local time, month first.

use super::lease::Lease;
use crate::Options;
use crate::item::Reason;
use crate::value::{self, DateOrder};
use wardlight_model::{Form, Time};

/// The lease in `text`; nothing when it is no line of such a log. Errors: why it is set aside.
pub fn read(text: &str, options: &Options<'_>) -> Option<Result<Lease, Reason>> {
    let cells: Vec<&str> = text.split(',').map(str::trim).collect();
    let (id, date) = (cells.first()?.parse::<u32>().ok()?, cells.get(1)?);
    if !date.contains('/') {
        return None;
    }
    let cell = |at: usize| cells.get(at).copied().filter(|cell| !cell.is_empty());
    if cells.len() < 7 {
        return Some(Err(format!("has {} of at least 7 cells", cells.len()).into()));
    }
    let ip = cell(4).and_then(|ip| ip.parse().ok());
    // What the numbers mean stands at the log's head: new, renewed, BOOTP; for IPv6 from 11000.
    let is_held = matches!(id, 10 | 11 | 20 | 21 | 11_000..=11_010);
    Some(Ok(Lease {
        ip,
        mac: cell(6).and_then(|mac| mac.parse().ok()).filter(|_| ip.is_some()),
        hostname: cell(5).map(|name| name.trim_end_matches('.').to_owned()).filter(|_| ip.is_some()),
        vendor_class: cell(14).map(str::to_owned).filter(|_| ip.is_some()),
        time: moment(date, cells.get(2)?, options),
        is_held,
        ..Lease::default()
    }))
}

fn moment(date: &str, time: &str, options: &Options<'_>) -> Option<Time> {
    let date = value::put(Form::Date, date, DateOrder::MonthFirst)?;
    crate::said::moment(format!("{date}T{time}").parse().ok()?, options.ahead_s)
}
