//! `wardlight devices`: the inventory, filtered and sorted.
//!
//! The running server is asked; when there is none, the data folder is read. Nothing is changed either way.

use super::{Configured, INPUT, USAGE};
use crate::config::Config;
use crate::io::ask::{self, Devices, Question, Told};
use crate::io::print::{self, Column, column};
use crate::role::fleet::Fleet;
use crate::role::new_id;
use crate::role::places::Places;
use anyhow::Context as _;
use serde_json::Value;
use std::io;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;
use wardlight_store::projection::{self, Kind};

/// What is shown of a device when nobody says what.
const SHOWN: [&str; 8] = ["name", "type", "maker", "model", "address", "mac", "operating_system", "last_seen"];
/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a filter looks like, for `--help`.
const FILTERS: &str = "Filters:\n  \
    pump, \"infusion pump\"        a text in any of the main columns\n  \
    10.2.0.0/16                  an address or a network\n  \
    maker:Baxter type:a,\"b c\"    is this, is one of these, whatever the case\n  \
    name~icu name^icu            contains, starts with\n  \
    last_seen>2026-01-01 flows>=10\n  \
    maker:* -maker:*             says anything, says nothing\n  \
    a b, a OR b, NOT a, ( )      both, either, not\n\n\
    --fields names all columns.";

/// Lists the devices that are known.
#[derive(clap::Args)]
#[command(after_help = FILTERS)]
pub struct Command {
    #[command(flatten)]
    config: Configured,
    /// Which devices; all when there is no filter.
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    /// Columns to sort by, the highest first with `-` before the name.
    #[arg(long, value_name = "FIELD", value_delimiter = ',', allow_hyphen_values = true)]
    sort: Vec<String>,
    /// Columns to show; the main ones when none is named, in JSON all.
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    columns: Vec<String>,
    /// Most devices to list.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Names all columns, and lists no devices.
    #[arg(long)]
    fields: bool,
}

impl Command {
    /// Lists them. Errors: server or data folder cannot be read.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if self.fields {
            print::out(&fields())?;
            return Ok(ExitCode::SUCCESS);
        }
        let config = self.config.load()?;
        let question = Question {
            filter: self.filter.join(" "),
            sort: self.sort,
            columns: shown(self.columns, self.json),
            offset: 0,
            limit: self.limit,
        };
        match told(&config, &question)? {
            Some(Told::Devices(devices)) if self.json => {
                print::stream(|to| {
                    serde_json::to_writer_pretty(&mut *to, &objects(&devices))?;
                    Ok(to.write_all(b"\n")?)
                })?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Told::Devices(devices)) => {
                print::out(&text(&devices, &question.filter))?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Told::Wrong(why)) => {
                eprintln!("wardlight: {why}");
                Ok(ExitCode::from(USAGE))
            }
            Some(Told::Later(why)) => anyhow::bail!(why),
            Some(Told::Assets(_)) => anyhow::bail!("the server answers another question: update it"),
            None => {
                eprintln!(
                    "wardlight: nothing is kept yet in {}: begin with `wardlight run FILE`, or let --config name the \
                     configuration of an installation",
                    config.files.data.display()
                );
                Ok(ExitCode::from(INPUT))
            }
        }
    }
}

fn shown(named: Vec<String>, json: bool) -> Vec<String> {
    match named.is_empty() {
        true if json => projection::Column::ALL.iter().map(|column| column.name().to_owned()).collect(),
        true => SHOWN.map(str::to_owned).to_vec(),
        false => named,
    }
}

/// What the server tells, or else the data folder; `None` when there is neither.
fn told(config: &Config, question: &Question) -> anyhow::Result<Option<Told<Value>>> {
    let socket = Places::of(config).socket();
    match UnixStream::connect(&socket) {
        Ok(mut stream) => {
            stream.set_read_timeout(Some(PATIENCE))?;
            question.message(new_id()?)?.send(&mut stream)?;
            let told = ask::receive(&mut stream);
            told.map(Some).with_context(|| format!("the server at {} did not answer", socket.display()))
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            let Some(told) = Fleet::stored(config, question)? else { return Ok(None) };
            Ok(Some(serde_json::from_slice(&serde_json::to_vec(&told)?)?))
        }
        Err(error) => Err(error).with_context(|| format!("cannot ask the server at {}", socket.display())),
    }
}

fn text(devices: &Devices<Value>, filter: &str) -> String {
    if devices.known == 0 {
        return "No device is known yet. `wardlight run FILE` reads a capture, and `wardlight run` what the \
                configuration names; what is seen then stands here.\n"
            .to_owned();
    }
    if devices.total == 0 {
        return format!(
            "None of the {} is like `{filter}`. Leave a part of it out, or let `wardlight devices --help` show what \
             filters can say.\n",
            counted(devices.known)
        );
    }
    let heads: Vec<Column> = devices.columns.iter().enumerate().map(|(at, name)| head(at, name)).collect();
    let rows = devices.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<String>>());
    let mut text = print::table(&heads, rows);
    let of = if devices.total == devices.known { String::new() } else { format!(" of {}", counted(devices.known)) };
    text += &match devices.total - devices.rows.len() {
        0 if of.is_empty() => format!("\n{}\n", counted(devices.total)),
        0 => format!("\n{}{of}\n", devices.total),
        more if of.is_empty() => format!("\n{}; {more} more are not shown: see --limit\n", counted(devices.total)),
        more => format!("\n{}{of}; {more} more are not shown: see --limit\n", devices.total),
    };
    devices.note.iter().for_each(|note| text += &format!("Not complete: {note}.\n"));
    text
}

fn counted(devices: usize) -> String {
    if devices == 1 { "1 device".to_owned() } else { format!("{devices} devices") }
}

/// Columns are left out from the right when the screen is narrow.
fn head(at: usize, name: &str) -> Column {
    let known = projection::Column::named(name).map_or("", projection::Column::name);
    column(known, u8::try_from(at).unwrap_or(u8::MAX), 8)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().map(cell).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// The same for programs: each device an object.
fn objects(devices: &Devices<Value>) -> Value {
    let object = |row: &Vec<Value>| devices.columns.iter().cloned().zip(row.iter().cloned()).collect();
    let rows = devices.rows.iter().map(|row| Value::Object(object(row)));
    let note = &devices.note;
    serde_json::json!({ "known": devices.known, "total": devices.total, "note": note, "devices": rows.collect::<Vec<_>>() })
}

fn fields() -> String {
    const HEADS: [Column; 3] = [column("FIELD", 0, 8), column("TESTS", 2, 8), column("WHAT IT SAYS", 1, 20)];
    let row = |of: &projection::Column| {
        let tests = match of.kind() {
            Kind::Text | Kind::List => ": ~ ^",
            Kind::Number | Kind::Time => ": < <= > >=",
            Kind::Flag => ":yes :no",
        };
        [of.name().to_owned(), tests.to_owned(), of.meaning().to_owned()]
    };
    print::table(&HEADS, projection::Column::ALL.iter().map(row))
}
