//! `wardlight assets`: the devices of the real world, out of network and records; what people decide about them.
//!
//! The running server is asked; when there is none, the data folder is read. Decisions need the server: they are
//! journalled, carried out and in the ledger when the command returns.

use super::area::{decide, decide_as, told};
use super::{Configured, INPUT, USAGE};
use crate::config::Config;
use crate::io::ask::{self, AssetList, AssetQuestion, Group, Told};
use crate::io::print::{self, Column, column};
use crate::role::fleet::Fleet;
use crate::role::places::Places;
use crate::role::{new_id, server};
use anyhow::Context as _;
use serde_json::Value;
use std::io;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;
use wardlight_ingest::table as export;
use wardlight_model::Id;
use wardlight_model::journal::{Command as Decided, Judgement};

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is shown of an asset, with its place among columns that must go on a narrow screen, and its least width.
const SHOWN: [(&str, Column); 11] = [
    ("id", column("ASSET", 5, 36)),
    ("name", column("NAME", 0, 8)),
    ("type", column("TYPE", 0, 8)),
    ("maker", column("MAKER", 1, 6)),
    ("model", column("MODEL", 2, 6)),
    ("serial", column("SERIAL", 3, 6)),
    ("asset_tag", column("TAG", 3, 4)),
    ("address", column("ADDRESS", 2, 8)),
    ("department", column("DEPARTMENT", 4, 6)),
    ("technical", column("OWNER", 1, 6)),
    ("onboarding", column("STATE", 0, 8)),
];

/// Lists assets, explains one, and takes what people decide about them.
#[derive(clap::Args)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Lists them, with the tally of what is unknown and who has no owner.
    List {
        /// Only those of which something says this.
        #[arg(value_name = "TEXT")]
        find: Vec<String>,
        /// Which of them.
        #[arg(long, value_enum, default_value_t = Group::All)]
        group: Group,
        /// Most assets to list.
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        limit: usize,
        /// Prints JSON.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// Prints CSV in which no cell begins as a formula.
        #[arg(long)]
        csv: bool,
    },
    /// Explains one: who says what of it, and why its members are one device.
    Show {
        /// Its id, that of a member, or a value that no other has, such as its serial number.
        which: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows what waits for a person: pairs that may be one device, and answers that contradict each other.
    Review {
        /// Most of each to list.
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: usize,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says that two members are one device.
    Same {
        /// The one.
        one: Id,
        /// The other.
        other: Id,
    },
    /// Says that two members are two devices.
    Different {
        /// The one.
        one: Id,
        /// The other.
        other: Id,
    },
    /// Takes back what somebody said about two members: all is as if it had never been said.
    Undo {
        /// What was said, as `assets said` names it.
        id: Id,
    },
    /// Lists what people said about members.
    Said,
}

impl Command {
    /// Does it. Errors: server or data folder cannot be read, or no server answers a decision.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.load()?;
        match self.what {
            What::List { find, group, limit, json, csv } => {
                let wanted = AssetList { group, find: find.join(" "), limit };
                ask(&config, &AssetQuestion::List(wanted), |told| match (json, csv) {
                    (true, _) => pretty(told),
                    (_, true) => csv_rows(told),
                    _ => list(told),
                })
            }
            What::Show { which, json } => {
                ask(&config, &AssetQuestion::Show(which), |told| if json { pretty(told) } else { explained(told) })
            }
            What::Review { limit, json } => {
                ask(&config, &AssetQuestion::Reviews(limit), |told| if json { pretty(told) } else { reviews(told) })
            }
            What::Same { one, other } => judge(&config, Judgement { one, other, is_same: true }),
            What::Different { one, other } => judge(&config, Judgement { one, other, is_same: false }),
            What::Undo { id } => told(decide(&config, Decided::Unjudge(id))?, &format!("taken back: {id}\n")),
            What::Said => said(&config),
        }
    }
}

fn judge(config: &Config, judgement: Judgement) -> anyhow::Result<ExitCode> {
    let id = new_id()?;
    told(decide_as(config, id, Decided::Judge(judgement))?, &format!("{id}\n"))
}

