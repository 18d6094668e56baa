//! Log lines of ISC dhcpd, dnsmasq and Kea, bare or behind a syslog header (RFC 3164, RFC 5424).

use super::lease::{Lease, hex};
use crate::Options;
use crate::item::Reason;
use std::net::IpAddr;
use wardlight_model::{Mac, Time};

/// The lease in `text`; nothing when the line tells of none. Errors: why it is set aside.
pub fn read(text: &str, options: &Options<'_>) -> Option<Result<Lease, Reason>> {
    let time = moment(text, options);
    let lease =
        if text.contains("_LEASE_ALLOC") || text.contains("_LEASE_ADVERT") { kea(text)? } else { server(text)? };
    Some(lease.map(|lease| Lease { time, ..lease }))
}

/// `DHCPACK on 10.0.0.1 to 00:1a:… (name) via eth0`, `DHCPREQUEST for 10.0.0.1 from 00:1a:…`, and dnsmasq's
/// `DHCPACK(eth0) 10.0.0.1 00:1a:… name`.
fn server(text: &str) -> Option<Result<Lease, Reason>> {
    let at = ["DHCPACK", "DHCPREQUEST", "DHCPDISCOVER", "DHCPINFORM"].iter().find_map(|mark| text.find(mark))?;
    let rest = text.get(at..)?;
    let is_held = rest.starts_with("DHCPACK");
    let is_dnsmasq = rest.find('(').is_some_and(|at| rest.get(..at).is_some_and(|head| !head.contains(' ')));
    let words: Vec<&str> = rest.split_whitespace().skip(1).collect();
    let mac = words.iter().find_map(|word| word.trim_end_matches(',').parse::<Mac>().ok());
    let ip = words.iter().find_map(|word| word.parse::<IpAddr>().ok());
    let Some(mac) = mac else { return Some(Err("names no hardware address".into())) };
    let hostname = if is_dnsmasq {
        words.get(2).copied().filter(|_| words.len() == 3)
    } else {
        // Behind the station stands its name in brackets; `for 10.0.0.1 (10.0.0.2)` names the server.
        let name = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(name, _)| name);
        name.filter(|name| name.parse::<IpAddr>().is_err())
    };
    Some(Ok(Lease { ip, mac: Some(mac), hostname: hostname.map(str::to_owned), is_held, ..Lease::default() }))
}

/// `DHCP4_LEASE_ALLOC [hwtype=1 00:1a:…], cid=[01:00:…], tid=0x1: lease 10.0.0.1 has been allocated for 3600 seconds`.
fn kea(text: &str) -> Option<Result<Lease, Reason>> {
    let is_held = text.contains("_LEASE_ALLOC");
    let within = |begin: &str, end: char| {
        text.split_once(begin).and_then(|(_, rest)| rest.split_once(end)).map(|(part, _)| part.trim())
    };
    let mac = within("[hwtype=1 ", ']').and_then(|mac| mac.parse().ok());
    let ip = text.split_once("lease ").and_then(|(_, rest)| rest.split_whitespace().next());
    let ip = ip
        .and_then(|ip| ip.trim_end_matches(',').parse::<IpAddr>().ok())
        .or_else(|| within("lease for address ", ' ').and_then(|ip| ip.parse().ok()));
    let client_id = within("cid=[", ']').and_then(hex);
    let duid = within("duid=[", ']').and_then(hex);
    if mac.is_none() && duid.is_none() {
        return Some(Err("names no station".into()));
    }
    Some(Ok(Lease { ip, mac, client_id, duid, is_held, ..Lease::default() }))
}

/// The moment at the begin of a log line; one without a year belongs to the last twelve months.
fn moment(text: &str, options: &Options<'_>) -> Option<Time> {
    let text = text.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(text, |(_, rest)| rest);
    let mut words = text.split_whitespace();
    let first = words.next()?;
    if first == "1" {
        return iso(words.next()?, None, options);
    }
    if first.len() >= 10 && first.contains('-') {
        return iso(first, words.next(), options);
    }
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.find(first).filter(|at| at.is_multiple_of(3) && first.len() == 3)? / 3 + 1;
    let (day, time) = (words.next()?.parse::<u8>().ok()?, words.next()?);
    let now = jiff::Timestamp::from_microsecond(options.now.micros()).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let in_year = |year: i16| {
        let local = format!("{year:04}-{month:02}-{day:02}T{time}").parse().ok()?;
        crate::said::moment(local, options.ahead_s)
    };
    const DAY: i64 = 86_400_000_000;
    in_year(now.year()).filter(|time| time.since(options.now) < DAY).or_else(|| in_year(now.year() - 1))
}

fn iso(date: &str, time: Option<&str>, options: &Options<'_>) -> Option<Time> {
    if let Ok(moment) = date.parse::<jiff::Timestamp>() {
        return Some(Time::from_micros(moment.as_microsecond()));
    }
    let local = match time.filter(|_| !date.contains('T')) {
        Some(time) => format!("{date}T{time}"),
        None => date.to_owned(),
    };
    crate::said::moment(local.parse().ok()?, options.ahead_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::options;

    #[test]
    fn a_time_without_a_year_is_of_the_last_twelve_months() {
        let at = |text| moment(text, &options("x")).map(|time| time.to_string());
        assert_eq!(at("Nov 22 10:00:01 gw dhcpd: x").as_deref(), Some("2026-11-22T10:00:01.000000Z"));
        assert_eq!(at("Dec  1 10:00:01 gw dhcpd: x").as_deref(), Some("2025-12-01T10:00:01.000000Z"));
        assert_eq!(
            at("<30>1 2026-11-22T10:00:01+01:00 gw dhcpd - - - x").as_deref(),
            Some("2026-11-22T09:00:01.000000Z")
        );
        assert_eq!(at("2026-11-22 10:00:01.250 INFO x").as_deref(), Some("2026-11-22T10:00:01.250000Z"));
        assert_eq!([at("Feb 31 10:00:00 x"), at("anMar 1 10:00:00"), at("")], [None, None, None]);
    }
}
