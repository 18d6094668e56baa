//! Pages of a hospital's worth of devices: how long the server takes, and until when a browser has them ready.
//!
//! Server: many clients over TLS, each with one connection, in turn over all pages; times are those of `curl`. Browser: the
//! same pages one after the other in Chromium, until their load event is over; left out, aloud, where there is none.

use super::server::Server;
use super::{Plan, ask};
use crate::shell;
use crate::tools::{self, MODULES};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Pages that each client asks for.
const EACH: usize = 200;
/// What the browser runs.
const READY: &str = include_str!("ready.mjs");
const NAME: &str = "bench";
const PASSWORD: &str = "nine lamps over the quiet ward";

/// One page, with what stands for a device's id, its address, and a number that differs from one to the next.
const PAGES: [(&str, &str); 18] = [
    ("today", "/"),
    ("devices", "/devices"),
    ("devices, filtered", "/devices?type=ip%20camera&sort=-last_seen"),
    ("devices, searched", "/devices?q={n}"),
    ("devices, from the middle", "/devices?from={n}&sort=maker"),
    ("device", "/devices/{id}"),
    ("traffic", "/traffic"),
    ("pairs", "/traffic/pairs?to=outside"),
    ("conversations", "/traffic/flows?host={ip}"),
    ("sensors", "/sensors"),
    ("ledger", "/ledger"),
    ("matches", "/matches"),
    ("conflicts", "/conflicts"),
    ("records", "/records?missing=yes"),
    ("imports", "/imports"),
    ("places", "/areas"),
    ("unknown", "/unknown"),
    ("API, devices", "/api/v1/devices?limit=100"),
];

/// Measures the pages of `server`, whose files lie in `folder`. Errors: somebody is not let in, or a page is not there.
pub(super) fn run(root: &Path, folder: &Path, server: &Server, plan: &Plan) -> Result<()> {
    let base = base(folder)?;
    let jar = folder.join("cookies");
    enter(&base, folder, &jar)?;
    let device = some_device(&base, &jar)?;
    let before = server.cost();
    let outputs: Vec<PathBuf> = (0..plan.clients).map(|client| folder.join(format!("pages-{client}.curl"))).collect();
    let mut clients = Vec::new();
    for (client, path) in (0..).zip(&outputs) {
        fs::write(path, asked(&base, client, &device))?;
        let mut curl = curl(&jar);
        curl.args(["-w", "%{urlnum} %{http_code} %{time_total}\n", "-K"]).arg(path).stdout(Stdio::piped());
        clients.push((client, curl.spawn().context("curl is not there")?));
    }
    let mut taken: Vec<(usize, Duration)> = Vec::new();
    for (client, child) in clients {
        let output = child.wait_with_output()?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let [at, code, seconds] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
            let kind = (at.parse::<usize>()? + client) % PAGES.len();
            ensure!(code == "200", "{:?} is answered with {code}", PAGES.get(kind));
            taken.push((kind, Duration::from_secs_f64(seconds.parse()?)));
        }
    }
    ensure!(!taken.is_empty(), "nobody was answered");
    let cost = server.cost().since(before);
    println!("\npages, {} clients, one after the other each", plan.clients);
    println!("{:<40} {:>8} {:>9} {:>9} {:>9}", "", "answers", "p50 ms", "p99 ms", "most ms");
    for (n, (name, _)) in PAGES.iter().enumerate() {
        ask::line(name, taken.iter().filter(|(of, _)| *of == n).map(|(_, time)| *time).collect());
    }
    let number = super::float(taken.len() as u64);
    ask::line("all", taken.into_iter().map(|(_, time)| time).collect());
    println!("{:.2} CPU s of the server: {:.2} ms an answer", cost.cpu, cost.cpu * 1000.0 / number);
    browser(root, folder, &base, &device)
}

/// Where the server shows its pages, by what it said last.
fn base(folder: &Path) -> Result<String> {
    let said = fs::read_to_string(folder.join("log"))?;
    let address = said.lines().rev().find_map(|line| line.split_once("pages at ").map(|(_, address)| address));
    address.map(str::to_owned).context("the server did not say where its pages are")
}

fn curl(jar: &Path) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sk", "--http1.1", "-H", "Sec-Fetch-Site: same-origin", "-b"]).arg(jar);
    curl
}

/// Makes the first account, or logs in to it.
fn enter(base: &str, folder: &Path, jar: &Path) -> Result<()> {
    let said = fs::read_to_string(folder.join("log"))?;
    let link = said.lines().rev().find_map(|line| line.split_once("make the first at ").map(|(_, link)| link));
    let here = link.filter(|link| link.starts_with(base)).map_or_else(|| format!("{base}/log-in"), str::to_owned);
    let mut curl = Command::new("curl");
    curl.args(["-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Sec-Fetch-Site: same-origin", "-c"]).arg(jar);
    let field = |name: &str, text: &str| format!("{name}={text}");
    for (name, text) in [("name", NAME), ("shown", "Bench"), ("password", PASSWORD)] {
        curl.arg("--data-urlencode").arg(field(name, text));
    }
    let told = shell::stdout(curl.arg(&here))?;
    ensure!(told == b"303", "{here} is answered with {}", String::from_utf8_lossy(&told));
    Ok(())
}

/// Id and address of some device.
fn some_device(base: &str, jar: &Path) -> Result<(String, String)> {
    let page = shell::stdout(curl(jar).arg(format!("{base}/devices/export.json?q=specimen&col=id&col=address")))?;
    let all: serde_json::Value = serde_json::from_slice(&page).context("the devices are no JSON")?;
    let text = |place: &str| all.pointer(place).and_then(serde_json::Value::as_str).map(str::to_owned);
    let id = text("/0/id").context("no device is listed")?;
    Ok((id, text("/0/address/0").unwrap_or_default()))
}

/// What client number `client` asks for, as a configuration of `curl`.
fn asked(base: &str, client: usize, device: &(String, String)) -> String {
    let pages = PAGES.iter().cycle().skip(client % PAGES.len()).take(EACH).enumerate();
    let number = |n: usize| (client * EACH + n).to_string();
    let filled = pages.map(|(n, (_, page))| filled(page, device, &number(n)));
    filled.map(|page| format!("url = \"{base}{page}\"\noutput = \"/dev/null\"\n")).collect()
}

fn filled(page: &str, (id, address): &(String, String), number: &str) -> String {
    page.replace("{id}", id).replace("{ip}", address).replace("{n}", number)
}

/// The same in Chromium.
fn browser(root: &Path, folder: &Path, base: &str, device: &(String, String)) -> Result<()> {
    let found = MODULES.ready(&crate::test::target(root)?.join("tools"));
    let (modules, chromium) = match found.and_then(|modules| Ok((modules, tools::chromium()?))) {
        Ok(found) => found,
        Err(missing) => {
            println!("the browser is left out: {missing}");
            return Ok(());
        }
    };
    let script = folder.join("ready.mjs");
    fs::write(&script, READY)?;
    let pages: Vec<String> = PAGES
        .iter()
        .filter(|(name, _)| !name.starts_with("API"))
        .map(|(name, page)| format!("{name}={}", filled(page, device, "1201")))
        .collect();
    let mut node = Command::new("node");
    node.arg(&script).args([base, NAME, PASSWORD]).args(pages).env("TOOLS", modules).env("CHROMIUM", chromium);
    shell::run(&mut node).context("the browser")
}