fn said(config: &Config) -> anyhow::Result<ExitCode> {
    const COLUMNS: [Column; 4] =
        [column("SAID", 0, 36), column("ONE", 0, 36), column("ARE", 0, 9), column("OTHER", 0, 36)];
    let runtime = server::runtime()?;
    let judged = runtime.block_on(async {
        let Some(database) = server::database_there(config).await? else { return Ok(Vec::new()) };
        anyhow::Ok(database.judgements().await?)
    })?;
    if judged.is_empty() {
        print::out("Nobody said anything yet: `wardlight assets review` shows what is asked.\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = judged.into_iter().map(|(id, judged)| {
        let are = if judged.is_same { "one" } else { "two" };
        [id.to_string(), judged.one.to_string(), are.to_owned(), judged.other.to_string()]
    });
    print::out(&print::table(&COLUMNS, rows))?;
    Ok(ExitCode::SUCCESS)
}

/// Asks, and prints what `shape` makes of the answer.
fn ask(config: &Config, question: &AssetQuestion, shape: impl Fn(&Value) -> String) -> anyhow::Result<ExitCode> {
    match answered(config, question)? {
        Some(Told::Assets(told)) => {
            print::stream(|to| Ok(to.write_all(shape(&told).as_bytes())?))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Told::Wrong(why)) => {
            eprintln!("wardlight: {why}");
            Ok(ExitCode::from(USAGE))
        }
        Some(Told::Later(why)) => anyhow::bail!(why),
        Some(Told::Devices(_)) => anyhow::bail!("the server answers another question: update it"),
        None => {
            eprintln!(
                "wardlight: nothing is kept yet in {}: begin with `wardlight run FILE` or `wardlight demo`, or let \
                 --config name the configuration of an installation",
                config.files.data.display()
            );
            Ok(ExitCode::from(INPUT))
        }
    }
}

/// What the server tells, or else the data folder; `None` when there is neither.
fn answered(config: &Config, question: &AssetQuestion) -> anyhow::Result<Option<Told<Value>>> {
    let socket = Places::of(config).socket();
    match UnixStream::connect(&socket) {
        Ok(mut stream) => {
            stream.set_read_timeout(Some(PATIENCE))?;
            question.message(new_id()?)?.send(&mut stream)?;
            let told = ask::receive(&mut stream);
            told.map(Some).with_context(|| format!("the server at {} did not answer", socket.display()))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            let Some(told) = Fleet::stored_assets(config, question)? else { return Ok(None) };
            Ok(Some(serde_json::from_slice(&serde_json::to_vec(&told)?)?))
        }
        Err(error) => Err(error).with_context(|| format!("cannot ask the server at {}", socket.display())),
    }
}

fn pretty(told: &Value) -> String {
    format!("{told:#}\n")
}

fn rows(told: &Value) -> impl Iterator<Item = [String; SHOWN.len()]> {
    let assets = told.get("assets").and_then(Value::as_array).into_iter().flatten();
    assets.map(|asset| {
        SHOWN.map(|(name, _)| match name {
            "technical" => ["technical", "clinical", "security"]
                .iter()
                .map(|role| cell(asset.pointer(&format!("/owners/{role}"))))
                .find(|owner| !owner.is_empty())
                .unwrap_or_default(),
            "onboarding" => cell(asset.get(name)).to_lowercase(),
            _ => cell(asset.get(name)),
        })
    })
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().map(|part| cell(Some(part))).collect::<Vec<_>>().join("; "),
        Some(other) => other.to_string(),
    }
}

fn csv_rows(told: &Value) -> String {
    let head = export::row(SHOWN.map(|(name, _)| name));
    rows(told).fold(head, |text, cells| text + &export::row(cells.iter().map(String::as_str)))
}

