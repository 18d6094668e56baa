//! Writes `docs/reference/` from what the entries say of themselves, so that it cannot be wrong.

use crate::asvs;
use anyhow::{Context as _, Result, bail};
use std::fmt::Write as _;
use std::path::Path;
use wardlight_dissect::entry::{Carrier, Info};
use wardlight_dissect::proto::ENTRIES;
use wardlight_model::{Kind, Privacy};

/// The page of protocols.
const PROTOCOLS: &str = "docs/reference/protocols.md";
/// The API's description.
const API: &str = "docs/reference/openapi.json";

/// Writes the pages below `root`, or with `check` only compares. Errors: when a page is out of date or not writable.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let infos: Vec<&Info> = ENTRIES.iter().map(|entry| entry.info()).collect();
    let api = wardlight_web::api::document::document(&wardlight_web::route::all());
    let items = asvs::read(include_str!("../../../data/asvs.toml")).context("data/asvs.toml")?.item;
    let pages = [(PROTOCOLS, protocols(&infos)), (API, format!("{api:#}\n")), (asvs::PAGE, asvs::page(&items))];
    for (name, page) in pages {
        write(root, name, &page, check)?;
    }
    Ok(())
}

fn write(root: &Path, name: &str, page: &str, check: bool) -> Result<()> {
    let path = root.join(name);
    if std::fs::read_to_string(&path).is_ok_and(|old| old == page) {
        println!("  {name} is up to date");
        return Ok(());
    }
    if check {
        bail!("{name} is out of date: `cargo xtask reference` writes it");
    }
    std::fs::create_dir_all(path.parent().unwrap_or(root)).context("cannot make docs/reference")?;
    std::fs::write(&path, page).with_context(|| format!("cannot write {name}"))?;
    println!("  {name} written");
    Ok(())
}

/// The page that describes `infos`, by name.
fn protocols(infos: &[&Info]) -> String {
    let mut infos = infos.to_vec();
    infos.sort_by_key(|info| info.name);
    let mut page = String::from(
        "# Protocols\n\nWritten by `cargo xtask reference` from the dissectors' own descriptions; edit those, not this page.\n\n",
    );
    let _ = writeln!(
        page,
        "{} protocols are read. Content decides what a conversation is; a port alone is a guess.\n",
        infos.len()
    );
    if !infos.is_empty() {
        page.push_str("| name | protocol | looked for in | own ports |\n|---|---|---|---|\n");
    }
    for info in &infos {
        let ports: Vec<String> = info.ports.iter().map(ToString::to_string).collect();
        let carriers: Vec<String> = info.carriers.iter().map(carrier).collect();
        let _ = writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} | {3} |",
            info.name,
            cell(info.title),
            carriers.join(", "),
            ports.join(", ")
        );
    }
    infos.iter().for_each(|info| section(&mut page, info));
    page
}

fn section(page: &mut String, info: &Info) {
    let _ = write!(page, "\n## {}\n\n{}. Read by {}.", info.name, info.title, info.source);
    let _ = writeln!(page, " At most {} KiB of one direction are held.", info.window.div_ceil(1024));
    if !info.record.is_empty() {
        page.push_str("\n| record field | type | privacy | meaning |\n|---|---|---|---|\n");
    }
    for field in info.record {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            field.name,
            kind(field.kind),
            privacy(field.privacy),
            cell(field.meaning)
        );
    }
    if !info.weirds.is_empty() {
        page.push_str("\n| weird | meaning |\n|---|---|\n");
    }
    for (name, meaning) in info.weirds {
        let _ = writeln!(page, "| `{name}` | {} |", cell(meaning));
    }
}

/// `text` as it stands in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn carrier(carrier: &Carrier) -> String {
    match carrier {
        Carrier::Tcp => "TCP".to_owned(),
        Carrier::Udp => "UDP".to_owned(),
        Carrier::Ethertype(number) => format!("EtherType 0x{number:04x}"),
        Carrier::Snap(organisation, protocol) => format!("SNAP {organisation:06x}-{protocol:04x}"),
        Carrier::Llc(to, from) => format!("LLC {to:02x}-{from:02x}"),
        Carrier::Link(number) => format!("link type {number}"),
        Carrier::Ip(number) => format!("IP protocol {number}"),
        Carrier::Body(media) => format!("`{media}` bodies"),
        Carrier::Exchange => "HTTP exchanges".to_owned(),
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Flag => "yes or no",
        Kind::List => "list of texts",
        Kind::Keyed => "keyed hash",
    }
}

const fn privacy(privacy: Privacy) -> &'static str {
    match privacy {
        Privacy::Device => "device",
        Privacy::Network => "network",
        Privacy::Person => "person",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::FieldInfo;

    static MODBUS: Info = Info {
        name: "modbus",
        title: "Modbus/TCP",
        source: "Modbus Messaging V1.0b",
        carriers: &[Carrier::Tcp, Carrier::Ethertype(0x88cc)],
        ports: &[502],
        record: &[FieldInfo {
            name: "unit",
            kind: Kind::Number,
            privacy: Privacy::Device,
            meaning: "unit | bus address",
        }],
        weirds: &[("modbus.short", "fewer bytes than promised")],
        window: 260,
    };

    #[test]
    fn a_page_says_all_that_an_entry_says() {
        let page = protocols(&[&MODBUS]);
        for line in [
            "| [`modbus`](#modbus) | Modbus/TCP | TCP, EtherType 0x88cc | 502 |",
            "Modbus/TCP. Read by Modbus Messaging V1.0b. At most 1 KiB of one direction are held.",
            "| `unit` | number | device | unit \\| bus address |",
            "| `modbus.short` | fewer bytes than promised |",
        ] {
            assert!(page.lines().any(|own| own == line), "{line:?} is not in {page}");
        }
    }

    #[test]
    fn a_page_out_of_date_is_refused_and_rewritten() {
        let root = std::env::temp_dir().join(format!("wardlight-reference-{}", std::process::id()));
        assert!(run(&root, true).is_err());
        run(&root, false).expect("page is written");
        run(&root, true).expect("page is up to date");
        std::fs::write(root.join(PROTOCOLS), "old").expect("page is writable");
        let error = run(&root, true).expect_err("page is old");
        std::fs::remove_dir_all(&root).expect("clean up");
        assert!(error.to_string().contains("out of date"), "{error}");
    }
}
