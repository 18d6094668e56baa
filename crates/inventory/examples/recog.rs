//! Writes `data/fingerprints/recog-*.toml` from a checkout of rapid7/recog (BSD-2-Clause):
//! `cargo run -p wardlight-inventory --example recog -- <recog>/xml data/fingerprints <commit>`.
//!
//! Kept are entries that say something of the device (not only of a program on it), whose pattern our engine can
//! compile, and whose examples it then reads as recog states them. Only what recog states itself is taken over.

#![allow(clippy::disallowed_methods, reason = "it turns files into files; no stage runs it")]

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use regex::bytes::RegexBuilder;
use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// Recog's file, our field, and how far its entries can be trusted.
const FILES: &[(&str, &str, f64)] = &[
    ("dhcp_vendor_class", "dhcp.vendor_class", 0.88),
    ("ftp_banners", "ftp.banner", 0.85),
    ("html_title", "http.title", 0.8),
    ("http_servers", "http.server", 0.85),
    ("http_wwwauth", "http.realm", 0.8),
    ("imap_banners", "imap.banner", 0.8),
    ("mdns_device-info_txt", "mdns.text", 0.88),
    ("pop_banners", "pop3.banner", 0.8),
    ("rtsp_servers", "rtsp.server", 0.85),
    ("sip_banners", "sip.server", 0.85),
    ("sip_user_agents", "sip.user_agent", 0.88),
    ("smb_native_lm", "smb.native_lanman", 0.85),
    ("smb_native_os", "smb.native_os", 0.85),
    ("smtp_banners", "smtp.banner", 0.8),
    ("snmp_sysdescr", "snmp.description|lldp.description", 0.88),
    ("snmp_sysobjid", "snmp.object_id", 0.88),
    ("ssh_banners", "ssh.banner", 0.8),
    ("telnet_banners", "telnet.banner", 0.85),
    ("x509_issuers", "tls.certificate_issuer", 0.8),
    ("x509_subjects", "tls.certificate_subject", 0.8),
];

#[derive(Debug, Default)]
struct Entry {
    pattern: String,
    examples: Vec<String>,
    params: BTreeMap<String, (usize, String)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(from), Some(to), Some(commit)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: recog <xml folder> <output folder> <commit>".into());
    };
    for (name, field, confidence) in FILES {
        let xml = std::fs::read_to_string(Path::new(&from).join(format!("{name}.xml")))?;
        let (text, kept) = convert(name, field, *confidence, &read(&xml)?, &commit);
        std::fs::write(Path::new(&to).join(format!("recog-{name}.toml")), text)?;
        println!("{name}: {kept} entries");
    }
    Ok(())
}