fn list(told: &Value) -> String {
    let count = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default();
    if count("known") == 0 {
        return "No asset is known yet. `wardlight run FILE` reads a capture, `wardlight import read FILE` takes in the \
                export of another system.\n"
            .to_owned();
    }
    let mut text = print::table(&SHOWN.map(|(_, column)| column), rows(told));
    let shown = told.get("assets").and_then(Value::as_array).map_or(0, Vec::len) as u64;
    let more = match count("total") - shown {
        0 => String::new(),
        more => format!("; {more} more are not shown: see --limit"),
    };
    text += &format!("\n{} of {} assets{more}\n{}\n", count("total"), count("known"), tally(told));
    text
}

/// What everybody wants to know first.
fn tally(told: &Value) -> String {
    let count = |name: &str| told.pointer(&format!("/tally/{name}")).and_then(Value::as_u64).unwrap_or_default();
    let (met, unknown) = (count("networked"), count("unknown"));
    format!(
        "{met} met on the network: {} of them in a record, {unknown} unknown ({} %), {} without an owner; {} in the \
         records and never met",
        count("confirmed"),
        percent(unknown, met),
        count("ownerless"),
        count("missing"),
    )
}

fn percent(part: u64, whole: u64) -> String {
    let tenths = (part * 1000 + whole / 2).checked_div(whole).unwrap_or_default();
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// One asset, for people.
fn explained(told: &Value) -> String {
    let of = |value: &Value, path: &str| cell(value.pointer(path));
    let mut text = format!("asset {}\n", of(told, "/row/id"));
    let kind = of(told, "/row/type");
    if !kind.is_empty() {
        text += &format!(
            "type {kind}, confidence {}, by {}\n",
            of(told, "/row/confidence"),
            of(told, "/asset/kind/source")
        );
    }
    text += &format!("state {}\n", of(told, "/row/onboarding").to_lowercase());
    for role in ["clinical", "technical", "security"] {
        let owner = of(told, &format!("/row/owners/{role}"));
        text += &format!("{role} owner: {}\n", if owner.is_empty() { "none" } else { &owner });
    }
    text += "\nmembers\n";
    for member in each(told, "/members") {
        text += &format!("  {}  {} {}\n", of(member, "/id"), of(member, "/source"), of(member, "/key"));
        let why = of(member, "/why");
        text += &if why.is_empty() { String::new() } else { format!("      {why}\n") };
    }
    text += "\nwhat is said\n";
    for held in each(told, "/asset/fields") {
        let mark = if held.get("is_disputed").and_then(Value::as_bool) == Some(true) { "  (disputed)" } else { "" };
        text += &format!("  {}{mark}\n", of(held, "/field"));
        for answer in each(held, "/answers") {
            text += &format!(
                "      {}  by {}, worth {:.2}\n",
                of(answer, "/value"),
                of(answer, "/source"),
                answer.get("worth").and_then(Value::as_f64).unwrap_or_default()
            );
        }
    }
    text + &pairs(told, "/questions")
}

fn each<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

fn reviews(told: &Value) -> String {
    let count = |name: &str| told.get(name).and_then(Value::as_u64).unwrap_or_default();
    let mut text = pairs(told, "/pairs");
    for conflict in each(told, "/conflicts") {
        text += &format!("{} of asset {}:\n", cell(conflict.get("field")), cell(conflict.get("asset")));
        for answer in each(conflict, "/answers") {
            text += &format!("    {}  by {}\n", cell(answer.get("value")), cell(answer.get("source")));
        }
    }
    text + &format!(
        "\n{} pairs may be one device: `wardlight assets same A B` or `different A B` answers; {} answers contradict each \
         other\n",
        count("all_pairs"),
        count("all_conflicts")
    )
}

fn pairs(told: &Value, path: &str) -> String {
    each(told, path).fold(String::new(), |text, pair| {
        let of = |path: &str| cell(pair.pointer(path));
        let probability = pair.get("probability").and_then(Value::as_f64).unwrap_or_default() * 100.0;
        text + &format!(
            "one device? {probability:.0} %\n    {}  {}\n    {}  {}\n    {}\n",
            of("/a"),
            of("/names/0"),
            of("/b"),
            of("/names/1"),
            of("/reasons"),
        )
    })
}