fn read(xml: &str) -> Result<Vec<Entry>, Box<dyn Error>> {
    let mut reader = Reader::from_str(xml);
    let (mut entries, mut entry, mut example) = (Vec::new(), Entry::default(), None);
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(entries),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "fingerprint" => {
                let flags = attribute(&tag, "flags")?.unwrap_or_default();
                let pattern = attribute(&tag, "pattern")?.unwrap_or_default();
                let many = if flags.contains("MULTILINE") { "(?s)" } else { "" };
                entry = Entry { pattern: format!("{many}{pattern}"), ..Entry::default() };
            }
            Event::End(tag) if tag.name().as_ref() == "fingerprint" => entries.push(std::mem::take(&mut entry)),
            Event::Start(tag) if tag.name().as_ref() == "example" => {
                let plain = attribute(&tag, "_encoding")?.is_none() && attribute(&tag, "_filename")?.is_none();
                example = plain.then(String::new);
            }
            Event::Text(text) => {
                if let Some(example) = &mut example {
                    example.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(example) = &mut example {
                    example.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                if let Some(example) = &mut example {
                    example.push_str(match &*name {
                        "amp" => "&",
                        "lt" => "<",
                        "gt" => ">",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => "\u{fffd}",
                    });
                }
            }
            Event::End(tag) if tag.name().as_ref() == "example" => entry.examples.extend(example.take()),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "param" => {
                let name = attribute(&tag, "name")?.unwrap_or_default();
                let pos = attribute(&tag, "pos")?.unwrap_or_default().parse()?;
                entry.params.insert(name, (pos, attribute(&tag, "value")?.unwrap_or_default()));
            }
            _ => {}
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Box<dyn Error>> {
    match tag.try_get_attribute(name)? {
        Some(found) => Ok(Some(quick_xml::escape::unescape(&found.value)?.into_owned())),
        None => Ok(None),
    }
}

fn convert(name: &str, field: &str, confidence: f64, entries: &[Entry], commit: &str) -> (String, usize) {
    let mut out = format!(
        "# Converted from xml/{name}.xml of rapid7/recog by `crates/inventory/examples/recog.rs`; do not edit.\n\
         # Copyright (c) 2013-2025 Rapid7, Inc. Redistribution under the BSD 2-Clause License, see LICENSE-recog.\n\n\
         source = \"https://github.com/rapid7/recog commit {commit}, xml/{name}.xml\"\n\
         licence = \"BSD-2-Clause\"\nfirst_only = true\n"
    );
    let mut kept = 0;
    for (number, entry) in entries.iter().enumerate() {
        let pattern = if field == "http.realm" { realm_only(&entry.pattern) } else { Some(entry.pattern.clone()) };
        let Some(text) = pattern.and_then(|pattern| written(name, number + 1, field, confidence, entry, &pattern))
        else {
            continue;
        };
        out.push_str(&text);
        kept += 1;
    }
    (out, kept)
}

/// Our field has the realm alone; recog's pattern the whole header.
fn realm_only(pattern: &str) -> Option<String> {
    let rest = ["^(?:Basic|Digest) realm=\"", "^Basic realm=\"", "^Digest realm=\""]
        .iter()
        .find_map(|begin| pattern.strip_prefix(begin))?;
    let inner = rest.strip_suffix("\"$").or_else(|| rest.strip_suffix('"'))?;
    (!inner.contains('"')).then(|| format!("^{inner}$"))
}

fn written(name: &str, number: usize, field: &str, confidence: f64, entry: &Entry, pattern: &str) -> Option<String> {
    let regex = RegexBuilder::new(pattern).case_insensitive(true).unicode(false).build().ok()?;
    let gives = gives(entry)?;
    let (pattern, gives) = with_names(pattern, gives)?;
    let named = RegexBuilder::new(&pattern).case_insensitive(true).unicode(false).build().ok()?;
    let mut text = format!("\n[[fingerprint]]\nid = \"recog-{name}-{number}\"\nfield = \"{field}\"\n");
    writeln!(text, "pattern = {}\ngives = {}\nconfidence = {confidence}", quoted(&pattern), table(&gives)).ok()?;
    let mut shown = 0;
    for example in entry.examples.iter().map(|example| tidy(example, field)) {
        if example.len() > 256 || example.is_empty() || !regex.is_match(example.as_bytes()) || shown == 2 {
            continue;
        }
        let caught = named.captures(example.as_bytes())?;
        let group = |name: &str| caught.name(name).and_then(|part| std::str::from_utf8(part.as_bytes()).ok());
        let filled = gives.iter().map(|(name, value)| (name.clone(), fill(value, &group)));
        let filled: BTreeMap<_, _> = filled.filter(|(_, value)| !value.is_empty()).collect();
        writeln!(text, "[[fingerprint.example]]\ntext = {}\ngives = {}", quoted(&example), table(&filled)).ok()?;
        shown += 1;
    }
    (shown > 0).then_some(text)
}

/// The example as our dissectors would hand it on.
fn tidy(example: &str, field: &str) -> String {
    let example = if field == "http.realm" { example.split('"').nth(1).unwrap_or_default() } else { example };
    let line = example.split(char::is_control).collect::<Vec<_>>().join(" ").trim().to_owned();
    if field.ends_with(".banner") && field != "ssh.banner" { greeting(&line) } else { line }
}

/// What our dissectors hand on of a greeting: words for products, versions and codes, `*` for all others, as
/// `crates/dissect/src/codec/greeting.rs` says.
fn greeting(text: &str) -> String {
    let words =
        [include_str!("../../dissect/src/codec/words.txt"), include_str!("../../dissect/src/codec/greeting.txt")];
    let known: HashSet<&str> = words.iter().flat_map(|file| file.lines()).collect();
    let is_known = |word: &str| known.contains(word.to_lowercase().as_str());
    let is_version = |run: &str| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        let mut stretches = run.split(|c: char| !c.is_alphabetic()).filter(|stretch| !stretch.is_empty());
        let is_short = run.len() <= if digits == run.len() { 6 } else { 12 };
        let is_name = |stretch: &str| stretch.chars().count() > 2 && !is_known(stretch);
        (digits == 0 && run.len() == 1) || digits > 0 && is_short && !stretches.any(is_name)
    };
    let is_host = |core: &str| {
        let last = core.rsplit('.').next().unwrap_or_default();
        let labels = core.split('.').filter(|label| label.chars().any(char::is_alphabetic)).count();
        labels > 1 && last.len() > 1 && last.chars().all(char::is_alphabetic)
    };
    let mut said: Vec<&str> = Vec::new();
    for token in text.split_whitespace() {
        let core = token.trim_matches(|c: char| !c.is_alphanumeric());
        if ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&core.to_lowercase().as_str()) {
            break;
        }
        let mut runs = token.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
        let is_marked = token.contains(['@', '<', '\\', '=']) || core.parse::<std::net::IpAddr>().is_ok();
        let is_said = !is_marked && !is_host(core) && runs.all(|run| is_known(run) || is_version(run));
        if is_said || said.last() != Some(&"*") {
            said.push(if is_said { token } else { "*" });
        }
    }
    said.join(" ")
}

/// What the entry says in our words: attribute → template with recog's group numbers as `{1}`.
fn gives(entry: &Entry) -> Option<BTreeMap<String, String>> {
    let param = |name: &str| entry.params.get(name).map(|(pos, value)| template(*pos, value, entry));
    let mut gives = BTreeMap::new();
    let hw_type = param("hw.device").and_then(|device| kind(&device));
    let os_type = param("os.device").and_then(|device| kind(&device));
    if let Some(maker) = param("hw.vendor").or_else(|| os_type.and_then(|_| param("os.vendor"))) {
        gives.insert("maker".to_owned(), maker);
    }
    if let Some(device) = hw_type.or(os_type) {
        gives.insert("type".to_owned(), device.to_owned());
    }
    for (ours, theirs) in [("model", "hw.product"), ("serial", "hw.serial_number")] {
        if let Some(value) = param(theirs) {
            gives.insert(ours.to_owned(), value);
        }
    }
    if let Some(system) = param("os.product").filter(|product| product != "{0}")
        && os_type.is_none()
    {
        let version = param("os.version").filter(|version| !system.contains(version.as_str()));
        gives.insert("os".to_owned(), [Some(system), version].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    gives.retain(|_, value| !value.is_empty());
    (!gives.is_empty()).then_some(gives)
}

fn template(pos: usize, value: &str, entry: &Entry) -> String {
    if pos > 0 {
        return format!("{{{pos}}}");
    }
    let mut out = value.to_owned();
    for (name, (pos, value)) in &entry.params {
        let with = if *pos > 0 { format!("{{{pos}}}") } else { value.clone() };
        out = out.replace(&format!("{{{name}}}"), &with);
    }
    out
}

/// Names the groups that are used, `g1`, `g2`…, since our files know groups by name only. A group that stands inside
/// one that may be absent gives nothing then, as with recog.
fn with_names(pattern: &str, gives: BTreeMap<String, String>) -> Option<(String, BTreeMap<String, String>)> {
    let used: Vec<usize> =
        (1..20).filter(|number| gives.values().any(|value| value.contains(&format!("{{{number}}}")))).collect();
    let (mut out, mut count, mut in_class, mut escaped) = (String::new(), 0, false, false);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if !escaped && !in_class && c == '(' {
            let rest: String = chars.clone().take(3).collect();
            let is_named = rest.starts_with("?<") || rest.starts_with("?P<");
            if is_named {
                return None;
            }
            if !rest.starts_with('?') {
                count += 1;
                if used.contains(&count) {
                    write!(out, "?<g{count}>").ok()?;
                }
            }
        }
        match c {
            '[' if !escaped => in_class = true,
            ']' if !escaped => in_class = false,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let rename =
        |value: String| used.iter().fold(value, |value, n| value.replace(&format!("{{{n}}}"), &format!("{{g{n}}}")));
    Some((out, gives.into_iter().map(|(name, value)| (name, rename(value))).collect()))
}

fn fill<'t>(value: &str, group: &dyn Fn(&str) -> Option<&'t str>) -> String {
    let mut out = value.to_owned();
    for number in 1..20 {
        let name = format!("g{number}");
        let mark = format!("{{{name}}}");
        if out.contains(&mark) {
            let Some(text) = group(&name) else { return String::new() };
            out = out.replace(&mark, text.trim());
        }
    }
    out.trim().to_owned()
}

/// Recog's device words in our vocabulary; `None` for those that say too little.
fn kind(device: &str) -> Option<&'static str> {
    Some(match device {
        "Switch" => "switch",
        "Printer" | "Multifunction Device" | "Copier" => "printer",
        "Print Server" => "print server",
        "Router" | "Broadband Router" | "ADSL Router" | "SD-WAN Appliance" => "router",
        "DSL Modem" | "ADSL Modem" | "Cable Modem" | "ATM DSL Unit" => "modem",
        "Laptop" => "laptop",
        "Desktop" => "desktop",
        "Thin Client" => "thin client",
        "WAP" | "WLAN Repeater" => "access point",
        "Wireless Controller" => "wireless controller",
        "Firewall" | "Security Appliance" | "VPN" => "firewall",
        "Mobile Phone" => "smartphone",
        "Tablet" => "tablet",
        "VoIP" => "ip phone",
        "VoIP Gateway" | "SIP Gateway" | "Media Gateway" => "voip gateway",
        "Device Server" => "serial device server",
        "IP Camera" | "Web Cam" => "ip camera",
        "DVR" | "Cloud Network Video Recorder" => "video recorder",
        "Video Encoder" => "video encoder",
        "Lights Out Management" | "Onboard Administrator" | "Management Processor" => "management controller",
        "Storage" | "NAS" | "Storage Appliance" => "network storage",
        "Tape Library" => "tape library",
        "Media Server" | "Media Player" | "Media Receiver" | "AV Receiver" | "Network Audio" => "media player",
        "Smart TV" => "television",
        "Video Conferencing" => "video conferencing",
        "Power Device" | "PDU" => "power distribution unit",
        "UPS" => "ups",
        "PLC" => "plc",
        "Building Automation" | "Environment Control" => "building controller",
        "HMI Controller" => "operator panel",
        "Access Control" => "access control",
        "KVM" => "kvm switch",
        "Hypervisor" => "hypervisor",
        "Load Balancer" => "load balancer",
        "Light Bulb" => "light bulb",
        "Point of Sale" => "point of sale terminal",
        "Scanner" | "Network Scanner" | "Check Scanner" => "scanner",
        _ => return None,
    })
}

/// A TOML literal string when the text allows it, else a basic one.
fn quoted(text: &str) -> String {
    if text.contains('\'') || text.contains(char::is_control) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    } else {
        format!("'{text}'")
    }
}

fn table(values: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = values.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}
